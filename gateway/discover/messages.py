"""Messages for the legs of operations: JSON records shared between them, lists around records, documents as a whole.

A format that the catalogue comes to know later gets its drafter in `_DRAFTERS`; until then, notes tell of its bodies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.discover.draft import DraftField, DraftMessage, Suggestion
from gateway.discover.group import Bodies
from gateway.discover.labels import Holding, label
from gateway.discover.name_reasons import BESIDE
from gateway.discover.naming import many_of, one_of
from gateway.discover.outline import Outline, Purse
from gateway.discover.outside import outside
from gateway.discover.pool import Pool, Shared, Use
from gateway.discover.proposal import Confidence, Proposal, Reason
from gateway.discover.records import Carried
from gateway.discover.spots import maps, spots, written
from gateway.discover.views.registry import VIEWS
from gateway.discover.views.view import Options, View
from gateway.discover.words import record_of
from gateway.formats.documents import MARKABLE
from gateway.formats.registry import FORMATS
from gateway.formats.selector import ANY

_CLASSES = {
    "invoice": "business.invoice", "drawing": "business.drawing", "photo": "business.photo",
    "contract": "business.contract",
    "delivery": "business.delivery", "order": "business.order", "quality": "business.quality",
}  # fmt: skip
_BODIES = {
    "html": "HTML", "script": "scripts", "style": "styles", "font": "fonts", "image": "pictures of another format",
    "media": "sound or film", "spreadsheet": "spreadsheets", "text": "text",
    "binary": "bytes of no known format",
}  # fmt: skip
"""Bodies of no format that has fields."""
_LEGS = {"body": "requests", "response": "answers", "errors": "error answers"}


@dataclass(slots=True)
class Carrying:
    """What one leg of one operation carries: a record of the pool, perhaps within a list or wrapper; or a document."""

    use: Use
    carried: Carried | None = None
    shared: Shared | None = None
    body: Bodies | None = None


class Messages:
    """Drafts the messages of one system: first every leg is taken, then all are named and labelled."""

    def __init__(self, purse: Purse, taken: Iterable[str] = ()) -> None:
        """Start with none; `purse` knows the texts that answers held, `taken` are names that are taken."""
        self._purse = purse
        self._echoes = purse.echoes
        self._within: dict[object, str] = {}
        self._pool = Pool()
        self._used = set(taken)
        self._made: dict[object, DraftMessage] = {}

    def take(self, use: Use, bodies: Bodies) -> Carrying:
        """Take one leg; its outline is used up."""
        carrying = Carrying(use, body=bodies)
        view = VIEWS.get(bodies.format)
        if view is not None and bodies.format in bodies.outlines:
            outline, subject = bodies.of(bodies.format), use.subject
            view.tidy(outline, subject, self._echoes)
            alone = use.leg == "errors" and view.NAME == "json"
            found = Carried(None, outline, listed=False) if alone else view.carried(outline, subject)
            carrying.carried = found
            carrying.shared = self._pool.put(found.record, use, (view.NAME, bodies.written))
        return carrying

    def name(self, carrying: Carrying) -> str | None:
        """Give the name of a leg's message, drafting it if need be; None where it carries none that can be named."""
        bodies = carrying.body
        assert bodies is not None, "every leg has its bodies"
        if carrying.shared is not None and carrying.carried is not None:
            record = self._record(carrying.shared)
            if carrying.carried.steps is None:
                return record
            return self._list(carrying, bodies, record)
        drafter = _DRAFTERS.get(bodies.format)
        return None if drafter is None or bodies.format not in FORMATS else drafter(self, carrying)

    def all(self) -> Iterator[DraftMessage]:
        """Give the messages in the order in which they were drafted."""
        yield from self._made.values()

    def _record(self, shared: Shared) -> str:
        if shared.name:
            return shared.name
        shared.name = self._unused(shared.subject or "record")
        view = VIEWS[shared.format]
        view.tidy(shared.outline, shared.subject, self._echoes)
        found = list(spots(shared.outline))
        told = [one for use in shared.uses if use.leg == "body" for one in use.told]
        fields = label(found, shared.subject, view, told=frozenset(at for at, _ in told), hold=self._hold)
        records = max(shared.outline.objects - shared.partial, 1)
        customer, suggestions = _customer(shared, view.customers(found, records, shared.subject))
        fields = _named(tuple(_of_customer(field, customer) for field in fields), shared.outline, view)
        selectors = [
            *(field.selector for field in fields),
            *(one.name for one in (customer, *suggestions) if one is not None and one.kind == "body"),
            *(text for use in shared.uses if use.leg == "body" for one in use.told for text in one),
        ]
        self._made[id(shared)] = DraftMessage(
            shared.name,
            view.NAME,
            fields,
            customer=customer,
            suggestions=suggestions,
            notes=(*_of_maps(shared.outline, view), *_remarks(shared)),
            options=_options(view, shared.written, selectors, self._purse),
        )
        return shared.name

    def _list(self, carrying: Carrying, bodies: Bodies, record: str) -> str:
        """Draft what stands around records; two that are alike are one."""
        found, view = carrying.carried, VIEWS[bodies.format]
        assert found is not None, "there are records"
        assert found.steps is not None, "there is something around them"
        outer = view.frame(bodies.of(bodies.format), found.steps)
        fields = label(outer, "", view, frame=True, hold=self._hold)
        records = view.records(found.steps)
        options = _options(view, bodies.written, [records, *(field.selector for field in fields)], self._purse)
        key = (record, records)
        known = self._made.get(key)
        if known is not None:
            mine = {field.selector for field in known.fields}
            more = tuple(field for field in fields if field.selector not in mine)
            self._made[key] = replace(known, fields=(*known.fields, *more), options=_both(known.options, options))
            return known.name
        base = (
            many_of(record) if found.listed else f"{record}-answer" if carrying.use.leg != "body" else f"{record}-sent"
        )
        name = self._unused(base or "records")
        self._made[key] = DraftMessage(name, view.NAME, fields, records=records, each=record, options=options)
        return name

    def _hold(self, place: Outline, called: str) -> Holding | None:
        """Draft the message that the values of a place hold; None unless all of them hold the same."""
        texts = place.strings - place.empty
        if len(place.held) != 1 or place.holding != texts or place.kinds != {"text"}:
            return None
        ((coding, bodies),) = place.held.items()
        kinds = [kind for kind, count in bodies.kinds.items() if count]
        if len(kinds) != 1 or kinds[0] not in FORMATS:
            return None
        subject = one_of(called) or "content"
        name = self._document_within(kinds[0], subject)
        if kinds[0] in VIEWS:
            name = self._record_within(kinds[0], subject, bodies)
        told = f"{place.holding} of {texts} values hold {kinds[0]}{'' if coding == 'text' else f' in {coding}'}"
        return Holding(name, coding, Reason("", told, BESIDE))

    def _record_within(self, kind: str, subject: str, bodies: Bodies) -> str:
        """Draft the message of a format with fields that values hold; one that is there already is the same."""
        view, outline = VIEWS[kind], bodies.of(kind)
        view.tidy(outline, subject, self._echoes)
        found = view.carried(outline, subject)
        shared = Shared(subject if found.steps is None else f"{subject}-record", found.record, (kind, bodies.written))
        record = self._record(shared)
        made = self._made.pop(id(shared))
        key = (kind, repr(made.options), made.customer and made.customer.name, *sorted(_alike(made)))
        known = self._within.setdefault(key, record)
        if known == record:
            self._made[key] = made
        if found.steps is None:
            return known
        return self._list(Carrying(Use.nowhere(subject), found, shared, bodies), bodies, known)

    def _document_within(self, kind: str, subject: str) -> str:
        """Draft the message of a document that values hold."""
        if kind in VIEWS:
            return ""
        about = record_of(subject)
        key = (kind, subject, "within")
        if key not in self._made:
            self._made[key] = DraftMessage(self._unused(subject), kind, class_=_shown(kind, about, "the name"))
        return self._made[key].name

    def _document(self, carrying: Carrying) -> str:
        """Draft a message for bodies that are passed whole."""
        bodies, use = carrying.body, carrying.use
        assert bodies is not None, "every leg has its bodies"
        route = use.route
        about = record_of(route.subject) or record_of(route.above)
        proposal = _shown(bodies.format, about, "the path")
        class_ = proposal.class_
        customer, suggestions = _chosen(outside(use.group, route.variables), use.leg)
        key = (bodies.format, class_, customer, one_of(route.subject))
        if key not in self._made:
            name = self._unused(one_of(route.subject) or "document")
            self._made[key] = DraftMessage(
                name, bodies.format, class_=proposal, customer=customer, suggestions=suggestions
            )
        return self._made[key].name

    def _unused(self, base: str) -> str:
        name, count = base, 2
        while name in self._used:
            name, count = f"{base}-{count}", count + 1
        self._used.add(name)
        return name


_DRAFTERS: dict[str, Callable[[Messages, Carrying], str]] = dict.fromkeys(MARKABLE, Messages._document)  # noqa: SLF001 - its own
"""How a message is drafted for bodies that aren't JSON, by format."""


def notes(leg: str, bodies: Bodies, *, named: bool) -> Iterator[str]:
    """Say what of a leg's bodies the draft doesn't cover, and what becomes of it."""
    if leg == "errors" and not named:
        return  # an error's body that no message is named for is withheld, and the status passes
    total = sum(bodies.kinds.values())
    for kind, count in sorted(bodies.kinds.items()):
        many = f"{count} of {total} {_LEGS[leg]}"
        if kind in _BODIES:
            yield f"{many} are {_BODIES[kind]}, which no format of the catalogue describes field by field: refused"
        elif named and kind not in {bodies.format, "none", "unreadable"}:
            yield f"{many} are {kind}, the others {bodies.format}: refused"
        elif not named and kind in FORMATS:
            yield f"{many} are {kind}, of which nothing is known: refused, until you write a message for them"
    seen = bodies.options.get(bodies.format)
    if named and seen is not None and len(seen) > 1 and sum(seen.values()) > seen[bodies.written]:
        others = sum(seen.values()) - seen[bodies.written]
        yield f"{others} of {total} {_LEGS[leg]} are written in another way than the message says: refused"
    for refusal, count in sorted(bodies.refusals.items()):
        yield f"{count} of {total} {_LEGS[leg]} can't be read ({refusal}): refused"
    if leg == "body" and named and bodies.kinds["none"]:
        yield f"{bodies.kinds['none']} of {total} requests had no body: refused"


def _shown(kind: str, about: str, where: str) -> Proposal:
    """Propose what a document shows; `about` is what `where` says that it is about."""
    if about in _CLASSES:
        return Proposal(_CLASSES[about], Confidence.MEDIUM, (Reason(_CLASSES[about], f"{where} says {about}", BESIDE),))
    class_ = "business.document" if kind == "pdf" else "business.photo"
    doubt = ("nothing tells what it shows",)
    return Proposal(class_, Confidence.LOW, (Reason(class_, f"it is a {kind}", BESIDE),), doubt)


def _of_customer(field: DraftField, customer: Suggestion | None) -> DraftField:
    """Say of the field that surely names the customer what it is, where nothing else does."""
    if customer is None or customer.kind != "body" or field.selector != customer.name or field.contains:
        return field
    if field.proposal.confidence is not Confidence.LOW or field.proposal.reasons:
        return field
    reason = Reason("user.unique_id", "it names the customer", BESIDE)
    return replace(field, proposal=Proposal("user.unique_id", Confidence.MEDIUM, (reason,)))


def _alike(message: DraftMessage) -> Iterator[str]:
    return (f"{field.selector} {field.proposal.class_} {field.contains}" for field in message.fields)


def _options(view: View, seen: Options, selectors: Sequence[str], purse: Purse) -> tuple[tuple[str, object], ...]:
    return tuple(sorted(view.options(seen, selectors, purse).items()))


def _both(one: tuple[tuple[str, object], ...], other: tuple[tuple[str, object], ...]) -> tuple[tuple[str, object], ...]:
    """Unite options: names of both."""
    made = dict(one)
    for name, value in other:
        mine = made.get(name)
        made[name] = {**mine, **value} if isinstance(mine, dict) and isinstance(value, dict) else value
    return tuple(sorted(made.items()))


def _remarks(shared: Shared) -> Iterator[str]:
    """Tell what bodies of a record's kind have that no field can name."""
    found: Counter[str] = Counter()
    for use in shared.uses:
        for (kind, remark), count in getattr(use.group, use.leg).remarks.items():
            if kind == shared.format:
                found[remark] += count
    return (f"{remark} ({count} of the bodies)" for remark, count in sorted(found.items()))


def _of_maps(outline: Outline, view: View) -> tuple[str, ...]:
    """Tell of names that are data."""
    if view.NAME not in {"json", "ndjson"}:
        return ()
    return tuple(
        f"names below {written(steps)} look like {told}: they have a label of their own"
        for steps, told, _ in maps(outline)
    )


def _named(fields: tuple[DraftField, ...], outline: Outline, view: View) -> tuple[DraftField, ...]:
    """Label names that are data, beside what stands under them."""
    if view.NAME not in {"json", "ndjson"}:
        return fields
    names = {written((*steps, ANY)): (told, class_) for steps, told, class_ in maps(outline)}
    made = [replace(one, names=names.pop(one.selector)[1]) if one.selector in names else one for one in fields]
    for selector, (told, class_) in names.items():
        proposal = Proposal("", Confidence.LOW, doubts=(f"the names look like {told}",))
        made.append(DraftField(selector, proposal, always=False, names=class_))
    return tuple(made)


def _customer(shared: Shared, inside: tuple[Suggestion, ...]) -> tuple[Suggestion | None, tuple[Suggestion, ...]]:
    """Choose where a record's customer is: in the record, if that is sure, else around it."""
    if inside and inside[0].confidence is Confidence.HIGH:
        return inside[0], inside[1:]
    if shared.subject == "error":
        return None, ()
    common: list[Suggestion] | None = None
    for use in shared.uses:
        mine = {(one.kind, one.name): one for one in outside(use.group, use.route.variables) if _fits(one, use.leg)}
        common = [*mine.values()] if common is None else [one for one in common if (one.kind, one.name) in mine]
    customer, others = _chosen(tuple(common or ()), "")
    return customer, (*inside, *others)[:3]


def _chosen(found: tuple[Suggestion, ...], leg: str) -> tuple[Suggestion | None, tuple[Suggestion, ...]]:
    fitting = tuple(one for one in found if _fits(one, leg))
    if fitting and fitting[0].confidence is Confidence.HIGH:
        return fitting[0], fitting[1:3]
    return None, fitting[:3]


def _fits(one: Suggestion, leg: str) -> bool:
    return not (one.kind == "response-header" and leg == "body")
