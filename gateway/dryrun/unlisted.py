"""The names of members that no catalogue labels: found by walking a body beside its labels, added up in a tree.

What is kept here are names as they came: they may be values. Only `Members.told` says what may be shown of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Raw

from gateway.dryrun.naming import HIDDEN, is_map, shown
from gateway.formats.document import Edit, Edits, Scalar
from gateway.formats.json import JsonDocument
from gateway.formats.json_plan import Plan
from gateway.formats.json_walk import Walk
from gateway.formats.ndjson import NdjsonDocument
from gateway.steps.treat import Case

_MOST_NAMES = 64
_DEEPEST = 8
_LONGEST = 100


@dataclass(slots=True)
class Budget:
    """How many names may still be remembered, in all places together."""

    left: int = 20_000


@dataclass(slots=True)
class Members:
    """The members of the objects that were seen at one place: how many objects, and each name with what is below it.

    `map` tells that the objects hold one kind of thing each, under names that are data; `more` counts members whose
    names found no room.
    """

    objects: int = 0
    names: dict[str, Member] = field(default_factory=dict)
    map: bool = False
    more: int = 0

    def member(self, name: str, budget: Budget) -> Member | None:
        """Count a name that was seen; None where there is no room for it."""
        name = name[:_LONGEST]
        found = self.names.get(name)
        if found is None:
            if len(self.names) >= _MOST_NAMES or budget.left <= 0:
                self.more += 1
                self.map = self.map or len(self.names) >= _MOST_NAMES
                return None
            budget.left -= 1
            found = self.names[name] = Member()
        found.count += 1
        return found

    def told(self, pointer: str, *, raw: bool = False) -> Counter[str]:
        """Give the places below a pointer with how often they were met, named as far as may be; `raw`: as they came."""
        counts: Counter[str] = Counter()
        names = shown({name: member.count for name, member in self.names.items()}, self.objects)
        for name, member in self.names.items():
            named = _escaped(name) if raw else HIDDEN if self.map else _escaped(names[name])
            counts.update(member.told(f"{pointer}/{named}", raw=raw))
        if self.more:
            counts[f"{pointer}/{HIDDEN}"] += self.more
        return counts


@dataclass(slots=True)
class Member:
    """A member by its name: how often it was met, how often as a value of its own, and what was seen below it."""

    count: int = 0
    values: int = 0
    below: Members | None = None
    items: Member | None = None

    def told(self, pointer: str, *, raw: bool) -> Counter[str]:
        """Do as `Members.told` for what is here and below."""
        counts: Counter[str] = Counter()
        if self.values:
            counts[pointer] = self.values
        if self.below is not None:
            counts.update(self.below.told(pointer, raw=raw))
        if self.items is not None:
            counts.update(self.items.told(f"{pointer}/*", raw=raw))
        return counts


def _other(value: Scalar, _customer: str | None) -> Scalar:
    return 0 if value is None else None


_CHANGED = Edit(_other)
"""An edit that reaches every place, so that the plans of all labels are whole."""


@dataclass(slots=True)
class Gatherer:
    """Adds up the unlisted members of bodies; `budget` bounds what is remembered in all of them together."""

    budget: Budget = field(default_factory=Budget)
    _all: Edits = field(default_factory=lambda: Edits(lambda _spot: _CHANGED, _CHANGED))

    def gather_in(self, case: Case, into: dict[str, Members], before: str) -> bool:
        """Do as `gather` for a message at a pointer; False where it is no JSON."""
        document: object = case.reading.document
        if isinstance(document, NdjsonDocument):
            document = document.joined
        if not isinstance(document, JsonDocument):
            return False
        self.gather(document, into, before)
        return True

    def gather(self, document: JsonDocument, into: dict[str, Members], before: str = "") -> None:
        """Add the members of a body to those that were seen before, by the pointer of the object they stand in."""
        layout, walk, root = document.layout, Walk(), Raw(document.body.strip(b" \t\r\n"))
        records = [root] if layout.records is None else walk.find(root, layout.records)
        around = layout.plan_around(self._all)
        if around is not None:
            _visit(around, root, walk, into, self.budget, before)
        for record in records:
            plan = layout.plan(record, self._all)
            if plan is not None:
                _visit(plan, record, walk, into, self.budget, before)


def _visit(plan: Plan, raw: Raw, walk: Walk, into: dict[str, Members], budget: Budget, before: str) -> None:
    """Go where labels lead, and take down the members that none leads to."""
    if plan.record or plan.end:
        return
    inside = walk.open(raw)
    if isinstance(inside, list):
        for index, value in enumerate(inside):
            onward = plan.indexes.get(index, plan.element)
            if onward is not None:
                _visit(onward, value, walk, into, budget, before)
        return
    if inside is None or not plan.objects:
        return
    stray = [name for name in inside if _is_stray(plan, plan.names.get(name, plan.member))]
    for name in inside.keys() - set(stray):
        known = plan.names.get(name, plan.member)
        if known is not None:
            _visit(known, inside[name], walk, into, budget, before)
    if stray:
        members = into.setdefault(before + plan.pointer, Members())
        _note(members, {name: inside[name] for name in stray}, walk, budget, 0)


def _is_stray(plan: Plan, below: Plan | None) -> bool:
    """Tell whether a member is one that no label leads to."""
    return below is not None and not below.spot and below is plan.member and below.pointer == f"{plan.pointer}/?"


def _note(members: Members, inside: dict[str, Raw], walk: Walk, budget: Budget, depth: int) -> None:
    """Count an object's members, and what is below them."""
    members.objects += 1
    opened = {name: walk.open(value) for name, value in inside.items()}
    members.map = members.map or is_map(value for value in opened.values() if isinstance(value, dict))
    for name, value in opened.items():
        member = members.member(name, budget)
        if member is not None:
            _below(member, value, walk, budget, depth)


def _below(member: Member, value: dict[str, Raw] | list[Raw] | None, walk: Walk, budget: Budget, depth: int) -> None:
    """Count what a member holds."""
    if not value or depth >= _DEEPEST:
        member.values += 1
    elif isinstance(value, dict):
        member.below = member.below or Members()
        _note(member.below, value, walk, budget, depth + 1)
    else:
        member.items = member.items or Member()
        for item in value:
            member.items.count += 1
            _below(member.items, walk.open(item), walk, budget, depth + 1)


def _escaped(name: str) -> str:
    """Write a name as a part of a JSON Pointer (RFC 6901 section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def pointers(seen: dict[str, Members], *, raw: bool = False) -> Iterator[tuple[str, int]]:
    """Give every unlisted place with how often it was met, in the order of the pointers."""
    counts: Counter[str] = Counter()
    for pointer, members in seen.items():
        counts.update(members.told(pointer, raw=raw))
    yield from sorted(counts.items())
