"""Expectations about a flow as a whole: its verdict, its operation, and the rules that had a say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.cases import why
from gateway.cases.outcome import Outcome
from gateway.cases.said import said
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.refusals import REFUSALS

OF_POLICIES = frozenset({
    "not-allowed", "denied", "customer-unknown", "keys-missing", "token-refused", "unlisted-field", "masked-write-back",
    "treatment-misfit",
})  # fmt: skip
"""Refusals by what officers wrote. Any other (a body that can't be read, say) must be expected by its name."""

NOWHERE = frozenset({"unknown-operation", "ambiguous-path", "ambiguous-request"})
"""Refusals of requests whose operation was not found."""


@dataclass(frozen=True, slots=True)
class Passes:
    """A flow is allowed: both legs of it, or this one. `implied`: the case says so by expecting what only then is."""

    place: Place
    leg: Leg | None = None
    implied: bool = False

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Give the legs that are expected to pass."""
        return tuple(Leg) if self.leg is None else (self.leg,)

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell that it is refused, and why."""
        if outcome.passed(self.leg or Leg.RESPONSE) or (self.implied and _nowhere(outcome)):
            return
        refusal, leg = outcome.trial.refusal, outcome.trial.refused_leg or Leg.REQUEST
        message = f"expected the flow to pass, but its {leg} is refused: {_told(refusal)}"
        yield Problem(self.place, message, why.denied(outcome, leg), code=Fault.OTHER_VERDICT)


@dataclass(frozen=True, slots=True)
class Refused:
    """A flow is refused: on any leg or on this one, for any reason of the policies' or for the one that is named."""

    place: Place
    leg: Leg | None = None
    refusal: str | None = None

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell that it is allowed, or refused otherwise."""
        refusal, leg = outcome.trial.refusal, outcome.trial.refused_leg
        if not refusal:
            expected = f"to be refused ({self.refusal})" if self.refusal else "to be refused"
            message = f"expected the flow {expected}, but it is allowed"
            yield Problem(self.place, message, why.granted(outcome), code=Fault.OTHER_VERDICT)
        elif self.leg is not None and leg is not self.leg:
            message = f"expected the {self.leg} to be refused, but the {leg} is: {_told(refusal)}"
            yield Problem(self.place, message, why.denied(outcome, leg or Leg.REQUEST), code=Fault.OTHER_VERDICT)
        elif self.refusal is not None and refusal != self.refusal:
            message = f"expected the refusal {self.refusal}, but it is {_told(refusal)}"
            yield Problem(self.place, message, why.denied(outcome, leg or Leg.REQUEST), code=Fault.OTHER_VERDICT)
        elif self.refusal is None and refusal not in OF_POLICIES and not _nowhere(outcome):
            message = f"the flow is refused, but not by a policy: {_told(refusal)}"
            yield Problem(
                self.place, message, f"if that is meant, write `refusal: {refusal}`", code=Fault.OTHER_VERDICT
            )


@dataclass(frozen=True, slots=True)
class OperationIs:
    """The request is an operation of the catalogue; `name` is None where only some operation is expected."""

    place: Place
    name: str | None = None

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell that it is another one, or none at all."""
        found = outcome.trial.operation
        if not found and _nowhere(outcome):
            request, to = outcome.trial.flow.request, outcome.trial.flow.to
            message = f"this reaches no operation of {to}: {request.method} {request.target}"
            paths = [
                f"{operation.request.method} {operation.request.path}"
                for operation in outcome.policies.catalogues[to].operations.values()
            ]
            hint = f"{to} has {', '.join(paths[:4])}" if paths else f"{to} has no operations"
            yield Problem(self.place, message, hint, code=Fault.REACHES_NOTHING)
        elif self.name is not None and found != self.name:
            told = f"it is {found}" if found else f"the flow is refused before that is known: {outcome.trial.refusal}"
            yield Problem(self.place, f"expected the operation {self.name}, but {told}", code=Fault.OTHER_OPERATION)


@dataclass(frozen=True, slots=True)
class RuleSays:
    """A rule, or some rule of a policy, had a say: it allowed, denied, marked, or touched a place."""

    place: Place
    rule: str
    observed: bool = False

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell that it had none, and what kept it from it."""
        rules = said(outcome, observed=self.observed)
        if self.rule in rules or any(rule.startswith(f"{self.rule}/") for rule in rules):
            return
        message = f"expected {self.rule} to have a say, but it has none"
        hint = f"these have: {', '.join(sorted(rules))}" if rules else "no rule has"
        sight = outcome.readings[-1].sight if outcome.readings else None
        rule = outcome.rules.get(self.rule)
        if rule is not None and sight is not None and (reason := why.why_not(rule, sight, sight.judged[0])):
            hint = f"{reason}; {hint}"
        yield Problem(self.place, message, hint, code=Fault.OTHER_RULES)


@dataclass(frozen=True, slots=True)
class WouldBe:
    """The flow would be allowed, or refused, if the rules in observe mode were enforced."""

    place: Place
    allowed: bool

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell that it would not."""
        decisions = [record.decision for reading in outcome.readings for record in reading.sight.judged]
        would = all((decision.observed or decision).allowed for decision in decisions)
        if would is not self.allowed:
            words = {True: "allowed", False: "refused"}
            message = f"expected that it would be {words[self.allowed]}, but it would be {words[would]}"
            reasons = [reason for one in decisions if one.observed for reason in one.observed.denials]
            yield Problem(self.place, message, why.by(reasons), code=Fault.OTHER_VERDICT)


def _nowhere(outcome: Outcome) -> bool:
    """Tell whether the flow was refused because no operation was found; that is told by `OperationIs`."""
    return outcome.trial.refusal in NOWHERE


def _told(refusal: str) -> str:
    return f"{refusal} ({REFUSALS[refusal].title})" if refusal in REFUSALS else refusal
