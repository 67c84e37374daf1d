"""Protections that meet: one that adds nothing to another, two that become `redact`, a `keep` that undoes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.catalog.classes import covers
from gateway.errors import Problem, Second
from gateway.faults import Fault
from gateway.policy.doubts.imply import compatible, implies, key
from gateway.policy.doubts.index import Index
from gateway.policy.doubts.world import Reach, World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule
from gateway.treatments.contract import Treatment
from gateway.treatments.lattice import KEEP, at_least, join
from gateway.treatments.redact import Redact


def overlapping(world: World, written: Written) -> Iterator[Problem]:
    """Tell what protections do to each other; one doubt a rule. Those that only observe are left out."""
    index = Index(world)
    seen: dict[object, Rule] = {}
    distinct: list[tuple[Rule, Reach]] = []
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
        found = _undone(index, rule, reach, written) if rule.treatment == KEEP else _covered(index, rule, reach)
        yield from (found,) if found else _redacted(index, rule, reach, written)


def _what_it_does(rule: Rule) -> object:
    """Give all of a protection but its name and its place."""
    return key(rule.scope), key(rule.when), key(rule.unless), rule.classes, rule.treatment, rule.write_back


def _covered(index: Index, rule: Rule, reach: Reach) -> Problem | None:
    """Find a protection that does all that this one does, whenever this one does it."""
    mine, world = _treatment(rule), index.world
    for other in index.around(rule, reach, lambda treatment: at_least(treatment, mine)):
        if _does_all(world, other, rule):
            mutual = world.reach(other).within(reach) and _does_all(world, rule, other)
            if not mutual or other.place < rule.place:
                return _adds_nothing(rule, other)
    return None


def _does_all(world: World, other: Rule, rule: Rule) -> bool:
    """Tell whether one protection hides all that another one hides, whenever it does, their routes apart."""
    return (
        (other.unless is None or other.unless == rule.unless)
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


def _undone(index: Index, rule: Rule, reach: Reach, written: Written) -> Problem | None:
    """Find a protection that a `keep` seems to undo."""
    words = index.world.words
    for other, _ in index.meeting(rule, reach, lambda treatment: treatment != KEEP):
        if compatible(words(rule), words(other)):
            message = f"`keep` undoes nothing: {other.id} still does its {_treatment(other).NAME}"
            hint = "write the exception into that rule, as its `unless`"
            return tell(Fault.KEEP_UNDOES_NOTHING, written.rule(rule, "treatment"), message, hint, _here(other))
    return None


def _redacted(index: Index, rule: Rule, reach: Reach, written: Written) -> Iterator[Problem]:
    """Find a protection that, where both hold, leaves nothing but `[redacted]` together with this one."""
    mine, world = _treatment(rule), index.world
    for other, class_ in index.meeting(rule, reach, lambda treatment: _nothing_left(mine, treatment)):
        if class_ in other.classes and rule.place < other.place:
            continue  # told at the later of the two
        if not compatible(world.words(rule), world.words(other)):
            continue
        both = world.classes_of(reach.shared(world.reach(other)))
        if any(covers(class_, carried) for classes in both for carried in classes):
            message = f'"{class_}" becomes `redact` where {other.id} holds too'
            hint = f"{mine.NAME} and {_treatment(other).NAME} can't be compared: agree on one, or name other classes"
            yield tell(Fault.BECOMES_REDACT, written.rule(rule, "treatment"), message, hint, _here(other))
            return


def _nothing_left(one: Treatment, other: Treatment) -> bool:
    """Tell whether two treatments become plain `redact`, and neither of them is that."""
    joined = join(one, other)
    return isinstance(joined, Redact) and joined not in {one, other}


def _treatment(rule: Rule) -> Treatment:
    assert rule.treatment is not None, "every protection has one"
    return rule.treatment
