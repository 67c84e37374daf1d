"""Every place of a leg, one by one: those of its body (`workbench.values`), and those outside of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.formats.selector import ANY, Step
from gateway.steps.sight import Sight
from gateway.workbench.values import Location, Value


class Outside(str):
    """A place outside of the body, by its pointer: `#query/email`."""

    __slots__ = ()


def outside(sight: Sight) -> tuple[Value, ...]:
    """Give every value that is labelled outside of the body, and those there that nobody labelled."""
    found = []
    for record in sight.head.records:
        for at, spot, value in sight.head.document.places if sight.head.document else ():
            edit = record.edits.of(spot) if spot else record.edits.unlisted
            after = value if edit is None else edit.value(value, sight.head.owner)
            found.append(Value((Outside(at),), record, spot, after, value))
    return tuple(found)


def follow(value: object, steps: Sequence[Step], at: Location = ()) -> Iterator[Location]:
    """Give the locations at the end of plain steps, in the order of the body."""
    if not steps:
        yield at
        return
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict):
        for name in value if step is ANY else [step] if step in value else []:
            yield from follow(value[name], rest, (*at, name))
    elif isinstance(value, list):
        for index in range(len(value)) if step is ANY else [step] if isinstance(step, int) else []:
            if index < len(value):
                yield from follow(value[index], rest, (*at, index))


def pointer(location: Location) -> str:
    """Write a location as a JSON Pointer (RFC 6901)."""
    if location and isinstance(location[0], Outside):
        return location[0]
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location)
