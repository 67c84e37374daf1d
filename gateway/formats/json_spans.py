"""Where the members of an object and the items of an array stand in a JSON text that was found sound before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_GAP = re.compile(rb"[ \t\r\n,]*")
_NAME = re.compile(_STRING + rb"[ \t\r\n]*:[ \t\r\n]*")
_SCALAR = re.compile(_STRING + rb"|[^\s,\]}]+")
_STEP = re.compile(_STRING + rb"|[\[\]{}]")
_TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Span:
    """A value: where it begins in the text, and where it ends."""

    start: int
    end: int


def whole(text: bytes) -> Span:
    """Give where the one value of a text stands."""
    start = _gap(text, 0)
    return Span(start, _end(text, start))


def members(text: bytes, at: Span) -> Mapping[str, Span] | None:
    """Give the members of an object by their names, in order; None where it is none."""
    return dict(_members(text, at)) if text[at.start : at.start + 1] == b"{" else None


def items(text: bytes, at: Span) -> tuple[Span, ...] | None:
    """Give the items of an array; None where it is none."""
    return tuple(_items(text, at)) if text[at.start : at.start + 1] == b"[" else None


def replaced(text: bytes, changes: Mapping[Span, bytes]) -> bytes:
    """Put other values in the place of some; the very same object where there are none."""
    if not changes:
        return text
    made, at = list[bytes](), 0
    for span in sorted(changes, key=lambda span: span.start):
        made += (text[at : span.start], changes[span])
        at = span.end
    return b"".join((*made, text[at:]))


def _members(text: bytes, at: Span) -> Iterator[tuple[str, Span]]:
    here = _gap(text, at.start + 1)
    while here < at.end - 1:
        name = _NAME.match(text, here)
        assert name is not None, "the text was checked before"
        span = Span(name.end(), _end(text, name.end()))
        yield _TEXT.decode(name[0].rstrip()[:-1]), span
        here = _gap(text, span.end)


def _items(text: bytes, at: Span) -> Iterator[Span]:
    here = _gap(text, at.start + 1)
    while here < at.end - 1:
        span = Span(here, _end(text, here))
        yield span
        here = _gap(text, span.end)


def _gap(text: bytes, at: int) -> int:
    found = _GAP.match(text, at)
    return at if found is None else found.end()


def _end(text: bytes, at: int) -> int:
    """Give where the value that begins at a place ends."""
    if text[at : at + 1] not in {b"{", b"["}:
        found = _SCALAR.match(text, at)
        return at if found is None else found.end()
    depth = 0
    for found in _STEP.finditer(text, at):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(text)
