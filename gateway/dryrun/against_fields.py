"""One leg under two policy sets, value by value: what is newly exposed, newly hidden, treated otherwise.

What counts is what comes out: a value that comes out alike has not changed, whatever the rules say; one that arrives as
it came and didn't before is newly exposed, whatever they say. Only between two treated forms does the treatments' own
strength decide (`treatments.strength`). A leg that is refused shows nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.dryrun.changes import FieldChange, Side
from gateway.dryrun.leaves import ANYTHING, OUTCOME, Leaf, Leaves, Shown, Tracer
from gateway.dryrun.origin import because_of, fields_of, passes, rules_of, successor_of, verdict_rules
from gateway.dryrun.together import Path, together
from gateway.errors import Place
from gateway.flow import Leg
from gateway.steps.sight import Sight
from gateway.treatments.mask import Mask
from gateway.treatments.registry import build
from gateway.treatments.strength import Shift, shift, shows
from gateway.treatments.words import told
from gateway.workbench import Trial
from gateway.workbench.values import is_json, parsed, plain

_REMOVE = build("remove", {})
_WHOLE = "so short that it is masked whole"


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One leg under one set; `leaves` are None where nothing of it is shown."""

    trial: Trial
    folder: str
    sight: Sight | None
    leaves: Leaves | None
    body: bytes

    @classmethod
    def of(cls, trial: Trial, leg: Leg, folder: str) -> _View:
        """Look at a leg, its values not yet traced."""
        sight = trial.sight(leg) if passes(trial, leg) else None
        return cls(trial, folder, sight, None, sight.treated.body if sight and sight.treated else b"")

    def traced(self, tracer: Tracer) -> _View:
        """Find its values."""
        leaves = None if self.sight is None else tracer.trace(self.sight)
        return _View(self.trial, self.folder, self.sight, leaves, self.body)

    def side(self, leaf: Leaf) -> Side:
        """Tell what the set says of a value."""
        if self.sight is None or self.leaves is None:
            # A leg that goes on without a body: the catalogue names none for such an answer, so it is withheld.
            rules = verdict_rules(self.trial, self.folder) if self.trial.refusal else ()
            return Side(self.trial.operation, rules=rules, refusal=self.trial.refusal or "body withheld")
        cell = leaf.cell
        if cell is None:
            return Side(self.trial.operation, treatment=told(None))
        written_back = leaf.shown is Shown.GONE and cell.fate.treatment is None
        treatment = "reveal" if leaf.revealed else told(cell.fate.treatment)
        return Side(
            self.trial.operation,
            cell.classes,
            "drop (write-back)" if written_back else treatment,
            rules_of(cell, self.sight, self.folder),
            fields_of(cell, self.sight, self.folder),
            note=_WHOLE if leaf.shown is Shown.VEILED and shows(cell.fate.treatment) else "",
        )


def changed_fields(old: Trial, new: Trial, leg: Leg, folders: tuple[str, str], tracer: Tracer) -> Counter[FieldChange]:
    """Give the places of a leg that change, each with the number of its values; none where it comes out alike."""
    before, after = _View.of(old, leg, folders[0]), _View.of(new, leg, folders[1])
    if before.body == after.body:
        return Counter()
    before, after = before.traced(tracer), after.traced(tracer)
    alike: Counter[tuple[object, ...]] = Counter()
    known: dict[tuple[object, ...], FieldChange] = {}
    for path, kind, was, is_ in _changes(before, after):
        stars = tuple([0 if isinstance(step, int) else step for step in path])
        key: tuple[object, ...] = (kind, id(was.cell), id(is_.cell), int(was.shown), int(is_.shown), stars)
        alike[key] += 1
        if alike[key] == 1:
            known[key] = _described(kind, leg, path, was, is_, before, after)
    counts: Counter[FieldChange] = Counter()
    for found, change in known.items():
        counts[change] += alike[found]
    if not counts and before.leaves is not None and after.leaves is not None:
        return _unplaced(leg, before, after)
    return counts


def _changes(before: _View, after: _View) -> Iterator[tuple[Path, str, Leaf, Leaf]]:
    """Hold the values of both sides against each other."""
    one, other = before.leaves, after.leaves
    if one is None and other is None:
        return
    for path, a, b in together(one.body if one else None, other.body if other else None):
        if isinstance(a, int) and isinstance(b, int) and not (a ^ b) & OUTCOME:
            continue
        was = ANYTHING if one is None else one.read(a)
        is_ = ANYTHING if other is None else other.read(b)
        kind = _kind(path, was, is_)
        if kind:
            yield path, kind, was, is_


def _kind(path: Path, was: Leaf, is_: Leaf) -> str:
    """Name the change of one value; "" where it comes out alike."""
    if (was.shown, was.print) == (is_.shown, is_.print):
        return ""
    before, after = was.at(path), is_.at(path)
    if before is after and (before in {Shown.SAME, Shown.GONE} or was.print == is_.print):
        return ""
    if was.revealed is not is_.revealed:
        return "exposed" if is_.revealed else "hidden"  # what arrived as it came was a token
    if after is Shown.SAME:
        return "exposed"
    if before is Shown.SAME:
        return "hidden"
    if was is ANYTHING:
        return "exposed" if is_.cell and after is not Shown.GONE and shows(is_.cell.fate.treatment) else ""
    if is_ is ANYTHING:
        return "hidden" if was.cell and before is not Shown.GONE and shows(was.cell.fate.treatment) else ""
    if isinstance(_by(was), Mask) and isinstance(_by(is_), Mask) and before is not after:
        return "hidden" if after is Shown.VEILED else "exposed"  # a text may be short enough to be masked whole
    return {Shift.MORE: "exposed", Shift.LESS: "hidden", Shift.OTHER: "otherwise"}[shift(_by(was), _by(is_))]


def _by(leaf: Leaf) -> Any:
    """Give the treatment that made a value what it is; what was dropped as written back was removed."""
    treatment = leaf.cell.fate.treatment if leaf.cell else None
    return _REMOVE if treatment is None and leaf.shown is Shown.GONE else treatment


def _described(kind: str, leg: Leg, path: Path, was: Leaf, is_: Leaf, before: _View, after: _View) -> FieldChange:
    """Put a change in terms of catalogues and policies."""
    old, new = before.side(was), after.side(is_)
    ways = [leaf.cell.way(path) for leaf in (is_, was) if leaf.cell]
    way = max(ways, key=lambda one: (len(one), -one.count("?"), -one.count("*"), one), default=("?",) * len(path))
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in way)
    return FieldChange(kind, leg, pointer, old, new, _because(old, new, before, after))


def _because(old: Side, new: Side, before: _View, after: _View) -> Place | None:
    """Tell where a change was most likely written: in the new set where it can be, else in the old."""
    if old.refusal or new.refusal:
        return because_of(before.trial, after.trial, (before.folder, after.folder))
    if new.rules:
        return new.rules[0].place
    if new.fields and [one.name for one in new.fields] != [one.name for one in old.fields]:
        return new.fields[0].place
    if new.fields and new.classes != old.classes:
        return new.fields[0].place
    successor = successor_of(old.rules, after.trial, after.folder)
    if successor is not None:
        return successor
    return old.rules[0].place if old.rules else new.fields[0].place if new.fields else None


def _unplaced(leg: Leg, before: _View, after: _View) -> Counter[FieldChange]:
    """Tell of bodies that differ though no value does: an empty object that goes or stays, a number of 1,000 digits."""
    if not all(view.sight and view.sight.plan and view.sight.plan.format.BY_FIELDS for view in (before, after)):
        return Counter()  # what is changed in documents is told by their marks
    old, new = _parsed(before), _parsed(after)
    if old == new:
        return Counter()  # white space
    kind = "exposed" if _adds(old, new) else "hidden"
    was, is_ = (Side(view.trial.operation, treatment="keep") for view in (before, after))
    return Counter([FieldChange(kind, leg, "", was, is_, None)])


def _parsed(view: _View) -> Any:
    """Read a body with its numbers as they are written; the text of one that isn't JSON."""
    case = view.sight.case if view.sight else None
    if case is None:
        return view.body
    text = plain(case.reading, view.body)
    if not is_json(case.reading.plan):
        return text
    try:
        return parsed(case.reading.plan, text, lambda one: json.loads(one, parse_int=str, parse_float=str))
    except (ValueError, RecursionError):
        return text


def _adds(old: Any, new: Any) -> bool:
    """Tell whether one body holds anything that the other doesn't."""
    if isinstance(old, dict) and isinstance(new, dict):
        return any(name not in old or _adds(old[name], value) for name, value in new.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(new) > len(old) or any(map(_adds, old, new))
    return bool(old != new)
