"""Steps 1 and 2: bytes become a document with all that is embedded in it, and each record finds its customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gateway.catalog.model import CustomerSource
from gateway.catalog.path import Query
from gateway.errors import KeysUnavailable, Unreadable
from gateway.flow import Flow, Headers, Leg, header
from gateway.formats import charset, codings, embedded, media
from gateway.formats.alike import alike
from gateway.formats.document import Document, Edit, Edits, Scalar, Spot
from gateway.formats.format import Piece, charset_of
from gateway.formats.head import compared
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.parts import Part
from gateway.regime import Labels, MessagePlan
from gateway.steps.find import Aim
from gateway.steps.reading import Place, Reading
from gateway.tokens.shapes import could_be_token, is_unmistakable

Whose = Callable[[str], str | None]
"""Tell whose token this is. Raises `KeysUnavailable`."""

LONGEST_ID = 256
"""A customer's id of more characters is no id; nor is one with control characters."""


def read(
    leg: Leg, flow: Flow, aim: Aim, plan: MessagePlan, headers: Headers, body: bytes, limits: BodyLimits, whose: Whose
) -> Reading:
    """Decode and parse a leg's body as the catalogue says it is. Raises `Unreadable` where it isn't.

    `headers` are the leg's own. What is embedded is read as well, under one budget for all. `whose` tells the customer
    where a token stands for the id.
    """
    coding = header(headers, "content-encoding")
    plain, bare = codings.opened(body, coding, limits.size, limits.ratio)
    if len(plain) > limits.size:
        raise Unreadable("body-too-large", "decoded body over the limit")
    kind = media.parse(header(headers, "content-type"))
    reader = Reader(flow, aim, headers if leg is Leg.RESPONSE else (), limits, whose)
    reading = reader.read(plan, kind, plain, body, coding)
    reading.bare = bare
    return reading


class Reader:
    """Reads a body and what it holds, and counts what is held."""

    def __init__(self, flow: Flow, aim: Aim, answer_headers: Headers, limits: BodyLimits, whose: Whose) -> None:
        self.flow = flow
        self.aim = aim
        self.answer_headers = answer_headers
        self.limits = limits
        self.whose = whose
        self.left = limits.inner
        self.size = limits.size

    def read(
        self,
        plan: MessagePlan,
        kind: MediaType,
        plain: bytes,
        body: bytes,
        coding: str | None = None,
        owner: str | None = None,
        depth: int = 0,
        *,
        characters: bool = False,
    ) -> Reading:
        """Read a body; `owner` is the customer of the record that it is embedded in, `depth` how deep it lies there.

        `characters` tells that it was a text, whatever charset it names.
        """
        form = plan.format
        encoded = charset.of_text(plain) if characters else charset_of(form, plain, kind.charset)
        text = charset.to_utf8(plain, encoded)
        form.agree(kind, text)
        document = form.read(text, plan.layout, self.limits)
        customers = self._customers(plan, document, owner, outermost=not depth)
        return self._opened(Reading(plan, document, body, text, coding, encoded, customers), depth)

    def piece(self, plan: MessagePlan, piece: Piece) -> Reading:
        """Read what was cut out of a stream; each piece has the whole budget, since none stays when it has gone on."""
        self.left, self.size = self.limits.inner, self.limits.size
        customers = self._customers(plan, piece.document, None, outermost=True)
        return self._opened(
            Reading(plan, piece.document, piece.text, piece.text, None, charset.PLAIN, customers), depth=0
        )

    def _opened(self, reading: Reading, depth: int) -> Reading:
        """Read what is embedded."""
        if reading.plan.contains:
            reading.inner = {place: self._embedded(place, depth + 1) for place in _places(reading)}
        return reading

    def _embedded(self, place: Place, depth: int) -> Reading:
        """Read a message that a value holds. Raises `Unreadable`."""
        contained, owner, value = place
        self.left -= 1
        if self.left < 0 or depth > self.limits.inner_depth:
            raise Unreadable("body-too-deep", "too much is embedded in the body")
        value = value if isinstance(value, Part) else str(value)
        held = embedded.take(value, contained.coding, self.limits.size, self.limits.ratio)
        self.size -= len(held.body)
        if self.size < 0:
            raise Unreadable("body-too-large", "what is embedded in the body is over the limit")
        characters = contained.coding == "text" and isinstance(value, str) and contained.plan.format.TEXT
        kind = media.parse(held.media)
        reading = self.read(contained.plan, kind, held.body, held.body, None, owner, depth, characters=characters)
        reading.back, reading.bare = held.back, held.bare
        return reading

    def _customers(
        self, plan: MessagePlan, document: Document, owner: str | None, *, outermost: bool
    ) -> Sequence[str | None]:
        """Give the customer of each record: from the record itself, from outside the body, or from around it."""
        source = plan.customer
        if source is None and not outermost:
            return [owner] * len(document.customers)
        if source is None or source.kind in {"body", "name"}:
            named = document.customers
            if not _all_sound(named):
                named = [_sound(customer) for customer in named]
            distinct = {*named}
            if not any(map(could_be_token, distinct)):
                return named
            turned = {customer: _turned(customer, self.whose) for customer in distinct}
            return [turned[customer] for customer in named]
        found = customer_outside(plan, self.flow, self.aim, self.answer_headers, self.whose)
        return [found] * len(document.customers)


def customer_outside(plan: MessagePlan, flow: Flow, aim: Aim, answer_headers: Headers, whose: Whose) -> str | None:
    """Give the customer that the path, the query or a header names; None where there is none or more than one."""
    return _turned(_outside(plan.customer, flow, aim, answer_headers), whose)


def _outside(source: CustomerSource | None, flow: Flow, aim: Aim, answer_headers: Headers) -> str | None:
    """Give what stands where the customer is named outside of the body."""
    if source is None:
        return None
    match source.kind:
        case "path":
            return _sound(aim.match.variables.get(source.name))
        case "query":
            return _only([value for name, value in _parameters(aim.target.query) if alike(name, source.name)])
        case "request-header":
            return _only(_lines(flow.request.headers, source.name))
        case "response-header":
            return _only(_lines(answer_headers, source.name))
        case _:
            return None


def _places(reading: Reading) -> dict[Place, None]:
    """Find the values that hold messages, by a writing that changes nothing."""
    found: dict[Place, None] = {}

    def looking(labels: Labels | None) -> Edits:
        def of(spot: Spot) -> Edit | None:
            contained = labels.contained(spot) if labels else None
            if contained is None:
                return None

            def look(value: Scalar, customer: str | None) -> Scalar:
                if isinstance(value, str) and value:
                    found[contained, customer, value] = None
                elif value is not None and value != "":
                    raise Unreadable("body-wrong-type", "a value that should hold a message is no text")
                return value

            def look_at_part(part: Part, customer: str | None) -> Part:
                if part.body:
                    found[contained, customer, part] = None
                return part

            return Edit(look, part=look_at_part)

        return Edits(of)

    plan = reading.plan
    edits = looking(plan.record)
    reading.document.write([edits] * len(reading.customers), looking(plan.envelope), reading.customers)
    return found


def _lines(headers: Headers, name: str) -> list[str]:
    """Give each line of a header: two lines that name customers are two answers, not one; `X_Id` is `X-Id` to some."""
    wanted = compared(name)
    return [value.strip() for key, value in headers if compared(key) == wanted]


def _parameters(query: Query) -> Iterator[tuple[str, str]]:
    """Give each parameter; and what those servers see as one that end a parameter at a semicolon too."""
    for name, value in query:
        yield name, value
        for more in f"{name}={value}".split(";")[1:]:
            yield more.partition("=")[0], more.partition("=")[2]


def _only(found: list[str]) -> str | None:
    """Give the one value there is."""
    return _sound(found[0]) if len(set(found)) == 1 else None


def _all_sound(customers: Sequence[str | None]) -> bool:
    """Tell whether all texts are ids, at once: a table has thousands of them."""
    texts = {customer for customer in set(customers) if customer is not None}
    return "" not in texts and max(map(len, texts), default=0) <= LONGEST_ID and "".join(texts).isprintable()


def _turned(customer: str | None, whose: Whose) -> str | None:
    """Give the customer whose token stands for an id; one that is certainly a token, and nobody's, names no one."""
    if customer is None or not could_be_token(customer):
        return customer
    try:
        owner = whose(customer)
    except KeysUnavailable:
        raise Unreadable("keys-unavailable", "nobody can tell now whose token this is") from None
    return owner if owner is not None or is_unmistakable(customer) else customer


def _sound(customer: str | None) -> str | None:
    """Take no empty, endless or unprintable text for an id."""
    return customer if customer and is_customer(customer) else None


def is_customer(text: str) -> bool:
    """Tell whether a text can be a customer's id: one that is empty, endless or unprintable is none."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable()
