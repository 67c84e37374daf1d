"""Documents that leave marked under one policy set and otherwise under the other, and what is only observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.dryrun.changes import MarkChange, Named, ObservedChange
from gateway.dryrun.origin import named, passes, policies_of, successor_of, within
from gateway.flow import Leg
from gateway.formats.documents import MARKABLE
from gateway.policy.marking import ATTACHMENTS, PDFA, SIGNED, Marking, joined, marking
from gateway.policy.model import Rule, Watermark
from gateway.workbench import Trial


@dataclass(frozen=True, slots=True)
class _Marked:
    """What a released document carries, by which rules; `asked` is None where it leaves unmarked."""

    asked: Marking | None
    rules: tuple[Named, ...]


_UNMARKED = _Marked(None, ())
_FLAGS = ("hidden", "view_only", "bilevel")
_STRICTNESS = (("attachments", ATTACHMENTS), ("signed", SIGNED), ("pdfa", PDFA))


def changed_marks(old: Trial, new: Trial, folders: tuple[str, str]) -> Iterator[MarkChange]:
    """Compare the marks of a document that both sets release."""
    if not (passes(old, Leg.RESPONSE) and passes(new, Leg.RESPONSE)):
        return
    before, after = _marking(old, folders[0]), _marking(new, folders[1])
    for kind, what in _differences(before.asked, after.asked):
        rules = after.rules or before.rules
        lost = successor_of(before.rules, new, folders[1]) if kind == "lost" else None
        because = lost or (rules[0].place if rules else None)
        yield MarkChange(kind, what, new.operation or old.operation, before.rules, after.rules, because)


def _differences(before: Marking | None, after: Marking | None) -> Iterator[tuple[str, str]]:
    """Name what is lost, gained, or otherwise."""
    if (before is None) is not (after is None):
        yield ("lost" if after is None else "gained"), "watermark"
    elif before and after and before.shown != after.shown:
        yield "otherwise", "words" if _words(before) != _words(after) else "look"
    was, is_ = before or _NOTHING, after or _NOTHING
    for what in _FLAGS:
        had, has = getattr(was, what), getattr(is_, what)
        if had is not has:
            yield ("lost" if had else "gained"), what
    if before and after:
        for what, order in _STRICTNESS:
            had, has = getattr(before, what), getattr(after, what)
            if had != has:
                yield (
                    ("lost" if order.index(had) > order.index(has) else "gained"),
                    f"{what} {max(had, has, key=order.index)}",
                )
    yield from (("lost", f"permission {name}") for name in sorted(was.forbidden - is_.forbidden))
    yield from (("gained", f"permission {name}") for name in sorted(is_.forbidden - was.forbidden))


_NOTHING = marking(Watermark(None))


def _words(asked: Marking) -> frozenset[str]:
    return frozenset(one.text for one in asked.shown)


def _marking(trial: Trial, folder: str) -> _Marked:
    """Tell how a released document is marked."""
    sight = trial.sight(Leg.RESPONSE)
    if sight is None or sight.plan is None or sight.plan.format.NAME not in MARKABLE:
        return _UNMARKED
    due = [one for record in sight.judged if record.count for one in record.decision.watermarks]
    if not due:
        return _UNMARKED
    return _Marked(joined(watermark for _, watermark in due), named((reason for reason, _ in due), folder))


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
