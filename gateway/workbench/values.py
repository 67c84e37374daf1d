"""Every value of a leg: where it stands, whose it is, which fields cover it, what it was and what becomes of it.

The gate's own writers say so, in a writing that is thrown away. In JSON each value has a way of its own. In any other
format a value has the pointer by which reports name it, and its place in the order of those that share it: where one
decision and one spot have several pointers, writings that change one value at a time tell them apart, as far as that
is affordable. What a value holds stands below it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.catalog.model import Message
from gateway.errors import Unreadable
from gateway.formats import charset, codings
from gateway.formats.document import Edit, Edits, Scalar, Signal, Spot, Whole
from gateway.formats.limits import BodyLimits
from gateway.formats.parts import Part
from gateway.policy.model import PolicySet
from gateway.regime import MessagePlan
from gateway.steps.owner import Owner
from gateway.steps.reading import Place, Reading
from gateway.steps.record import Record
from gateway.steps.sight import Sight
from gateway.steps.treat import Case
from gateway.tokens.shapes import is_unmistakable
from gateway.workbench.listing import Listed, listed

Location = tuple[str | int, ...]
"""The way from a body's root to a value: names of members and indexes; outside of JSON, the parts of a pointer."""


class Called(str):
    """The last step to the name of a member, which is a value by itself: `ann@example.com (name)`."""

    __slots__ = ()


_JSON = frozenset({"json", "ndjson"})
_SIGN = "\ue000sovgate\ue000"
_LONGEST = 4000  # digits of a whole number that Python reads at once
_LIMITS = BodyLimits()


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The message that a value stands in: the body, or what another value holds; `base` is the way to it.

    `exact`: ways lead to one value each, and no other. `made` is its text after the treatment, None where nobody knows.
    `holder` is the value that holds it.
    """

    case: Case
    base: Location = ()
    exact: bool = True
    made: bytes | None = None
    holder: Value | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a message: where it stands, the judged record it belongs to, and the fields that cover it.

    `after` is what the gate makes of it, or the signal with which it is refused, dropped or removed; `within` is None
    for a place outside of the body. `number` is that of its record in a body that isn't JSON, from 0; None where that
    can't be told.
    """

    location: Location
    record: Record
    spot: Spot
    after: Scalar | Signal
    old: Scalar = None
    within: Within | None = None
    number: int | None = None

    @property
    def classes(self) -> frozenset[str]:
        """Give the classes of the fields that cover it."""
        return self.record.labels.at(self.spot)

    @property
    def around(self) -> Iterator[Value]:
        """Give it, and the values that hold the message in which it stands, from the inside out."""
        one: Value | None = self
        while one is not None:
            yield one
            one = one.within.holder if one.within else None


def values(sight: Sight) -> tuple[Value, ...]:
    """Give every value of a leg that the gate met, in the order of the body; none for a leg without a body."""
    if sight.case is None:
        return ()
    made = plain(sight.case.reading, sight.treated.body) if sight.treated else None
    return tuple(_values(sight.case, made))


def comparable(made: Scalar | Signal) -> Scalar | Signal:
    """Give what treated values are compared by: one value that is encrypted twice makes two tokens."""
    return "" if isinstance(made, str) and is_unmistakable(made) else made


def is_json(plan: MessagePlan) -> bool:
    """Tell whether each value of a message has a way of its own."""
    return plan.format.NAME in _JSON


def is_name(one: Value) -> bool:
    """Tell whether a value is the name of a member."""
    return bool(one.location) and isinstance(one.location[-1], Called)


def message_of(plan: MessagePlan, record: Record, policies: PolicySet) -> Message:
    """Give the message whose fields label a record: of a list, that of its records or of what is around them."""
    catalogue, _, name = plan.name.partition(".")
    messages = policies.catalogues[catalogue].messages
    message = messages[name]
    return message if message.each is None or record.labels is plan.envelope else messages[message.each]


def plain(reading: Reading, body: bytes) -> bytes:
    """Take charset and coding off what became of a body; as it is where they don't come off."""
    if body is reading.body:
        return reading.text
    try:
        decoded = codings.decode(body, reading.coding, _LIMITS.size, _LIMITS.ratio)
        return charset.to_utf8(decoded, reading.charset)
    except Unreadable:
        return body


def parse(body: bytes) -> Any:
    """Parse a body that the gate found sound, with no digit lost: whole numbers as int, others as Decimal."""
    return json.loads(body, parse_float=Decimal, parse_int=lambda t: int(t) if len(t) <= _LONGEST else Decimal(t))


def parsed(plan: MessagePlan, text: bytes, parse: Callable[[bytes], Any] = parse) -> Any:
    """Parse a message whose values have ways of their own; the lines of JSON lines make a list."""
    if plan.format.NAME == "json":
        return parse(text)
    return [parse(line) for line in text.split(b"\n") if line.strip(b" \t\r")]


def leaves(value: object, at: Location = ()) -> Iterator[tuple[Location, object]]:
    """Give every value that is no object or array, with its location."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*at, index))
    else:
        yield at, value


def parts(pointer: str) -> tuple[str, ...]:
    """Take a JSON Pointer apart, unescaped (RFC 6901 section 4)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def after(
    record: Record, spot: Spot, old: Scalar, customer: str | None, case: Case
) -> tuple[Scalar | Signal, Place | None]:
    """Tell what the gate makes of a value, and which message it holds that is treated by itself."""
    edit = record.edits.of(spot) if spot else record.edits.unlisted
    place = held(record, spot, old, customer, case)
    if edit is None:
        return old, place
    if edit.whole is Whole.REFUSE:
        return Signal.REFUSE, None
    if place is None:
        return _answered(edit, record, spot, old, case.owner(customer), case), None
    return _swapped(edit, record, spot, place, case)


def _answered(edit: Edit, record: Record, spot: Spot, old: Scalar, owner: Owner | None, case: Case) -> Scalar | Signal:
    """Give what an edit answers; a value that was to be made with keys, and never was, is gone."""
    treatment = record.decision.treated(record.labels.at(spot)).treatment if spot else None
    if treatment is not None and treatment.KEYED and owner is not None and case.borrowed is None:
        return Signal.REMOVE
    return edit.value(old, owner)


def held(record: Record, spot: Spot, old: Scalar | Part, customer: str | None, case: Case) -> Place | None:
    """Name the message that a value holds; None where it holds none that was read."""
    contained = record.labels.contained(spot) if spot and record.labels.contains else None
    place = None if contained is None else (contained, customer, old)
    return place if place in case.inner else None


def _swapped(edit: Edit, record: Record, spot: Spot, place: Place, case: Case) -> tuple[Scalar | Signal, Place | None]:
    """Do as `after` for a value that holds a message."""
    old, owner = place[2], case.owner(place[1])
    text = old.text if isinstance(old, Part) else old
    if place not in case.results:  # the flow was refused before anything was treated
        treated = record.decision.treated(record.labels.at(spot)).treatment
        return (text, place) if treated is None else (Signal.REMOVE, None)
    with _uncounted(case):
        inside = case.held(place)
        if isinstance(old, Part):
            made = edit.part(old, owner) if edit.part else edit.value(text, owner)
        else:
            made = edit.value(old, owner)
    told = made.text if isinstance(made, Part) else made
    return told, place if made == inside else None


@contextmanager
def _uncounted(case: Case) -> Iterator[None]:
    """Let messages be found again without being counted."""
    before = Counter(case.met)
    try:
        yield
    finally:
        case.met = before


def _values(case: Case, made: bytes | None, holder: Value | None = None) -> Iterator[Value]:
    """Give the values of a body or of what a value holds."""
    reading, base = case.reading, holder.location if holder else ()
    within = Within(case, base, is_json(reading.plan), made, holder)
    if not reading.plan.format.BY_FIELDS:
        record = next(iter(case.owned.values()), case.frame)
        if record is not None and record.labels.classes:
            yield Value(base, record, (0,), None, None, within)
        return
    found = _signed(case) if within.exact else _told(case)
    for location, record, spot, old, new, place, number in found:
        one = Value((*base, *location), record, spot, new, old, within, number)
        if place is None:
            yield one
            continue
        inner, result = case.inner[place], case.results.get(place)
        yield from _values(inner, plain(inner.reading, result.body) if result else None, one)


_Found = tuple[Location, Record, Spot, Scalar, Scalar | Signal, Place | None, int | None]


def _signed(case: Case) -> Iterator[_Found]:
    """Find the values of JSON: signs are put wherever an edit meets one, and looked for in what was written."""
    signs: list[tuple[Record, Spot, Scalar, Scalar | Signal, Place | None]] = []
    reading = case.reading
    owned = {customer: _spy(record, signs, case) for customer, record in case.owned.items()}
    frame = Edits(lambda _spot: None) if case.frame is None else _spy(case.frame, signs, case)
    written = reading.document.write([owned[customer] for customer in reading.customers], frame, reading.customers)
    for location, value in _read(parsed(reading.plan, written.body)):
        if isinstance(value, str) and value.startswith(_SIGN):
            yield (location, *signs[int(value.removeprefix(_SIGN))], None)


def _read(value: object, at: Location = ()) -> Iterator[tuple[Location, object]]:
    """Give every leaf with its location, names with a sign before what stands under them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            own, sign, number = name.rpartition(_SIGN)
            own = own if sign else name
            if sign:
                yield (*at, Called(f"{own} (name)")), _SIGN + number
            yield from _read(inner, (*at, own))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _read(inner, (*at, index))
    else:
        yield at, value


def _spy(record: Record, signs: list[tuple[Record, Spot, Scalar, Scalar | Signal, Place | None]], case: Case) -> Edits:
    """Give edits that reach wherever the record's own do, and tell by a sign what these would answer."""

    def of(spot: Spot) -> Edit:
        def sign(value: Scalar, customer: str | None) -> str:
            signs.append((record, spot, value, *after(record, spot, value, customer, case)))
            return f"{_SIGN}{len(signs) - 1}"

        return Edit(sign, name=lambda name, customer: name + sign(name, customer))

    return Edits(of, of(()))


def _told(case: Case) -> Iterator[_Found]:
    """Find the values of other formats."""
    for one in listed(case):
        new, place = answer(one, case)
        old = one.old.text if isinstance(one.old, Part) else one.old
        yield parts(one.pointer), one.record, one.spot, old, new, place, one.number


def answer(one: Listed, case: Case) -> tuple[Scalar | Signal, Place | None]:
    """Tell what the gate makes of a value that was listed, and which message it holds."""
    if not isinstance(one.old, Part):
        return after(one.record, one.spot, one.old, one.customer, case)
    place = held(one.record, one.spot, one.old, one.customer, case)
    edit = one.record.edits.of(one.spot)
    if place is not None and edit is not None:
        return _swapped(edit, one.record, one.spot, place, case)
    return after(one.record, one.spot, one.old.text, one.customer, case)
