"""JSON text as a stream: values are passed over, or handed out whole as bytes, without building what is inside.

A parser that tells of each string when it is complete would hold a string of a gigabyte; here only what is asked for is
held, up to a limit. Whatever stands in a value is passed through as it is: whether it is JSON is found out by whoever
reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.capture.faults import CutError
from gateway.capture.pieces import Pieces

_KEY = 1024
# To the next bracket, past whole strings, or to a string that doesn't end in what is held.
_OUTSIDE = re.compile(rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.DOTALL)
# To the quote that ends the string.
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SCALAR = re.compile(rb"[^,\]}\s]*+")
_SPACES = re.compile(rb"[ \t\r\n]*+")
_SEPARATORS = re.compile(rb"[ \t\r\n,]*+")
_OPEN, _QUOTE = b"{[", b'"'


class JsonText:
    """Reads forward through JSON text (RFC 8259). Every method raises `CutError` where the text ends too early."""

    def __init__(self, source: Pieces) -> None:
        """Take UTF-8 text."""
        self._pieces = source
        self._held = b""
        self._at = 0

    def next(self) -> bytes:
        """Give the next byte that is no white space, without taking it."""
        while not self._pass(_SPACES):
            self._more()
        return self._held[self._at : self._at + 1]

    def take(self, expected: bytes) -> None:
        """Take the next byte that is no white space; raises `CutError` where it is another."""
        if self.next() != expected:
            raise CutError
        self._at += 1

    def ended(self) -> bool:
        """Tell whether only white space is left."""
        while not self._pass(_SPACES):
            piece = next(self._pieces, None)
            if piece is None:
                return True
            self._held, self._at = piece, 0
        return False

    def members(self) -> Iterator[bytes]:
        """Give each key of the object that follows, raw and quoted; its value is to be taken before the next."""
        self.take(b"{")
        while self._separated() != b"}":
            if self.next() != _QUOTE:
                raise CutError
            key = self.value(_KEY)
            self.take(b":")
            yield key or b""
        self._at += 1

    def elements(self, limit: int, parts: int) -> Iterator[bytes | None]:
        """Give each element of the array that follows, as `value` does."""
        self.take(b"[")
        while self._separated() != b"]":
            yield self.value(limit, parts)
        self._at += 1

    def value(self, limit: int, parts: int = 0) -> bytes | None:
        """Take a value; None where it has more bytes than `limit`, or more objects and arrays than `parts`."""
        first = self.next()
        kept, begun = _Kept(limit), self._at
        if first not in _OPEN and first != _QUOTE:
            return self._scalar(kept)
        depth, opened, inside = 0, 0, first == _QUOTE
        self._at += inside
        while True:
            more = self._pass(_INSIDE if inside else _OUTSIDE)
            found = self._held[self._at : self._at + 1]
            if not more or (inside and found != _QUOTE):  # a backslash whose letter is in the next piece
                kept.add(self._held[begun : self._at])
                self._more()
                begun = self._at
                continue
            self._at += 1
            if found == _QUOTE:
                inside = not inside
            elif found in _OPEN:
                depth, opened = depth + 1, opened + 1
            else:
                depth -= 1
            if not depth and not inside:
                kept.add(self._held[begun : self._at])
                return kept.whole() if opened <= max(parts, 1) else None

    def _scalar(self, kept: _Kept) -> bytes | None:
        while True:
            begun = self._at
            ended = self._pass(_SCALAR)
            kept.add(self._held[begun : self._at])
            if ended and not kept.size:
                raise CutError  # no value begins here
            if ended:
                return kept.whole()
            self._more()

    def _separated(self) -> bytes:
        """Pass white space and commas, missing and superfluous ones alike; give the next byte."""
        while not self._pass(_SEPARATORS):
            self._more()
        return self._held[self._at : self._at + 1]

    def _pass(self, pattern: re.Pattern[bytes]) -> bool:
        """Go on to where a pattern ends; False where that is the end of what is held."""
        found = pattern.match(self._held, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._held)

    def _more(self) -> None:
        """Hold the next piece as well, without what was passed."""
        piece = next(self._pieces, None)
        if piece is None:
            raise CutError
        self._held = self._held[self._at :] + piece
        self._at = 0


class _Kept:
    """What was read of a value, until it is too much."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > self._limit:
            self._parts.clear()
        else:
            self._parts.append(part)

    def whole(self) -> bytes | None:
        return b"".join(self._parts) if self.size <= self._limit else None
