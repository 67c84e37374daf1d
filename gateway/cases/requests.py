"""Expectations about one request of a batch: those of a flow by itself, held against what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.cases.model import Expectation
from gateway.cases.outcome import Outcome
from gateway.cases.verdicts import Passes
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import Leg


@dataclass(frozen=True, slots=True)
class RequestMeets:
    """What is expected of one request of a batch; `number` counts from 1, as reports do."""

    place: Place
    number: int
    expected: tuple[Expectation, ...]

    def within(self, outcome: Outcome) -> Outcome | None:
        """Give what became of the request; None where the batch has none of this number, or was not taken apart."""
        name = f"{outcome.trial.flow.id}.{self.number}"
        found = next((part for part in outcome.trial.parts if part.flow.id == name), None)
        if found is None:
            return None
        awaited = frozenset[Leg](leg for one in self.expected if isinstance(one, Passes) for leg in one.legs)
        return replace(outcome, trial=found, plans=(), awaited=awaited, _readings={})

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell what is otherwise."""
        part = self.within(outcome)
        if part is None:
            yield Problem(self.place, *_missing(self.number, outcome), code=Fault.REACHES_NOTHING)
            return
        for one in self.expected:
            yield from one.check(part)


def _missing(number: int, outcome: Outcome) -> tuple[str, str]:
    """Tell why there is no such request."""
    many = len(outcome.trial.parts)
    if many:
        return f"the batch has no request {number}", f"it has {many}"
    if outcome.trial.refusal:
        return f"there is no request {number}: the batch was refused as a whole ({outcome.trial.refusal})", ""
    return "the flow is no batch: it has no requests", "say in the catalogue which kind of batch the operation is"
