"""Scene: an invoice and a photo are exported, and each page says who got it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO

import pikepdf
from PIL import Image, ImageChops

from examples.orders.stage import Stage

INVOICE_ORDER = "SO-1038"
_INVOICE, _PHOTO = f"/api/orders/{INVOICE_ORDER}/invoice.pdf", f"/api/orders/{INVOICE_ORDER}/photo.png"
_CODE = re.compile(rb"\b[2-9A-HJKMNP-TV-Y]{5}(?:-[2-9A-HJKMNP-TV-Y]{5}){2}\b")
_DEPTH = 6


async def marks(stage: Stage) -> None:
    stage.tell.heading("Marks: every page says who got it, when, and under which code")
    await _invoice(stage)
    stage.tell.say("")
    await _photo(stage)


async def _invoice(stage: Stage) -> None:
    tell = stage.tell
    exported = await _exported(stage, _INVOICE, "erp.invoice")
    if exported is None:
        return
    original, body, codes = exported
    shown = codes_on_pages(body)
    for page, code in enumerate(shown, start=1):
        tell.say(f"invoice.pdf, page {page}: {code}", "bold")
    tell.equal("each page shows the code that was recorded for it", codes, shown)
    with pikepdf.open(BytesIO(original)) as before, pikepdf.open(BytesIO(body)) as after:
        tell.equal("two pages went in, two came out", (2, 2), (len(before.pages), len(after.pages)))
        tell.check(
            "printing and copying are asked not to happen: no consent",
            holds=not after.allow.print_highres and not after.allow.extract,
        )
    tell.equal("the codes differ", 2, len(set(shown)))
    await _found(stage, codes)


async def _photo(stage: Stage) -> None:
    tell = stage.tell
    exported = await _exported(stage, _PHOTO, "erp.photo-png")
    if exported is None:
        return
    original, body, codes = exported
    for code in codes:
        tell.say(f"photo.png: {code}", "bold")
    with Image.open(BytesIO(original)) as before, Image.open(BytesIO(body)) as after:
        drawn = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox() or (0, 0, 0, 0)
        covered = (drawn[2] - drawn[0]) / before.width * (drawn[3] - drawn[1]) / before.height
        tell.equal("a PNG of the same size", ("PNG", before.size), (after.format, after.size))
        tell.check("the mark runs all across the picture", holds=covered > 0.7)
    await _found(stage, codes)


async def _exported(stage: Stage, path: str, operation: str) -> tuple[bytes, bytes, list[str]] | None:
    """Fetch a document from both sides, keep both, read from the log which codes it got; None if it was refused."""
    name = path.rpartition("/")[2]
    original, answer = await stage.crm.left(path), await stage.crm.ask("GET", path)
    stage.tell.check(f"{name} went out marked", holds=answer.status == 200 and answer.body != original.body)
    if answer.status != 200:
        return None
    stage.keep(f"original-{name}", original.body)
    stage.keep(f"marked-{name}", answer.body)
    said = await stage.gateway.call("audit", "show", "--operation", operation, "--kind", "outcome", "-o", "json")
    entries = [json.loads(line) for line in said.out.splitlines()]
    codes = [mark["code"] for mark in entries[-1].get("marks", ())] if entries else []
    return original.body, answer.body, codes


async def _found(stage: Stage, codes: list[str]) -> None:
    """Look the last code up, as an investigator would who holds that page."""
    code = codes[-1] if codes else "none"
    stage.tell.command("sovgate", "audit", "show", "--mark", code)
    said = await stage.gateway.call("audit", "show", "--mark", code)
    for line in said.out.splitlines():
        stage.tell.say(f"  {line}", "dim")
    stage.tell.check("the code leads to the one export that it came from", holds=said.out.count(code) == 1)


def codes_on_pages(body: bytes) -> list[str]:
    """Read the one code that each page of a PDF draws; "" where there is none, or more than one."""
    with pikepdf.open(BytesIO(body)) as pdf:
        codes = [{code for drawn in _drawn(page.obj, 0) for code in _CODE.findall(drawn)} for page in pdf.pages]
    return [next(iter(found)).decode() if len(found) == 1 else "" for found in codes]


def _drawn(place: pikepdf.Object, depth: int) -> Iterator[bytes]:
    """Give the content streams of a page, and of the forms that it draws."""
    contents = place if isinstance(place, pikepdf.Stream) else place.get("/Contents")
    for stream in contents if isinstance(contents, pikepdf.Array) else [contents]:
        if isinstance(stream, pikepdf.Stream):
            yield stream.read_bytes()
    forms = place.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary())
    for form in dict(forms).values():
        if depth < _DEPTH and form.get("/Subtype") == pikepdf.Name.Form:
            yield from _drawn(form, depth + 1)
