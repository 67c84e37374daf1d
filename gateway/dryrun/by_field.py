"""Values by the place they stand at, and by class, treatment and rule: of the legs that passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.dryrun.bounded import Bounded
from gateway.dryrun.examples import example
from gateway.dryrun.judged import Judged, Met
from gateway.dryrun.report import Example, FieldRow, Rows, Share, Where
from gateway.flow import Leg

_FIELDS = 20_000
NO_CLASS = "(unlisted)"
"""What stands in place of a class where the catalogue names no field."""

_Key = tuple[str, Leg, str, frozenset[str], str, tuple[str, ...]]


@dataclass(slots=True)
class _Field:
    first: Where | None = None
    last: Where | None = None
    count: int = 0
    flows: int = 0
    example: Example | None = None


class ByField:
    """Adds up places. `values` lets it keep an example of each: a value before and after."""

    def __init__(self, *, values: bool = False) -> None:
        """Start at nothing."""
        self._values = values
        self._fields: Bounded[_Key, _Field] = Bounded(_FIELDS, _Field)

    def add(self, one: Judged) -> None:
        """Take one flow."""
        for met in one.met:
            if met.passed:
                self._add(one, met)

    def fields(self) -> Rows[FieldRow]:
        """Give the places in the order of operations, legs and pointers."""
        rows = [
            FieldRow(
                operation, leg.value, pointer, tuple(sorted(classes)), treatment, rules, row.count, row.flows,
                row.first, row.example,
            )
            for (operation, leg, pointer, classes, treatment, rules), row in self._fields
            if row.first is not None
        ]  # fmt: skip
        rows.sort(key=lambda row: (row.operation, row.leg, row.pointer, row.treatment, row.classes, row.rules))
        return Rows(tuple(rows), self._fields.more)

    def _add(self, one: Judged, met: Met) -> None:
        """Count one place."""
        seen = met.seen
        row = self._fields.row(
            (one.operation, met.sight.leg, seen.pointer, seen.classes, met.fate.name, met.fate.rules)
        )
        if row is None:
            return
        row.first = row.first or one.where
        row.count += seen.count
        row.flows += row.last != one.where
        row.last = one.where
        if self._values and row.example is None:
            row.example = example(met.sight, seen.pointer, treated=met.fate.treatment is not None)


def by_class(fields: Iterable[FieldRow]) -> tuple[Share, ...]:
    """Give what each class met; a place of several classes counts for each."""
    shares: dict[str, Counter[str]] = {}
    for row in fields:
        for class_ in row.classes or (NO_CLASS,):
            shares.setdefault(class_, Counter())[row.treatment] += row.count
    return tuple(Share(class_, dict(counts)) for class_, counts in sorted(shares.items()))


def by_rule(fields: Iterable[FieldRow]) -> tuple[Share, ...]:
    """Give what each rule did; a value that several rules treat counts for each."""
    shares: dict[str, Counter[str]] = {}
    for row in fields:
        for rule in row.rules:
            shares.setdefault(rule, Counter())[row.treatment] += row.count
    return tuple(Share(rule, dict(counts)) for rule, counts in sorted(shares.items()))


def by_treatment(fields: Iterable[FieldRow]) -> dict[str, int]:
    """Give how many values met each treatment, the most frequent first; `keep` for those that stay as they are."""
    counts: Counter[str] = Counter()
    for row in fields:
        counts[row.treatment] += row.count
    return dict(counts.most_common())
