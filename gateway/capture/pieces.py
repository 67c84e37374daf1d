"""A file of any size as pieces of bytes, read once from beginning to end."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from gateway.capture.faults import CutError

Pieces = Iterator[bytes]
"""Bytes in their order; raises `CutError` where they can't be read any further."""

PIECE = 65_536

_WIDE = (  # the four-byte marks first: one of UTF-16's is how one of UTF-32's begins
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((re.compile(rb"[\s{]\0"), "utf-16-le"), (re.compile(rb"\0[\s{]"), "utf-16-be"))  # where JSON begins


def pieces(stream: BinaryIO) -> Pieces:
    """Read a stream to its end."""
    while piece := stream.read(PIECE):
        yield piece


def peek(source: Pieces, size: int) -> tuple[bytes, Pieces]:
    """Give the first `size` bytes, fewer where there are no more, and pieces that still hold everything."""
    head = b""
    while len(head) < size and (piece := next(source, None)) is not None:
        head += piece
    return head[:size], _before(head, source)


def as_utf8(source: Pieces) -> tuple[Pieces, str]:
    """Give text as UTF-8 without a byte order mark, and what was mended for it (a key of `REPAIRS`, or "")."""
    head, source = peek(source, 4)
    if head.startswith(codecs.BOM_UTF8):
        return _without(source, len(codecs.BOM_UTF8)), "byte-order-mark"
    for mark, encoding in _WIDE:
        if head.startswith(mark):
            return _narrowed(_without(source, len(mark)), encoding), "utf-16"
    for begins, encoding in _UNMARKED:
        if begins.match(head):
            return _narrowed(source, encoding), "utf-16"
    return source, ""


def _before(head: bytes, rest: Pieces) -> Pieces:
    if head:
        yield head
    yield from rest


def _without(source: Pieces, size: int) -> Pieces:
    """Leave out the first bytes, which `peek` has put together in one piece."""
    yield next(source)[size:]
    yield from source


def _narrowed(source: Pieces, encoding: str) -> Pieces:
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for piece in source:
            yield decoder.decode(piece).encode("utf-8", "backslashreplace")  # halves of pairs become JSON's escapes
        decoder.decode(b"", final=True)
    except UnicodeError:
        raise CutError from None


class Source:
    """Pieces as a file that is read by numbers of bytes and never goes back."""

    def __init__(self, source: Pieces) -> None:
        """Take the pieces."""
        self._pieces = source
        self._held = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """Give the next `size` bytes. Raises `CutError` where there are fewer."""
        if self._at + size > len(self._held):
            self._more(size)
        found = self._held[self._at : self._at + size]
        self._at += size
        return found

    def skip(self, size: int) -> None:
        """Pass over `size` bytes without holding them. Raises `CutError` where there are fewer."""
        while size > 0:
            size -= len(self.take(min(size, PIECE)))

    def ended(self) -> bool:
        """Tell whether nothing is left."""
        while self._at == len(self._held):
            piece = next(self._pieces, None)
            if piece is None:
                return True
            self._held, self._at = piece, 0
        return False

    def _more(self, size: int) -> None:
        """Hold `size` bytes from here on."""
        parts = [self._held[self._at :]]
        have = len(parts[0])
        while have < size:
            piece = next(self._pieces, None)
            if piece is None:
                raise CutError
            parts.append(piece)
            have += len(piece)
        self._held, self._at = b"".join(parts), 0
