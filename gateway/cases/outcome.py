"""What became of a case: the trial, and its legs laid open so that expectations can be held against them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.cases.places import follow, outside
from gateway.cases.texts import is_text_of
from gateway.errors import Unreadable
from gateway.flow import Leg, header
from gateway.formats import codings
from gateway.formats.document import Scalar, Signal
from gateway.formats.limits import BodyLimits
from gateway.formats.tally import pointer as pointer_of
from gateway.policy.model import PolicySet, Rule
from gateway.steps.sight import Sight
from gateway.watermark.plan import Plan
from gateway.workbench import Trial
from gateway.workbench.values import Location, Value, is_json, is_name, message_of, parse, parsed, parts, plain, values

_NUMBERED = re.compile(r"#([1-9][0-9]{0,6})")

LIMITS = BodyLimits()
"""The limits of bodies that a gateway has by default."""


class Reading:
    """One leg that the gate read and judged: what came, and every place of it."""

    def __init__(self, sight: Sight) -> None:
        """Take what the gate saw."""
        self.sight = sight

    @cached_property
    def value(self) -> Any:
        """The body as it came, JSON lines as a list; None for any other format, and for no body."""
        return self._parsed(parse)

    @cached_property
    def places(self) -> tuple[Value, ...]:
        """Every place that holds a value."""
        return values(self.sight)

    @cached_property
    def outside(self) -> tuple[Value, ...]:
        """Every place outside of the body that is labelled, or that the catalogue says has to be."""
        return outside(self.sight)

    @cached_property
    def _selected(self) -> Any:
        """The body with numbers as selectors compare them."""
        return self._parsed(lambda text: json.loads(text, parse_int=float))

    def at(self, root: Location) -> Any:
        """Give what stands at a place, for selectors to be followed from there."""
        value = self._selected
        for step in root:
            value = value[step]
        return value

    def selectors(self, one: Value) -> frozenset[str]:
        """Give the selectors that cover a value or what it stands in, as the catalogue writes them."""
        found: set[str] = set()
        for around in one.around:
            if around.within is not None:
                plan = around.within.case.reading.plan
                fields = message_of(plan, around.record, self.sight.hearing.book.policies).fields
                found.update(fields[index].written for index in around.spot if index < len(fields))
        return frozenset(found)

    def records(self, whose: str) -> tuple[Location, ...]:
        """Give where the records of a customer stand, or the one that `#2` counts.

        Outside of JSON that is the way that all records have in common.
        """
        plan, case = self.sight.plan, self.sight.case
        if plan is None or case is None:
            return ()
        number = self.number(whose)
        if not is_json(plan):
            found = whose in self.sight.customers if number is None else number < len(self.sight.customers)
            return ((),) if found else ()
        steps = plan.layout.records
        every = ((),) if steps is None else tuple(follow(self.value, steps))
        if number is not None:
            return every[number : number + 1]
        return tuple(at for at, owner in zip(every, self.sight.customers, strict=True) if owner == whose)

    def number(self, whose: str) -> int | None:
        """Give which record `#2` counts, from 0; None where a customer is named."""
        found = _NUMBERED.fullmatch(whose)
        return int(found[1]) - 1 if found is not None and whose not in self.sight.customers else None

    def belongs(self, one: Value, whose: str) -> bool:
        """Tell whether a value stands in a record of a customer, or in the one that `#2` counts."""
        *_, outermost = one.around
        number = self.number(whose)
        if number is None:
            return outermost.record.facts.customer == whose
        if outermost.within is not None and not outermost.within.exact:
            return outermost.number == number
        return any(one.location[: len(root)] == root for root in self.records(whose))

    def whose(self, one: Value, whose: str) -> bool:
        """Tell whether a value is a customer's own, wherever it stands; or stands in the record that is counted."""
        if self.number(whose) is None:
            return one.record.facts.customer == whose
        return one.within is not None and self.belongs(one, whose)

    @property
    def lines(self) -> tuple[Location, ...]:
        """Give where selectors begin: at the body, or at each line of JSON lines."""
        rows = self.sight.plan is not None and self.sight.plan.format.LISTS == "rows"
        return tuple((index,) for index in range(len(self.value))) if rows and self.value is not None else ((),)

    def beneath(self, one: Value) -> Location:
        """Give the way to a value of a format other than JSON as seen from its record."""
        plan = one.within.case.reading.plan if one.within else None
        if plan is None:
            return one.location
        catalogue, _, name = plan.name.partition(".")
        written = self.sight.hearing.book.policies.catalogues[catalogue].messages[name].records
        above = parts(pointer_of(written)) if written else ("*",)
        base = one.within.base if one.within else ()
        way = one.location[len(base) :]
        return way[len(above) :] if way[: len(above)] == above else way

    def _parsed(self, parse: Callable[[bytes], Any]) -> Any:
        case = self.sight.case
        if case is None or not is_json(case.reading.plan):
            return None
        return parsed(case.reading.plan, case.reading.text, parse)


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

    def text(self, leg: Leg, body: bytes | None = None) -> bytes:
        """Give what goes on, or another `body` of its kind, with content coding and charset undone."""
        reading = self.reading(leg)
        message = self.trial.forwarded if leg is Leg.REQUEST else self.trial.released
        case = reading.sight.case if reading else None
        if case is None or message is None:
            return self.body(leg) if body is None else body
        return plain(case.reading, message.body if body is None else body)

    def is_text(self, leg: Leg) -> bool:
        """Tell whether the body of a leg is written out as text: it isn't JSON."""
        reading = self.reading(leg)
        plan = reading.sight.plan if reading else None
        message = self.trial.forwarded if leg is Leg.REQUEST else self.trial.released
        kind = header(message.headers, "content-type") if message else None
        return plan.format.NAME != "json" if plan is not None else is_text_of(kind)

    @staticmethod
    def after() -> Callable[[Value], Scalar | Signal]:
        """Give what tells what stands at a place afterwards; `Signal.REMOVE` where nothing does."""
        bodies: dict[int, tuple[Any, Any]] = {}

        def tell(one: Value) -> Scalar | Signal:
            within = one.within
            if within is None or not within.exact or within.made is None or is_name(one):
                return one.after
            if id(within) not in bodies:
                reading = within.case.reading
                bodies[id(within)] = parsed(reading.plan, reading.text), parsed(reading.plan, within.made)
            old, new = bodies[id(within)]
            for step in one.location[len(within.base) :]:
                if isinstance(step, str):
                    if not isinstance(new, dict) or step not in new:
                        return Signal.REMOVE
                elif not isinstance(new, list) or len(new) != len(old):
                    return one.after  # elements were removed: the indexes of the others changed
                old, new = old[step], new[step]
            return Signal.REMOVE if isinstance(new, dict | list) else new

        return tell
