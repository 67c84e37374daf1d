"""Messages for the legs of operations: JSON records shared between them, lists around records, documents as a whole.

A format that the catalogue comes to know later gets its drafter in `_DRAFTERS`; until then, notes tell of its bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.discover.bodies import DOCUMENTS
from gateway.discover.customers import in_record, outside
from gateway.discover.draft import DraftMessage, Suggestion
from gateway.discover.group import Bodies
from gateway.discover.labels import label
from gateway.discover.name_reasons import BESIDE
from gateway.discover.naming import many_of, one_of
from gateway.discover.outline import Outline
from gateway.discover.pool import Pool, Shared, Use
from gateway.discover.proposal import Confidence, Proposal, Reason
from gateway.discover.records import Carried, around, beside, carried
from gateway.discover.spots import maps, spots, tidy, written
from gateway.discover.words import record_of
from gateway.formats.registry import FORMATS

_CLASSES = {
    "invoice": "business.invoice", "drawing": "business.drawing", "photo": "business.photo",
    "contract": "business.contract",
    "delivery": "business.delivery", "order": "business.order", "quality": "business.quality",
}  # fmt: skip
_BODIES = {
    "html": "HTML", "script": "scripts", "style": "styles", "font": "fonts", "image": "pictures of another format",
    "media": "sound or film", "event-stream": "event streams", "ndjson": "JSON lines", "form": "forms",
    "multipart": "multipart", "csv": "CSV", "xml": "XML", "spreadsheet": "spreadsheets", "archive": "archives",
    "edifact": "EDIFACT", "x12": "X12", "text": "text", "binary": "bytes of no known format",
}  # fmt: skip
_BY_HAND = {
    "event-stream": "sse", "ndjson": "ndjson", "form": "form", "multipart": "multipart", "csv": "csv", "xml": "xml",
    "archive": "zip", "edifact": "edifact", "x12": "x12",
}  # fmt: skip
"""Bodies for which the catalogue has a format, and no message is drafted."""
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

    def __init__(self, echoes: set[int], taken: Iterable[str] = ()) -> None:
        """Start with none; `echoes` are checksums of texts that answers held, `taken` names that are taken."""
        self._echoes = echoes
        self._pool = Pool()
        self._used = set(taken)
        self._made: dict[object, DraftMessage] = {}

    def take(self, use: Use, bodies: Bodies) -> Carrying:
        """Take one leg; its outline is used up."""
        carrying = Carrying(use, body=bodies)
        if bodies.format == "json":
            subject = use.subject
            tidy(bodies.outline, subject, self._echoes)
            alone = Carried(None, bodies.outline, listed=False)
            found = alone if use.leg == "errors" else carried(bodies.outline, subject)
            carrying.carried = found
            carrying.shared = self._pool.put(found.record, use)
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
        tidy(shared.outline, shared.subject, self._echoes)
        found = list(spots(shared.outline))
        customer, suggestions = _customer(shared, in_record(found, max(shared.outline.objects, 1), shared.subject))
        self._made[id(shared)] = DraftMessage(
            shared.name,
            "json",
            label(found, shared.subject, told=frozenset(at for use in shared.uses for at, _ in use.told)),
            customer=customer,
            suggestions=suggestions,
            notes=_of_maps(shared.outline),
        )
        return shared.name

    def _list(self, carrying: Carrying, bodies: Bodies, record: str) -> str:
        """Draft what stands around records; two that are alike are one."""
        found = carrying.carried
        assert found is not None, "there are records"
        assert found.steps is not None, "there is something around them"
        fields = label(beside(spots(around(bodies.outline, found.steps)), found.steps), "", frame=True)
        records = written(found.steps)
        key = (record, records)
        known = self._made.get(key)
        if known is not None:
            mine = {field.selector for field in known.fields}
            more = tuple(field for field in fields if field.selector not in mine)
            self._made[key] = replace(known, fields=(*known.fields, *more))
            return known.name
        base = (
            many_of(record) if found.listed else f"{record}-answer" if carrying.use.leg != "body" else f"{record}-sent"
        )
        name = self._unused(base or "records")
        self._made[key] = DraftMessage(name, "json", fields, records=records, each=record)
        return name

    def _document(self, carrying: Carrying) -> str:
        """Draft a message for bodies that are passed whole."""
        bodies, use = carrying.body, carrying.use
        assert bodies is not None, "every leg has its bodies"
        route = use.route
        about = record_of(route.subject) or record_of(route.above)
        fallback = "business.document" if bodies.format == "pdf" else "business.photo"
        class_ = _CLASSES.get(about, fallback)
        confidence = Confidence.MEDIUM if about in _CLASSES else Confidence.LOW
        reason = Reason(class_, f"the path says {about}" if about in _CLASSES else f"it is a {bodies.format}", BESIDE)
        proposal = Proposal(
            class_, confidence, (reason,), () if about in _CLASSES else ("nothing tells what it shows",)
        )
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


_DRAFTERS: dict[str, Callable[[Messages, Carrying], str]] = dict.fromkeys(DOCUMENTS, Messages._document)  # noqa: SLF001 - its own
"""How a message is drafted for bodies that aren't JSON, by format."""


def notes(leg: str, bodies: Bodies, *, named: bool) -> Iterator[str]:
    """Say what of a leg's bodies the draft doesn't cover, and what becomes of it."""
    if leg == "errors" and not named:
        return  # an error's body that no message is named for is withheld, and the status passes
    total = sum(bodies.kinds.values())
    for kind, count in sorted(bodies.kinds.items()):
        if kind in _BODIES:
            many = f"{count} of {total} {_LEGS[leg]}"
            form = _BY_HAND.get(kind)
            none = "which no format of the catalogue describes: refused"
            told = f"of which no message is drafted: refused, until you write one of `format: {form}`" if form else none
            yield f"{many} are {_BODIES[kind]}, {told}"
        elif named and kind not in {bodies.format, "none", "unreadable"}:
            yield f"{count} of {total} {_LEGS[leg]} are {kind}, the others {bodies.format}: refused"
    for refusal, count in sorted(bodies.refusals.items()):
        yield f"{count} of {total} {_LEGS[leg]} can't be read ({refusal}): refused"
    if leg == "body" and named and bodies.kinds["none"]:
        yield f"{bodies.kinds['none']} of {total} requests had no body: refused"


def _of_maps(outline: Outline) -> tuple[str, ...]:
    """Tell of names that are data: where values are treated, names stay."""
    return tuple(
        f"names below {written(steps)} look like {told}: where they must not pass, label {written(steps)} itself"
        for steps, told in maps(outline)
    )


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
