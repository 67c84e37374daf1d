"""What each rule of the policies did, and how far those got that did nothing: silence is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.dryrun.judged import Judged
from gateway.dryrun.report import ObservedRow, Rows, RuleRow
from gateway.flow import Leg
from gateway.policy.compile import Plan
from gateway.policy.decision import Decision
from gateway.policy.memo import Memo
from gateway.policy.model import PolicySet, Rule
from gateway.steps.sight import Sight
from gateway.workbench import Trial

_MEMO = 4096
_OBSERVED = 10_000

NO_FLOW = "no flow was in its scope"
NEVER_HELD = "flows were in its scope, but its condition never held, or its `unless` always did"
NO_FIELD = "it was in force, but no value of its classes came, or consents took every one out of it"
NO_PAGE = "it was in force, but no page or picture came that passed"


@dataclass(slots=True)
class _Sum:
    in_question: int = 0
    in_force: int = 0
    values: int = 0


class ByRule:
    """Adds up what rules did."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._sums: dict[str, _Sum] = {}
        self._observed: Counter[tuple[str, str]] = Counter()
        self._plans: Memo[Plan, tuple[_Sum, ...]] = Memo(_MEMO)
        self._decisions: Memo[Decision, frozenset[str]] = Memo(_MEMO)

    def add(self, one: Judged) -> None:
        """Take one flow."""
        if one.trial is None:
            return
        for sight in one.trial.sights:
            self._look(sight)
        for met in one.met:
            for rule in met.fate.rules:
                self._sum(rule).values += met.seen.count
        for entry in one.trial.entries:
            for seen in entry.observed:
                self._observed[seen.rule, seen.effect] += seen.count
            if entry.marks:
                self._mark(one.trial, len(entry.marks))

    def rules(self, policies: PolicySet, folder: str) -> tuple[RuleRow, ...]:
        """Give every rule that there is, in the order of the files; their places as seen from outside of the folder."""
        observed = {rule for rule, _ in self._observed}
        rows = (self._row(rule, observed) for policy in policies.policies for rule in policy.rules)
        return tuple(replace(row, place=replace(row.place, file=f"{folder}/{row.place.file}")) for row in rows)

    def observed(self) -> Rows[ObservedRow]:
        """Give what rules in observe mode would have done."""
        counts = sorted(self._observed.items(), key=lambda one: (-one[1], one[0]))
        return Rows(tuple(ObservedRow(rule, effect, count) for (rule, effect), count in counts[:_OBSERVED]))

    def _look(self, sight: Sight) -> None:
        """Count the rules that a leg brought into question, and those that were in force."""
        plan = sight.hearing.book.plan(sight.hearing.situation)
        sums = self._plans.get(plan)
        if sums is None:
            sums = self._plans.put(plan, tuple(self._sum(rule.id) for rule in plan.rules))
        for one in sums:
            one.in_question += 1
        for rule in frozenset[str]().union(*(self._in_force(record.decision) for record in sight.judged)):
            self._sum(rule).in_force += 1

    def _mark(self, trial: Trial, count: int) -> None:
        """Count marks for the rules that asked for them."""
        sight = trial.sight(Leg.RESPONSE)
        decisions = {record.decision for record in sight.judged} if sight else set[Decision]()
        for rule in {reason.rule for decision in decisions for reason, _ in decision.watermarks}:
            self._sum(rule).values += count

    def _in_force(self, decision: Decision) -> frozenset[str]:
        """Give the rules that a decision holds, those in observe mode with them."""
        found = self._decisions.get(decision)
        if found is None:
            found = self._decisions.put(decision, frozenset(_held(decision)))
        return found

    def _sum(self, rule: str) -> _Sum:
        """Give a rule's sum; there are as many as there are rules."""
        return self._sums.setdefault(rule, _Sum())

    def _row(self, rule: Rule, observed: Iterable[str]) -> RuleRow:
        """Tell of one rule; a rule counts as idle if nothing would be otherwise without it."""
        found = self._sums.get(rule.id, _Sum())
        why = ""
        if not found.in_question:
            why = NO_FLOW
        elif not found.in_force:
            why = NEVER_HELD
        elif not found.values and rule.id not in observed:
            why = {"protect": NO_FIELD, "watermark": NO_PAGE}.get(rule.kind, "")
        return RuleRow(
            rule.id, rule.kind, rule.place, not rule.enforced, found.in_question, found.in_force, found.values, why
        )


def _held(decision: Decision) -> Iterable[str]:
    """Give the ids of the rules in a decision."""
    for one in (decision, decision.observed):
        if one is not None:
            yield from (reason.rule for reason in (*one.grants, *one.denials))
            yield from (reason.rule for reason, _ in one.watermarks)
            yield from (held.rule.id for held in (*one.protections, *one.reveals))
