"""Every place of a leg, one by one: whose record it lies in, which fields cover it, and what the gate does with it.

The gate itself says so: its document is written once with edits that put a sign wherever they meet a value, and the
signs are then found in what was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.formats.document import Edit, Edits, Scalar, Signal, Spot, Whole
from gateway.formats.selector import ANY, Step
from gateway.steps.edit import NO_EDITS
from gateway.steps.record import Record
from gateway.steps.sight import Sight

Location = tuple[str | int, ...]
"""The way from a body's root to a value: names of members and indexes; or `Outside` alone."""

_SIGN = "\ue000sovgate\ue000"
_LONGEST = 4000  # digits of a whole number that Python reads at once


class Outside(str):
    """A place outside of the body, by its pointer: `#query/email`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Spotted:
    """A value of a message: where it stands, the judged record it belongs to, and the fields that cover it.

    `after` is what the gate makes of it, or the signal with which it is refused, dropped or removed.
    """

    location: Location
    record: Record
    spot: Spot
    after: Scalar | Signal

    @property
    def classes(self) -> frozenset[str]:
        """Give the classes of the fields that cover it."""
        return self.record.labels.at(self.spot)


def spot(sight: Sight) -> tuple[Spotted, ...]:
    """Give every value of a leg that the gate met, in the order of the body; none for a leg without a body."""
    if sight.document is None or sight.plan is None:
        return ()
    if not sight.plan.format.BY_FIELDS:
        record = sight.judged[0]
        return (Spotted((), record, (0,), None),) if record.labels.classes else ()
    signs: list[tuple[Record, Spot, Scalar | Signal]] = []
    owned = {record.facts.customer: _spy(record, signs) for record in sight.judged if record.count}
    frame = next((_spy(record, signs) for record in sight.judged if not record.count), NO_EDITS)
    written = sight.document.write([owned[customer] for customer in sight.customers], frame, sight.customers)
    return tuple(
        Spotted(location, *signs[int(value.removeprefix(_SIGN))])
        for location, value in leaves(parse(written.body))
        if isinstance(value, str) and value.startswith(_SIGN)
    )


def outside(sight: Sight) -> tuple[Spotted, ...]:
    """Give every value that is labelled outside of the body, and those there that nobody labelled."""
    found = []
    for record in sight.head.records:
        for at, spot, value in sight.head.document.places if sight.head.document else ():
            edit = record.edits.of(spot) if spot else record.edits.unlisted
            after = value if edit is None else edit.value(value, record.facts.customer)
            found.append(Spotted((Outside(at),), record, spot, after))
    return tuple(found)


def parse(body: bytes) -> Any:
    """Parse a body that the gate found sound, with no digit lost: whole numbers as int, others as Decimal."""
    return json.loads(body, parse_float=Decimal, parse_int=lambda t: int(t) if len(t) <= _LONGEST else Decimal(t))


def leaves(value: object, at: Location = ()) -> Iterator[tuple[Location, object]]:
    """Give every value that is no object or array, with its location."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*at, index))
    else:
        yield at, value


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


def _spy(record: Record, signs: list[tuple[Record, Spot, Scalar | Signal]]) -> Edits:
    """Give edits that reach wherever the record's own do, and tell by a sign what these would answer."""

    def of(spot: Spot) -> Edit:
        edit = record.edits.of(spot) if spot else record.edits.unlisted

        def sign(value: Scalar, customer: str | None) -> str:
            after: Scalar | Signal = value
            if edit is not None:
                after = Signal.REFUSE if edit.whole is Whole.REFUSE else edit.value(value, customer)
            signs.append((record, spot, after))
            return f"{_SIGN}{len(signs) - 1}"

        return Edit(sign)

    return Edits(of, of(()))
