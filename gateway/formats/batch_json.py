"""What batches written in JSON have in common: members with an address, header fields and a body, at exact places."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import Unreadable
from gateway.flow import Headers, Request, Response, header
from gateway.formats import charset, embedded, json_scan, json_spans, media
from gateway.formats.batch import Call, Reply, own
from gateway.formats.batch_target import Address
from gateway.formats.charset import Charset
from gateway.formats.json_format import Json
from gateway.formats.json_spans import Span
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType

_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_NAME = re.compile(r"[A-Za-z0-9_.~:+-]{1,128}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIRST, _LAST = 200, 599
_NULL = b"null"


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A JSON text that was found sound, in UTF-8, and how it came."""

    plain: bytes
    body: bytes
    charset: Charset

    @classmethod
    def read(cls, message: Request | Response, limits: BodyLimits) -> Text:
        """Check the body of a message. Raises `Unreadable`, as JSON bodies do."""
        plain, kind = message.body, media.parse(header(message.headers, "content-type"))
        found = charset.find(plain, kind.charset)
        body = charset.to_utf8(plain, found)
        Json().agree(kind, body)
        json_scan.check_text(body)
        json_scan.check_count(body, limits.values)
        json_scan.check_syntax(body, limits.depth)
        return cls(plain, body, found)

    @property
    def whole(self) -> Span:
        """Give where the value stands."""
        return json_spans.whole(self.body)

    def raw(self, at: Span) -> bytes:
        """Give a value as it is written."""
        return self.body[at.start : at.end]

    def value(self, at: Span | None) -> Any:
        """Give a value; numbers are text in a pair of brackets, so that none is taken for another or for text."""
        return None if at is None else json.loads(self.raw(at), parse_int=_number, parse_float=_number)

    def members(self, at: Span, known: Collection[str], needed: Collection[str] = ()) -> Mapping[str, Span]:
        """Give an object's members. Raises `Unreadable`: body-malformed; unlisted-field for one that isn't known."""
        found = json_spans.members(self.body, at)
        if found is None or not found.keys() >= set(needed):
            raise malformed("an object of the batch is none, or lacks what it needs")
        if not found.keys() <= set(known):
            raise Unreadable("unlisted-field", "an object of the batch has members that are not known")
        return found

    def items(self, at: Span, limits: BodyLimits) -> tuple[Span, ...]:
        """Give a list's items. Raises `Unreadable`: body-malformed, body-too-large."""
        found = json_spans.items(self.body, at)
        if not found:
            raise malformed("the batch is no list, or an empty one")
        if len(found) > limits.calls:
            raise Unreadable("body-too-large", f"the batch holds more than {limits.calls} requests")
        return found

    def flags(self, found: Mapping[str, Span], names: Collection[str]) -> None:
        """Check that members are true or false. Raises `Unreadable`: body-malformed."""
        if any(name in found and self.raw(found[name]) not in {b"true", b"false"} for name in names):
            raise malformed("a member of the batch that is true or false is neither")

    def method(self, at: Span) -> str:
        """Give a method in upper case. Raises `Unreadable`: body-malformed."""
        value = self.value(at)
        if not isinstance(value, str) or not _METHOD.fullmatch(value):
            raise malformed("a method in the batch is none")
        return value.upper()

    def status(self, at: Span) -> int:
        """Give a status. Raises `Unreadable`: body-malformed."""
        text = self.raw(at)
        if not text.isdigit() or not _FIRST <= int(text[:4]) <= _LAST:
            raise malformed("a status in the batch is none")
        return int(text)

    def text(self, at: Span) -> str:
        """Give a text. Raises `Unreadable`: body-malformed."""
        value = self.value(at)
        if not isinstance(value, str):
            raise malformed("a member of the batch that is text is none")
        return value

    def name(self, at: Span) -> str:
        """Give a name that messages of a batch are told by, or a whole number as such. Raises `Unreadable`."""
        raw = self.raw(at)
        value = raw.decode() if raw.lstrip(b"-").isdigit() else self.value(at)
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise malformed("a name in the batch is none")
        return value

    def headers(self, at: Span | None) -> Headers:
        """Give header fields. Raises `Unreadable`: body-malformed."""
        found = None if at is None else self.value(at)
        if found is None:
            return ()
        if not isinstance(found, dict):
            raise malformed("header fields of the batch are no object")
        for name, value in found.items():
            if not _TOKEN.fullmatch(name) or not isinstance(value, str) or not _one_line(value):
                raise malformed("a header field of the batch is none")
        return tuple((name, value.encode().decode("latin-1")) for name, value in found.items())

    def written(self, changes: Mapping[Span, bytes]) -> bytes:
        """Put other values in the place of some; the very same object where there are none. Raises `Unreadable`."""
        new = json_spans.replaced(self.body, changes)
        return self.plain if new is self.body else charset.from_utf8(new, self.charset)


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Where the parts of one request or answer stand. `body` is what its member holds; `coding` how."""

    text: Text
    at_body: Span | None
    body: bytes
    coding: str
    headers: Headers = ()
    at_headers: Span | None = None
    at_address: Span | None = None
    address: Address = Address("")  # noqa: RUF009 - frozen

    @classmethod
    def read(cls, text: Text, found: Mapping[str, Span], body: str, headers: str = "", address: str = "") -> Cell:
        """Read the members of these names. Raises `Unreadable`."""
        fields, at = text.headers(found.get(headers)), found.get(body)
        if at is None or text.raw(at) == _NULL:
            return cls(text, at, b"", "json", fields, found.get(headers), found.get(address))
        coding = _coding(media.parse(header(fields, "content-type")))
        held = text.raw(at) if coding == "json" else embedded.take(text.text(at), coding, len(text.body), 1).body
        return cls(text, at, held, coding, fields, found.get(headers), found.get(address))

    def addressed(self, address: Address) -> Cell:
        """Say where it goes."""
        return Cell(
            self.text, self.at_body, self.body, self.coding, self.headers, self.at_headers, self.at_address, address
        )

    def request(self, forwarded: Request, headers: Headers) -> dict[Span, bytes]:
        """Give what changes with a treated request, whose own header fields are `headers`. Raises `Unreadable`."""
        changes = self._changes(forwarded.body, headers)
        if self.at_address is not None:
            written = self.address.written(forwarded.target)
            if written != self.text.value(self.at_address):
                changes[self.at_address] = _dumped(written)
        return changes

    def response(self, released: Response) -> dict[Span, bytes]:
        """Give what changes with a treated answer. Raises `Unreadable`."""
        return self._changes(released.body, released.headers)

    def _changes(self, body: bytes, headers: Headers) -> dict[Span, bytes]:
        changes: dict[Span, bytes] = {}
        if body is not self.body and body != self.body:
            if self.at_body is None:
                raise malformed("there is no place for a body in the batch")
            changes[self.at_body] = self._held(body)
        if headers != self.headers and self.at_headers is not None:
            changes[self.at_headers] = _dumped({name: value.encode("latin-1").decode() for name, value in headers})
        return changes

    def _held(self, body: bytes) -> bytes:
        """Write a body as the value that holds it."""
        if not body:
            return _NULL
        if self.coding == "json":
            return body
        before = self.text.text(self.at_body) if self.at_body is not None else ""
        return _dumped(embedded.take(before, self.coding, len(before), 1).back(body))


@dataclass(frozen=True, slots=True, eq=False)
class JsonAsked:
    """The requests of a batch, and where each stands."""

    text: Text
    calls: Sequence[Call]
    cells: Sequence[Cell]

    def written(self, forwarded: Sequence[Request]) -> bytes:
        """See `formats.batch`."""
        changes: dict[Span, bytes] = {}
        for cell, call, request in zip(self.cells, self.calls, forwarded, strict=True):
            changes |= cell.request(request, own(request, call))
        return self.text.written(changes)


@dataclass(frozen=True, slots=True, eq=False)
class JsonAnswered:
    """The answers of a batch, each with the cell that it stands in."""

    text: Text
    replies: Sequence[Reply]
    cells: Sequence[Cell]

    def written(self, released: Sequence[Response]) -> bytes:
        """See `formats.batch`."""
        changes: dict[Span, bytes] = {}
        for cell, response in zip(self.cells, released, strict=True):
            changes |= cell.response(response)
        return self.text.written(changes)


def malformed(message: str) -> Unreadable:
    """Give the error for a batch that isn't what it should be."""
    return Unreadable("body-malformed", message)


def _coding(kind: MediaType) -> str:
    """Tell how JSON holds a body of a type (OData JSON format 4.01 section 19.1): itself, as text, or in base64url."""
    if kind.kind == media.UNCLEAR or kind.charset not in _UTF8:
        raise Unreadable("body-ambiguous", "a body in the batch has a content type that can't be true")
    if kind.kind in {"", "application/json", "text/json"} or kind.kind.endswith("+json"):
        return "json"
    return "text" if kind.kind.startswith("text/") else "base64url"


def _number(text: str) -> list[str]:
    return [text]


def _one_line(value: str) -> bool:
    return value.isprintable() or value.replace("\t", " ").isprintable()


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
