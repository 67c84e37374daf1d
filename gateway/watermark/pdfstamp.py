"""The visible mark of a PDF page: a small form of its own for each page, everything else shared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pikepdf import Array, Dictionary, Name, Object, Pdf

from gateway.watermark import helvetica
from gateway.watermark.layout import LEADING, lay
from gateway.watermark.mark import SHAPE
from gateway.watermark.pdfpages import Frame
from gateway.watermark.words import fill, winansi

# Dark letters with a light rim: on white the letters are seen, on black the rim, on a picture one of the two.
# The rims come first, or they would eat the thin strokes of `@` and `/` on white.
_FILL, _FILL_ALPHA = 0.2, 0.28
_RIM, _RIM_ALPHA, _RIM_WIDTH = 1.0, 0.34, 0.9
_FONT_SIZE = 12  # of the form's own space, which is scaled to the page: coordinates stay short on every page


class Stamps:
    """Makes the stamps of one document. Pages that look alike share their layout, and all share font and state."""

    def __init__(self, pdf: Pdf, texts: Sequence[str]) -> None:
        self._pdf = pdf
        self._texts = tuple(winansi(text) for text in fill(texts, SHAPE))
        self._drawn: dict[Frame, tuple[bytes, Array]] = {}
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        state = Dictionary(
            Type=Name.ExtGState, ca=_FILL_ALPHA, CA=_RIM_ALPHA, BM=Name.Normal, SMask=Name("/None"), AIS=False
        )
        self._resources = pdf.make_indirect(Dictionary(Font=Dictionary(F=font), ExtGState=Dictionary(G=state)))

    def box(self, frame: Frame) -> Array:
        """Give the box of a page's forms: all that the page may show, with room, so that nothing at its edge is cut."""
        return self._of(frame)[1]

    def stamp(self, frame: Frame, code: str) -> Object:
        """Give the form that shows the mark of one page, in the page's user space."""
        drawing, box = self._of(frame)
        form = self._pdf.make_stream(drawing.replace(SHAPE.encode(), code.encode()))
        form.Type, form.Subtype, form.BBox, form.Resources = Name.XObject, Name.Form, box, self._resources
        return form

    def _of(self, frame: Frame) -> tuple[bytes, Array]:
        if frame not in self._drawn:
            media = frame.media
            room = 8 + (media.right - media.left + media.high - media.low) / 16
            box = Array([media.left - room, media.low - room, media.right + room, media.high + room])
            self._drawn[frame] = _draw(self._texts, frame), box
        return self._drawn[frame]


def _draw(texts: Sequence[str], frame: Frame) -> bytes:
    """Write the content stream of a stamp, with `SHAPE` where the code will stand."""
    shown, media, (a, b, c, d, e, f) = frame.upright()
    layout = lay(texts, helvetica.width, shown, cover=media)
    scale = layout.size / _FONT_SIZE
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    shows = b" T* ".join(b"(" + _escaped(line) + b") Tj" for line in layout.lines)
    tiles = []
    for x, y in layout.centres:
        left, top = -layout.width / 2, layout.height / 2 - 0.95 * layout.size
        u, v = x + left * cos - top * sin, y + left * sin + top * cos
        turn = f"{cos:.4f} {sin:.4f} {-sin:.4f} {cos:.4f} {u / scale:.1f} {v / scale:.1f} Tm "
        tiles.append(turn.encode() + shows)
    matrix = " ".join(f"{number:.7f}" for number in (a * scale, b * scale, c * scale, d * scale, e, f))
    head = (
        f"q {matrix} cm /G gs {_FILL} g {_RIM} G {_RIM_WIDTH} w 1 j [] 0 d "
        f"BT /F {_FONT_SIZE} Tf {_FONT_SIZE * LEADING} TL "
    )
    text = b"\n".join(tiles)
    return head.encode() + b"1 Tr\n" + text + b"\n0 Tr\n" + text + b"\nET Q"


def _escaped(line: str) -> bytes:
    return re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252"))
