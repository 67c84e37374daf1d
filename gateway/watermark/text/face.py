"""The fonts that come with this package: which one has a character, and the font itself, inflated when it is needed.

They are Noto, cut down to what marks need (fonts/make.py), and read when this module is imported, so that a worker
process that has given up its right to open files still has them. Fonts of one's own are added before that.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import brotli
import uharfbuzz as hb

from gateway.watermark.text import ownfont

_FOLDER = files("gateway.watermark").joinpath("fonts")
_INDEX: list[dict[str, list[int]]] = json.loads(_FOLDER.joinpath("index.json").read_bytes())
_NAMES = [str(one["name"]) for one in _INDEX]
_RANGES = [one["ranges"] for one in _INDEX]  # first, last, first, last ...
_PACKED = [_FOLDER.joinpath(f"{name}.ttf.br").read_bytes() for name in _NAMES]
_ALONG = len(_NAMES)  # those behind it are one's own
_OWN: list[bytes] = []
_NOT_IN_NAMES, _LONGEST = re.compile("[^A-Za-z0-9-]"), 40  # of fonts in PDFs
LATIN = 0
"""The number of the font for Latin, Greek, Cyrillic, digits, signs, and with them every code."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A font. `units` make a font size; `ascent` and `descent` (negative) are in such units."""

    number: int
    name: str
    face: hb.Face
    font: hb.Font
    units: int
    ascent: int
    descent: int


def complaint(data: bytes) -> str:
    """Tell why a file can't be used as a font of one's own; "" if it can."""
    ends = _RANGES[LATIN]
    latin = {point for first, last in zip(ends[::2], ends[1::2], strict=True) for point in range(first, last + 1)}
    return ownfont.complaint(data, latin)


def add(data: bytes, name: str) -> None:
    """Add a font of one's own: it is asked before those that come along, for all that the Latin one doesn't have.

    Raises `ValueError` where it can't be used.
    """
    told = complaint(data)
    if told:
        raise ValueError(told)
    _NAMES.append(_NOT_IN_NAMES.sub("", name)[:_LONGEST] or "Own")
    _RANGES.append(ownfont.ranges(ownfont.characters(data)))
    _OWN.append(data)
    for asked in (has, number_of):
        asked.cache_clear()


@cache
def has(number: int, character: str) -> bool:
    """Tell whether a font has a character."""
    ends = _RANGES[number]
    at = bisect_right(ends, ord(character))
    return at % 2 == 1 or (at > 0 and ends[at - 1] == ord(character))


@cache
def number_of(character: str) -> int | None:
    """Give the number of the first font that has a character; None where no font does."""
    order = (LATIN, *range(_ALONG, len(_NAMES)), *range(LATIN + 1, _ALONG))
    return next((number for number in order if has(number, character)), None)


@cache
def face(number: int) -> Face:
    """Give a font by its number."""
    if number < _ALONG:
        inflated = hb.Face(hb.Blob(brotli.decompress(_PACKED[number])))
    else:
        inflated = ownfont.pinned(_OWN[number - _ALONG])
    font = hb.Font(inflated)
    extents = font.get_font_extents("ltr")
    return Face(
        number, _NAMES[number], inflated, font, inflated.upem, round(extents.ascender), round(extents.descender)
    )
