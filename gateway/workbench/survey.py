"""Every place of a message, treated or not: found by a writing in which each would change, which is thrown away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.formats.document import Edit, Edits, Scalar, Spot
from gateway.policy.decision import Decision, Reason
from gateway.policy.memo import Memo
from gateway.regime import Contained, Labels
from gateway.steps.record import Record
from gateway.steps.sight import Sight
from gateway.steps.treat import Case
from gateway.treatments.contract import Treatment
from gateway.treatments.registry import build

UNLISTED = "catalogue/unlisted"
"""What stands for a rule where a place is treated because no field names it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A place of a message that holds a value (an object or array is seen by what is in it), and what was decided.

    `pointer` is a JSON Pointer with `*` for list indexes and `?` for the names of unlisted members; `spot` is () for an
    unlisted place. Records that were decided alike share `decision` and `labels`; `count` says how often they met it.
    `within` is the body or what a value holds, with the pointer of that value; None outside of the body.
    """

    pointer: str
    spot: Spot
    decision: Decision
    labels: Labels
    count: int
    within: tuple[Case, str] | None = field(default=None, compare=False, repr=False)

    @property
    def classes(self) -> frozenset[str]:
        """Give the classes of the fields that cover the place."""
        return self.labels.at(self.spot)


@dataclass(frozen=True, slots=True)
class Fate:
    """What a place meets: `treatment` (None: it is kept), and the rules for it (`UNLISTED` for the catalogue's own).

    `reveals` are the rules by which tokens there are turned back before.
    """

    treatment: Treatment | None
    rules: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    reveals: tuple[Reason, ...] = ()

    @property
    def name(self) -> str:
        """Name the treatment."""
        return self.treatment.NAME if self.treatment else "keep"


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Finds the places of legs; remembers what it compiled, so that one is used for many legs."""

    spies: Memo[tuple[Decision, Labels], Edits] = field(default_factory=lambda: Memo(4096))

    def places(self, sight: Sight) -> tuple[Seen, ...]:
        """Give every place of a leg, once for each decision that met it: those outside of the body, then the body's."""
        return (*_outside(sight), *(self._places(sight.case, "", 1) if sight.case else ()))

    def _places(self, case: Case, before: str, times: int) -> Iterator[Seen]:
        """Give the places of a body, and of what is embedded in it; `before` is the pointer of what holds it."""
        reading = case.reading
        owned = {customer: self._spy(record) for customer, record in case.owned.items()}
        around = _spy() if case.frame is None else self._spy(case.frame)
        written = reading.document.write([owned[customer] for customer in reading.customers], around, reading.customers)
        of = {id(owned[customer]): record for customer, record in case.owned.items()}
        if case.frame is not None:
            of[id(around)] = case.frame
        opened = {place[0] for place in case.inner}
        holders: dict[Contained, set[str]] = {}
        for touch in written.touches:
            record = of.get(id(touch.edits))
            if record is None:
                continue
            contained = record.labels.contained(touch.spot)
            if contained is not None:
                holders.setdefault(contained, set()).add(touch.pointer)
                if contained in opened and record.decision.treated(record.labels.at(touch.spot)).treatment is None:
                    continue  # what it holds is told place by place
            pointer, count = before + touch.pointer, touch.count * times
            yield Seen(pointer, touch.spot, record.decision, record.labels, count, (case, before))
        for place, inner in case.inner.items():
            at = holders.get(place[0], set())
            pointer = next(iter(at)) if len(at) == 1 else place[0].pointer
            yield from self._places(inner, before + pointer, max(case.met[place], 1))

    def _spy(self, record: Record) -> Edits:
        key = (record.decision, record.labels)
        found = self.spies.get(key)
        return self.spies.put(key, _spy()) if found is None else found


def _outside(sight: Sight) -> Iterator[Seen]:
    """Give the places that are labelled outside of the body, and those there that nobody labelled."""
    for record in sight.head.records:
        places = Counter((at, spot) for at, spot, _ in (sight.head.document.places if sight.head.document else ()))
        yield from (Seen(at, spot, record.decision, record.labels, count) for (at, spot), count in places.items())


def fate(seen: Seen, sight: Sight) -> Fate:
    """Tell what a place meets by what was decided on it. Whether the leg as a whole is refused is another matter."""
    if not seen.spot:
        word = seen.labels.unlisted_on(sight.leg)
        return Fate(None if word == "keep" else build(word, {}), (UNLISTED,))
    treated = seen.decision.treated(seen.classes)
    reveals = seen.decision.revealed(seen.classes)
    return Fate(treated.treatment, tuple(reason.rule for reason in treated.reasons), treated.reasons, reveals)


def _spy() -> Edits:
    """Give edits that change whatever they meet."""
    edit = Edit(_other)
    return Edits(lambda _spot: edit, edit)


def _other(value: Scalar, _customer: str | None) -> Scalar:
    """Give another value, whatever the value is."""
    return 0 if value is None else None
