"""What a dry run found, while it goes on: added up flow by flow, in bounded memory whatever comes."""

from __future__ import annotations

from collections import Counter

from gateway.dryrun.by_customer import ByCustomer
from gateway.dryrun.by_field import ByField, by_class, by_rule, by_treatment
from gateway.dryrun.by_operation import ByOperation
from gateway.dryrun.by_rule import ByRule
from gateway.dryrun.judged import Judged, Passed
from gateway.dryrun.report import Capture, Report
from gateway.dryrun.unnamed import Unnamed
from gateway.policy.model import PolicySet


class Tally:
    """Adds up. `values` lets examples, ids and names be kept as they came."""

    def __init__(self, policies: PolicySet, *, values: bool = False) -> None:
        """Start at nothing."""
        self._policies = policies
        self._values = values
        self._operations = ByOperation()
        self._fields = ByField(values=values)
        self._rules = ByRule()
        self._customers = ByCustomer(values=values)
        self._unnamed = Unnamed(policies.catalogues, values=values)
        self._unusable: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._since: int | None = None
        self._until: int | None = None
        self.entries = self.flows = self.refused = self.unanswered = self.marks = self.unrecorded = 0

    def add(self, one: Judged | Passed) -> None:
        """Take one entry of a capture."""
        self.entries += 1
        if one.exchange is not None:
            self._repairs.update(one.exchange.repairs)
        if isinstance(one, Judged):
            self._judged(one)
        elif one.exchange is None:
            self._unusable[one.reason] += 1
        else:
            self._skipped[one.reason] += 1
            if one.reason == "no-system":
                self._unnamed.pass_by(one.exchange.site)

    def _judged(self, one: Judged) -> None:
        """Take one flow."""
        self.flows += 1
        self.refused += bool(one.refusal)
        self.unanswered += one.exchange.response is None and not one.refusal
        self._failures.update([one.failure] if one.failure else [])
        if one.exchange.started is not None:
            self._since = min(self._since or one.exchange.started, one.exchange.started)
            self._until = max(self._until or one.exchange.started, one.exchange.started)
        for flow in (one, *one.parts):
            if flow.trial is not None:
                self.marks += sum(len(entry.marks) for entry in flow.trial.entries)
            for part in (self._operations, self._fields, self._rules, self._customers, self._unnamed):
                part.add(flow)

    def report(
        self,
        *,
        version: str,
        made: int,
        folder: str,
        facts: str,
        captures: tuple[Capture, ...],
        interrupted: bool = False,
    ) -> Report:
        """Give what was found so far."""
        fields = self._fields.fields()
        return Report(
            version=version,
            made=made,
            folder=folder,
            policies=self._policies.digest,
            catalogue=self._policies.catalogue_digest,
            facts=facts,
            captures=captures,
            entries=self.entries,
            flows=self.flows,
            refused=self.refused,
            unanswered=self.unanswered,
            since=self._since,
            until=self._until,
            values_shown=self._values,
            interrupted=interrupted,
            callers=self._operations.callers(),
            operations=self._operations.operations(),
            refusals=self._operations.refusals(),
            fields=fields,
            classes=by_class(fields.rows),
            treatments=by_treatment(fields.rows),
            by_rule=by_rule(fields.rows),
            rules=self._rules.rules(self._policies, folder),
            observed=self._rules.observed(),
            customers=self._customers.customers(),
            customer_count=self._customers.count,
            crowded=self._customers.crowded,
            strangers=self._customers.strangers,
            unrecorded=self.unrecorded,
            marks=self.marks,
            unnamed_operations=self._unnamed.operations(),
            unnamed_fields=self._unnamed.fields(),
            unusable=dict(self._unusable.most_common()),
            repairs=dict(self._repairs.most_common()),
            skipped=dict(self._skipped.most_common()),
            sites=self._unnamed.sites(),
            failures=dict(self._failures.most_common()),
        )
