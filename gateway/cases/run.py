"""Cases put through the gate, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TypeVar

from gateway.cases.load import rules_of
from gateway.cases.model import Case, Customers
from gateway.cases.outcome import Outcome
from gateway.cases.tokens import make, put_in
from gateway.cases.verdicts import Passes
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import CustomerFacts, Leg
from gateway.policy.model import PolicySet, Rule
from gateway.ports import Offload
from gateway.watermark.plan import Plan
from gateway.workbench import Workbench

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One case after its trial. No `failures`: it passed. `doubts` are what the case says and nothing asks for.

    `outcome` is None where the gateway itself failed. `seconds` is how long it took.
    """

    case: Case
    failures: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()
    outcome: Outcome | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class _Facts:
    """Tells the gate what the customers of a case agreed to, and remembers whom it asked for."""

    customers: Customers
    asked: set[str] = field(default_factory=set)

    def __call__(self, customer: str) -> CustomerFacts:
        """Give what is known of a customer."""
        self.asked.add(customer)
        known = self.customers.named.get(customer)
        if known is None and self.customers.others is not None:
            known = replace(self.customers.others, customer=customer)
        return known or CustomerFacts(customer)


class Runner:
    """Puts cases through the gate under one policy set; `offload` opens documents (a sandbox)."""

    def __init__(self, policies: PolicySet, offload: Offload) -> None:
        """Make the policies ready. Raises `FaultyFiles` for selectors that can't be used together."""
        self.policies = policies
        self._offload = offload
        self._plans: list[Plan] = []
        self._bench = Workbench(policies, self._open)
        self._rules: Mapping[str, Rule] = rules_of(policies)

    async def run(self, case: Case) -> Result:
        """Put one case through, and hold what is expected against what came of it."""
        start = perf_counter()
        facts = _Facts(case.customers)
        self._plans = []
        custody = self._bench.custody
        try:
            flow, answer, found = put_in(case.flow, case.answer, await make(case.tokens, custody))
            with custody.withholding(case.customers.keyless):
                trial = await self._bench.put(flow, answer, facts)
            outcome = Outcome(
                trial=trial,
                policies=self.policies,
                rules=self._rules,
                plans=tuple(self._plans),
                asked=frozenset(facts.asked),
                awaited=frozenset(leg for one in case.expected if isinstance(one, Passes) for leg in one.legs),
            )
            expected = (problem for one in case.expected for problem in one.check(outcome))
            failures = tuple(dict.fromkeys((*_absent(case, found), *expected)))
        except Exception as error:  # noqa: BLE001 - one case must not keep the others from being told
            message = f"the gateway itself failed on this case ({type(error).__name__}): this is a fault of Sovgate"
            failure = Problem(case.place, message, "please report it, with the case", code=Fault.CASE_BROKE)
            return Result(case, (failure,), seconds=perf_counter() - start)
        return Result(case, failures, tuple(_doubts(case, outcome)), outcome, perf_counter() - start)

    async def _open(self, function: Callable[..., T], /, *arguments: object) -> T:
        """Open a document elsewhere, and keep what mark it was to get."""
        self._plans += [argument for argument in arguments if isinstance(argument, Plan)]
        opened: T = await self._offload(function, *arguments)
        return opened


def _absent(case: Case, found: Collection[str]) -> Iterator[Problem]:
    """Tell the tokens that stand nowhere."""
    for one in case.tokens:
        if one.name not in found:
            hint = f"write token:{one.name} in the request or in the answer"
            yield Problem(one.place, "no message of this case holds this token", hint, code=Fault.REACHES_NOTHING)


def _doubts(case: Case, outcome: Outcome) -> Iterator[Problem]:
    """Tell what a case says of customers and nothing asks for: mostly a wrong id, or a consent of another flow."""
    if outcome.trial.refused_leg is Leg.REQUEST:
        return  # there never was a response whose records could name them
    operation = outcome.trial.operation
    rules = [rule for rule in outcome.rules.values() if _about(rule, operation)]
    told = [*case.customers.named.values(), *([case.customers.others] if case.customers.others else [])]
    for facts in told:
        customer = facts.customer or ""
        place = case.customers.places[customer]
        others = facts is case.customers.others
        met = outcome.asked - case.customers.named.keys() if others else outcome.asked & {customer}
        if not (facts.consents or facts.attributes) or not outcome.readings:
            continue
        if not met:
            message = "no other customer is in this flow" if others else f"nothing asks for the customer {customer}"
            known = ", ".join(sorted(outcome.asked))
            yield Problem(
                place, message, f"there is {known}" if known else "no record names one", code=Fault.UNMET_CUSTOMER
            )
            continue
        yield from _unasked(place, facts, rules)


def _about(rule: Rule, operation: str) -> bool:
    """Tell whether a rule can be about an operation, whoever asks."""
    return all(not one.operations or operation in one.operations for one in (rule.scope, rule.when))


def _unasked(place: Place, facts: CustomerFacts, rules: Iterable[Rule]) -> Iterator[Problem]:
    """Tell the consents and attributes that no rule about this operation asks for."""
    conditions = [one for rule in rules for one in (rule.scope, rule.when, rule.unless) if one is not None]
    for consent in sorted(facts.consents - {condition.consent for condition in conditions}):
        message = f'no rule about this operation asks for the consent "{consent}"'
        yield Problem(place, message, "leave it out, if the case isn't about that", code=Fault.UNASKED_CONSENT)
    for name in sorted(facts.attributes.keys() - {name for condition in conditions for name in condition.customer}):
        message = f'no rule about this operation asks for the attribute "{name}"'
        yield Problem(place, message, "leave it out, if the case isn't about that", code=Fault.UNASKED_ATTRIBUTE)
