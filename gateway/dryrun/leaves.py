"""Every single value of a leg, and what became of it: found by the gate's own writers, in a writing thrown away.

The leg's body is written once more, with edits that put a number in the place of each value. The number tells by which
record's decision and which fields the value was treated, and whether it arrives as it came. So two policy sets can be
held against each other value by value, even where their catalogues cut the same body in different ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from json import JSONDecoder
from typing import Any

from gateway.dryrun import called
from gateway.dryrun.together import APART, Item, Loose, Path, together
from gateway.flow import Leg
from gateway.formats.document import Edit, Edits, Scalar, Signal, Spot, Whole
from gateway.formats.json import Layout
from gateway.formats.parts import Part
from gateway.policy.memo import Memo
from gateway.regime import MessagePlan
from gateway.steps.owner import Owner
from gateway.steps.reading import Place
from gateway.steps.record import Record
from gateway.steps.sight import Sight
from gateway.steps.treat import Case
from gateway.workbench.listing import listed
from gateway.workbench.survey import Fate, Seen, fate
from gateway.workbench.values import after, answer, comparable, held, is_json, parsed, parts

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
    where a field above is redacted. `plan` is that of the message whose fields they are.
    """

    record: Record
    spot: Spot
    fate: Fate
    ways: tuple[tuple[str, ...], ...]
    plan: MessagePlan
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

    @property
    def revealed(self) -> bool:
        """Tell whether it arrives as a token that was turned back, and nothing else was done to it."""
        fate = None if self.cell is None else self.cell.fate
        return fate is not None and bool(fate.reveals) and fate.treatment is None and self.shown is Shown.CHANGED

    def at(self, path: Path) -> Shown:
        """Tell how the value arrives, once it is known where it stands."""
        if self.shown is not Shown.WIPED or self.cell is None:
            return self.shown
        emptied = self.cell.emptied
        if len(self.cell.way(path)) < len(path) or (emptied is not None and emptied < len(path)):
            return Shown.GONE
        return Shown.CHANGED if self.print else Shown.SAME


KEPT = Leaf(None, Shown.SAME)
"""A value that no edit may look at: null on the way to a field, or what a format knows to be nobody's."""

ANYTHING = Leaf(None, Shown.GONE)
"""What stands beside a value of a leg that shows nothing, or that was read in a way that can't be held against it."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """The values of one leg: the body with a number for each value, and the cells that the numbers name."""

    body: Any
    cells: tuple[Cell, ...]

    def read(self, number: object) -> Leaf:
        """Tell of the value that a number stands for."""
        if not isinstance(number, int):
            return ANYTHING if number is APART else KEPT
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
        if sight.case is None:
            return None
        cells: list[Cell] = []
        body = self._body(sight.case, sight, cells, ((),))
        return Leaves(body, tuple(cells))

    def _body(self, case: Case, sight: Sight, cells: list[Cell], above: tuple[tuple[str, ...], ...]) -> Any:
        """Put numbers for the values of a body, or of what is held at the end of the ways `above`; add their cells."""
        plan = case.reading.plan
        if not plan.format.BY_FIELDS:
            return _opaque(case, sight, cells, above)
        return self._ways(case, sight, cells, above) if is_json(plan) else self._listed(case, sight, cells, above)

    def _ways(self, case: Case, sight: Sight, cells: list[Cell], above: tuple[tuple[str, ...], ...]) -> Any:
        """Put numbers in the places of values that have ways of their own."""
        reading = case.reading
        numbers = _Numbers(len(cells))
        # What is written is guarded by what this caller may have read: those edits serve one flow only; and so do those
        # that put treated messages and addresses in their places.
        judged = [*case.owned.values(), *([case.frame] if case.frame else [])]
        spies = {
            id(record): self._spy(record, numbers, case, shared=sight.leg is Leg.RESPONSE and not _bound(record))
            for record in judged
        }
        edits = [spies[id(case.owned[customer])].edits for customer in reading.customers]
        frame = spies[id(case.frame)].edits if case.frame else Edits(lambda _spot: None)
        written = reading.document.write(edits, frame, [case.owner(customer) for customer in reading.customers])
        ways: dict[tuple[int, Spot], list[tuple[str, ...]]] = {}
        for touch in written.touches:
            found = ways.setdefault((id(touch.edits), touch.spot), [])
            found += [(*way, *parts(touch.pointer)) for way in above]
        by = {id(spies[id(record)].edits): record for record in judged}
        before = len(above[0]) if above else 0
        cells += [
            _cell(by[edits_], spot, tuple(ways.get((edits_, spot), ())), sight, reading.plan, before)
            for edits_, spot, _ in numbers.known
        ]
        body = called.beside(parsed(reading.plan, written.body, lambda text: _JSON.decode(text.decode())), _number)
        held = {
            number: self._body(case.inner[place], sight, cells, tuple(ways.get((edits_, spot), ())))
            for (edits_, spot, place), number in numbers.known.items()
            if place is not None
        }
        return _opened(body, held) if held else body

    def _listed(self, case: Case, sight: Sight, cells: list[Cell], above: tuple[tuple[str, ...], ...]) -> Loose:
        """Give numbers to values that have pointers."""
        groups: dict[tuple[int, Spot, str], int] = {}
        held: dict[Place, Any] = {}
        items: list[Item] = []
        for one in listed(case):
            new, place = answer(one, case)
            way, old = parts(one.pointer), one.old.text if isinstance(one.old, Part) else one.old
            ways = tuple((*before, *way) for before in above)
            if place is not None:
                if place not in held:
                    held[place] = self._body(case.inner[place], sight, cells, ways)
                items.append(Item(way, _print(old), held[place]))
                continue
            key = (id(one.record.edits), one.spot, one.pointer)
            if key not in groups:
                groups[key] = len(cells)
                cells.append(_cell(one.record, one.spot, ways, sight, case.reading.plan, 0))
            shown, print_ = _arrival(old, new)
            items.append(Item(way, _print(old), (groups[key] << _SHOWN_BITS | shown) << _PRINT_BITS | print_))
        return Loose(tuple(items))

    def _spy(self, record: Record, numbers: _Numbers, case: Case, *, shared: bool) -> _Spy:
        found = self.spies.get(record.edits) if shared else None
        if found is None:
            found = _Spy(record.edits, None if shared else record, None if shared else case)
            if shared:
                self.spies.put(record.edits, found)
        found.numbers = numbers
        return found


@dataclass(slots=True, eq=False)
class _Numbers:
    """Numbers of the cells that one writing meets, from the `first` on: by edits, spot, and what the value holds."""

    first: int = 0
    known: dict[tuple[int, Spot, Place | None], int] = field(default_factory=dict)

    def of(self, edits: Edits, spot: Spot, place: Place | None) -> int:
        return self.known.setdefault((id(edits), spot, place), self.first + len(self.known))


class _Spy:
    """Edits that put a number in the place of each value, by what the actual ones make of it."""

    def __init__(self, actual: Edits, record: Record | None, case: Case | None) -> None:
        self.numbers = _Numbers()
        self.edits = Edits(lambda spot: self._edit(spot, actual.of(spot)), self._edit((), actual.unlisted))
        self._record, self._case = record, case

    def _edit(self, spot: Spot, actual: Edit | None) -> Edit:
        look = _look(actual)

        def number(value: Scalar, owner: Owner | None) -> int:
            place: Place | None = None
            if spot and self._record is not None and self._case is not None and self._record.labels.contains:
                shown, print_, place = self._inside(spot, actual, value, owner)
            else:
                shown, print_ = look(value, owner)
            return (self.numbers.of(self.edits, spot, place) << _SHOWN_BITS | shown) << _PRINT_BITS | print_

        return Edit(number, name=lambda name, customer: called.numbered(name, number(name, customer)))

    def _inside(
        self, spot: Spot, actual: Edit | None, value: Scalar, owner: Owner | None
    ) -> tuple[Shown, int, Place | None]:
        """Look at a value that may hold a message."""
        assert self._record is not None
        assert self._case is not None
        customer = owner.customer if owner else None
        if held(self._record, spot, value, customer, self._case) is None:
            return *_look(actual)(value, owner), None
        new, place = after(self._record, spot, value, customer, self._case)
        return *_arrival(value, new), place


def _opened(body: Any, held: Mapping[int, Any]) -> Any:
    """Put what values hold in their places."""
    if isinstance(body, dict):
        return {name: _opened(value, held) for name, value in body.items()}
    if isinstance(body, list):
        return [_opened(value, held) for value in body]
    return held.get(body >> _PRINT_BITS + _SHOWN_BITS, body) if isinstance(body, int) else body


def _look(actual: Edit | None) -> Callable[[Scalar, Owner | None], tuple[Shown, int]]:
    """Give what tells how a value arrives."""
    if actual is None:
        return lambda _value, _owner: (Shown.SAME, 0)
    wipes = actual.whole is Whole.EMPTY

    def look(value: Scalar, owner: Owner | None) -> tuple[Shown, int]:
        made = actual.value(value, owner)
        if wipes and not isinstance(made, Signal):
            return Shown.WIPED, 0 if value is None else _print(made)
        return _arrival(value, made)

    return look


def _arrival(value: Scalar, made: Scalar | Signal) -> tuple[Shown, int]:
    """Tell how a value arrives, by what became of it."""
    if isinstance(made, Signal):
        return Shown.GONE, 0
    if made is value or (made == value and type(made) is type(value)):
        return Shown.SAME, 0
    veiled = isinstance(made, str) and len(set(made)) == 1
    return Shown.VEILED if veiled else Shown.CHANGED, _print(made)


def _print(made: Scalar) -> int:
    """Tell treated values apart; 0 is nobody's."""
    return hash((type(made).__name__, comparable(made))) & _PRINTS or 1


def _bound(record: Record) -> bool:
    """Tell whether edits are bound to one body."""
    return bool(record.labels.contains or record.labels.addresses)


def _opaque(case: Case, sight: Sight, cells: list[Cell], above: tuple[tuple[str, ...], ...]) -> int:
    """Take a body that is passed or refused whole for one value."""
    record = next(iter(case.owned.values()), case.frame)
    assert record is not None
    labels = record.labels
    spot: Spot = (0,) if labels.classes else ()
    refused = bool(spot) and record.edits.of(spot) is not None
    made = fate(Seen("", spot, record.decision, labels, 1), sight) if spot else Fate(None, ())
    cells.append(Cell(record, spot, made, above, case.reading.plan))
    return ((len(cells) - 1) << _SHOWN_BITS | (Shown.GONE if refused else Shown.SAME)) << _PRINT_BITS


def _cell(
    record: Record, spot: Spot, ways: tuple[tuple[str, ...], ...], sight: Sight, plan: MessagePlan, before: int
) -> Cell:
    made = fate(Seen("", spot, record.decision, record.labels, 1), sight)
    return Cell(record, spot, made, ways, plan, _emptied(record, spot, plan, before))


def _emptied(record: Record, spot: Spot, plan: MessagePlan, before: int) -> int | None:
    """Tell how many parts lead to the highest field above a place that is emptied as a whole; None where none is.

    `before`: those that lead to the message.
    """
    if not is_json(plan) or record.labels is plan.envelope:
        return None
    layout: Layout = plan.layout
    base = before + layout.fields.pointer.count("/")
    depths = {label.index: base + len(label.steps) for label in layout.labels if label.index in spot}
    for depth in sorted(set(depths.values())):
        edit = record.edits.of(tuple(index for index in spot if depths.get(index, depth + 1) <= depth))
        if edit is not None and edit.whole is Whole.EMPTY:
            return depth
    return None


def _fits(part: str, step: str | int) -> bool:
    return part in {"*", "?"} or part == step


def _number(text: str) -> int | None:
    """Read a number that an edit put there; one that was too long to be treated stays out."""
    return int(text) if len(text) < 20 else None  # noqa: PLR2004 - what a 64-bit integer takes


_JSON = JSONDecoder(parse_int=_number, parse_float=lambda _text: None)
