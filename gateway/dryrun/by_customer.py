"""Flows and records by customer: a number in the order of appearance, so that nothing in a report leads to a name."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.dryrun.bounded import Bounded
from gateway.dryrun.judged import Judged
from gateway.dryrun.report import CustomerRow, Rows, Where

_CUSTOMERS = 20_000
MOST_TOLD = 20
"""So many customers stand in a report; those with the most records."""


@dataclass(slots=True)
class _Customer:
    first: Where | None = None
    consents: frozenset[str] = frozenset()
    flows: int = 0
    refused: int = 0
    records: int = 0


class ByCustomer:
    """Adds up customers; `values` lets their ids be told. Beyond 20,000 of them, only records are counted."""

    def __init__(self, *, values: bool = False) -> None:
        """Start at nothing."""
        self._values = values
        self._customers: Bounded[str, _Customer] = Bounded(_CUSTOMERS, _Customer)
        self.strangers = 0

    def add(self, one: Judged) -> None:
        """Take one flow."""
        if one.trial is None:
            return
        records: dict[str, int] = {}
        for sight in one.trial.sights:
            for record in sight.judged:
                customer = record.facts.customer
                if customer is None:
                    self.strangers += record.count
                    continue
                records[customer] = records.get(customer, 0) + record.count
                row = self._customers.row(customer)
                if row is not None:
                    row.first = row.first or one.where
                    row.consents |= record.facts.consents
                    row.records += record.count
        for customer in records:
            row = self._customers.row(customer)
            if row is not None:
                row.flows += 1
                row.refused += bool(one.refusal)

    @property
    def count(self) -> int:
        """Count the customers, as far as they are told apart."""
        return len(self._customers)

    def customers(self) -> Rows[CustomerRow]:
        """Give the customers with the most records; `more` counts the others."""
        rows = [
            CustomerRow(
                name if self._values else f"customer {number}",
                tuple(sorted(row.consents)),
                row.flows,
                row.refused,
                row.records,
                row.first,
            )
            for number, (name, row) in enumerate(self._customers, start=1)
            if row.first is not None
        ]
        rows.sort(key=lambda row: (-row.records, -row.flows, row.first))
        return Rows(tuple(rows[:MOST_TOLD]), max(len(rows) - MOST_TOLD, 0))

    @property
    def crowded(self) -> bool:
        """Tell whether there were more customers than are told apart."""
        return self._customers.more > 0
