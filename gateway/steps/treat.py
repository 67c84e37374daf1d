"""Steps 4 and 5: each record of a body, and of what it holds, is decided; then all are treated, inside first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from gateway.flow import ANYONE, Flow, Leg
from gateway.formats.document import Edit, Edits, Refused, Scalar, Signal, Spot, Touch
from gateway.formats.parts import Part
from gateway.policy.decide import Decision
from gateway.ports import Ports
from gateway.regime import Contained, Labels
from gateway.steps.edit import NO_EDITS, Editor
from gateway.steps.judge import Hearing
from gateway.steps.owner import Owner, Owners, owners
from gateway.steps.reading import Place, Reading
from gateway.steps.record import Record
from gateway.steps.stamp import stamp
from gateway.tokens.keys import KeyUse


@dataclass(frozen=True, slots=True)
class Treated:
    """A body after its treatment: `body` is wrapped as it came, the very same object where nothing changed.

    Where `refused` is not empty the body can't be used.
    """

    body: bytes
    touches: tuple[Touch, ...] = ()
    refused: tuple[Refused, ...] = ()
    marks: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    uses: tuple[KeyUse, ...] = ()
    keyless: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Case:
    """A body with the decisions on each of its records: `owned` by customer, and `frame` on what is around them.

    `inner` are the cases of embedded messages, `results` what became of them, and `met` how often each was found again.
    `turn` gives addresses as the other side knows them. `borrowed` are the owners with their keys, once it is treated.
    """

    reading: Reading
    owned: dict[str | None, Record] = field(default_factory=dict)
    frame: Record | None = None
    inner: dict[Place, Case] = field(default_factory=dict)
    results: dict[Place, Treated] = field(default_factory=dict)
    met: Counter[Place] = field(default_factory=Counter)
    turn: Callable[[str], str | None] = lambda address: address
    borrowed: Owners | None = None

    def owner(self, customer: str | None) -> Owner | None:
        """Give the owner of a record."""
        known = None if customer is None or self.borrowed is None else self.borrowed.of.get(customer)
        return known or (None if customer is None else Owner(customer))

    def all(self) -> Iterator[Case]:
        """Give this case and those of all that is embedded in it."""
        yield self
        for one in self.inner.values():
            yield from one.all()

    @property
    def records(self) -> list[Record]:
        """Give the decisions on records, those in embedded messages included."""
        return [*self.owned.values(), *(record for case in self.inner.values() for record in case.records)]

    def held(self, place: Place) -> Scalar | Part:
        """Give what stands at a place after what it holds was treated; the very same where that changed nothing."""
        self.met[place] += 1
        inner, result = self.inner[place].reading, self.results[place]
        same = result.body is inner.body and inner.bare
        return place[2] if same or inner.back is None else inner.back(result.body)

    def holders(self, touches: Iterable[Touch]) -> dict[Contained, str]:
        """Give the pointers of fields that hold messages, as seen from the body, where touches tell of just one."""
        if not self.inner:
            return {}
        labels = {id(one.edits): one.labels for one in (*self.owned.values(), self.frame) if one is not None}
        found: dict[Contained, set[str]] = {}
        for touch in touches:
            own = labels.get(id(touch.edits))
            if own is not None and (contained := own.contained(touch.spot)) is not None:
                found.setdefault(contained, set()).add(touch.pointer)
        return {contained: pointers.pop() for contained, pointers in found.items() if len(pointers) == 1}

    @property
    def frames(self) -> list[Record]:
        """Give the decisions on what is around records."""
        own = [self.frame] if self.frame else []
        return [*own, *(record for case in self.inner.values() for record in case.frames)]


def decide(reading: Reading, hearing: Hearing, editor: Editor) -> Case:
    """Decide on every record of a body and of what is embedded in it (step 4); each decision is bound to edits."""
    plan, case = reading.plan, Case(reading)
    kinds: dict[object, tuple[Decision, Edits]] = {}
    shared: dict[object, Edits] = {}
    known, kind_of, labels = hearing.known, hearing.kind, plan.record
    for customer, count in Counter(reading.customers).items():
        facts = known[customer]
        kind = kind_of(facts)
        found = kinds.get(kind)
        if found is None:
            decision = hearing.decide(customer)
            key = hearing.alike_in(customer, decision)
            edits = shared.get(key)
            if edits is None:
                edits = shared[key] = _edits(case, editor.edits(hearing, customer, decision, labels), labels)
            found = kinds[kind] = decision, edits
        case.owned[customer] = Record(facts, found[0], labels, found[1], count)
    around = plan.record if plan.envelope is None and not case.owned else plan.envelope
    if around is not None:  # a table without rows has no record to decide on, and is decided on all the same
        decision = hearing.decide_frame()
        edits = _edits(case, editor.edits(hearing, None, decision, around), around)
        case.frame = Record(ANYONE, decision, around, edits)
    case.inner.update((place, decide(one, hearing, editor)) for place, one in reading.inner.items())
    return case


async def treat(case: Case, leg: Leg, flow: Flow, now: int, ports: Ports) -> Treated:
    """Treat a body as was decided (step 5), with the keys that it needs. Raises `Unreadable`, `KeysUnavailable`."""
    decisions = {customer: record.decision for one in case.all() for customer, record in one.owned.items()}
    borrowed = await owners(decisions, flow.purpose, now, ports)
    treated = await _treat(case, leg, flow, borrowed, ports)
    if borrowed.loan is None:
        return treated
    return replace(treated, uses=await borrowed.settle(), keyless=borrowed.keyless)


async def _treat(case: Case, leg: Leg, flow: Flow, borrowed: Owners, ports: Ports) -> Treated:
    """Treat a body, what is embedded in it first."""
    case.borrowed = borrowed
    case.turn = partial(ports.addresses.turned, flow, leg)
    for place, inner in case.inner.items():
        case.results[place] = await _treat(inner, leg, flow, borrowed, ports)
    reading, form = case.reading, case.reading.plan.format
    written = reading.document.write(
        [case.owned[customer].edits for customer in reading.customers],
        case.frame.edits if case.frame else NO_EDITS,
        [borrowed.of[customer] for customer in reading.customers],
    )
    if leg is Leg.RESPONSE and form.BY_FIELDS:
        ports.addresses.left(flow, written.body)
    marked = None
    if leg is Leg.RESPONSE and not written.refused and not form.BY_FIELDS:
        marked = await stamp(form.NAME, written.body, case.owned.values(), flow, ports)
    at = case.holders(written.touches)
    inside = [(at.get(place[0], place[0].pointer), case.results[place], count) for place, count in case.met.items()]
    return Treated(
        body=reading.wrapped(marked.body if marked else written.body),
        touches=written.touches + tuple(touch for one in inside for touch in _touches(*one)),
        refused=written.refused + tuple(refused for pointer, one, _ in inside for refused in _refused(pointer, one)),
        marks=(marked.codes if marked else ()) + tuple(code for _, one, _ in inside for code in one.marks),
        lost=tuple(sorted({*(marked.notes if marked else ()), *(what for _, one, _ in inside for what in one.lost)})),
    )


def _edits(case: Case, edits: Edits, labels: Labels) -> Edits:
    """Let edits put treated messages in the place of those that fields hold, and turn addresses."""
    if not labels.contains and not labels.addresses:
        return edits

    def of(spot: Spot) -> Edit | None:
        edit, contained = edits.of(spot), labels.contained(spot)
        if contained is None:
            return _turning(case, edit) if labels.is_address(spot) else edit

        def swap(value: Scalar, owner: Owner | None) -> Scalar | Signal:
            new = value if edit is None else edit.value(value, owner)
            if new is not value or value is None or value == "":
                return new  # treated as a whole: what it holds doesn't matter any more
            held = case.held((contained, owner.customer if owner else None, value))
            return held if not isinstance(held, Part) else held.text

        def swap_part(part: Part, owner: Owner | None) -> Part | Scalar | Signal:
            text = "" if edit is None else part.text
            new = text if edit is None else edit.value(text, owner)
            if new is not text or not part.body:
                return new
            return case.held((contained, owner.customer if owner else None, part))

        return replace(edit or Edit(swap), value=swap, part=swap_part, many=None)

    return Edits(of, edits.unlisted)


def _turning(case: Case, edit: Edit | None) -> Edit:
    """Turn the addresses that are kept; one that can't be said here is left out."""

    def turn(value: Scalar, owner: Owner | None) -> Scalar | Signal:
        new = value if edit is None else edit.value(value, owner)
        if new is not value or not isinstance(value, str):
            return new
        turned = case.turn(value)
        return Signal.REMOVE if turned is None else value if turned == value else turned

    return Edit(turn) if edit is None else replace(edit, value=turn, many=None)


def _touches(pointer: str, inner: Treated, count: int) -> Iterator[Touch]:
    """Give what was touched in an embedded message, as seen from the body around it."""
    for touch in inner.touches:
        yield replace(touch, pointer=pointer + touch.pointer, count=touch.count * count)


def _refused(pointer: str, inner: Treated) -> Iterator[Refused]:
    """Give what was refused in an embedded message, as seen from the body around it."""
    for refused in inner.refused:
        yield replace(refused, pointer=pointer + refused.pointer)
