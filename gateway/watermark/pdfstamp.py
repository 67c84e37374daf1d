"""The visible mark of a PDF page: a small form of its own for each page, everything else shared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pikepdf import Array, Dictionary, Name, Object, Pdf

from gateway.watermark import helvetica
from gateway.watermark.layout import LEADING, lay
from gateway.watermark.mark import SHAPE
from gateway.watermark.pdfhidden import Sheets
from gateway.watermark.pdfpages import Frame
from gateway.watermark.words import fill, winansi

# Dark letters with a light rim: on white the letters are seen, on black the rim, on a picture one of the two.
# The rims come first, or they would eat the thin strokes of `@` and `/` on white.
_FILL, _FILL_ALPHA = 0.2, 0.28
_RIM, _RIM_ALPHA, _RIM_WIDTH = 1.0, 0.34, 0.9
_CODE = SHAPE.encode()
_FONT_SIZE = 12  # of the form's own space, which is scaled to the page: coordinates stay short on every page


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pages that are shown alike: their number among the kinds, the `box` of their forms, and the stamp's content.

    The box holds all that such a page may show, with room, so that nothing at its edge is cut.
    """

    number: int
    box: Array
    drawing: bytes


class Stamps:
    """Makes the stamps of one document. Pages that look alike share their layout, and all share font and state."""

    def __init__(self, pdf: Pdf, texts: Sequence[str], hidden: bytes) -> None:
        self._pdf = pdf
        self._hidden = Sheets(pdf, hidden) if hidden else None
        self._texts = tuple(winansi(text) for text in fill(texts, SHAPE))
        self._sheets: dict[Frame, Sheet] = {}
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        state = Dictionary(
            Type=Name.ExtGState, ca=_FILL_ALPHA, CA=_RIM_ALPHA, BM=Name.Normal, SMask=Name("/None"), AIS=False
        )
        states = {"/G": state, **(self._hidden.states if self._hidden else {})}
        self._fonts = pdf.make_indirect(Dictionary(F=font))
        self._states = pdf.make_indirect(Dictionary(states))
        self._resources = pdf.make_indirect(Dictionary(Font=self._fonts, ExtGState=self._states))

    def sheet(self, frame: Frame) -> Sheet:
        """Give what pages that look alike share."""
        if frame not in self._sheets:
            media = frame.media
            room = 8 + (media.right - media.left + media.high - media.low) / 16
            box = Array([media.left - room, media.low - room, media.right + room, media.high + room])
            self._sheets[frame] = Sheet(len(self._sheets), box, _draw(self._texts, frame))
        return self._sheets[frame]

    def stamp(self, page: Object, frame: Frame, sheet: Sheet, code: str) -> Object:
        """Give the form that shows the marks of one page, in the page's user space."""
        drawing, resources = sheet.drawing.replace(_CODE, code.encode()), self._resources
        if self._hidden:
            image, drawn = self._hidden.image(page, frame, code)
            drawing = drawn + drawing
            resources = Dictionary(Font=self._fonts, ExtGState=self._states, XObject=Dictionary(S=image))
        form = self._pdf.make_stream(drawing)
        form.Type, form.Subtype, form.BBox, form.Resources = Name.XObject, Name.Form, sheet.box, resources
        return form


def _draw(texts: Sequence[str], frame: Frame) -> bytes:
    """Write the content stream of a stamp, with `SHAPE` where the code will stand."""
    shown, media, (a, b, c, d, e, f) = frame.upright()
    layout = lay(texts, helvetica.width, shown, cover=media)
    scale = layout.size / _FONT_SIZE
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    # The form's own space lies along the slant, so that a tile is placed by two short numbers.
    along, across = (a * cos + c * sin, b * cos + d * sin), (c * cos - a * sin, d * cos - b * sin)
    matrix = " ".join(f"{number:.7f}" for number in (*(scale * part for part in (*along, *across)), e, f))
    shows = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in layout.lines)
    left, top = -layout.width / 2, layout.height / 2 - 0.95 * layout.size
    tiles = []
    for x, y in layout.centres:
        u, v = (x * cos + y * sin + left) / scale, (y * cos - x * sin + top) / scale
        tiles.append(f"1 0 0 1 {u:.1f} {v:.1f} Tm ".encode() + shows)
    head = (
        f"q {matrix} cm /G gs {_FILL} g {_RIM} G {_RIM_WIDTH} w 1 j [] 0 d "
        f"BT /F {_FONT_SIZE} Tf {_FONT_SIZE * LEADING} TL "
    )
    text = b"\n".join(tiles)
    return head.encode() + b"1 Tr\n" + text + b"\n0 Tr\n" + text + b"\nET Q"


def _escaped(line: str) -> bytes:
    return re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252"))
