"""Which rules had a say on a flow, and which would have had one but for their `unless`."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.cases.outcome import Outcome, Reading
from gateway.catalog.classes import covers
from gateway.flow import ANYONE, Leg
from gateway.formats.documents import MARKABLE
from gateway.policy.conditions import Circumstances, Truth, both, exempts, find
from gateway.policy.decision import Decision
from gateway.policy.model import Rule
from gateway.steps.record import Record
from gateway.tokens.shapes import could_be_token


def said(outcome: Outcome, *, observed: bool = False) -> frozenset[str]:
    """Give the ids of the rules that allowed or denied, touched a place of a leg, or marked a document.

    With `observed`, those in observe mode are counted as if they were enforced.
    """
    found: set[str] = set()
    for reading in outcome.readings:
        for record in reading.sight.judged:
            decision = record.decision
            if observed and decision.observed is not None:
                decision = decision.observed
            found.update(reason.rule for reason in (*decision.grants, *decision.denials))
            if _document(reading):
                found.update(reason.rule for reason, _ in decision.watermarks)
            found.update(_touching(reading, record, decision))
    return frozenset(found)


def exempted(outcome: Outcome) -> frozenset[str]:
    """Give the ids of the rules that their `unless` kept from a say which they would otherwise have had."""
    found: set[str] = set()
    for reading in outcome.readings:
        hearing = reading.sight.hearing
        softened = [rule for rule in hearing.book.plan(hearing.situation).rules if rule.unless is not None]
        for record in reading.sight.judged if softened else ():
            if record.facts is not ANYONE:
                around = hearing.book.circumstances(hearing.situation, record.facts, hearing.now)
                found.update(rule.id for rule in softened if _exempts(rule, reading, record, around))
    return frozenset(found)


def _exempts(rule: Rule, reading: Reading, record: Record, around: Circumstances) -> bool:
    """Tell whether a rule's `unless` takes something of a record out of it that it would otherwise have reached."""
    hearing = reading.sight.hearing
    if both(find(rule.scope, around), find(rule.when, around)).truth is Truth.FALSE:
        return False
    exemption = exempts(rule.unless, around, hearing.book.policies.consents)
    if not exemption.certain:
        return False
    if rule.kind == "protect":
        carried = {class_ for one in reading.places if one.record is record for class_ in one.classes}
        return any(_under(rule.classes, class_) and _under(exemption.classes, class_) for class_ in carried)
    if rule.kind == "watermark" and not _document(reading):
        return False
    # A consent that is limited to some classes exempts a whole message only if it covers every class in it.
    selected = not rule.classes or any(_under(rule.classes, class_) for class_ in hearing.classes)
    limited = bool(exemption.classes)
    covered = bool(hearing.classes) and all(_under(exemption.classes, class_) for class_ in hearing.classes)
    return selected and (covered or not limited)


def _under(parents: frozenset[str], class_: str) -> bool:
    """Tell whether a class is one of some classes, or below one; no classes mean any."""
    return not parents or any(covers(parent, class_) for parent in parents)


def _touching(reading: Reading, record: Record, decision: Decision) -> Iterator[str]:
    """Give the protections that reach a place of a record, and what turns tokens back where some are."""
    if decision.protections:
        for one in {one.spot: one for one in reading.places if one.record is record and one.spot}.values():
            yield from (reason.rule for reason in decision.treated(one.classes).reasons)
    if decision.reveals:
        for one in (*reading.outside, *reading.places):
            if one.record is record and one.spot and could_be_token(one.old):
                yield from (reason.rule for reason in decision.revealed(one.classes))


def _document(reading: Reading) -> bool:
    """Tell whether a leg is a document that can carry a mark."""
    plan = reading.sight.plan
    return reading.sight.leg is Leg.RESPONSE and plan is not None and plan.format.NAME in MARKABLE
