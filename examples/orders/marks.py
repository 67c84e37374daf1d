"""What a reader of a marked PDF sees: the code on each page, read from what the page draws."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import pikepdf

_CODE = re.compile(rb"\b[2-9A-HJKMNP-TV-Y]{5}(?:-[2-9A-HJKMNP-TV-Y]{5}){2}\b")
_DEPTH = 6


def codes_on_pages(body: bytes) -> list[str]:
    """Give the one code that each page shows; "" where there is none, or more than one."""
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
