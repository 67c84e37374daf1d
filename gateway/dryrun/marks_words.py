"""What a document's watermarks ask for together, in words and for programs. Templates, as written: no values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.policy.marking import Marking


def asked_of_marks(asked: Marking) -> Iterator[str]:
    """Give a line for each thing that is asked for."""
    for one in asked.shown:
        look = [one.placement, f"opacity {one.opacity:g}", one.colour, f"{one.size:g} pt" if one.size else ""]
        yield f'"{one.text}", {", ".join(filter(None, look))}'
    if asked.hidden:
        yield "hidden: it survives screenshots" if asked.shown else "hidden alone: nothing is seen"
    if asked.forbidden:
        yield f"forbidden: {', '.join(sorted(asked.forbidden))}"
    if asked.view_only:
        yield "view_only: pages become pictures"
    if asked.bilevel:
        yield "bilevel: scans of two colours are marked in their strokes"
    yield f"attachments: {asked.attachments}, signed: {asked.signed}, pdfa: {asked.pdfa}"


def marks_data(asked: Marking) -> dict[str, Any]:
    """Give the same for programs."""
    looks = ("text", "placement", "opacity", "colour", "size")
    return {
        "visible": [{name: getattr(one, name) for name in looks} for one in asked.shown],
        "hidden": asked.hidden,
        "forbidden": sorted(asked.forbidden),
        "view_only": asked.view_only,
        "bilevel": asked.bilevel,
        "attachments": asked.attachments,
        "signed": asked.signed,
        "pdfa": asked.pdfa,
    }
