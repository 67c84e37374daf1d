"""CBOR (RFC 8949), read so that there is one way to read it, or none: definite lengths, each key once."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

_DEEPEST = 16
_MOST = 10_000  # items in one document
_SIMPLE = {20: False, 21: True, 22: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_IN_HEAD, _LONGEST_ARGUMENT = 24, 27


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value under a tag, whose meaning is left to whoever asked for it: none is ever acted on here."""

    tag: int
    value: Any


def decode(data: bytes) -> Any:
    """Decode one document; maps as `dict`, arrays as `list`.

    Raises `ValueError`, without a word of the data, for what is malformed, of indefinite length, nested deeper than 16,
    longer than ten thousand items, for a key given twice, keys that are neither whole numbers nor text, undefined
    simple values, lengths and numbers written longer than they need be, and data after the end.
    """
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise ValueError("data after the end")
    return value


def decode_first(data: bytes) -> tuple[Any, int]:
    """Decode the document that data begins with; tell how long it is. Raises `ValueError` as `decode` does."""
    reader = _Reader(data)
    return reader.value(0), reader.at


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.at = 0
        self._data = data
        self._items = 0

    def value(self, depth: int) -> Any:
        self._items += 1
        if depth > _DEEPEST or self._items > _MOST:
            raise ValueError("nested too deeply, or too many items")
        (head,) = self._take(1)
        major, info = head >> 5, head & 31
        if major > _TAG:
            return self._simple(info)
        count = self._argument(info)
        match major:
            case 0:
                return count
            case 1:
                return -1 - count
            case 2:
                return self._take(count)
            case 3:
                return str(self._take(count), "utf-8")
            case 4:
                return [self.value(depth + 1) for _ in range(self._bounded(count))]
            case 5:
                return self._map(self._bounded(count), depth)
            case _:
                return Tagged(count, self.value(depth + 1))

    def _map(self, count: int, depth: int) -> dict[int | str, Any]:
        found: dict[int | str, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str) or key in found:
                raise ValueError("a key is given twice, or is no number and no text")
            found[key] = self.value(depth + 1)
        return found

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info in _FLOATS:
            (number,) = struct.unpack(_FLOATS[info], self._take(1 << (info - 24)))
            return number
        raise ValueError("an undefined value, or one of indefinite length")

    def _argument(self, info: int) -> int:
        if info < _IN_HEAD:
            return info
        if info > _LONGEST_ARGUMENT:
            raise ValueError("an indefinite length, or a reserved one")
        length = 1 << (info - 24)
        value = int.from_bytes(self._take(length))
        if value < _IN_HEAD or (length > 1 and value < 1 << (4 * length)):
            raise ValueError("a number written longer than it need be")
        return value

    def _bounded(self, count: int) -> int:
        if count > len(self._data) - self.at:  # each item takes a byte at least
            raise ValueError("more announced than there is")
        return count

    def _take(self, length: int) -> bytes:
        end = self.at + length
        if end > len(self._data):
            raise ValueError("it ends too early")
        taken, self.at = self._data[self.at : end], end
        return taken
