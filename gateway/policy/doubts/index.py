"""Protections, sorted so that only those are compared which can have to do with each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from gateway.policy.doubts.imply import key
from gateway.policy.doubts.world import Reach, World
from gateway.policy.model import Rule
from gateway.treatments.contract import Treatment

MOST = 64
"""So many are compared at each step, so that the time grows with the rules and not with their square."""


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Protections of one class, reach and treatment; `by_need` sorts them by purpose (None: any) and by `unless`."""

    rules: list[Rule] = field(default_factory=list)
    by_need: dict[object, list[Rule]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Protections by class and operation, and below that by what else they reach and what they do."""

    world: World
    _reaches: dict[tuple[str, str], dict[int, Reach]] = field(default_factory=lambda: defaultdict(dict))
    _groups: dict[tuple[str, int], dict[Treatment, _Group]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, rule: Rule, reach: Reach) -> None:
        """Take a protection."""
        assert rule.treatment is not None, "every protection has one"
        purposes = self.world.words(rule).get("purposes") or (None,)
        for class_ in rule.classes:
            for operation in reach.operations:
                self._reaches[class_, operation][id(reach)] = reach
            group = self._groups[class_, id(reach)].setdefault(rule.treatment, _Group())
            group.rules.append(rule)
            for purpose in purposes:
                group.by_need[purpose, key(rule.unless)].append(rule)

    def around(self, rule: Rule, reach: Reach, does: Callable[[Treatment], bool]) -> Iterator[Rule]:
        """Give protections that may hold whenever one does, and reach all of it; by what they do."""
        purposes = self.world.words(rule).get("purposes")
        exceptions = (None,) if rule.unless is None else (None, key(rule.unless))
        needs = [(purpose, unless) for purpose in _with_none(purposes) for unless in exceptions]
        for class_ in _covering(min(rule.classes, default="")):
            for others in self._at(class_, min(reach.operations)):
                if reach.within(others):
                    for treatment, group in self._groups[class_, id(others)].items():
                        if does(treatment):
                            found = (other for need in needs for other in group.by_need.get(need, ()))
                            yield from islice((other for other in found if other is not rule), MOST)

    def meeting(self, rule: Rule, reach: Reach, does: Callable[[Treatment], bool]) -> Iterator[tuple[Rule, str]]:
        """Give protections that reach something of what one reaches, by what they do; and the class that both have."""
        for own in sorted(rule.classes):
            for class_ in _covering(own):
                seen: set[int] = set()
                for operation in sorted(reach.operations):
                    for others in self._at(class_, operation):
                        if id(others) not in seen and reach.meets(others):
                            seen.add(id(others))
                            for treatment, group in self._groups[class_, id(others)].items():
                                if does(treatment):
                                    yield from ((o, own) for o in islice(group.rules, MOST) if o is not rule)

    def _at(self, class_: str, operation: str) -> Iterator[Reach]:
        return islice(self._reaches.get((class_, operation), {}).values(), MOST)


def _covering(class_: str) -> Iterator[str]:
    """Give the classes that cover one, itself among them."""
    parts = class_.split(".")
    return (".".join(parts[:size]) for size in range(1, len(parts) + 1))


def _with_none(purposes: frozenset[str] | None) -> tuple[str | None, ...]:
    """Give the purposes under which a rule that holds for all of these is found: none, or any one of them."""
    return (None, min(purposes)) if purposes else (None,)
