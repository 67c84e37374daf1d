"""Documents that leave marked under one policy set and otherwise under the other, and what is only observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.dryrun.changes import MarkChange, Named, ObservedChange
from gateway.dryrun.origin import named, passes, policies_of, successor_of, within
from gateway.flow import Leg
from gateway.formats.documents import MARKABLE
from gateway.policy.model import Rule, Watermark
from gateway.workbench import Trial


@dataclass(frozen=True, slots=True)
class _Marking:
    """What a released document carries."""

    watermarks: tuple[Watermark, ...]
    rules: tuple[Named, ...]

    @property
    def words(self) -> frozenset[str]:
        """Give the templates that are filled in."""
        return frozenset(one.visible for one in self.watermarks if one.visible is not None)

    @property
    def forbidden(self) -> frozenset[str]:
        """Give the permissions that are taken away."""
        return frozenset(name for one in self.watermarks for name, given in one.permissions.items() if not given)

    @property
    def hidden(self) -> bool:
        """Tell whether an invisible mark is asked for."""
        return any(one.hidden for one in self.watermarks)


_UNMARKED = _Marking((), ())


def changed_marks(old: Trial, new: Trial, folders: tuple[str, str]) -> Iterator[MarkChange]:
    """Compare the marks of a document that both sets release."""
    if not (passes(old, Leg.RESPONSE) and passes(new, Leg.RESPONSE)):
        return
    before, after = _marking(old, folders[0]), _marking(new, folders[1])
    for kind, what in _differences(before, after):
        rules = after.rules or before.rules
        lost = successor_of(before.rules, new, folders[1]) if kind == "lost" else None
        because = lost or (rules[0].place if rules else None)
        yield MarkChange(kind, what, new.operation or old.operation, before.rules, after.rules, because)


def _differences(before: _Marking, after: _Marking) -> Iterator[tuple[str, str]]:
    """Name what is lost, gained, or otherwise."""
    if bool(before.watermarks) is not bool(after.watermarks):
        yield ("lost" if before.watermarks else "gained"), "watermark"
    elif before.words != after.words:
        yield "otherwise", "words"
    if before.hidden is not after.hidden:
        yield ("lost" if before.hidden else "gained"), "hidden"
    yield from (("lost", f"permission {name}") for name in sorted(before.forbidden - after.forbidden))
    yield from (("gained", f"permission {name}") for name in sorted(after.forbidden - before.forbidden))


def _marking(trial: Trial, folder: str) -> _Marking:
    """Tell how a released document is marked."""
    sight = trial.sight(Leg.RESPONSE)
    if sight is None or sight.plan is None or sight.plan.format.NAME not in MARKABLE:
        return _UNMARKED
    due = [one for record in sight.judged if record.count for one in record.decision.watermarks]
    return _Marking(tuple(watermark for _, watermark in due), named((reason for reason, _ in due), folder))


def changed_observations(old: Trial, new: Trial, folders: tuple[str, str]) -> Iterator[ObservedChange]:
    """Compare what rules in observe mode would have done."""
    before, after = _observed(old), _observed(new)
    if before.keys() == after.keys():
        return
    was, is_ = _rules(old), _rules(new)
    for rule, effect in sorted(before.keys() ^ after.keys()):
        modes = _mode(was.get(rule)), _mode(is_.get(rule))
        written, folder = (is_[rule], folders[1]) if rule in is_ else (was[rule], folders[0])
        yield ObservedChange(rule, effect, *modes, within(folder, written.place))


def _observed(trial: Trial) -> Counter[tuple[str, str]]:
    return Counter((one.rule, one.effect) for entry in trial.entries for one in entry.observed)


def _rules(trial: Trial) -> dict[str, Rule]:
    policies = policies_of(trial)
    return {rule.id: rule for policy in policies.policies for rule in policy.rules} if policies else {}


def _mode(rule: Rule | None) -> str:
    return "absent" if rule is None else "enforce" if rule.enforced else "observe"
