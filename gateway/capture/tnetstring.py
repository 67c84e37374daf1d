"""Typed netstrings, as mitmproxy writes its flows: a length, a colon, so many bytes, and a letter for their type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gateway.capture.faults import CutError, UnfitError
from gateway.capture.pieces import Source

Value = bytes | str | bool | None | list["Value"] | dict[str, "Value"]
"""What a netstring holds. Numbers stay as text: times are read exactly, and nothing is computed with them."""

_LENGTH = re.compile(rb"(\d{1,12}):")
_DEPTH = 20
_MOST_VALUES = 200_000
_TABLE = ord("}")


def read(source: Source, limit: int) -> Iterator[bytes | None]:
    """Give the content of each dictionary that the stream is made of; None for one longer than `limit` bytes.

    Raises `CutError` where the stream ends within one, or goes on with something else.
    """
    while not source.ended():
        length = b""
        while (digit := source.take(1)) != b":":
            length += digit
            if not digit.isdigit() or len(length) > 12:  # noqa: PLR2004 - what mitmproxy itself takes
                raise CutError
        if not length:
            raise CutError
        size = int(length)
        if size > limit:
            source.skip(size)
            content = None
        else:
            content = source.take(size)
        if source.take(1) != b"}":
            raise CutError
        yield content


def table(content: bytes) -> dict[str, Value]:
    """Read the content of a dictionary. Raises `UnfitError`: malformed, or too-large for what has countless values."""
    return _Reader().table(memoryview(content), _DEPTH)


class _Reader:
    """Counts what it makes: each value costs memory that its few bytes don't show."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def table(self, data: memoryview, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while data:
            key, data = self._pop(data, depth)
            if not data:
                raise UnfitError("malformed")
            value, data = self._pop(data, depth)
            if isinstance(key, bytes):  # as Python 2 wrote them
                key = key.decode("latin-1")
            if not isinstance(key, str):
                raise UnfitError("malformed")
            found[key] = value
        return found

    def _list(self, data: memoryview, depth: int) -> list[Value]:
        found: list[Value] = []
        while data:
            value, data = self._pop(data, depth)
            found.append(value)
        return found

    def _pop(self, data: memoryview, depth: int) -> tuple[Value, memoryview]:
        """Read one value; give it and what follows."""
        prefix = _LENGTH.match(data)
        self._left -= 1
        if self._left <= 0:
            raise UnfitError("too-large")
        if prefix is None or not depth:
            raise UnfitError("malformed")
        begin = prefix.end()
        end = begin + int(prefix[1])
        if end >= len(data):
            raise UnfitError("malformed")
        content, kind, rest = data[begin:end], data[end], data[end + 1 :]
        if kind == _TABLE:
            return self.table(content, depth - 1), rest
        if kind == ord("]"):
            return self._list(content, depth - 1), rest
        read = _SCALARS.get(kind)
        if read is None:
            raise UnfitError("malformed")
        return read(bytes(content)), rest


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


_SCALARS: dict[int, Callable[[bytes], Value]] = {
    ord(","): bytes,
    ord(";"): _text,
    ord("#"): _text,
    ord("^"): _text,
    ord("!"): lambda content: content == b"true",
    ord("~"): lambda _content: None,
}
