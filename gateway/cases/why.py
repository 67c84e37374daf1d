"""Why it is so: the rules that decided, and those that would have made it as expected, had they held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.cases.outcome import Outcome
from gateway.catalog.classes import covers
from gateway.flow import Leg
from gateway.policy.conditions import Circumstances, Truth, both, exempts, find
from gateway.policy.decision import Reason
from gateway.policy.model import Condition, Rule
from gateway.steps.record import Record
from gateway.steps.sight import Sight

_MOST = 3
"""So many rules are named; more would hide the one that matters."""

_PARTS = ("from_", "to", "operations", "leg", "purposes", "operator", "customer", "time", "network")


def by(reasons: Iterable[Reason]) -> str:
    """Name the rules that decided, with their places: `by sales/protect[0] (sales.yaml:18:5; consent missing)`."""
    told = [_named(reason.rule, str(reason.place), reason.note) for reason in sorted(set(reasons))]
    return f"by {_listed(told)}" if told else ""


def would(outcome: Outcome, sight: Sight, record: Record, treatment: str, classes: frozenset[str]) -> str:
    """Name the rules that treat one of these classes so, and why they don't here; "" where there are none."""
    held = {one.rule.id for one in record.decision.protections if one.protects(classes)}
    told = [
        _named(rule.id, str(rule.place), why_not(rule, sight, record))
        for rule in outcome.rules.values()
        if rule.treatment is not None
        and treatment == rule.treatment.NAME
        and rule.id not in held
        and any(covers(wanted, class_) for wanted in rule.classes for class_ in classes)
    ]
    return f"{_listed(told)} would" if told else ""


def denied(outcome: Outcome, leg: Leg) -> str:
    """Tell which rules denied a leg, or what kept those from holding that allow its operation."""
    sight = outcome.trial.sight(leg)
    if sight is None:
        return ""
    reasons = {reason for record in sight.judged for reason in record.decision.denials}
    refused = next((record for record in sight.judged if not record.decision.allowed), None)
    if reasons or refused is None:
        return by(reasons)
    nearest = [
        _named(rule.id, str(rule.place), why_not(rule, sight, refused))
        for rule in outcome.rules.values()
        if rule.kind == "allow" and sight.hearing.situation.operation in (rule.scope.operations or {""})
    ]
    return f"{_listed(nearest)} would allow it" if nearest else "no policy names this operation to allow it"


def granted(outcome: Outcome) -> str:
    """Name the rules that allowed."""
    return by(reason for read in outcome.readings for one in read.sight.judged for reason in one.decision.grants)


def why_not(rule: Rule, sight: Sight, record: Record) -> str:
    """Tell why a rule has no say on a record."""
    if not rule.enforced:
        return "it only observes"
    hearing = sight.hearing
    around = hearing.book.circumstances(hearing.situation, record.facts, hearing.now)
    finding = both(find(rule.scope, around), find(rule.when, around))
    if finding.truth is not Truth.FALSE:
        exemption = exempts(rule.unless, around, hearing.book.policies.consents)
        return "its `unless` exempts here" if exemption.certain else finding.note
    part = next(filter(None, (_failing(condition, around) for condition in (rule.scope, rule.when))), "")
    return f"its `{part}` does not fit"


def _failing(condition: Condition, around: Circumstances) -> str:
    """Name the first part of a condition that certainly does not hold; "" where there is none."""
    for part in _PARTS:
        alone = replace(Condition(purpose_from=condition.purpose_from), **{part: getattr(condition, part)})
        if find(alone, around).truth is Truth.FALSE:
            return part.rstrip("_")
    return ""


def _named(rule: str, place: str, note: str) -> str:
    return f"{rule} ({place}{f'; {note}' if note else ''})"


def _listed(told: list[str]) -> str:
    return ", ".join(told[:_MOST]) + (f" and {len(told) - _MOST} more" if len(told) > _MOST else "")
