"""Protections that meet: one that adds nothing to another, two that become `redact`, a `keep` that undoes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.catalog.classes import covers
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.policy.doubts.imply import compatible, implies
from gateway.policy.doubts.world import Reach, World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule
from gateway.treatments.contract import Treatment
from gateway.treatments.lattice import KEEP, at_least, join
from gateway.treatments.redact import Redact

_Protection = tuple[Rule, Reach]


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """Protections by each class that they name and each operation that they reach."""

    found: dict[tuple[str, str], list[_Protection]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rule: Rule, reach: Reach) -> None:
        for class_ in rule.classes:
            for operation in reach.operations:
                self.found[class_, operation].append((rule, reach))

    def covering(self, class_: str, operation: str) -> Iterator[_Protection]:
        """Give protections of a class, or of one that covers it, on an operation."""
        parts = class_.split(".")
        for size in range(1, len(parts) + 1):
            yield from self.found.get((".".join(parts[:size]), operation), ())


def overlapping(world: World, written: Written) -> Iterator[Problem]:
    """Tell what protections do to each other; one doubt a rule. Those that only observe are left out."""
    index = _Index()
    seen: dict[object, Rule] = {}
    distinct: list[_Protection] = []
    for rule, reach in world.routed:
        if rule.kind != "protect" or not rule.enforced or reach.empty:
            continue
        first = seen.setdefault(_what_it_does(rule), rule)
        if first is rule:
            distinct.append((rule, reach))
            index.add(rule, reach)
        else:
            yield _adds_nothing(rule, first)
    for rule, reach in distinct:
        found = (
            _undone(world, index, rule, reach, written)
            if rule.treatment == KEEP
            else _covered(world, index, rule, reach)
        )
        yield from (found,) if found else _redacted(world, index, rule, reach, written)


def _what_it_does(rule: Rule) -> object:
    """Give all of a protection but its name and its place."""
    return rule.scope, rule.when, rule.unless, rule.classes, rule.treatment, rule.write_back


def _covered(world: World, index: _Index, rule: Rule, reach: Reach) -> Problem | None:
    """Find a protection that does all that this one does, whenever this one does it."""
    class_, operation = min(rule.classes, default=""), min(reach.operations)
    for other, others in index.covering(class_, operation):
        if other is not rule and _does_all(world, other, others, rule, reach):
            mutual = _does_all(world, rule, reach, other, others)
            if not mutual or other.place < rule.place:
                return _adds_nothing(rule, other)
    return None


def _does_all(world: World, other: Rule, others: Reach, rule: Rule, reach: Reach) -> bool:
    """Tell whether one protection hides all that another one hides, whenever it does."""
    return (
        reach.within(others)
        and (other.unless is None or other.unless == rule.unless)
        and not (other.write_back == "drop" and rule.write_back == "refuse")
        and all(any(covers(parent, class_) for parent in other.classes) for class_ in rule.classes)
        and at_least(_treatment(other), _treatment(rule))
        and implies(rule, other, world.words(rule), world.words(other))
    )


def _adds_nothing(rule: Rule, other: Rule) -> Problem:
    message = f"this adds nothing to {other.id}, which hides at least as much, at least as often"
    return tell(Fault.ADDS_NOTHING, rule.place, message, "leave one of them out", _here(other))


def _here(other: Rule) -> Second:
    return Second("the other is here", other.place)


def _undone(world: World, index: _Index, rule: Rule, reach: Reach, written: Written) -> Problem | None:
    """Find a protection that a `keep` seems to undo."""
    for other, _ in _meeting(world, index, rule, reach):
        if other.treatment != KEEP:
            message = f"`keep` undoes nothing: {other.id} still does its {_treatment(other).NAME}"
            hint = "write the exception into that rule, as its `unless`"
            return tell(Fault.KEEP_UNDOES_NOTHING, written.rule(rule, "treatment"), message, hint, _here(other))
    return None


def _redacted(world: World, index: _Index, rule: Rule, reach: Reach, written: Written) -> Iterator[Problem]:
    """Find a protection that, where both hold, leaves nothing but `[redacted]` together with this one."""
    mine = _treatment(rule)
    for other, class_ in _meeting(world, index, rule, reach):
        theirs = _treatment(other)
        joined = join(mine, theirs)
        if isinstance(joined, Redact) and joined not in {mine, theirs}:
            if class_ in other.classes and rule.place < other.place:
                continue  # told at the later of the two
            both = world.classes_of(reach.shared(world.reach(other)))
            if any(covers(class_, carried) for classes in both for carried in classes):
                message = f'"{class_}" becomes `redact` where {other.id} holds too'
                hint = f"{mine.NAME} and {theirs.NAME} can't be compared: agree on one, or name other classes"
                yield tell(Fault.BECOMES_REDACT, written.rule(rule, "treatment"), message, hint, _here(other))
                return


def _meeting(world: World, index: _Index, rule: Rule, reach: Reach) -> Iterator[tuple[Rule, str]]:
    """Give each other protection that can hold together with this one on a class of its, and that class."""
    met = {id(rule)}
    for class_ in sorted(rule.classes):
        for operation in sorted(reach.operations):
            for other, others in index.covering(class_, operation):
                if id(other) not in met:
                    met.add(id(other))
                    if reach.meets(others) and compatible(world.words(rule), world.words(other)):
                        yield other, class_


def _treatment(rule: Rule) -> Treatment:
    assert rule.treatment is not None, "every protection has one"
    return rule.treatment
