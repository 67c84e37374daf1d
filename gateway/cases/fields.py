"""Expectations about places of a message: which treatment each field meets, and what becomes of its value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.cases import why
from gateway.cases.meets import Met, Want, meets
from gateway.cases.outcome import Outcome, Reading
from gateway.cases.places import pointer
from gateway.cases.whereabouts import Whereabouts
from gateway.errors import Place, Problem
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.formats.document import Scalar, Signal
from gateway.formats.tally import text_of
from gateway.workbench.values import Location, Value

_MOST = 3
"""So many differing places are named, and as many ways in which they differ."""


@dataclass(frozen=True, slots=True)
class FieldMeets:
    """Every value at some places of a leg meets what is wanted.

    `customer`: only in the records of this customer, or in the one that `#2` counts; None: anywhere. `observed`: if
    the rules in observe mode were enforced.
    """

    place: Place
    leg: Leg
    where: Whereabouts
    want: Want
    customer: str | None = None
    observed: bool = False

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell the places that meet something else."""
        reading = outcome.reading(self.leg)
        if reading is None and self.leg in outcome.awaited:
            return  # that the leg did not pass is told already
        if reading is None or (reading.sight.document is None and not reading.outside):
            yield Problem(self.place, f"{self.where}: {_nothing(outcome, self.leg)}", code=Fault.REACHES_NOTHING)
            return
        found = self.where.find(reading, self.customer)
        if not found:
            yield self._nowhere(reading)
            return
        differing: dict[tuple[str, str], list[Value]] = {}
        for one in found:
            met = meets(one, reading.sight, observed=self.observed)
            if not self.want.fits(met):
                differing.setdefault((str(met), met.note), []).append(one)
        for spots in [*differing.values()][:_MOST]:
            yield self._differs(outcome, reading, spots)
        if not differing and self.want.becomes:
            yield from self._becomes(outcome, found, self.want.becomes[0])

    def _nowhere(self, reading: Reading) -> Problem:
        """Tell that there is nothing to compare: a case must not pass for what it never met."""
        if self.customer is not None and not reading.records(self.customer):
            owners = sorted({owner or "a stranger" for owner in reading.sight.customers})
            counted = reading.number(self.customer) is not None
            message = f"no record {self.customer}" if counted else f"no record of {self.customer}"
            hint = f"it has {len(reading.sight.customers)}" if counted else f"there are: {', '.join(owners)}"
            return Problem(self.place, f"the {self.leg} holds {message}", hint, code=Fault.REACHES_NOTHING)
        message = f"{self.where}: there is no such value in the {self.leg}"
        return Problem(self.place, message, self.where.nearest(reading), code=Fault.REACHES_NOTHING)

    def _differs(self, outcome: Outcome, reading: Reading, spots: list[Value]) -> Problem:
        """Tell what some places meet instead, which rules decided so, and which would have decided as expected."""
        first = spots[0]
        met = meets(first, reading.sight, observed=self.observed)
        message = f"{self.where}: expected {self.want}, but {_at(spots)} {_told(met, observed=self.observed)}"
        hints = [why.by(met.reasons) or _else(first, met)]
        if self.want.name is not None and self.want.name != met.name:
            hints.append(why.would(outcome, reading.sight, first.record, self.want.name, first.classes))
        return Problem(self.place, message, "; ".join(filter(None, hints)), code=Fault.OTHER_TREATMENT)

    def _becomes(self, outcome: Outcome, found: Iterable[Value], wanted: Scalar) -> Iterator[Problem]:
        """Tell the places that become something else."""
        after = outcome.after()
        for one in found:
            value = after(one)
            texts = one.within is not None and not one.within.exact  # where there are no other values than texts
            if value is Signal.REMOVE or not (alike(value, wanted) or (texts and _same_text(value, wanted))):
                shown = "nothing: it is gone" if isinstance(value, Signal) else written(value)
                message = (
                    f"{self.where}: expected to become {written(wanted)}, but {pointer(one.location)} becomes {shown}"
                )
                yield Problem(self.place, message, code=Fault.OTHER_BODY)
                return


@dataclass(frozen=True, slots=True)
class UnlistedMeets:
    """Every place of a leg that no field names meets what is wanted: `keep`, `redact`, `remove` or `refuse`."""

    place: Place
    leg: Leg
    want: str

    def check(self, outcome: Outcome) -> Iterator[Problem]:
        """Tell the places that meet something else, or that there are none."""
        reading = outcome.reading(self.leg)
        if reading is None and self.leg in outcome.awaited:
            return  # that the leg did not pass is told already
        found = [one for one in (*reading.outside, *reading.places) if not one.spot] if reading is not None else []
        if reading is None or not found:
            message = f"the {self.leg} has nothing that the catalogue does not list"
            yield Problem(self.place, message, code=Fault.REACHES_NOTHING)
            return
        differing = [one for one in found if meets(one, reading.sight).name != self.want]
        if differing:
            met = meets(differing[0], reading.sight)
            message = f"unlisted places: expected {self.want}, but {_at(differing)} {_told(met)}"
            yield Problem(self.place, message, "by the catalogue: no field names it", code=Fault.OTHER_TREATMENT)


def alike(one: object, other: object) -> bool:
    """Tell whether two scalars are the same JSON value: 1.50 is 1.5, and true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _same_text(one: Scalar | Signal, other: Scalar) -> bool:
    """Tell whether two values are written alike where there is only text."""
    return not isinstance(one, Signal) and text_of(one) == text_of(other)


def written(value: object) -> str:
    """Write a value of a case as JSON, shortened."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line's width


def _told(met: Met, *, observed: bool = False) -> str:
    """Say what a place meets: `is kept as it is`, `meets mask (keep_last: 4)`, `would be removed`."""
    be, meet = ("would be", "would meet") if observed else ("is", "meets")
    plain = {"keep": "kept as it is", "refuse": "refused", "drop": "left out", "remove": "removed"}
    words = f"{be} {plain[met.name]}" if met.name in plain else f"{meet} {met}"
    return words + (f": {met.note}" if met.note else "")


def _else(one: Value, met: Met) -> str:
    """Tell why a place meets what no rule decided."""
    if not one.spot:
        return "by the catalogue: no field names it"
    return "this caller sees it hidden" if met.note else "no rule treats it"


def _at(spots: list[Value]) -> str:
    shown = ", ".join(_shown(one.location) for one in spots[:_MOST])
    return shown + (f" and {len(spots) - _MOST} more" if len(spots) > _MOST else "")


def _shown(location: Location) -> str:
    return pointer(location) or "the body"


def _nothing(outcome: Outcome, leg: Leg) -> str:
    """Tell why a leg has nothing to look at."""
    if outcome.reading(leg) is not None:
        return f"the {leg} has no body"
    refused = f"the {outcome.trial.refused_leg} was refused: {outcome.trial.refusal}"
    if outcome.trial.refused_leg is leg:
        return f"{refused}, before it was read"
    return f"there is no {leg}, for {refused}"
