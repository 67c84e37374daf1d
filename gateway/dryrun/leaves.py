"""Every single value of a leg, and what became of it: found by the gate's own writers, in a writing thrown away.

The leg's body is written once more, with edits that put a number in the place of each value. The number tells by which
record's decision and which fields the value was treated, and whether it arrives as it came. So two policy sets can be
held against each other value by value, even where their catalogues cut the same body in different ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from json import JSONDecoder
from typing import Any

from gateway.flow import Leg
from gateway.formats.document import Edit, Edits, Scalar, Signal, Spot, Whole
from gateway.policy.memo import Memo
from gateway.steps.record import Record
from gateway.steps.sight import Sight
from gateway.workbench.survey import Fate, Seen, fate

Path = tuple[str | int, ...]
"""The way to one value: names of members and indexes of elements, from the top of the body."""

_PRINT_BITS, _SHOWN_BITS = 32, 3
_PRINTS = (1 << _PRINT_BITS) - 1
OUTCOME = (1 << _PRINT_BITS + _SHOWN_BITS) - 1
"""The part of a number that says how a value arrives, and not why."""


class Shown(IntEnum):
    """How a value arrives: as it came, otherwise, or not at all.

    `WIPED`: redacted, or gone with what it stood in. `VEILED`: as a text of one character repeated: masked as a whole.
    """

    SAME = 0
    CHANGED = 1
    GONE = 2
    WIPED = 3
    VEILED = 4


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What values of a leg have in common that one record's decision treats by the same fields (() for unlisted ones).

    `ways` are the JSON Pointers, in parts, at which such values were met: `*` for indexes, `?` for unlisted names. A
    value below a way's end belongs to an object or array that is treated as a whole; so does one below `emptied` parts,
    where a field above is redacted.
    """

    record: Record
    spot: Spot
    fate: Fate
    ways: tuple[tuple[str, ...], ...]
    emptied: int | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes of the fields, sorted."""
        return tuple(sorted(self.record.labels.at(self.spot)))

    def way(self, path: Path) -> tuple[str, ...]:
        """Give the longest way that leads to a value, with the names that the catalogue knows."""
        fitting = [way for way in self.ways if len(way) <= len(path) and all(map(_fits, way, path))]
        return max(fitting, key=lambda way: (len(way), -way.count("?"), -way.count("*")), default=("?",) * len(path))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: how it arrives, and `print`, which differs where the treated values do. It holds no value."""

    cell: Cell | None
    shown: Shown
    print: int = 0

    def at(self, path: Path) -> Shown:
        """Tell how the value arrives, once it is known where it stands."""
        if self.shown is not Shown.WIPED or self.cell is None:
            return self.shown
        emptied = self.cell.emptied
        if len(self.cell.way(path)) < len(path) or (emptied is not None and emptied < len(path)):
            return Shown.GONE
        return Shown.CHANGED if self.print else Shown.SAME


KEPT = Leaf(None, Shown.SAME)
"""A value that no edit may look at: null on the way to a field."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """The values of one leg: the body with a number for each value, and the cells that the numbers name."""

    body: Any
    cells: tuple[Cell, ...]

    def read(self, number: object) -> Leaf:
        """Tell of the value that a number stands for."""
        if not isinstance(number, int):
            return KEPT
        shown = (number & OUTCOME) >> _PRINT_BITS
        return Leaf(self.cells[number >> _PRINT_BITS + _SHOWN_BITS], Shown(shown), number & _PRINTS)

    def __iter__(self) -> Iterator[tuple[Path, Leaf]]:
        """Give each value with its way, in the body's order."""
        for path, number, _ in together(self.body, None):
            yield path, self.read(number)


@dataclass(slots=True, eq=False)
class Tracer:
    """Finds the values of legs; remembers what it compiled, so that one is used for many legs."""

    spies: Memo[Edits, _Spy] = field(default_factory=lambda: Memo(4096))

    def trace(self, sight: Sight) -> Leaves | None:
        """Give the values of a leg; None for a leg without a body. An opaque body is one value."""
        document, plan = sight.document, sight.plan
        if document is None or plan is None:
            return None
        if not plan.format.BY_FIELDS:
            return _opaque(sight)
        numbers: dict[tuple[int, Spot], int] = {}
        # What is written is guarded by what this caller may have read: those edits serve one flow only.
        shared = sight.leg is Leg.RESPONSE
        spies = {id(record): self._spy(record.edits, numbers, shared=shared) for record in sight.judged}
        owned = {record.facts.customer: spies[id(record)] for record in sight.judged if record.count}
        frame = next((spies[id(record)] for record in sight.judged if not record.count), None)
        edits = [owned[customer].edits for customer in sight.customers]
        written = document.write(edits, frame.edits if frame else Edits(lambda _spot: None), sight.customers)
        ways: dict[tuple[int, Spot], list[tuple[str, ...]]] = {}
        for touch in written.touches:
            ways.setdefault((id(touch.edits), touch.spot), []).append(_parts(touch.pointer))
        by = {id(spies[id(record)].edits): record for record in sight.judged}
        cells = tuple(_cell(by[edits_], spot, tuple(ways.get((edits_, spot), ())), sight) for edits_, spot in numbers)
        return Leaves(_JSON.decode(written.body.decode()), cells)

    def _spy(self, actual: Edits, numbers: dict[tuple[int, Spot], int], *, shared: bool) -> _Spy:
        found = self.spies.get(actual) if shared else None
        if found is None:
            found = _Spy(actual)
            if shared:
                self.spies.put(actual, found)
        found.numbers = numbers
        return found


class _Spy:
    """Edits that put a number in the place of each value, by what the actual ones make of it."""

    def __init__(self, actual: Edits) -> None:
        self.numbers: dict[tuple[int, Spot], int] = {}
        self.edits = Edits(lambda spot: self._edit(spot, actual.of(spot)), self._edit((), actual.unlisted))

    def _edit(self, spot: Spot, actual: Edit | None) -> Edit:
        look = _look(actual)

        def number(value: Scalar, customer: str | None) -> int:
            shown, print_ = look(value, customer)
            cell = self.numbers.setdefault((id(self.edits), spot), len(self.numbers))
            return (cell << _SHOWN_BITS | shown) << _PRINT_BITS | print_

        return Edit(number)


def together(one: Any, other: Any) -> Iterator[tuple[Path, Any, Any]]:
    """Walk through two bodies of the same shape side by side; where one ends earlier, its end meets all below."""
    waiting: list[tuple[Path, Any, Any]] = [((), one, other)]
    while waiting:
        path, a, b = waiting.pop()
        guide = a if isinstance(a, dict | list) else b
        if isinstance(guide, dict):
            below = [((*path, name), _below(a, name), _below(b, name)) for name in guide]
        elif isinstance(guide, list):
            below = [((*path, index), _below(a, index), _below(b, index)) for index in range(len(guide))]
        else:
            yield path, a, b
            continue
        waiting.extend(reversed(below))


def _below(value: Any, step: Any) -> Any:
    return value[step] if isinstance(value, dict | list) else value


def _look(actual: Edit | None) -> Callable[[Scalar, str | None], tuple[Shown, int]]:
    """Give what tells how a value arrives."""
    if actual is None:
        return lambda _value, _customer: (Shown.SAME, 0)
    wipes = actual.whole is Whole.EMPTY

    def look(value: Scalar, customer: str | None) -> tuple[Shown, int]:
        made = actual.value(value, customer)
        if isinstance(made, Signal):
            return Shown.GONE, 0
        if wipes:
            return Shown.WIPED, 0 if value is None else _print(made)
        if made is value or (made == value and type(made) is type(value)):
            return Shown.SAME, 0
        veiled = isinstance(made, str) and len(set(made)) == 1
        return Shown.VEILED if veiled else Shown.CHANGED, _print(made)

    return look


def _print(made: Scalar) -> int:
    """Tell treated values apart; 0 is nobody's."""
    return hash((type(made).__name__, made)) & _PRINTS or 1


def _opaque(sight: Sight) -> Leaves:
    """Take a body that is passed or refused whole for one value."""
    record = sight.judged[0]
    labels = record.labels
    spot: Spot = (0,) if labels.classes else ()
    refused = bool(spot) and record.edits.of(spot) is not None
    made = fate(Seen("", spot, record.decision, labels, 1), sight) if spot else Fate(None, ())
    return Leaves((Shown.GONE if refused else Shown.SAME) << _PRINT_BITS, (Cell(record, spot, made, ((),)),))


def _cell(record: Record, spot: Spot, ways: tuple[tuple[str, ...], ...], sight: Sight) -> Cell:
    made = fate(Seen("", spot, record.decision, record.labels, 1), sight)
    return Cell(record, spot, made, ways, _emptied(record, spot, sight))


def _emptied(record: Record, spot: Spot, sight: Sight) -> int | None:
    """Tell how many parts lead to the highest field above a place that is emptied as a whole; None where none is."""
    layout = sight.plan.layout if sight.plan else None
    if layout is None or (sight.plan and record.labels is sight.plan.envelope):
        return None
    base = layout.fields.pointer.count("/")
    depths = {label.index: base + len(label.steps) for label in layout.labels if label.index in spot}
    for depth in sorted(set(depths.values())):
        edit = record.edits.of(tuple(index for index in spot if depths.get(index, depth + 1) <= depth))
        if edit is not None and edit.whole is Whole.EMPTY:
            return depth
    return None


def _parts(pointer: str) -> tuple[str, ...]:
    """Take a JSON Pointer apart, unescaped (RFC 6901 section 4)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _fits(part: str, step: str | int) -> bool:
    return part in {"*", "?"} or part == step


def _number(text: str) -> int | None:
    """Read a number that an edit put there; one that was too long to be treated stays out."""
    return int(text) if len(text) < 20 else None  # noqa: PLR2004 - what a 64-bit integer takes


_JSON = JSONDecoder(parse_int=_number, parse_float=lambda _text: None)
