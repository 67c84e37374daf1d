"""Any bytes as JSON: read or refused by one kind of error, written back as they were; what is hidden is gone.

Python's own parser, made strict, reads whatever is taken; what it sees once all is hidden has the same members, and no
other values than those that were put there.
"""

from __future__ import annotations

import json
from typing import Any

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

JSON, LIMITS = FORMATS["json"], BodyLimits(depth=30, values=5000)
HIDDEN = 'x"\\\n\u2028\ud7ff\x7f'
LAYOUTS = tuple(
    JSON.layout(shape)
    for shape in (
        Shape(("$.who", "$.email", "$.people[*].name", "$.note", "$..deep"), "$.who"),
        Shape(("$.who", "$.email", "$.more"), "$.who", "$.value[*]", ("$.count",)),
        Shape(("$[0]", "$['a']['b']", "$[?@.x == 1].y")),
    )
)
KEPT = Edit(lambda value, _customer: value)
HIDE = Edit(lambda _value, _customer: HIDDEN)
GONE = Edit(lambda _value, _customer: Signal.REMOVE, Whole.REMOVE)
LABELLED = Edits(lambda _spot: HIDE)
TOP = ("who", "email", "note")
ALL = {id(edit): Edits(lambda _spot, edit=edit: edit, edit) for edit in (KEPT, HIDE, GONE)}


def strict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse keys that stand twice."""
    made = dict(pairs)
    assert len(made) == len(pairs)
    return made


def read(data: bytes) -> Any:
    """Read as Python does, no digit lost, and no names for what is no number."""
    return json.loads(data, object_pairs_hook=strict, parse_constant=[].index, parse_float=str, parse_int=str)


def leaves(value: Any) -> list[Any]:
    """Give all that is neither an object nor an array."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return [leaf for one in inside for leaf in leaves(one)]
    return [value]


def target(data: bytes) -> None:
    for layout in LAYOUTS:
        try:
            document = JSON.read(data, layout, LIMITS)
        except Unreadable:
            continue
        before = read(data)
        for edit in (KEPT, HIDE, GONE):
            edits = ALL[id(edit)]
            made = document.write([edits] * len(document.customers), edits)
            after = read(made.body)
            if edit is KEPT:
                assert made.body is data
            elif edit is HIDE and not made.refused:
                assert set(leaves(after)) <= {HIDDEN, None}  # null on the way to a field says nothing
                assert len(leaves(after)) == len(leaves(before))
                again = JSON.read(made.body, layout, LIMITS)
                assert again.write([edits] * len(again.customers), edits).body == made.body
        if layout is LAYOUTS[0] and isinstance(before, dict):
            made = document.write([LABELLED], LABELLED)
            after = read(made.body)
            assert set(leaves([after.get(name) for name in TOP])) <= {HIDDEN, None} or made.refused


if __name__ == "__main__":
    fuzz(target, "json")
