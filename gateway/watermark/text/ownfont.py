"""Fonts of one's own: what is asked of a file before marks are set in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import uharfbuzz as hb

_SHORTEST = 12  # bytes before the list of tables (OpenType, "Organization of an OpenType font")
_ENTRY = 16
_TRUETYPE = (b"\x00\x01\x00\x00", b"true")
_COMPRESSED = (b"wOFF", b"wOF2")
_RESTRICTED, _WHOLE_ONLY, _BITMAPS_ONLY = 0x2, 0x100, 0x200  # fsType of OS/2: what its maker lets others do
_FSTYPE_AT = 8
_WEIGHT = 400.0


def complaint(data: bytes, others: frozenset[int] | set[int]) -> str:
    """Tell why a file can't be used as a font for marks, "" if it can; `others` are characters it isn't asked for."""
    kind = data[:4]
    if kind == b"ttcf":
        return "it holds several fonts: name a file that holds one"
    if kind == b"OTTO":
        return "its letters are PostScript outlines (CFF), and only TrueType outlines are set here"
    if kind in _COMPRESSED:
        return "it is compressed for the web: name the .ttf that it was made from"
    tables = _tables(data) if kind in _TRUETYPE else None
    if tables is None:
        return "it is no TrueType font, or it isn't whole"
    if not {"glyf", "loca", "cmap", "head", "hhea", "hmtx", "maxp"} <= tables.keys():
        return "it lacks a part that TrueType fonts have"
    at, length = tables.get("OS/2", (0, 0))
    if length >= _FSTYPE_AT + 2:
        allowed = int.from_bytes(data[at + _FSTYPE_AT : at + _FSTYPE_AT + 2], "big")
        if allowed & 0xF == _RESTRICTED or allowed & (_WHOLE_ONLY | _BITMAPS_ONLY):
            return "its maker doesn't allow that a part of it goes into documents"
    if not set(hb.Face(hb.Blob(data)).unicodes) - others:
        return "it has no character that isn't Latin, Greek, Cyrillic or a sign, and is asked for no other"
    return ""


def characters(data: bytes) -> set[int]:
    """Give the characters that a font has."""
    return set(hb.Face(hb.Blob(data)).unicodes)


def pinned(data: bytes) -> hb.Face:
    """Give a font, a variable one in its regular weight."""
    face = hb.Face(hb.Blob(data))
    if not face.has_var_data:
        return face
    asked = hb.SubsetInput()
    asked.unicode_set.update(face.unicodes)
    asked.flags = hb.SubsetFlags.NO_HINTING
    asked.pin_all_axes_to_default(face)
    asked.pin_axis_location(face, "wght", _WEIGHT)
    return asked.subset(face)


def ranges(points: Iterable[int]) -> list[int]:
    """Give first, last, first, last ... of the numbers that lie side by side."""
    ordered = sorted(points)
    groups = itertools.groupby(enumerate(ordered), lambda pair: pair[1] - pair[0])
    spans = ([point for _, point in group] for _, group in groups)
    return [end for span in spans for end in (span[0], span[-1])]


def _tables(data: bytes) -> dict[str, tuple[int, int]] | None:
    """Give where each table lies; None where one isn't in the file."""
    if len(data) < _SHORTEST:
        return None
    count = int.from_bytes(data[4:6], "big")
    listed = data[_SHORTEST : _SHORTEST + count * _ENTRY]
    if len(listed) != count * _ENTRY:
        return None
    tables = {}
    for at in range(0, len(listed), _ENTRY):
        place, length = (int.from_bytes(listed[at + part : at + part + 4], "big") for part in (8, 12))
        if place + length > len(data):
            return None
        tables[listed[at : at + 4].decode("latin-1")] = place, length
    return tables
