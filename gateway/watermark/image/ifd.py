"""Reads the directories of a TIFF or BigTIFF, strictly: each in its place, none twice, no value beyond the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.watermark.plan import unmarkable

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_RATIONAL = 5
_BIG = 43
_BELOW = (330, 34665, 34853, 40965)  # tags that lead to further directories: pictures, EXIF, places, interoperability
_DATA = ((273, 279), (324, 325), (513, 514))  # tags of where strips, tiles and a thumbnail are, and how long
_ENTRIES = 4_096
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Directory:
    """The values of one directory by their tags: numbers in tuples, texts and the undefined as bytes."""

    values: dict[int, tuple[int, ...]]
    raw: dict[int, bytes]
    rationals: dict[int, float]

    def one(self, tag: int, default: int) -> int:
        """Give the first number of a tag."""
        return (self.values.get(tag) or (default,))[0]


class Reader:
    """Reads directories and remembers how much of the file they and their values take."""

    def __init__(self, body: bytes) -> None:
        order = {b"II": "<", b"MM": ">"}.get(body[:2])
        if order is None or len(body) < 8:  # noqa: PLR2004  the header
            raise unmarkable("format")
        self.order, self._body = order, body
        version = self._number("H", 2)
        if version not in (42, _BIG):
            raise unmarkable("format")
        self._big = version == _BIG
        if self._big and self._number("HH", 4) != 8:  # noqa: PLR2004  bytes of an offset
            raise unmarkable("format")
        self._offset, self._entry = ("Q", 20) if self._big else ("I", 12)
        self._first = self._number(self._offset, 8 if self._big else 4)
        self._seen: set[int] = set()
        self.end = 16 if self._big else 8

    def directories(self, most: int) -> Iterator[Directory]:
        """Give the directories of the chain, `most` at most. Refuses `broken`, `truncated` and `too-many-pages`."""
        at, count = self._first, 0
        while at:
            count += 1
            if count > most:
                raise unmarkable("too-many-pages")
            directory, at = self._directory(at, 0)
            yield directory

    def note(self, begin: int, length: int) -> None:
        """Take note that the file needs these bytes."""
        if begin + length > len(self._body):
            raise unmarkable("truncated")
        self.end = max(self.end, begin + length)

    def _number(self, letters: str, at: int) -> int:
        try:
            value: int = struct.unpack_from(self.order + letters, self._body, at)[0]
        except (struct.error, OverflowError) as error:
            raise unmarkable("truncated") from error
        return value

    def _directory(self, at: int, depth: int) -> tuple[Directory, int]:
        if at in self._seen or depth > _DEEPEST:
            raise unmarkable("broken")
        self._seen.add(at)
        count = self._number("Q" if self._big else "H", at)
        if count > _ENTRIES:
            raise unmarkable("broken")
        begin = at + (8 if self._big else 2)
        directory = Directory({}, {}, {})
        for place in range(begin, begin + count * self._entry, self._entry):
            self._value(directory, place, depth)
        for places, lengths in _DATA:
            for data in zip(directory.values.get(places, ()), directory.values.get(lengths, ()), strict=False):
                self.note(*data)
        end = begin + count * self._entry
        self.note(at, end - at)
        after = self._number(self._offset, end) if end + self._entry // 3 <= len(self._body) else 0
        self.end = max(self.end, min(end + self._entry // 3, len(self._body)))
        return directory, after

    def _value(self, directory: Directory, place: int, depth: int) -> None:
        tag, kind = self._number("H", place), self._number("H", place + 2)
        count = self._number(self._offset, place + 4)
        room = 8 if self._big else 4
        size = _SIZES.get(kind, 0) * count
        at = place + 4 + room
        if size > room:
            at = self._number(self._offset, at)
            self.note(at, size)
        data = self._body[at : at + size]
        if kind in _LETTERS:
            directory.values.setdefault(tag, struct.unpack(f"{self.order}{count}{_LETTERS[kind]}", data))
            if kind == 1:
                directory.raw.setdefault(tag, data)
        elif kind == _RATIONAL and count:
            above, below = struct.unpack_from(f"{self.order}II", data)
            directory.rationals.setdefault(tag, above / below if below else 0.0)
        elif kind in _SIZES:
            directory.raw.setdefault(tag, data)
        if tag in _BELOW and depth < _DEEPEST:
            for below_ in directory.values.get(tag, ())[:_ENTRIES]:
                if below_ not in self._seen:
                    self._directory(below_, depth + 1)
