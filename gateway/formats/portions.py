"""Cutting streams of rows or lines into portions of whole records: the `Cutter` of formats whose rows are records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.errors import Unreadable
from gateway.formats.document import Document
from gateway.formats.format import Piece

PORTION = 256 * 1024
"""How many bytes are treated, and recorded, together; a longer record is a portion by itself."""


class Ends(Protocol):
    """Finds where records end, in text that is shown to it window by window, each beginning where the last ended."""

    def last(self, text: bytearray, start: int, end: int) -> tuple[int, int]:
        """Give the place after the last record that ends in a window (0: none does), and how far the text was seen."""
        ...


class Lines:
    """Records that end where a line does, whatever is in them."""

    def last(self, text: bytearray, start: int, end: int) -> tuple[int, int]:
        """Give the place after the last line end, and the end of the window."""
        return text.rfind(b"\n", start, end) + 1, end


class Portions:
    """A `Cutter`: holds one portion, or one record where that is longer, of at most `longest` bytes."""

    def __init__(self, read: Callable[[bytes], Document], ends: Ends, longest: int) -> None:
        """Take what reads a portion; it gets them in their order."""
        self._read = read
        self._ends = ends
        self._longest = longest
        self._held = bytearray()
        self._seen = 0

    def feed(self, text: bytes) -> Iterator[Piece]:
        """Give the portions that are full. Raises `Unreadable`: body-too-large (a record), and what reading raises."""
        self._held += text
        while len(self._held) >= (window := (self._seen // PORTION + 1) * PORTION):
            cut, self._seen = self._ends.last(self._held, self._seen, window)
            if cut:
                yield self._piece(cut)
            elif self._seen < window:  # an escape goes over the end of what is here
                break
        if len(self._held) > self._longest + PORTION:
            raise Unreadable("body-too-large", "a record is longer than the limit")

    def end(self) -> Iterator[Piece]:
        """Give the rest. Raises `Unreadable`, as reading does."""
        if self._held:
            yield self._piece(len(self._held))

    def _piece(self, end: int) -> Piece:
        text = bytes(self._held[:end])
        del self._held[:end]
        self._seen = max(self._seen - end, 0)
        return Piece(self._read(text), text)
