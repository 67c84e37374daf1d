"""What became of a case: the trial, and its legs laid open so that expectations can be held against them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.cases.places import Location, Outside, Spotted, follow, outside, parse, spot
from gateway.errors import Unreadable
from gateway.flow import Leg, header
from gateway.formats import codings
from gateway.formats.document import Scalar, Signal
from gateway.formats.limits import BodyLimits
from gateway.policy.model import PolicySet, Rule
from gateway.steps.sight import Sight
from gateway.watermark.plan import Plan
from gateway.workbench import Trial

LIMITS = BodyLimits()
"""The limits of bodies that a gateway has by default."""


class Reading:
    """One leg that the gate read and judged: what came, and every place of it."""

    def __init__(self, sight: Sight) -> None:
        """Take what the gate saw."""
        self.sight = sight
        self.body: bytes = getattr(sight.document, "body", b"")

    @cached_property
    def value(self) -> Any:
        """The body as it came; None for a document, and for no body."""
        return parse(self.body) if self.sight.plan is not None and self.sight.plan.format.BY_FIELDS else None

    @cached_property
    def places(self) -> tuple[Spotted, ...]:
        """Every place that holds a value."""
        return spot(self.sight)

    @cached_property
    def outside(self) -> tuple[Spotted, ...]:
        """Every place outside of the body that is labelled, or that the catalogue says has to be."""
        return outside(self.sight)

    @cached_property
    def _selected(self) -> Any:
        """The body with numbers as selectors compare them."""
        return None if self.value is None else json.loads(self.body, parse_int=float)

    def at(self, root: Location) -> Any:
        """Give what stands at a place, for selectors to be followed from there."""
        value = self._selected
        for step in root:
            value = value[step]
        return value

    def records(self, customer: str) -> tuple[Location, ...]:
        """Give where the records of a customer stand."""
        layout = self.sight.plan.layout if self.sight.plan else None
        inside = layout is not None and layout.records is not None
        found = tuple(follow(self.value, layout.records or ())) if layout and inside else ((),)
        return tuple(at for at, owner in zip(found, self.sight.customers, strict=True) if owner == customer)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A case's trial. `plans` are the watermarks that were asked for; `rules` all rules of the policies by their ids.

    `asked` are the customers whom the gate looked up, `awaited` the legs that the case expects to pass: where they
    don't, that is told once.
    """

    trial: Trial
    policies: PolicySet
    rules: Mapping[str, Rule]
    plans: tuple[Plan, ...] = ()
    asked: frozenset[str] = frozenset()
    awaited: frozenset[Leg] = frozenset()
    _readings: dict[Leg, Reading | None] = field(default_factory=dict)

    def reading(self, leg: Leg) -> Reading | None:
        """Give one leg laid open; None where it was never judged."""
        if leg not in self._readings:
            sight = self.trial.sight(leg)
            self._readings[leg] = Reading(sight) if sight else None
        return self._readings[leg]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Give the legs that were judged, the request's first."""
        return tuple(reading for leg in Leg if (reading := self.reading(leg)) is not None)

    def passed(self, leg: Leg) -> bool:
        """Tell whether a leg was let through."""
        return self.trial.forwarded is not None if leg is Leg.REQUEST else not self.trial.refusal

    def body(self, leg: Leg) -> bytes:
        """Give what goes on, its content coding undone: to the system in the request, to the caller in the response."""
        message = self.trial.forwarded if leg is Leg.REQUEST else self.trial.released
        if message is None:
            return b""
        coding = header(message.headers, "content-encoding")
        try:
            return codings.decode(message.body, coding, LIMITS.size, LIMITS.ratio) if coding else message.body
        except Unreadable:
            return message.body

    def after(self, leg: Leg) -> Callable[[Spotted], Scalar | Signal]:
        """Give what tells what stands at a place afterwards; `Signal.REMOVE` where nothing does."""
        reading = self.reading(leg)
        treated = parse(self.body(leg)) if reading is not None and reading.value is not None else None

        def tell(one: Spotted) -> Scalar | Signal:
            if one.location and isinstance(one.location[0], Outside):
                return one.after
            old: Any = reading.value if reading else None
            new: Any = treated
            for step in one.location:
                if isinstance(step, str):
                    if not isinstance(new, dict) or step not in new:
                        return Signal.REMOVE
                elif not isinstance(new, list) or len(new) != len(old):
                    return one.after  # elements were removed: the indexes of the others changed
                old, new = old[step], new[step]
            return Signal.REMOVE if isinstance(new, dict | list) else new

        return tell
