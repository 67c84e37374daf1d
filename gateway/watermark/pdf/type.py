"""How a PDF shows a line of the mark: in Helvetica, which viewers bring along, or in fonts that are embedded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from pikepdf import Dictionary, Name, Object, Pdf

from gateway.watermark.mark import SHAPE
from gateway.watermark.text import bidi, helvetica
from gateway.watermark.text.words import is_winansi, spelled

SIZE = 12
"""The font size in the space of a stamp, which is scaled to the page: coordinates stay short on every page."""


class Type(Protocol):
    """Shows lines. `fonts` are the resources that this takes."""

    fonts: Mapping[str, Object]

    def measure(self, text: str) -> float:
        """Give the width of a line in font sizes."""

    def show(self, text: str) -> bytes:
        """Give the operators that show a line from the current point."""

    def swap(self, drawing: bytes, code: str) -> bytes:
        """Put a code where a drawing has `SHAPE`."""


class Helvetica:
    """Western European text: no font in the file, and a byte for each letter."""

    def __init__(self) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        self.fonts: Mapping[str, Object] = {"/F": font}

    def measure(self, text: str) -> float:
        """Give the width of a line in font sizes."""
        return helvetica.width(text)

    def show(self, text: str) -> bytes:
        """Give the operators that show a line from the current point."""
        return b"(" + re.sub(rb"([\\()])", rb"\\\1", text.encode("cp1252")) + b") Tj"

    def swap(self, drawing: bytes, code: str) -> bytes:
        """Put a code where a drawing has `SHAPE`."""
        return drawing.replace(_SHAPE, code.encode())


_SHAPE = SHAPE.encode()


def choose(pdf: Pdf, texts: Iterable[str], *, embed: bool) -> tuple[Type, tuple[str, ...]]:
    """Choose how to show texts, and spell them in characters that can be shown that way."""
    composed = tuple(spelled(text, lambda _: True) for text in texts)
    if not embed and all(map(is_winansi, composed)):
        return Helvetica(), composed
    # The fonts and what shapes them cost time and memory: only documents that need them pay.
    from gateway.watermark.pdf.fonts import Embedded  # noqa: PLC0415
    from gateway.watermark.text.shaping import shows  # noqa: PLC0415

    drawn = tuple(spelled(text, shows) for text in composed)
    if not embed and all(map(is_winansi, drawn)):
        return Helvetica(), drawn
    return Embedded(pdf, drawn), drawn


def read_from_right(text: str) -> bool:
    """Tell whether a line is read from the right."""
    return bidi.base(text) == 1
