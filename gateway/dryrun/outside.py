"""What is labelled outside of bodies (path, query, header fields): how each place arrives, and by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.dryrun.changes import FieldChange, Named, Side
from gateway.dryrun.leaves import Shown
from gateway.dryrun.origin import named, passes, within
from gateway.dryrun.story import FieldStory, joined, protects, selects
from gateway.errors import Place
from gateway.flow import Leg
from gateway.formats.document import Scalar, Signal, Spot
from gateway.steps.record import Record
from gateway.steps.sight import Sight
from gateway.treatments.strength import Shift, shift
from gateway.treatments.words import told
from gateway.workbench import Trial
from gateway.workbench.survey import UNLISTED, Fate, Seen, fate
from gateway.workbench.values import comparable

if TYPE_CHECKING:
    from gateway.dryrun.explain import Group

_ARRIVES = {Shown.SAME: "as it came", Shown.CHANGED: "changed", Shown.GONE: "not at all"}


@dataclass(frozen=True, slots=True)
class _Spotted:
    """One place of a head; `after` is what the gate makes of it."""

    pointer: str
    spot: Spot
    record: Record
    shown: Shown
    after: Scalar | Signal
    fate: Fate

    @property
    def revealed(self) -> bool:
        """Tell whether it is a token that was turned back, and nothing else was done to it."""
        return bool(self.fate.reveals) and self.fate.treatment is None and self.shown is Shown.CHANGED

    @property
    def meets(self) -> str:
        """Say what it meets."""
        return "reveal" if self.revealed else told(self.fate.treatment)

    def side(self, sight: Sight, folder: str) -> Side:
        """Tell what the set says of it."""
        classes = tuple(sorted(self.record.labels.at(self.spot)))
        name, treatment = sight.aim.plan.operation.name, self.meets
        return Side(name, classes, treatment, _rules(self, sight, folder), _fields(self, sight, folder))


def fields_outside(sight: Sight, groups: Sequence[Group], folder: str) -> Iterator[FieldStory]:
    """Tell of every place of a leg outside of its body."""
    found = Counter((one.pointer, one.spot, one.shown) for one in _places(sight))
    first = {(one.pointer, one.spot, one.shown): one for one in reversed([*_places(sight)])}
    for key, count in found.items():
        one = first[key]
        number = next(n for n, group in enumerate(groups) if group.decision is one.record.decision)
        classes = one.record.labels.at(one.spot)
        accounts = groups[number].accounts if one.spot else ()
        forms = sight.hearing.forms(one.record.facts.customer, classes) if sight.leg is Leg.REQUEST and one.spot else ()
        yield FieldStory(
            pointer=one.pointer,
            classes=tuple(sorted(classes)),
            fields=_fields(one, sight, folder),
            treatment=one.meets,
            arrives=_ARRIVES[one.shown],
            rules=_rules(one, sight, folder),
            values=count,
            paths=(),
            group=number,
            accounts=tuple(account for account in accounts if selects(account, classes)),
            join=joined([account for account in accounts if protects(account, classes)]),
            forms=tuple(f"{told(treatment)} ({write_back})" for treatment, write_back in forms),
        )


def changes_outside(old: Trial, new: Trial, leg: Leg, folders: tuple[str, str]) -> Counter[FieldChange]:
    """Give the places of a leg outside of its body that arrive otherwise; what only one set labels counts as kept."""
    if not (passes(old, leg) and passes(new, leg)):
        return Counter()  # that the flow ends otherwise is told as a whole
    sights = [trial.sight(leg) for trial in (old, new)]
    sides = [{one.pointer: one for one in _places(sight)} if sight else {} for sight in sights]
    counts: Counter[FieldChange] = Counter()
    for pointer in dict.fromkeys((*sides[0], *sides[1])):
        was, is_ = (side.get(pointer) for side in sides)
        kind = _kind(was, is_)
        if kind:
            told_ = [
                one.side(sight, folder) if one and sight else Side(trial.operation, treatment=told(None))
                for one, sight, folder, trial in zip((was, is_), sights, folders, (old, new), strict=True)
            ]
            counts[FieldChange(kind, leg, pointer, told_[0], told_[1], _because(told_[0], told_[1]))] += 1
    return counts


def _kind(was: _Spotted | None, is_: _Spotted | None) -> str:
    before = was.shown if was else Shown.SAME
    after = is_.shown if is_ else Shown.SAME
    if before is after is Shown.SAME or (was and is_ and comparable(was.after) == comparable(is_.after)):
        return ""
    if (was is not None and was.revealed) is not (is_ is not None and is_.revealed):
        return "exposed" if is_ is not None and is_.revealed else "hidden"
    if after is Shown.SAME or before is Shown.SAME:
        return "exposed" if after is Shown.SAME else "hidden"
    found = shift(was.fate.treatment if was else None, is_.fate.treatment if is_ else None)
    return {Shift.MORE: "exposed", Shift.LESS: "hidden", Shift.OTHER: "otherwise"}[found]


def _because(old: Side, new: Side) -> Place | None:
    return next((one.place for one in (*new.rules, *new.fields, *old.rules, *old.fields)), None)


def _places(sight: Sight) -> Iterator[_Spotted]:
    document = sight.head.document
    for record in sight.head.records:
        for at, spot, value in document.places if document else ():
            edit = record.edits.of(spot) if spot else record.edits.unlisted
            after = value if edit is None else edit.value(value, sight.head.owner)
            same = after is value or after == value
            shown = Shown.GONE if isinstance(after, Signal) else Shown.SAME if same else Shown.CHANGED
            yield _Spotted(
                at, spot, record, shown, after, fate(Seen(at, spot, record.decision, record.labels, 1), sight)
            )


def _rules(one: _Spotted, sight: Sight, folder: str) -> tuple[Named, ...]:
    """Give the rules that asked for what a place meets; for unlisted places, the operation that says so."""
    if one.fate.reasons or one.fate.reveals or one.fate.rules != (UNLISTED,):
        return named((*one.fate.reasons, *one.fate.reveals), folder)
    return (Named(UNLISTED, within(folder, sight.aim.plan.operation.place)),)


def _fields(one: _Spotted, sight: Sight, folder: str) -> tuple[Named, ...]:
    """Give the labels of a place: the operation's own; the fields that a query names are told by its message."""
    answers = sight.leg is Leg.RESPONSE
    here = [field for field in sight.aim.plan.operation.head if (field.kind == "response_headers") is answers]
    return tuple(Named(here[at].name, within(folder, here[at].place)) for at in one.spot if at < len(here))
