"""Flows by operation, by refusal, and by who asked whom for what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gateway.dryrun.bounded import Bounded
from gateway.dryrun.judged import Judged
from gateway.dryrun.report import Caller, OperationRow, RefusalRow, Rows, Where
from gateway.flow import Leg
from gateway.refusals import REFUSALS
from gateway.workbench import Trial

_OPERATIONS, _REFUSALS, _CALLERS, _PLACES = 10_000, 5_000, 1_000, 20
_FIRST_ERROR = 300


@dataclass(slots=True)
class _Operation:
    flows: int = 0
    refused: int = 0
    records: int = 0
    strangers: int = 0
    treated: int = 0
    marks: int = 0
    unanswered: int = 0
    withheld: int = 0


@dataclass(slots=True)
class _Refusal:
    first: Where | None = None
    count: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)


class ByOperation:
    """Adds up what became of flows."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._operations: Bounded[str, _Operation] = Bounded(_OPERATIONS, _Operation)
        self._refusals: Bounded[tuple[str, str, str], _Refusal] = Bounded(_REFUSALS, _Refusal)
        self._callers: Bounded[tuple[str, str, str, str], Counter[str]] = Bounded(_CALLERS, Counter)

    def add(self, one: Judged) -> None:
        """Take one flow."""
        purpose = one.flow.purpose
        key = (
            one.flow.operator.system,
            one.flow.to,
            purpose.name if purpose else "",
            purpose.source if purpose else "",
        )
        callers = self._callers.row(key)
        if callers is not None and not one.where.part:
            callers["flows"] += 1
        row = self._operations.row(one.operation)
        if row is not None:
            _count(row, one)
        if one.refusal:
            self._refuse(one)

    def operations(self) -> Rows[OperationRow]:
        """Give the operations, the busiest first."""
        rows = [
            OperationRow(
                name, row.flows, row.refused, row.records, row.strangers, row.treated, row.marks, row.unanswered,
                row.withheld,
            )
            for name, row in self._operations
        ]  # fmt: skip
        return Rows(tuple(sorted(rows, key=lambda row: (-row.flows, row.operation))), self._operations.more)

    def refusals(self) -> Rows[RefusalRow]:
        """Give the refusals, the most frequent first."""
        rows = [
            RefusalRow(
                refusal,
                REFUSALS[refusal].title,
                leg,
                operation,
                row.count,
                row.first,
                dict(row.rules),
                dict(row.places),
            )
            for (refusal, leg, operation), row in self._refusals
            if row.first is not None
        ]
        rows.sort(key=lambda row: (-row.count, row.refusal, row.leg, row.operation))
        return Rows(tuple(rows), self._refusals.more)

    def callers(self) -> Rows[Caller]:
        """Give who asked whom for what, the most frequent first."""
        rows = [Caller(*key, counts["flows"]) for key, counts in self._callers]
        rows.sort(key=lambda row: (-row.flows, row.from_, row.to, row.purpose, row.source))
        return Rows(tuple(rows), self._callers.more)

    def _refuse(self, one: Judged) -> None:
        """Count a refusal, with the rules and places that it is about."""
        leg = one.leg or Leg.REQUEST
        row = self._refusals.row((one.refusal, leg.value, one.operation))
        if row is None:
            return
        row.first = row.first or one.where
        row.count += 1
        if one.trial is None:
            return
        if one.refusal == "denied":
            row.rules.update(next((entry.reasons for entry in one.trial.entries if entry.refusal), ()))
        sight = one.trial.sight(leg)
        if sight is not None:
            for refused in sight.refused:
                if refused.pointer in row.places or len(row.places) < _PLACES:
                    row.places[refused.pointer] += 1


def _count(row: _Operation, one: Judged) -> None:
    """Count one flow of an operation."""
    row.flows += 1
    row.refused += bool(one.refusal)
    row.treated += one.treated.total()
    trial = one.trial
    if trial is None:
        return
    row.unanswered += one.exchange.response is None and not one.refusal
    row.withheld += _withheld(one, trial)
    row.marks += sum(len(entry.marks) for entry in trial.entries)
    answer = trial.sight(Leg.RESPONSE)
    for record in answer.judged if answer is not None else ():
        row.records += record.count
        row.strangers += record.count if record.facts.customer is None else 0


def _withheld(one: Judged, trial: Trial) -> bool:
    """Tell whether an error's body was taken off, since the catalogue doesn't say what it is."""
    answer, released = one.exchange.response, trial.released
    if answer is None or released is None or one.refusal:
        return False
    return answer.status >= _FIRST_ERROR and bool(answer.body) and not released.body
