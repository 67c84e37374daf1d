"""Steps 3 and 4: the facts of the customers concerned, and the decision on each; one situation for the whole leg."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.flow import ANYONE, STRANGER, CustomerFacts, Flow, Leg
from gateway.policy.asks import Asks
from gateway.policy.compile import RuleBook
from gateway.policy.decide import Decision, Situation, decide
from gateway.policy.readback import Form, alike, readback
from gateway.policy.situation import told_of
from gateway.ports import Ports
from gateway.regime import Regime
from gateway.steps.find import Aim


@dataclass(frozen=True, slots=True)
class Hearing:
    """One leg before the policies: the situation, the customers whose data it carries, and the classes of that data.

    `decided` remembers, for this leg, the decision on customers who are alike to the rules: a table has thousands.
    """

    situation: Situation
    known: Mapping[str | None, CustomerFacts]
    classes: frozenset[str]
    now: int
    book: RuleBook
    asks: Asks
    decided: dict[object, Decision] = field(default_factory=dict)

    def decide(self, customer: str | None) -> Decision:
        """Decide on one customer's records; customers who are alike to the rules share one decision."""
        facts = self.known[customer]
        key = self.asks.customer_key(facts)
        found = self.decided.get(key)
        if found is None:
            found = self.decided[key] = decide(self.book, self.situation, facts, self.classes, self.now)
        return found

    def kind(self, facts: CustomerFacts) -> object:
        """Give what customers are told apart by before rules are asked: those of one kind are decided alike."""
        if facts.customer is not None and not facts.attributes:
            return facts.consents
        return self.asks.customer_key(facts), self.book.asks.customer_key(facts)

    def decide_frame(self) -> Decision:
        """Decide on what is no record's: the envelope of a list, or a leg whose records are still to come."""
        return decide(self.book, self.situation, ANYONE, self.classes, self.now)

    def alike_in(self, customer: str | None, decision: Decision) -> object:
        """Give what edits hang on besides labels: on requests also on what the caller may have read of a customer."""
        if self.situation.leg is Leg.RESPONSE:
            return decision
        return decision, alike(self.book, self.known.get(customer, ANYONE))

    def forms(self, customer: str | None, classes: frozenset[str]) -> tuple[Form, ...]:
        """Tell the treated forms in which the caller may have read data of these classes before writing it."""
        return readback(self.book, self.situation, self.known.get(customer, ANYONE), classes)


async def convene(
    leg: Leg,
    flow: Flow,
    aim: Aim,
    customers: Iterable[str | None],
    classes: frozenset[str],
    regime: Regime,
    ports: Ports,
) -> Hearing:
    """Look up every customer at once; whoever can't be named is a stranger. Raises `FactsUnavailable`."""
    operator, now = flow.operator, ports.clock()
    situation = Situation(
        source=operator.system,
        target=flow.to,
        operation=aim.plan.operation.name,
        leg=leg,
        purpose=flow.purpose,
        peer=flow.peer,
        **told_of(operator),
    )
    distinct = dict.fromkeys(customers)
    named = [customer for customer in distinct if customer is not None]
    facts = await ports.facts(named, now) if named else {}
    known: dict[str | None, CustomerFacts] = dict(zip(named, map(facts.__getitem__, named), strict=True))
    if len(named) < len(distinct):
        known[None] = STRANGER
    return Hearing(situation, known, classes, now, regime.book, regime.book.plan(situation).asks)


def verdict(decisions: Iterable[Decision]) -> str:
    """Name the refusal that decisions stand for together; "" where all of them allow."""
    refusing = [decision for decision in set(decisions) if not decision.allowed]
    if not refusing:
        return ""
    return "denied" if any(decision.denials for decision in refusing) else "not-allowed"
