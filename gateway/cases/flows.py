"""The made-up part of a case: the flow, the answer to it, and what its customers agreed to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from gateway.cases.bodies import Body, read_body
from gateway.cases.model import Attached, Customers
from gateway.cases.texts import is_text_of, sent
from gateway.catalog.requests import HEADER, METHOD
from gateway.errors import Place, Unreadable
from gateway.faults import Fault
from gateway.flow import CustomerFacts, Flow, Headers, Purpose, Request, Response, header
from gateway.formats import codings
from gateway.policy.named import Named
from gateway.policy.schemas.cases import ACTOR, CUSTOMER, EVERYONE, KEYS
from gateway.policy.situation import OPERATOR, supposed
from gateway.policy.when import SOURCES
from gateway.yamlsource import Listing, Node, Reader, Section

NOON = 1_767_614_400_000_000_000
"""Monday, 2026-01-05 12:00 UTC: when a case happens that doesn't say so; always the same, so that runs repeat."""

_NANOSECONDS = 1_000_000_000
_FAR = 253_370_764_800  # the year 9999, in seconds: with any zone added it is still a date
_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")  # RFC 9110 section 5.5, without tabs


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Reads the made-up parts of the cases of one file."""

    reader: Reader
    named: Named
    file: str
    attached: Attached | None = None
    _held: dict[str, bytes | None] = field(default_factory=dict)

    def flow(self, section: Section) -> Flow:
        """Read who asks what."""
        operator = section.section("operator", ACTOR)
        purpose = section.text("purpose", None)
        said = section.choice("purpose_from", SOURCES, "claim")
        method, target = self._request(section.get("request"))
        peer, at = section.get("peer"), section.get("at")
        return Flow(
            id="case",
            started=NOON if at is None else self._moment(at),
            to=self._system(section.get("to")),
            request=Request(method, target, *self._message(section)),
            operator=supposed(
                {
                    name: operator.text(name, None) if among is None else operator.choice(name, among, None)
                    for name, among in OPERATOR.items()
                },
                self._system(section.get("from")),
                operator.text("subject"),
            ),
            purpose=None if purpose is None else Purpose(purpose, said),
            peer="" if peer is None else self._peer(peer),
        )

    def response(self, section: Section) -> Response:
        """Read what the system answers."""
        if section.node is None:
            return Response(204)
        headers, body = self._message(section)
        return Response(section.integer("status", 200, minimum=100, maximum=599), headers, body)

    def customers(self, section: Section) -> Customers:
        """Read what customers agreed to, and what is known of them."""
        named: dict[str, CustomerFacts] = {}
        places: dict[str, Place] = {}
        keyless: set[str] = set()
        for key, node in section.entries("customers"):
            told = self.reader.section(node, CUSTOMER)
            consents = told.get("consents")
            nothing = consents is None or (isinstance(consents, Listing) and not consents.items)
            agreed = [self.named.consent(self.reader, item) for item in (() if nothing else told.listing("consents"))]
            attributes = {name.text: self.reader.text(value) for name, value in told.entries("attributes")}
            named[key.text] = CustomerFacts(
                customer=key.text,
                consents=frozenset(filter(None, agreed)),
                attributes={name: value for name, value in attributes.items() if value is not None},
            )
            places[key.text] = key.place
            if told.choice("keys", KEYS, "some") == "none":
                if key.text == EVERYONE:
                    hint = "name the customers whose keys are gone"
                    message = "nobody can have destroyed everyone's keys"
                    self.reader.fault(told.members["keys"], message, hint, code=Fault.CONTRADICTION)
                keyless.add(key.text)
        others = named.pop(EVERYONE, None)
        return Customers(named, places, others, frozenset(keyless))

    def attach(self, body: Body | None, *, needed: bool) -> Body | None:
        """Give a body with what its file holds; one that isn't there is recorded if it is `needed`."""
        if body is None or not body.file or self.attached is None:
            return body
        if body.file not in self._held:
            self._held[body.file] = self.attached(body.file)
        data = self._held[body.file]
        if data is None and needed:
            self.reader.fault(body.place, f"there is no file {body.file}", code=Fault.NO_BODY_FILE)
        return Body(body.place, data, body.type, body.file)

    def _message(self, section: Section) -> tuple[Headers, bytes]:
        """Read headers and body; the content type follows the body where no header says it."""
        headers = tuple(self._headers(section))
        body = self.attach(read_body(self.reader, section, self.file), needed=True)
        if body is not None and body.type and header(headers, "content-type") is None:
            headers = (("Content-Type", body.type), *headers)
        kind = header(headers, "content-type")
        if body is None:
            return headers, b""
        plain = body.data or b""
        if body.text is not None and kind is not None and is_text_of(kind):
            plain = self._sent(body, body.text, kind)
        return headers, plain if body.file else _coded(plain, header(headers, "content-encoding"))

    def _sent(self, body: Body, text: str, kind: str) -> bytes:
        try:
            return sent(text, kind)
        except ValueError as error:
            hint = "name another charset in the content type, or put the body in a file"
            self.reader.fault(body.node or body.place, f"the body can't be sent so: {error}", hint, code=Fault.NO_JSON)
            return b""

    def _headers(self, section: Section) -> Iterator[tuple[str, str]]:
        for key, node in section.entries("headers"):
            if not re.fullmatch(HEADER, key.text):
                self.reader.fault(key, f'"{key.text[:100]}" is no name of a header', code=Fault.BAD_HEADER)
            for item in self.reader.listing(node):
                value = self.reader.text(item)
                if value is not None and not _VALUE.fullmatch(value):
                    self.reader.fault(
                        item, "no header can have this value", "write it in Latin letters", code=Fault.BAD_HEADER
                    )
                elif value is not None:
                    yield key.text, value

    def _system(self, node: Node | None) -> str:
        found = None if node is None else self.named.systems(self.reader, (node,))
        return next(iter(found or ()), "")

    def _request(self, node: Node | None) -> tuple[str, str]:
        text = None if node is None else self.reader.text(node)
        if node is None or text is None:
            return "", "/"
        method, _, target = text.partition(" ")
        if not re.fullmatch(METHOD, method) or not target.startswith("/"):
            hint = "write it like GET /api/orders/7?lines=all"
            self.reader.fault(node, "a request is a method and a path", hint, code=Fault.BAD_REQUEST)
        return method, target

    def _peer(self, node: Node) -> str:
        text = self.reader.text(node)
        try:
            return str(ip_address(text)) if text is not None else ""
        except ValueError:
            hint = "write it like 10.20.0.7 or 2001:db8::7"
            self.reader.fault(node, f'"{(text or "")[:100]}" is no address', hint, code=Fault.BAD_PEER)
            return ""

    def _moment(self, node: Node) -> int:
        """Read a moment with its zone, in nanoseconds since the epoch."""
        text = self.reader.text(node)
        if text is None:
            return NOON
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None and 0 <= moment.timestamp() < _FAR:
                return int(moment.timestamp()) * _NANOSECONDS
        except (ValueError, OverflowError):
            pass
        hint = "write it like 2026-01-05T18:30+01:00, or with Z for UTC"
        self.reader.fault(node, f'"{text[:100]}" is no moment', hint, code=Fault.BAD_MOMENT)
        return NOON


def _coded(plain: bytes, coding: str | None) -> bytes:
    """Put what is written out into the coding that its header names; a file is sent as it is."""
    try:
        return codings.encode(plain, coding) if coding else plain
    except Unreadable:
        return plain  # the gate refuses such a coding, which may be what the case is about
