"""A request target, read in the one way that the gateway and every system behind it agree on, or refused.

What one server reads as one path and another as a second (dot segments, encoded slashes, doubled escapes) would let a
request be decided as one operation and carried out as another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from gateway.errors import Unreadable

Query = tuple[tuple[str, str], ...]

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9_~!$&'()*+,=:@.-]*)+/?")
"""Paths that nothing needs to be decoded in, and no segment of which begins with a dot."""

_PATH = re.compile(r"/[A-Za-z0-9_~!$&'()*+,=:@.%/-]*")  # RFC 3986 section 3.3, without ";"
_QUERY = re.compile(r"[\x21\x22\x24-\x7e]*")  # visible ASCII without "#"; browsers leave {}|[]"<>^` as they are
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SECOND_METHOD = frozenset({
    "_method", "_httpmethod", "x-http-method-override", "x-http-method", "x-method-override",
})  # fmt: skip
"""Parameters by which a system may read another method than the one that was decided: Symfony, Salesforce, Express."""
_SECOND_BEGINS = frozenset("_xX")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_SPACES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Target:
    """A target in parts. `segments` are decoded: "/a/b" is ("a", "b"), "/a/" is ("a", ""), "/" is ("",).

    `path` is raw, as received and as forwarded. `query` holds every parameter, decoded as forms are (+ is a space), in
    the order received; a name that stands twice is there twice, for the reader to refuse where it matters.
    """

    segments: tuple[str, ...]
    path: str
    query: Query = ()


def parse(target: str) -> Target:
    """Read an origin-form target (RFC 9112 section 3.2.1); raises Unreadable("ambiguous-path") for any other.

    Unreadable("ambiguous-request") where a parameter names another method.
    """
    path, mark, query = target.partition("?")
    segments = tuple(path[1:].split("/")) if _PLAIN.fullmatch(path) else _segments(path)
    return Target(segments, path, _query(query) if mark else ())


def _segments(path: str) -> tuple[str, ...]:
    if ";" in path:
        # Servlet containers cut a segment at ";", others keep it: /orders;x is /orders to some.
        raise _ambiguous("the path has parameters after a semicolon")
    if not _PATH.fullmatch(path):
        raise _ambiguous("the target is not an absolute path of plain URI characters")
    segments = tuple(map(_segment, path[1:].split("/")))
    if "" in segments[:-1]:
        raise _ambiguous("the path has an empty segment")
    return segments


def _segment(raw: str) -> str:
    text = _decode(raw)
    if text and not text.split(";", 1)[0].strip(" ."):
        # RFC 3986 section 5.2.4 removes "." and ".."; some servers cut ";x" first, or drop spaces and more dots.
        raise _ambiguous("the path has a dot segment")
    if "/" in text or "\\" in text or _CONTROL.search(text):
        raise _ambiguous("a segment of the path hides a slash, a backslash or a control character")
    if "%" in text and _ESCAPE.search(text):
        raise _ambiguous("a segment of the path is escaped twice")
    return text


def _query(raw: str) -> Query:
    if not _QUERY.fullmatch(raw):
        raise _ambiguous("the query has characters that no URI may have")
    pairs = (pair.partition("=") for pair in raw.replace("+", " ").split("&") if pair)
    query = tuple((_decode(name), _decode(value)) for name, _, value in pairs)
    if "%" in raw and any(_CONTROL_BUT_SPACES.search(text) for pair in query for text in pair):
        raise _ambiguous("the query hides a control character")
    if any(name[:1] in _SECOND_BEGINS and name.lower() in _SECOND_METHOD for name, _ in query):
        raise Unreadable("ambiguous-request", "a parameter that names another method")
    return query


def _decode(raw: str) -> str:
    """Undo percent-encoding once, strictly: whole escapes of valid UTF-8."""
    if "%" not in raw:
        return raw
    if _BAD_ESCAPE.search(raw):
        raise _ambiguous("an escape is broken")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _ambiguous("an escape is not UTF-8") from None


def _ambiguous(message: str) -> Unreadable:
    return Unreadable("ambiguous-path", message)
