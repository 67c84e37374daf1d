"""Any bytes as events: the same however they are cut, and what readers see of them once treated is what was meant."""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

SSE, LIMITS = FORMATS["sse"], BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "-\r\ndata: -"), Edit(lambda _value, _customer: "-\n\n-"))
LAYOUT = SSE.layout(Shape(("data", "order.id"), "id"))


def written(document, edits: Edits) -> bytes:
    return document.write([edits] * len(document.customers), edits).body


def in_pieces(data: bytes, size: int, edits: Edits) -> bytes:
    cutter = SSE.cutter(LAYOUT, LIMITS)
    pieces = [piece for at in range(0, len(data), size) for piece in cutter.feed(data[at : at + size])]
    return b"".join(written(piece.document, edits) for piece in (*pieces, *cutter.end()))


def target(data: bytes) -> None:
    try:
        document = SSE.read(data, LAYOUT, LIMITS)
    except Unreadable:
        return
    assert data.startswith(written(document, KEEP))
    hidden = written(document, HIDE)
    for size in (1, 5):
        assert in_pieces(data, size, KEEP) == written(document, KEEP)
        assert in_pieces(data, size, HIDE) == hidden
    again = SSE.read(hidden, LAYOUT, LIMITS)
    events = [[block.values for block in one.parts if block.values] for one in (document, again)]
    for before, after in zip(*events, strict=True):
        assert list(before) == list(after)
        assert after.get("data", "-\ndata: -") == "-\ndata: -"


if __name__ == "__main__":
    fuzz(target, "sse")
