"""Two policy sets over the same traffic: what is newly exposed, hidden, allowed, refused, marked or left unmarked.

    comparison = Comparison("main/policies", "policies")
    comparison.add(1, await old.put(flow, answer), await new.put(flow, answer))
    changes = comparison.changes()

Both trials must be of the same exchange, with the same facts of customers. What is kept of them are counts, and the
number of one flow each: memory doesn't grow with the traffic.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gateway.dryrun.against_fields import changed_fields
from gateway.dryrun.against_marks import changed_marks, changed_observations
from gateway.dryrun.changes import Changes, FieldChange, FlowChange, MarkChange, ObservedChange, Side
from gateway.dryrun.counted import Counted
from gateway.dryrun.leaves import Tracer
from gateway.dryrun.origin import because_of, verdict_rules
from gateway.dryrun.outside import changes_outside
from gateway.dryrun.report import Where
from gateway.flow import Leg
from gateway.workbench import Trial


@dataclass(slots=True, eq=False)
class Comparison:
    """Counts what changes; `old_folder` and `new_folder` stand before the names of policy files in what it tells."""

    old_folder: str = ""
    new_folder: str = ""
    flows: int = 0
    same: int = 0
    left_out_exposed: bool = False
    _fields: Counted[FieldChange] = field(default_factory=Counted)
    _verdicts: Counted[FlowChange] = field(default_factory=Counted)
    _marks: Counted[MarkChange] = field(default_factory=Counted)
    _observed: Counted[ObservedChange] = field(default_factory=Counted)
    _tracer: Tracer = field(default_factory=Tracer)

    def add(self, number: int | Where, old: Trial, new: Trial) -> None:
        """Compare what became of one flow under both sets; `number` is what examples name it by.

        With more than one capture, give where the flow stands: capture and number.
        """
        self.flows += 1
        folders = (self.old_folder, self.new_folder)
        changed = self._verdict(number, old, new)
        for leg in Leg:
            fields = changed_fields(old, new, leg, folders, self._tracer) + changes_outside(old, new, leg, folders)
            for change, places in fields.items():
                changed = True
                if not self._fields.add(change, number, places) and change.kind == "exposed":
                    self.left_out_exposed = True
        for mark in changed_marks(old, new, folders):
            changed = True
            if not self._marks.add(mark, number) and mark.kind == "lost":
                self.left_out_exposed = True
        for observation in changed_observations(old, new, folders):
            self._observed.add(observation, number)
        self.same += not changed

    def changes(self) -> Changes:
        """Give everything that was counted so far."""
        tallies = (self._verdicts, self._fields, self._marks, self._observed)
        return Changes(
            flows=self.flows,
            same=self.same,
            verdicts=tuple(replace(one, flows=n.flows, example=n.example) for one, n in self._verdicts),
            fields=tuple(replace(one, flows=n.flows, places=n.times, example=n.example) for one, n in self._fields),
            marks=tuple(replace(one, flows=n.flows, example=n.example) for one, n in self._marks),
            observed=tuple(replace(one, flows=n.flows, example=n.example) for one, n in self._observed),
            left_out=sum(tally.left_out for tally in tallies),
            left_out_exposed=self.left_out_exposed,
            old_folder=self.old_folder,
            new_folder=self.new_folder,
        )

    def _verdict(self, number: int | Where, old: Trial, new: Trial) -> bool:
        """Compare whether a flow is allowed; tell whether that changed."""
        if (old.refusal, old.refused_leg) == (new.refusal, new.refused_leg):
            return False
        folders = (self.old_folder, self.new_folder)
        before, after = (
            Side(trial.operation, treatment="", rules=verdict_rules(trial, folder), refusal=trial.refusal)
            for trial, folder in zip((old, new), folders, strict=True)
        )
        kind = "allowed" if not new.refusal else "refused" if not old.refusal else "otherwise"
        because = because_of(old, new, folders)
        self._verdicts.add(FlowChange(kind, before, after, old.refused_leg, new.refused_leg, because), number)
        return True
