"""Exceptions that don't do what they seem to: an `unless` that always holds, or that never can."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from gateway.catalog.classes import covers
from gateway.errors import Problem
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.policy.doubts.imply import (
    Words,
    apart,
    asked,
    conditions,
    everywhere,
    inside,
    never_both,
    whole_week,
    words,
)
from gateway.policy.doubts.world import Reach, World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Condition, ConsentKind, Rule


class _Holds(Enum):
    """What can be said of a part of an `unless`, where its rule holds."""

    ALWAYS = 1
    NEVER = 2
    OPEN = 3


_Part = tuple[str, _Holds, str]
"""A key, what can be said of it, and why it never holds."""


def exempting(world: World, written: Written) -> Iterator[Problem]:
    """Tell each `unless` that always or never holds."""
    for rule, reach in world.routed:
        if rule.unless is None or reach.empty:
            continue
        parts = [
            *_route(rule.unless, reach),
            *_moment(rule.unless, rule, world.words(rule)),
            *_consented(world, rule, reach),
        ]
        never = next((part for part in parts if part[1] is _Holds.NEVER), None)
        if never is not None:
            message = f"this `unless` never holds: {never[2]}"
            hint = "write what may be given where the rule holds"
            yield tell(Fault.UNLESS_NEVER, written.rule(rule, "unless", *never[0].split(".")), message, hint)
        elif all(holds is _Holds.ALWAYS for _, holds, _ in parts):
            known = ", wherever it can be told" if any(True for _ in asked(rule.unless)) else ""
            message = f"this `unless` always holds where its rule does{known}: the rule has no effect"
            hint = "an `unless` names what exempts from the rule, and only that"
            yield tell(Fault.UNLESS_ALWAYS, written.rule(rule, "unless"), message, hint)


def _route(unless: Condition, reach: Reach) -> Iterator[_Part]:
    """Compare systems, operations and leg with those that the rule reaches."""
    legs = frozenset({unless.leg}) if unless.leg else None
    for key, among, reached in (
        ("from", unless.from_, reach.sources),
        ("to", unless.to, reach.targets),
        ("operations", unless.operations, reach.operations),
        ("leg", legs, reach.legs),
    ):
        if among:
            yield key, _compared(reached, among), f"the rule reaches no `{key}` that stands here"


def _moment(unless: Condition, rule: Rule, of_rule: Words) -> Iterator[_Part]:
    """Compare purposes, attributes, times and networks with those that the rule asks for."""
    for key, among in asked(unless):
        holds = _compared(of_rule[key], among) if key in of_rule else _Holds.OPEN
        yield key, holds, f"the rule asks for another `{key}`"
    around = conditions(rule)
    if unless.time:
        never = any(never_both(unless.time, condition.time) for condition in around)
        always = whole_week(unless.time) or any(c.time and set(c.time) <= set(unless.time) for c in around)
        yield "time", _said(never=never, always=always), "the rule holds at other times"
    if unless.network:
        never = any(apart(unless.network, condition.network) for condition in around)
        always = everywhere(unless.network) or any(c.network and inside(c.network, unless.network) for c in around)
        yield "network", _said(never=never, always=always), "the rule holds in other networks"


def _consented(world: World, rule: Rule, reach: Reach) -> Iterator[_Part]:
    """Compare what a consent covers with what the rule is about. Whether it was given is never certain."""
    if rule.unless is None or rule.unless.consent is None:
        return
    kind = world.consents[rule.unless.consent]
    recipients = (reach.sources if Leg.RESPONSE in reach.legs else frozenset()) | (
        reach.targets if Leg.REQUEST in reach.legs else frozenset()
    )
    why = ""
    if kind.recipients and kind.recipients.isdisjoint(recipients):
        why = f"the consent is for {_listed(kind.recipients)}, and here {_listed(recipients)} receives"
    purposes = words((*conditions(rule), rule.unless)).get("purposes")
    if purposes and kind.purposes and kind.purposes.isdisjoint(purposes):
        why = f"the consent is for {_listed(kind.purposes)}, and here it is about {_listed(purposes)}"
    if kind.classes and not _covers_some(kind, world, rule, reach):
        why = f"the consent covers {_listed(kind.classes)}, and here it is about other classes"
    yield "consent", _Holds.NEVER if why else _Holds.OPEN, why


def _covers_some(kind: ConsentKind, world: World, rule: Rule, reach: Reach) -> bool:
    """Tell whether a consent that is limited to classes can exempt anything from a rule.

    A field is exempt by its class; a whole message, for `deny` and `watermark`, where all of its classes are covered.
    """
    messages = list(world.classes_of(reach))
    if rule.kind != "protect":
        return not messages or any(classes and all(_under(kind, c) for c in classes) for classes in messages)
    reached = frozenset().union(*messages)
    selected = [c for c in reached if any(covers(parent, c) for parent in rule.classes)]
    return not selected or any(_under(kind, c) for c in selected)


def _under(kind: ConsentKind, class_: str) -> bool:
    return any(covers(parent, class_) for parent in kind.classes)


def _compared(reached: frozenset[object], among: frozenset[object]) -> _Holds:
    return _said(never=reached.isdisjoint(among), always=reached <= among)


def _said(*, never: bool, always: bool) -> _Holds:
    if never:
        return _Holds.NEVER
    return _Holds.ALWAYS if always else _Holds.OPEN


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
