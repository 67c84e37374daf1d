"""Text as glyphs: in runs of one font and one direction, in the order in which they stand from the left.

HarfBuzz chooses and places the glyphs of a run: joined letters of Arabic, conjuncts of Devanagari, marks of Thai. PDFs
and images are drawn from the same glyphs.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import uharfbuzz as hb

from gateway.watermark.text import bidi
from gateway.watermark.text.face import LATIN, Face, face, has, number_of
from gateway.watermark.text.words import CONTROLS

_PLAIN = {"kern": False, "liga": False, "clig": False, "calt": False}  # of Latin: each letter by itself
_JOINERS = {"\u200c", "\u200d"}


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph: its number in the font, how far it moves on, and how far off its place it stands; units of the font.

    `text` is what it stands for, "" where the glyph before it says so.
    """

    number: int
    advance: int
    right: int
    up: int
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one font, from the left, and the text that they show, in the order in which it is read."""

    face: Face
    glyphs: tuple[Glyph, ...]
    text: str
    rtl: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its runs from the left, its width in font sizes, and whether it is read from the right."""

    runs: tuple[Run, ...]
    width: float
    rtl: bool


class Typesetter:
    """Shapes lines, each once. Meant for one document: it remembers its words, which are someone's data."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def line(self, text: str) -> Line:
        """Give a line as glyphs; its characters are those that `shows` allows."""
        found = self._lines.get(text)
        if found is None:
            found = self._lines[text] = _line(text)
        return found

    def measure(self, text: str) -> float:
        """Give the width of a line in font sizes."""
        return self.line(text).width


def shows(character: str) -> bool:
    """Tell whether a character can be drawn; what steers text, and other things unseen, can't, whatever fonts have."""
    if unicodedata.category(character) == "Cf":
        return character in _JOINERS
    return number_of(character) is not None


def _line(text: str) -> Line:
    runs = [run for _, run in bidi.visual(_runs(text))]
    width = sum(glyph.advance / run.face.units for run in runs for glyph in run.glyphs)
    return Line(tuple(runs), width, bidi.base(text) == 1)


def _runs(text: str) -> Iterator[tuple[int, Run]]:
    """Give the runs in the order of the text, with their levels."""
    levels, numbers = bidi.levels(text), _numbers(text)
    kept = [at for at, character in enumerate(text) if character not in CONTROLS]
    for (level, number), places in itertools.groupby(kept, lambda at: (levels[at], numbers[at])):
        yield level, _shaped("".join(text[at] for at in places), face(number), "rtl" if level % 2 else "ltr")


def _numbers(text: str) -> list[int]:
    """Choose a font for each character; a mark, and what joins, goes with the character before it where it can."""
    numbers: list[int] = []
    for character in text:
        number = number_of(character)
        joins = character in _JOINERS or unicodedata.category(character).startswith("M")
        if joins and numbers and (character in _JOINERS or has(numbers[-1], character)):
            number = numbers[-1]
        numbers.append(LATIN if number is None else number)
    return numbers


def _shaped(text: str, face_: Face, direction: str) -> Run:
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
    buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES
    buffer.direction = direction
    buffer.guess_segment_properties()
    hb.shape(face_.font, buffer, _PLAIN if face_.number == LATIN else {})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    starts = sorted({info.cluster for info in infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    glyphs, told = [], set()
    for info, place in zip(infos, positions, strict=True):
        means = "" if info.cluster in told else text[info.cluster : ends[info.cluster]]
        told.add(info.cluster)
        glyphs.append(Glyph(info.codepoint, place.x_advance, place.x_offset, place.y_offset, means))
    return Run(face_, tuple(glyphs), text, direction == "rtl")
