"""A font made by hand: every character that it has is a filled square."""

from __future__ import annotations

import struct
from collections.abc import Mapping

NOTDEF_AND_SQUARE = 2


def font(*characters: str, fstype: int = 0, without: str = "", made_as: bytes = b"\0\1\0\0") -> bytes:
    """Give a TrueType file (OpenType 1.9); `without` names a table to leave out."""
    square = struct.pack(">5h", 1, 0, 0, 900, 900) + struct.pack(">2H", 3, 0) + bytes([1] * 4)
    square += struct.pack(">8h", 0, 0, 900, 0, 0, 900, 0, -900)
    square += bytes(-len(square) % 4)
    points = sorted(map(ord, characters))
    groups = b"".join(struct.pack(">3I", point, point, 1) for point in points)
    cmap = struct.pack(">4HI", 0, 1, 3, 10, 12) + struct.pack(">2H3I", 12, 0, 16 + len(groups), 0, len(points)) + groups
    head = struct.pack(">2I2I2H", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000) + bytes(16)
    head += struct.pack(">4h2H3h", 0, 0, 900, 900, 0, 6, 2, 1, 0)
    tables = {
        "OS/2": struct.pack(">H3hH", 4, 900, 400, 5, fstype)[:10] + bytes(86),
        "cmap": cmap,
        "glyf": square,
        "head": head,
        "hhea": struct.pack(">I3hH", 0x10000, 800, -200, 0, 1000)
        + bytes(22)
        + struct.pack(">hH", 0, NOTDEF_AND_SQUARE),
        "hmtx": struct.pack(">HhHh", 500, 0, 1000, 0),
        "loca": struct.pack(">3I", 0, 0, len(square)),
        "maxp": struct.pack(">I14H", 0x10000, NOTDEF_AND_SQUARE, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    return _file({name: data for name, data in tables.items() if name != without}, made_as)


def _file(tables: Mapping[str, bytes], made_as: bytes) -> bytes:
    listed, body = b"", b""
    for name, data in tables.items():
        at = 12 + 16 * len(tables) + len(body)
        listed += name.encode() + struct.pack(">3I", 0, at, len(data))
        body += data + bytes(-len(data) % 4)
    return made_as + struct.pack(">4H", len(tables), 0, 0, 0) + listed + body
