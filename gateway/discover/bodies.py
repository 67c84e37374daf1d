"""A leg's body: which format it is, and what it holds. The gate's own readers say what can be read.

A format that the catalogue comes to know later is added in two places: here, so that bodies of its kind are told apart,
and among the `views`, so that a message is drafted for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.discover.outline import Purse, Told
from gateway.discover.views.registry import VIEWS
from gateway.discover.views.view import Options
from gateway.errors import Unreadable
from gateway.flow import Headers, header
from gateway.formats import charset, codings, media
from gateway.formats.documents import MARKABLE
from gateway.formats.format import charset_of
from gateway.formats.limits import BodyLimits
from gateway.formats.media import UNTYPED, MediaType
from gateway.formats.multipart_parts import KINDS
from gateway.formats.registry import FORMATS
from gateway.formats.xml_tag import SOAPS
from gateway.formats.zip_parts import LOCAL

LIMITS = BodyLimits()
"""The gate's own, so that what is drafted is what the gate can read."""

_BY_TYPE = (
    ("text/html", "html"), ("application/xhtml", "html"), ("javascript", "script"), ("text/css", "style"),
    ("font", "font"), ("svg", "image"), ("image/", "image"), ("video/", "media"), ("audio/", "media"),
    ("multipart/", "multipart"), ("spreadsheet", "spreadsheet"), ("ms-excel", "spreadsheet"), ("wasm", "script"),
    ("text/", "text"),
)  # fmt: skip
"""What bodies without fields are, by a part of their content type; anything else is "binary"."""

_TYPES = (
    ("x-www-form-urlencoded", ("form",)), ("event-stream", ("sse",)), ("ndjson", ("ndjson",)), ("jsonl", ("ndjson",)),
    ("jsonlines", ("ndjson",)), ("x-json-stream", ("ndjson",)), ("stream+json", ("ndjson",)), ("csv", ("csv",)),
    ("separated-values", ("csv",)), ("ms-excel", ("csv",)), ("edifact", ("edifact",)), ("edi-x12", ("x12",)),
    ("edi-consent", ("edifact", "x12")), ("spreadsheetml.sheet", ("xlsx",)), ("zip", ("zip",)), ("json", ("json",)),
    ("xml", ("xml",)),
)  # fmt: skip
"""Formats by a part of the content type."""

_NO_FIELDS = ("html", "xhtml", "svg", "javascript", "css", "font", "image/", "video/", "audio/", "wasm")
_BEGINS = (
    (re.compile(rb"\s*[\[{]"), ("json", "ndjson")),
    (re.compile(rb"\s*<"), ("xml",)),
    (re.compile(rb"UN[AB]"), ("edifact",)),
    (re.compile(rb"ISA"), ("x12",)),
    (re.compile(rb"PK\x03\x04"), ("xlsx", "zip")),
    (re.compile(rb"(?:data|event|id|retry):"), ("sse",)),
    (re.compile(rb"[\w.\[\]%+-]{1,60}=[^\n]*\Z"), ("form",)),
)  # fmt: skip
"""How bodies begin whose content type says nothing."""

_ROOT = re.compile(rb"(?:[^<]|<[?!])*?<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)", re.DOTALL)
_XMLRPC = frozenset({b"methodCall", b"methodResponse"})
_WORKBOOK = b"xl/workbook"
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Body:
    """One body: `kind` is a format, or what else it is, "none", or "unreadable" with the gate's `refusal`.

    `trees` are what it holds, as `views.view.Viewed` has them.
    """

    kind: str
    trees: Sequence[object] = ()
    refusal: str = ""
    options: Options = ()
    told: Told = ()
    remarks: tuple[str, ...] = ()

    @property
    def value(self) -> object:
        """Give what a JSON body is; None for any other."""
        return self.trees[0] if self.kind == "json" and self.trees else None


NONE = Body("none")


def read(headers: Headers, body: bytes, limits: BodyLimits, purse: Purse) -> Body:
    """Read a body as the gate would. Never raises: what can't be read is told."""
    if not body:
        return NONE
    try:
        plain = codings.decode(body, header(headers, "content-encoding"), limits.size, limits.ratio)
        if len(plain) > limits.size:
            return Body("unreadable", refusal="body-too-large")
    except Unreadable as error:
        return Body("unreadable", refusal=error.refusal)
    return told(header(headers, "content-type") or "", plain, limits, purse)


def told(kind: str, plain: bytes, limits: BodyLimits, purse: Purse) -> Body:
    """Read what has a content type of its own: a body, a part of one, what a value holds."""
    said = media.parse(kind)
    for format_ in MARKABLE:
        if _agrees(format_, said, plain):
            return Body(format_)
    wrong = ""
    for name in _likely(said, plain):
        try:
            return _as(name, said, plain, limits, purse)
        except Unreadable as error:
            wrong = wrong or error.refusal
    if wrong and not _vague(said):
        return Body("unreadable", refusal=wrong)
    lowered = kind.lower()
    named = next((name for part, name in _BY_TYPE if part in lowered), "binary")
    return Body(named)


def _likely(said: MediaType, plain: bytes) -> Iterator[str]:
    """Give the formats that a body may have, the likeliest first."""
    if any(part in said.kind for part in _NO_FIELDS):
        return
    if said.kind.startswith("multipart/"):
        if said.kind in KINDS:
            yield "multipart"
        return
    named = next((names for part, names in _TYPES if part in said.kind), ())
    if named:
        for name in named:
            yield from _xml(plain) if name == "xml" else (name,)
        if named == ("zip",) and _WORKBOOK in plain:
            yield "xlsx"
    elif _vague(said):
        start = plain[:_HEAD].removeprefix(b"\xef\xbb\xbf")
        for begins, names in _BEGINS:
            if begins.match(start):
                for name in names:
                    yield from _xml(plain) if name == "xml" else (name,)
        if said.kind == "text/plain":
            yield "csv"


def _xml(plain: bytes) -> Iterator[str]:
    """Give the kind of XML that a body is, by its root."""
    root = _ROOT.match(plain.replace(b"\x00", b"")[:_HEAD])
    if root and root[2] == b"Envelope" and any(uri.encode() in plain.replace(b"\x00", b"")[:_HEAD] for uri in SOAPS):
        yield "soap"
    elif root and not root[1] and root[2] in _XMLRPC:
        yield "xmlrpc"
    yield "xml"


def _as(name: str, said: MediaType, plain: bytes, limits: BodyLimits, purse: Purse) -> Body:
    """Read a body as one format. Raises `Unreadable`."""
    if name == "xlsx" and (not plain.startswith(LOCAL) or _WORKBOOK not in plain):
        raise Unreadable("body-wrong-type", "no workbook")
    form = FORMATS[name]
    text = charset.to_utf8(plain, charset_of(form, plain, said.charset))
    form.agree(said, text)
    seen = VIEWS[name].see(text, said, purse, limits)
    return Body(name, seen.trees, "", seen.options, seen.told, seen.remarks)


def _vague(said: MediaType) -> bool:
    return said.kind in UNTYPED or said.kind == "text/plain"


def _agrees(format_: str, said: MediaType, plain: bytes) -> bool:
    try:
        form = FORMATS[format_]
        form.agree(said, charset.to_utf8(plain, charset_of(form, plain, said.charset)))
    except Unreadable:
        return False
    return True
