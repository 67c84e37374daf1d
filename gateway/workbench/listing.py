"""The values of a message whose format gives them no ways of their own: in the order in which its writer meets them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Scalar, Spot
from gateway.formats.parts import Part
from gateway.steps.record import Record
from gateway.steps.treat import Case

UNKNOWN = "?"
"""A step of a pointer that can't be told."""

_APART = 500
"""So many records have edits of their own, so that what is found in each is told apart; of more, each customer's."""

_TRIES = 500
_TRIED = 8 << 20
"""So many writings, and so many bytes in all of them, are spent on telling pointers apart."""

_Group = tuple[int, Spot]
"""Values that one `Edits`, by its number, met at one spot."""


@dataclass(slots=True, eq=False)
class Listed:
    """One value: `old` is a whole part where it may hold a message, `customer` what its edit was told.

    `number` is that of its record, from 0; None around records, and where there are too many to be told apart.
    """

    record: Record
    spot: Spot
    old: Scalar | Part
    customer: str | None
    pointer: str = f"/{UNKNOWN}"
    number: int | None = None


def listed(case: Case) -> list[Listed]:
    """Give every value of a message, in the order of its writer, each with its pointer or with what is sure of that."""
    every = _Scribe(case)
    found = every.write()
    doubtful: dict[_Group, list[str]] = {}
    for group, members in every.groups.items():
        pointers = found.get(group, [])
        if len(pointers) > 1:
            doubtful[group] = pointers
        elif pointers:
            for one in members:
                one.pointer = pointers[0]
    tries = max((len(every.groups[group]) for group in doubtful), default=0)
    if tries <= min(_TRIES, _TRIED // max(len(case.reading.text), 1)):
        for number in range(tries):
            tried = _Scribe(case, number).write()
            for group in doubtful:
                members, pointers = every.groups[group], tried.get(group, [])
                if number < len(members) and len(pointers) == 1:
                    members[number].pointer = pointers[0]
    else:
        for group, pointers in doubtful.items():
            for one in every.groups[group]:
                one.pointer = common(pointers)
    return every.all


def common(pointers: list[str]) -> str:
    """Give what is sure of a value that has one of several pointers."""
    parted = [pointer.split("/")[1:] for pointer in pointers]
    shared = ["/".join(set(steps)) if len(set(steps)) == 1 else UNKNOWN for steps in zip(*parted, strict=False)]
    longer = len({len(parts) for parts in parted}) > 1 and shared[-1:] != [UNKNOWN]
    return "".join(f"/{step}" for step in (*shared, *([UNKNOWN] if longer else [])))


@dataclass(slots=True, eq=False)
class _Scribe:
    """One writing of a case that takes down what its edits meet; `only`: the one value of each group that changes."""

    case: Case
    only: int | None = None
    groups: dict[_Group, list[Listed]] = field(default_factory=lambda: defaultdict(list))
    all: list[Listed] = field(default_factory=list)
    _numbers: dict[int, int] = field(default_factory=dict)

    def write(self) -> Mapping[_Group, list[str]]:
        """Write the body, to be thrown away; give the pointers of what changed, none where it can't be written so."""
        reading, owned = self.case.reading, self.case.owned
        if len(reading.customers) <= _APART:
            records = [self._edits(owned[customer], at) for at, customer in enumerate(reading.customers)]
        else:
            shared = {customer: self._edits(record) for customer, record in owned.items()}
            records = [shared[customer] for customer in reading.customers]
        frame = Edits(lambda _spot: None) if self.case.frame is None else self._edits(self.case.frame)
        found: dict[_Group, list[str]] = defaultdict(list)
        try:
            for touch in reading.document.write(records, frame, reading.customers).touches:
                found[self._numbers[id(touch.edits)], touch.spot].append(touch.pointer)
        except Unreadable:
            found.clear()
        return found

    def _edits(self, record: Record, at: int | None = None) -> Edits:
        number = len(self._numbers)

        def of(spot: Spot) -> Edit:
            def changes(old: Scalar | Part, customer: str | None) -> bool:
                group = self.groups[number, spot]
                one = Listed(record, spot, old, customer, number=at)
                group.append(one)
                self.all.append(one)
                return self.only is None or self.only == len(group) - 1

            def look(value: Scalar, customer: str | None) -> Scalar:
                if not changes(value, customer):
                    return value
                return 0 if value is None else None

            def look_at_part(part: Part, customer: str | None) -> Part | Scalar:
                return None if changes(part, customer) else part

            holds = record.labels.contained(spot) if spot and record.labels.contains else None
            return Edit(look, part=look_at_part if holds else None)

        edits = Edits(of, of(()))
        self._numbers[id(edits)] = number
        return edits
