"""Any bytes as a table: read or refused by one kind of error, written back as they were, and the same in pieces."""

from __future__ import annotations

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats import portions
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

portions.PORTION = 16
CSV, LIMITS = FORMATS["csv"], BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "x"), Edit(lambda _value, _customer: "x"))
LAYOUTS = [
    CSV.layout(Shape(("email",), "who", options=options))
    for options in ({}, {"escape": "backslash"}, {"delimiter": ";", "quote": "'"}, {"skip": 1}, {"line_ends": "cr"})
] + [CSV.layout(Shape(("#2",), "#1", options={"header": False, "quote": "none", "delimiter": "tab"}))]


def target(data: bytes) -> None:
    for layout in LAYOUTS:
        try:
            document = CSV.read(data, layout, LIMITS)
            records = len(document.customers)
            hidden = document.write([HIDE] * records, HIDE).body
        except Unreadable:
            continue
        assert document.write([KEEP] * records, KEEP).body is data
        again = CSV.read(hidden, layout, LIMITS)
        assert len(again.customers) == records
        if again.write([HIDE] * records, HIDE).body != hidden:
            raise AssertionError("what is hidden reads otherwise")
        cutter = CSV.cutter(layout, LIMITS)
        pieces = [piece for at in range(0, len(data), 7) for piece in cutter.feed(data[at : at + 7])]
        pieces += cutter.end()
        made = [one.document.write([HIDE] * len(one.document.customers), HIDE).body for one in pieces]
        assert b"".join(made) == hidden


if __name__ == "__main__":
    fuzz(target, "csv")
