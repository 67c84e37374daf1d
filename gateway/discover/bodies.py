"""A leg's body: which format it is, and its value where that is JSON. The gate's own reader says what can be read.

Formats that the catalogue comes to know later are added in two places: here, so that bodies of theirs are told apart,
and in `messages`, so that a message is drafted for them.
"""

from __future__ import annotations

import json as json_
from dataclasses import dataclass

from gateway.discover.outline import Decimal, Whole
from gateway.errors import Unreadable
from gateway.flow import Headers, header
from gateway.formats import charset, codings, json, media
from gateway.formats.format import charset_of
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

DOCUMENTS = ("pdf", "png", "jpeg")
"""Formats of the catalogue that are passed or refused whole, told by their first bytes."""

_BY_TYPE = (
    ("text/html", "html"), ("application/xhtml", "html"), ("javascript", "script"), ("text/css", "style"),
    ("font", "font"), ("svg", "image"), ("image/", "image"), ("video/", "media"), ("audio/", "media"),
    ("event-stream", "event-stream"), ("ndjson", "ndjson"), ("x-www-form-urlencoded", "form"),
    ("multipart/", "multipart"), ("csv", "csv"), ("xml", "xml"), ("spreadsheet", "spreadsheet"),
    ("ms-excel", "spreadsheet"),
    ("edifact", "edifact"), ("edi-x12", "x12"), ("zip", "archive"), ("wasm", "script"), ("text/", "text"),
)  # fmt: skip
"""What other bodies are, by a part of their content type; anything else is "binary"."""

_INTERCHANGES = {b"UNA": "edifact", b"UNB": "edifact", b"ISA": "x12"}
"""How interchanges begin, whatever their content type is (RFC 1767 leaves it open)."""

_WHOLE = json.layout(fields=(), customer=None)
_DECODER = json_.JSONDecoder(parse_int=Whole, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Body:
    """One body: `kind` is a format, "none", or "unreadable" with the gate's `refusal`; `value` is there for JSON."""

    kind: str
    value: object = None
    refusal: str = ""


NONE = Body("none")


def read(headers: Headers, body: bytes, limits: BodyLimits) -> Body:
    """Read a body as the gate would. Never raises: what can't be read is told."""
    if not body:
        return NONE
    kind = header(headers, "content-type") or ""
    try:
        plain = codings.decode(body, header(headers, "content-encoding"), limits.size, limits.ratio)
        if len(plain) > limits.size:
            return Body("unreadable", refusal="body-too-large")
    except Unreadable as error:
        return Body("unreadable", refusal=error.refusal)
    for format_ in DOCUMENTS:
        if _agrees(format_, kind, plain):
            return Body(format_)
    if not _agrees("json", kind, plain):
        return Body(_by_type(kind, plain))
    try:
        said = media.parse(kind).charset
        text = charset.to_utf8(plain, charset_of(FORMATS["json"], plain, said))
        json.read(text, _WHOLE, limits.depth, limits.values)
        return Body("json", _DECODER.decode(text.decode()))
    except Unreadable as error:
        if error.refusal == "body-not-json" and "json" not in kind.lower():
            return Body(_by_type(kind, plain))
        return Body("unreadable", refusal=error.refusal)
    except (ValueError, RecursionError):
        return Body("unreadable", refusal="body-not-json")


def _agrees(format_: str, kind: str, plain: bytes) -> bool:
    try:
        form, said = FORMATS[format_], media.parse(kind)
        form.agree(said, charset.to_utf8(plain, charset_of(form, plain, said.charset)))
    except Unreadable:
        return False
    return True


def _by_type(kind: str, plain: bytes) -> str:
    lowered = kind.lower()
    named = next((name for part, name in _BY_TYPE if part in lowered), "")
    if named in {"", "text"} and plain[:3] in _INTERCHANGES:
        return _INTERCHANGES[plain[:3]]
    return named or ("xml" if plain.lstrip()[:5].lower() == b"<?xml" else "binary")
