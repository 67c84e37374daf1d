"""The decision: rules, facts and a moment in; a verdict with its reasons out. Pure, order-free, default deny.

A grant holds only if its conditions certainly do. A restriction (deny, protect, watermark) holds unless its conditions
certainly fail, or its `unless` certainly holds. So an order of rules means nothing, adding a restriction never shows
more, and whatever is missing, not trusted or broken leaves every restriction in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.flow import ANYONE, CustomerFacts
from gateway.policy.compile import KINDS, Plan, RuleBook
from gateway.policy.conditions import Circumstances, Truth, asks_customer, both, exempts, find
from gateway.policy.decision import Decision, Held, Reason, Treated
from gateway.policy.model import ABOUT_FIELDS, GRANTS, Rule
from gateway.policy.situation import Situation

__all__ = ["Decision", "Reason", "Situation", "Treated", "decide"]


def decide(
    book: RuleBook, situation: Situation, customer: CustomerFacts, classes: frozenset[str], now: int | None
) -> Decision:
    """Decide one leg for one customer's data.

    `classes` are those of all fields of the leg's message, or of the whole document; `now` is in nanoseconds since
    the epoch, UTC, and None where the time can't be told. For `ANYONE`, what grants and denials ask about customers is
    left to the decisions on the records themselves; fields are treated as a stranger's. Equal questions get the very
    same object while it is remembered.
    """
    plan = book.plan(situation)
    asks = plan.asks
    key = (
        plan,
        asks.situation_key(situation),
        asks.customer_key(customer),
        book.networks_of(situation.peer) if asks.network else None,
        book.windows_at(now) if asks.time else None,
        classes if asks.classes else None,
    )
    found = book.decisions.get(key)
    if found is None:
        around = book.circumstances(situation, customer, now)
        found = book.decisions.put(key, _decide(book, plan, around, classes))
    return found


def _decide(book: RuleBook, plan: Plan, around: Circumstances, classes: frozenset[str]) -> Decision:
    """Find every rule that holds, and add up: those enforced, and beside it all of them where some only observe."""
    held = [one for rule in plan.rules if (one := hold(rule, around, book)) is not None]
    observed = _add_up(held, classes, None) if plan.observes else None
    return _add_up([one for one in held if one.rule.enforced], classes, observed)


def hold(rule: Rule, around: Circumstances, book: RuleBook) -> Held | None:
    """Tell whether a rule holds: a grant must certainly, a restriction must not certainly fail."""
    if around.customer is ANYONE and asks_customer(rule):
        # No record is here. Whether the flow may go on is then asked again for each record that comes.
        if rule.kind in {"deny", "reveal"}:
            return None
        if rule.kind == "allow":
            rule = replace(rule, scope=replace(rule.scope, customer={}), when=replace(rule.when, customer={}))
    finding = both(find(rule.scope, around), find(rule.when, around))
    if finding.truth is Truth.FALSE or (rule.kind in GRANTS and finding.truth is not Truth.TRUE):
        return None
    exemption = exempts(rule.unless, around, book.policies.consents)
    if exemption.certain and not exemption.classes:
        return None
    note = "; ".join(note for note in (finding.note, exemption.note) if note)
    return Held(rule, Reason(rule.id, rule.place, note), exemption.classes)


def _add_up(held: Iterable[Held], classes: frozenset[str], observed: Decision | None) -> Decision:
    """Make the decision out of the rules that hold, in the order of their ids."""
    by_kind: dict[str, list[Held]] = {kind: [] for kind in KINDS}
    for one in held:
        if one.rule.kind in ABOUT_FIELDS or one.concerns(classes):
            by_kind[one.rule.kind].append(one)
    return Decision(
        grants=tuple(one.reason for one in by_kind["allow"]),
        denials=tuple(one.reason for one in by_kind["deny"]),
        watermarks=tuple((one.reason, one.rule.watermark) for one in by_kind["watermark"] if one.rule.watermark),
        protections=tuple(by_kind["protect"]),
        reveals=tuple(by_kind["reveal"]),
        observed=observed,
    )
