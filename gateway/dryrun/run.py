"""Captured exchanges through the gate, one after the other; what comes is added up and forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Protocol

from gateway.capture.exchange import Exchange, Unusable
from gateway.dryrun.flows import Assumed, flow_of
from gateway.dryrun.judged import Judged, Passed, judged
from gateway.dryrun.report import Where
from gateway.dryrun.tally import Tally
from gateway.flow import CustomerFacts, Flow
from gateway.workbench import NOTHING_KNOWN, Known, Trial, Workbench
from gateway.workbench.survey import Survey


class Compares(Protocol):
    """Holds two outcomes of one flow against each other."""

    def add(self, number: Where, old: Trial, new: Trial, /) -> None:
        """Take one flow."""
        ...


@dataclass(slots=True)
class DryRun:
    """Puts exchanges through the policies of `bench`, and through those of `old` as well where there are any.

    `known` tells of customers; None: what each exchange recorded of them counts. `comparison` is given each flow that
    both benches took.
    """

    bench: Workbench
    assumed: Assumed
    tally: Tally
    known: Known | None = None
    old: Workbench | None = None
    comparison: Compares | None = None
    _survey: Survey = field(default_factory=Survey)

    async def take(self, capture: str, item: Exchange | Unusable) -> Judged | Passed:
        """Put one entry of a capture through, add it up, and give what became of it."""
        taken = await self._taken(Where(capture, item.number), item)
        self.tally.add(taken)
        return taken

    async def _taken(self, where: Where, item: Exchange | Unusable) -> Judged | Passed:
        if isinstance(item, Unusable):
            return Passed(where, item.reason)
        flow = flow_of(item, self.assumed)
        if isinstance(flow, str):
            return Passed(where, flow, item)
        known = self.known or self._recorded(item)
        try:
            trial = await self.bench.put(flow, item.response, known)
            if self.old is not None and self.comparison is not None:
                before = await self.old.put(flow, item.response, known)
                for part, (one, other) in enumerate(((before, trial), *zip_longest(before.parts, trial.parts))):
                    self.comparison.add(replace(where, part=part), one or before, other or trial)
            return judged(where, item, trial, self._survey)
        except Exception as error:  # noqa: BLE001 - the gateway would refuse it as `internal`; one flow is not all of them
            return self._failed(where, item, flow, error)

    def _recorded(self, exchange: Exchange) -> Known:
        """Tell of customers what the capture recorded of them."""
        if exchange.said is None:
            return NOTHING_KNOWN
        recorded = exchange.said.customers

        def known(customer: str) -> CustomerFacts:
            found = recorded.get(customer)
            if found is None:
                self.tally.unrecorded += 1
                return CustomerFacts(customer)
            return found

        return known

    @staticmethod
    def _failed(where: Where, exchange: Exchange, flow: Flow, error: Exception) -> Judged:
        """Take an error that nobody foresaw for the refusal that the gateway makes of it; its text may hold a value."""
        return Judged(where, exchange, flow, None, failure=type(error).__name__)
