"""Writes TIFF: directories with their values and strips, and pixels of 8 and 16 bits packed into strips."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _RATIONAL, _TEXT, _BYTES = 3, 4, 5, 2, 7
_LETTERS = {_SHORT: "H", _LONG: "I"}
_SHORTS = (254, 258, 259, 262, 266, 274, 277, 284, 296, 317, 320, 332, 338, 339, 530, 531)
OFFSETS, COUNTS, TILE_OFFSETS, TILE_COUNTS = 273, 279, 324, 325
_STRIP = 1 << 20  # bytes of pixels in a strip
_LEVEL = 2  # of zlib: a quarter of the usual time for a few per cent of size
_PLANE = 2  # dimensions of samples without channels

Value = int | float | bytes | Sequence[int]


class File:
    """A TIFF that grows page by page. `order` is `<` or `>`."""

    def __init__(self, order: str = "<") -> None:
        self._order = order
        self._out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 0))
        self._link = 4

    def __len__(self) -> int:
        return len(self._out)

    def add(self, tags: Mapping[int, Value], strips: Sequence[bytes | memoryview], *, tiled: bool = False) -> None:
        """Add a page: its tags but those of its strips, and its strips or tiles."""
        places, lengths = [], []
        for strip in strips:
            places.append(self._put(strip))
            lengths.append(len(strip))
        where = (TILE_OFFSETS, TILE_COUNTS) if tiled else (OFFSETS, COUNTS)
        entries = [
            self._entry(tag, value)
            for tag, value in sorted({**tags, **dict(zip(where, (places, lengths), strict=True))}.items())
        ]
        at = self._put(struct.pack(f"{self._order}H", len(entries)) + b"".join(entries) + bytes(4))
        struct.pack_into(f"{self._order}I", self._out, self._link, at)
        self._link = len(self._out) - 4

    def whole(self) -> bytes:
        """Give the file."""
        return bytes(self._out)

    def _put(self, data: bytes | memoryview) -> int:
        self._out += bytes(len(self._out) % 2)
        at = len(self._out)
        if at + len(data) > 0xFFFFFFFF:  # noqa: PLR2004  what its offsets reach
            raise MemoryError
        self._out += data
        return at

    def _entry(self, tag: int, value: Value) -> bytes:
        if isinstance(value, bytes):
            kind, count, data = (_TEXT if tag == 270 else _BYTES), len(value), value  # noqa: PLR2004  the description
        elif isinstance(value, float):
            exact = Fraction(value).limit_denominator(10_000)
            kind, count = _RATIONAL, 1
            data = struct.pack(f"{self._order}II", exact.numerator, exact.denominator)
        else:
            numbers = (value,) if isinstance(value, int) else tuple(value)
            kind, count = (_SHORT if tag in _SHORTS else _LONG), len(numbers)
            data = struct.pack(f"{self._order}{count}{_LETTERS[kind]}", *numbers)
        if len(data) > 4:  # noqa: PLR2004  the room in an entry
            data = struct.pack(f"{self._order}I", self._put(data))
        return struct.pack(f"{self._order}HHI", tag, kind, count) + data.ljust(4, b"\0")


def deflated(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> tuple[int, list[bytes]]:
    """Give rows in a strip, and the strips, deflated, of the differences between neighbours (TIFF 6.0, section 14)."""
    height, width = pixels.shape[:2]
    flat = pixels.reshape(height, width, -1)
    rows = max(1, _STRIP // (flat.shape[1] * flat.shape[2] * flat.itemsize))
    strips = []
    for top in range(0, height, rows):
        strip = flat[top : top + rows]
        lines = strip.copy()
        np.subtract(strip[:, 1:], strip[:, :-1], out=lines[:, 1:])
        strips.append(zlib.compress(lines.astype(lines.dtype.newbyteorder("<"), copy=False).data, _LEVEL))
    return rows, strips
