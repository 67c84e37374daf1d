"""Any bytes as lines of JSON: read as Python's own reader does, or refused by one kind of error, and written back."""

from __future__ import annotations

import json

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

NDJSON, LIMITS = FORMATS["ndjson"], BodyLimits()
KEEP = Edits(lambda _spot: Edit(lambda value, _customer: value), Edit(lambda value, _customer: value))
HIDE = Edits(lambda _spot: Edit(lambda _value, _customer: "x"), Edit(lambda _value, _customer: "x"))
LAYOUT = NDJSON.layout(Shape(("$.email", "$.lines[*].note"), "$.who"))


def target(data: bytes) -> None:
    try:
        document = NDJSON.read(data, LAYOUT, LIMITS)
    except Unreadable:
        return
    lines = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    assert len(document.customers) == len(lines)
    assert document.write([KEEP] * len(lines), KEEP).body is data
    hidden = document.write([HIDE] * len(lines), HIDE).body
    assert len([json.loads(line) for line in hidden.split(b"\n") if line.strip()]) == len(lines)


if __name__ == "__main__":
    fuzz(target, "ndjson")
