"""Lines of the mark as pixels: the same glyphs as on a page, turned and scaled before they become pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import uharfbuzz as hb
from PIL import Image

from gateway.watermark.text.layout import LEADING
from gateway.watermark.text.placing import Placed
from gateway.watermark.text.shaping import Typesetter

_ROOM = 4  # pixels around, so that nothing is cut
_RIM = 0.075  # of the font size is a rim wide, both sides of a stroke together
_THINNEST = 1.2  # pixels, the same


@dataclass(frozen=True, slots=True)
class Letters:
    """How much of each pixel letters cover; `left` and `top` (upwards) lead from the middle of a tile there."""

    mask: Image.Image
    left: int
    top: int


def draw(group: Placed, number: int, typesetter: Typesetter, *, rim: bool) -> Letters:
    """Draw the lines of the text `number` of a group; with `rim`, letters and the rim around them."""
    layout = group.layout
    width, height = (math.ceil(side / 2) + _ROOM for side in layout.box)
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    canvas = hb.RasterDraw()
    canvas.extents = hb.RasterExtents(-width, -height, 2 * width, 2 * height, 0)
    bold = max(_RIM, _THINNEST / layout.size) if rim else 0.0
    for row, (text, source) in enumerate(zip(layout.lines, layout.sources, strict=True)):
        if source != number:
            continue
        line = typesetter.line(text)
        spare = layout.width - line.width * layout.size
        share = {"start": float(line.rtl), "centre": 0.5, "end": 1.0}[group.align]
        x, y = spare * share - layout.width / 2, layout.height / 2 - (0.95 + row * LEADING) * layout.size
        for run in line.runs:
            run.face.font.synthetic_bold = (bold, bold, True)
            scale = layout.size / run.face.units
            for glyph in run.glyphs:
                u = x + glyph.right * scale
                v = y + (glyph.up - bold * run.face.units / 2) * scale  # bolder letters grow upwards only
                canvas.transform = (
                    scale * cos, scale * sin, -scale * sin, scale * cos, u * cos - v * sin, u * sin + v * cos,
                )  # fmt: skip
                canvas.draw_glyph(run.face.font, glyph.number)
                x += glyph.advance * scale
            run.face.font.synthetic_bold = (0.0, 0.0, True)
    drawn = canvas.render()
    extents = drawn.extents
    mask = Image.frombuffer("L", (extents.width, extents.height), drawn.buffer, "raw", "L", extents.stride, -1)
    return Letters(mask, -width, height)
