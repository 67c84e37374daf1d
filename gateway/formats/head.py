"""The head of a message, labelled: variables of the path, parameters of the query, header fields.

Promise: what no edit changes stays as it was sent, byte for byte: other segments, parameters and fields, their escapes,
their order and empty pairs included. A value that an edit changes is escaped anew (RFC 3986 section 2.1) in its place;
a parameter or a field that has to go leaves nothing behind. A segment of the path can't go: that is refused.

Names are compared as systems do: fields without case and with `_` as `-` (RFC 9110 section 5.1, RFC 3875 section
4.1.18), parameters after their escapes are undone, without case. A parameter or field that stands twice is treated
twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

from gateway.errors import Unreadable
from gateway.flow import Headers
from gateway.formats.document import Edits, Owner, Refused, Scalar, Signal, Spot, Touch
from gateway.formats.query_language import Asked, Asking
from gateway.formats.tally import Tally, step, text_of

_IN_PATH = "-._~!$&'()*+,=:@"  # RFC 3986 section 3.3, without ";"
_IN_QUERY = "-._~!*'(),:@/"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

WIRING = frozenset({
    "host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "te", "trailer",
    "upgrade", "expect", "range", "content-range", "via",
})  # fmt: skip
"""Fields that the message itself hangs on: they carry no data, and are not treated."""

_COMMON = WIRING | frozenset({
    "accept-patch", "accept-post", "accept-ranges", "age", "allow", "cache-control", "content-disposition",
    "content-language", "content-location", "content-security-policy", "cross-origin-opener-policy",
    "cross-origin-resource-policy", "date", "deprecation", "etag", "expires", "last-modified", "link", "location",
    "pragma", "preference-applied", "proxy-authenticate", "refresh", "retry-after", "server", "server-timing",
    "set-cookie", "strict-transport-security", "sunset", "timing-allow-origin", "traceparent", "tracestate", "vary",
    "warning", "www-authenticate", "x-content-type-options", "x-frame-options", "x-request-id", "x-correlation-id",
    "access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods",
    "access-control-allow-origin", "access-control-expose-headers", "access-control-max-age", "referrer-policy",
    "odata-version", "odata-maxversion", "odata-entityid", "dataserviceversion", "sforce-limit-info",
})  # fmt: skip
"""Response fields that need no label: those of HTTP and its kin, whose meaning is known."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the body: the raw target of a request ("" in a response), and the header fields."""

    target: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Variable:
    """A labelled variable of the path: the segment it is in, what stands around it there, its field's index."""

    name: str
    at: int
    before: str
    after: str
    index: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A labelled parameter: its index among the fields, or how it is read where it is in a query language."""

    name: str
    index: int = -1
    asking: Asking | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HeadLayout:
    """What the catalogue labels in a head.

    `parameters` is by the name as it is compared; `options` finds parameters that a query language has by itself.
    `strict` tells that unlisted parameters are looked at, `fields_strict` the same of unlisted response fields.
    `within` is how queries in the body are read, by their selectors.
    """

    variables: tuple[Variable, ...] = ()
    parameters: Mapping[str, Parameter] | None = None
    options: Callable[[str], Parameter | None] | None = None
    fields: Mapping[str, tuple[str, int]] | None = None
    strict: bool = False
    fields_strict: bool = False
    within: Mapping[str, Asking] = field(default_factory=dict)

    def parameter(self, name: str) -> Parameter | None:
        """Give what labels a parameter."""
        found = (self.parameters or {}).get(name.casefold())
        return found if found is not None or self.options is None else self.options(name)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One parameter: as it was sent, its value, what labels it, and what it asks in a query language."""

    raw: str
    value: str = ""
    parameter: Parameter | None = None
    asked: Asked | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class HeadWritten:
    """A head after its edits: the very same object where nothing changed."""

    head: Head
    touches: tuple[Touch, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class HeadDocument:
    """A head that was read."""

    head: Head
    layout: HeadLayout
    segments: tuple[tuple[Variable, str], ...] = ()
    pairs: tuple[_Pair, ...] = ()

    @property
    def places(self) -> Iterator[tuple[str, Spot, Scalar]]:
        """Give every place that an edit may meet: its pointer, its spot, its value."""
        yield from ((_pointer("path", variable.name), (variable.index,), value) for variable, value in self.segments)
        for pair in self.pairs:
            if pair.asked is not None and pair.parameter is not None:
                pointer = _pointer("query", pair.parameter.name)
                yield from ((pointer + one.pointer, one.spot, one.constant.value) for one in pair.asked.literals)
            elif pair.parameter is not None:
                yield _pointer("query", pair.parameter.name), (pair.parameter.index,), pair.value
            elif not pair.listed:
                yield "#query/?", (), pair.value
        for at, found in self._looked_at():
            pointer, spot = (_pointer("header", found[0]), (found[1],)) if found else ("#header/?", ())
            yield pointer, spot, _plain(self.head.headers[at][1])

    @property
    def asked(self) -> Iterator[tuple[str, Asked]]:
        """Give what is asked in query languages, each with the pointer of its parameter."""
        for pair in self.pairs:
            if pair.asked is not None and pair.parameter is not None:
                yield _pointer("query", pair.parameter.name), pair.asked

    def write(self, edits: Edits, owner: Owner) -> HeadWritten:
        """Apply the edits of a decision."""
        tally = Tally()
        target = self._target(edits, owner, tally)
        headers = self._fields(edits, owner, tally)
        same = target == self.head.target and headers is self.head.headers
        written = tally.written(b"")
        return HeadWritten(self.head if same else Head(target, headers), written.touches, written.refused)

    def _target(self, edits: Edits, owner: Owner, tally: Tally) -> str:
        """Write path and query."""
        path, mark, query = self.head.target.partition("?")
        if self.segments:
            raw = path.split("/")
            for variable, value in self.segments:
                new = _placed(tally, edits, (variable.index,), _pointer("path", variable.name), value, owner)
                if new is not value:
                    raw[variable.at + 1] = quote(variable.before + _doubled(variable, new) + variable.after, _IN_PATH)
            path = "/".join(raw)
        if not self.pairs:
            return path + mark + query
        written = (self._pair(pair, edits, owner, tally) for pair in self.pairs)
        made = [text for text in written if text is not None]
        return path + (mark if made else "") + "&".join(made)

    def _pair(self, pair: _Pair, edits: Edits, owner: Owner, tally: Tally) -> str | None:
        """Write one parameter; None where it has to go."""
        value: Scalar | Signal = pair.value
        if pair.asked is not None and pair.parameter is not None:
            pointer = _pointer("query", pair.parameter.name)
            value = pair.asked.write(lambda *what: _placed_literal(tally, edits, pointer, owner, *what))
        elif pair.parameter is not None:
            pointer, spot = _pointer("query", pair.parameter.name), (pair.parameter.index,)
            value = tally.treat(edits, spot, pointer, pair.value, owner)
        elif not pair.listed:
            value = tally.treat(edits, (), "#query/?", pair.value, owner)
        if value is pair.value or value == pair.value:
            return pair.raw
        if isinstance(value, Signal):
            return None
        return f"{pair.raw.partition('=')[0]}={quote(text_of(value), _IN_QUERY)}"

    def _fields(self, edits: Edits, owner: Owner, tally: Tally) -> Headers:
        """Write the header fields."""
        if not self.layout.fields and not self.layout.fields_strict:
            return self.head.headers
        looked, kept, same = dict(self._looked_at()), list[tuple[str, str]](), True
        for at, (key, raw) in enumerate(self.head.headers):
            if at not in looked:
                kept.append((key, raw))
                continue
            found = looked[at]
            spot, pointer = ((found[1],), _pointer("header", found[0])) if found else ((), "#header/?")
            value = _plain(raw)
            new = tally.treat(edits, spot, pointer, value, owner)
            if new is value or new == value:
                kept.append((key, raw))
                continue
            same = False
            if not isinstance(new, Signal):
                kept.append((key, _CONTROL.sub(" ", text_of(new)).encode().decode("latin-1")))
        return self.head.headers if same else tuple(kept)

    def _looked_at(self) -> Iterator[tuple[int, tuple[str, int] | None]]:
        """Give the header fields that an edit may meet, by their place: what labels each, None where nothing does."""
        labelled = self.layout.fields or {}
        for at, (key, _) in enumerate(self.head.headers):
            name = compared(key)
            if name in labelled:
                yield at, labelled[name]
            elif self.layout.fields_strict and name not in _COMMON:
                yield at, None


def read(head: Head, layout: HeadLayout) -> HeadDocument:
    """Read a head; its target has been parsed before. Raises `Unreadable`: ambiguous-request, query-unreadable."""
    path, _, query = head.target.partition("?")
    segments = path[1:].split("/") if layout.variables else []
    variables = tuple((variable, _held(variable, _unescaped(segments[variable.at]))) for variable in layout.variables)
    looks = bool(layout.parameters or layout.options or layout.strict)
    pairs = tuple(_pair(raw, layout) for raw in query.split("&")) if looks and query else ()
    _only_once(pairs)
    return HeadDocument(head, layout, variables, pairs)


def compared(name: str) -> str:
    """Spell a header field's name as it is compared."""
    return name.lower().replace("_", "-")


def _pair(raw: str, layout: HeadLayout) -> _Pair:
    """Read one parameter."""
    if not raw:
        return _Pair(raw)
    name, _, value = (_unescaped(part) for part in raw.replace("+", " ").partition("="))
    parameter = layout.parameter(name)
    asking = parameter.asking if parameter else None
    if asking is None and ";" in raw:
        # Some servers end a parameter at ";", others don't: what it holds would be anyone's guess.
        raise Unreadable("ambiguous-request", "a parameter of the query holds a semicolon")
    if asking is None:
        return _Pair(raw, value, parameter, listed=parameter is not None or not layout.strict)
    return _Pair(raw, value, parameter, asking.read(value))


def _only_once(pairs: tuple[_Pair, ...]) -> None:
    """Insist that what is asked in a query language stands once: of two, servers take the first or the last."""
    names = [pair.parameter.name for pair in pairs if pair.asked is not None and pair.parameter is not None]
    if len(set(names)) != len(names):
        raise Unreadable("ambiguous-request", "a parameter in a query language stands twice")


def _placed(tally: Tally, edits: Edits, spot: Spot, pointer: str, value: str, owner: Owner) -> str:
    """Treat what can't be left out; the very same object where it stays, or is refused."""
    edit = tally.edit(edits, spot)
    new = value if edit is None else edit.value(value, owner)
    if new is value or new == value:
        return value
    text = "" if isinstance(new, Signal) else text_of(new)
    if not text:
        why = "" if new is Signal.REFUSE or new is Signal.DROP else "denied"
        tally.refuse(edits, spot, pointer, why)
        return value
    tally.touch(edits, spot, pointer)
    return text


def _placed_literal(
    tally: Tally, edits: Edits, pointer: str, owner: Owner, spot: Spot, below: str, value: Scalar, quoted: bool
) -> str | None:
    """Treat a literal of a query language; None where it stays, or is refused."""
    edit = tally.edit(edits, spot)
    new = value if edit is None else edit.value(value, owner)
    if new is value or new == value:
        return None
    if isinstance(new, Signal) or not quoted:
        tally.refuse(edits, spot, pointer + below, "" if new in {Signal.REFUSE, Signal.DROP} else "denied")
        return None
    tally.touch(edits, spot, pointer + below)
    return text_of(new)


def _held(variable: Variable, segment: str) -> str:
    """Give what a variable holds; within quotes (as keys of OData are) doubled ones stand for one."""
    value = segment[len(variable.before) : len(segment) - len(variable.after)]
    return value.replace("''", "'") if _quoted(variable) else value


def _doubled(variable: Variable, value: str) -> str:
    return value.replace("'", "''") if _quoted(variable) else value


def _quoted(variable: Variable) -> bool:
    return variable.before.endswith("'") and variable.after.startswith("'")


def _pointer(kind: str, name: str) -> str:
    return f"#{kind}{step(name)}"


def _unescaped(raw: str) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise Unreadable("ambiguous-path", "an escape is not UTF-8") from None


def _plain(raw: str) -> str:
    """Give a field's value as text: UTF-8 where it is that, else Latin-1 (RFC 9110 section 5.5)."""
    value = raw.strip(" \t")
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
