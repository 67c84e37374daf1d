"""The members of HAR 1.2 that are read, each as raw JSON: what tools write there often isn't what the format says.

Everything else is passed over without being built, so an entry costs memory for its bodies and little more.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from gateway.capture.faults import UnfitError

S = TypeVar("S", bound=msgspec.Struct)
_NONE = Raw(b"null")
_LONGEST_NUMBER = 64
# Strings as they are; outside of them what Python and JavaScript write for numbers that JSON lacks.
_STRINGS_AND_STRAYS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\b(?:NaN|Infinity|nan|inf)\b', re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f]")
# Pairs of surrogates, halves alone, other escapes. Halves are how Python tools write bytes that they can't decode.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?P<half>[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = re.compile("\ufdd0(d[89a-f][0-9a-f]{2})")  # a half on its way through a parser that takes none


class Entry(msgspec.Struct):
    """One entry; members with an underscore are those of browsers and test tools."""

    request: Raw = _NONE
    response: Raw = _NONE
    started: Raw = msgspec.field(default=_NONE, name="startedDateTime")
    kind: Raw = msgspec.field(default=_NONE, name="_resourceType")
    frames: Raw = msgspec.field(default=_NONE, name="_webSocketMessages")
    cache: Raw = msgspec.field(default=_NONE, name="_fromCache")
    scripted: Raw = msgspec.field(default=_NONE, name="_wasFulfilled")


class Asked(msgspec.Struct):
    """A request."""

    method: Raw = _NONE
    url: Raw = _NONE
    headers: Raw = _NONE
    post: Raw = msgspec.field(default=_NONE, name="postData")
    size: Raw = msgspec.field(default=_NONE, name="bodySize")


class Post(msgspec.Struct):
    """What a request carried."""

    mime: Raw = msgspec.field(default=_NONE, name="mimeType")
    text: Raw = _NONE
    encoding: Raw = _NONE
    params: Raw = _NONE


class Answered(msgspec.Struct):
    """A response."""

    status: Raw = _NONE
    headers: Raw = _NONE
    content: Raw = _NONE
    size: Raw = msgspec.field(default=_NONE, name="bodySize")
    worker: Raw = msgspec.field(default=_NONE, name="_fetchedViaServiceWorker")


class Content(msgspec.Struct):
    """What a response carried."""

    mime: Raw = msgspec.field(default=_NONE, name="mimeType")
    text: Raw = _NONE
    encoding: Raw = _NONE
    size: Raw = _NONE


class Named(msgspec.Struct):
    """A header or a form field."""

    name: Raw = _NONE
    value: Raw = _NONE


def entry(raw: bytes) -> Entry:
    """Read an entry. Raises `UnfitError`.

    Numbers that JSON lacks count as null, bare control characters as escaped; halves of surrogate pairs are kept.
    """
    try:
        return msgspec.json.decode(raw, type=Entry)
    except (ValueError, RecursionError):
        return _read(_STRINGS_AND_STRAYS.sub(_mended, raw), Entry)


def table(raw: Raw, shape: type[S]) -> S:
    """Read an object; an empty one for null. Raises `UnfitError`."""
    return shape() if bytes(raw) == b"null" else _read(bytes(raw), shape)


def pairs(raw: Raw) -> list[tuple[str, str]]:
    """Read a list of names and values; what has no name is left out, and a value that is no text is read as JSON.

    Raises `UnfitError`.
    """
    if bytes(raw) == b"null":
        return []
    found = [(text(item.name) or "", item.value) for item in _read(bytes(raw), list[Named])]
    return [(name, _plain(value)) for name, value in found if name]


def text(raw: Raw) -> str | None:
    """Read a string; None for whatever else. Raises `UnfitError` for one that isn't text."""
    data = bytes(raw)
    if not data.startswith(b'"'):
        return None
    try:
        found = msgspec.json.decode(data, type=str)
    except ValueError:
        raise UnfitError("undecodable") from None
    return _HALF.sub(lambda half: chr(int(half[1], 16)), found) if "\ufdd0" in found else found


def whole(raw: Raw) -> int | None:
    """Read a whole number, also one written as `200.0` or `"200"`; None for whatever else."""
    data = bytes(raw).strip(b'"')
    if len(data) > _LONGEST_NUMBER:
        return None
    try:
        number = float(data)
        return int(number) if number == int(number) else None
    except (ValueError, OverflowError):
        return None


def said(raw: Raw) -> bool:
    """Tell whether a member says anything but no."""
    return bytes(raw) not in {b"null", b"false", b'""', b"0", b"[]"}


def _read(raw: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (ValueError, RecursionError):
        raise UnfitError("malformed") from None


T = TypeVar("T")


def _plain(raw: Raw) -> str:
    found = text(raw)
    if found is not None:
        return found
    return "" if bytes(raw) == b"null" else bytes(raw).decode("utf-8", "replace")


def _mended(found: re.Match[bytes]) -> bytes:
    piece = found[0]
    if not piece.startswith(b'"'):
        return b"null"
    piece = _ESCAPE.sub(lambda escape: b"\\ufdd0" + half.lower() if (half := escape["half"]) else escape[0], piece)
    return _CONTROL.sub(lambda control: b"\\u%04x" % control[0][0], piece)
