"""The visible mark of an image: light rims and dark letters, drawn into its own kind of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFont

from gateway.watermark.layout import LEADING, Area, Layout, lay
from gateway.watermark.plan import unmarkable
from gateway.watermark.words import ascii_only, fill

_LEGIBLE = 11.0  # pixels of font size below which the mark only shrinks if it must
_LEAST = 5.0  # pixels below which nobody can read it
_MEASURE = 64  # pixels of the font that widths are measured with
_DARK, _DARK_ALPHA = 40, 0.32
_LIGHT, _LIGHT_ALPHA = 255, 0.42
_ROOM = 4  # pixels around a tile, so that turning it cuts nothing
_INK = 0.85  # of black that stands for `_DARK` in CMYK


def stamp(image: Image.Image, texts: Sequence[str], code: str) -> Image.Image:
    """Give a marked copy of an L, RGB, RGBA or CMYK image. Refuses `too-small` where no code could be read."""
    page = Area(0, 0, image.width, image.height)
    layout = lay(tuple(ascii_only(text) for text in fill(texts, code)), _width, page, least=_LEGIBLE)
    if layout.size < _LEAST:
        raise unmarkable("too-small")
    letters, rims = _tile(layout)
    marked = image.copy()
    for x, y in layout.centres:
        corner = round(x - letters.width / 2), round(image.height - y - letters.height / 2)
        _draw(marked, rims, corner, light=True)
        _draw(marked, letters, corner, light=False)
    return marked


def _draw(image: Image.Image, mask: Image.Image, corner: tuple[int, int], *, light: bool) -> None:
    shade = _LIGHT if light else _DARK
    if image.mode == "RGBA":
        # Over transparency the mark has to be there too, and in its own colour: no blending with the hidden black.
        over = Image.new("RGBA", mask.size, (shade, shade, shade, 0))
        over.putalpha(mask)
        left, top = max(0, -corner[0]), max(0, -corner[1])
        if left < mask.width and top < mask.height:
            image.alpha_composite(over, (max(0, corner[0]), max(0, corner[1])), (left, top))
        return
    colours: dict[str, int | tuple[int, ...]] = {
        "L": shade,
        "RGB": (shade, shade, shade),
        "CMYK": (0, 0, 0, 0 if light else round(_INK * 255)),
    }
    image.paste(colours[image.mode], corner, mask)


def _tile(layout: Layout) -> tuple[Image.Image, Image.Image]:
    """Draw the block once, slanted: how much of the dark and of the light colour each pixel takes."""
    font = _font(layout.size)
    rim = max(0.6, layout.size / 16)
    room = _ROOM + math.ceil(2 * rim)
    flat = (math.ceil(layout.width) + 2 * room, math.ceil(layout.height) + 2 * room)
    letters, around = (_flat(layout, font, flat, room, stroke) for stroke in (0.0, rim))
    rims = ImageChops.subtract(around, letters)  # hollow: on black the letters have to stay dark inside
    return _slanted(letters, layout.slant, _DARK_ALPHA), _slanted(rims, layout.slant, _LIGHT_ALPHA)


def _flat(
    layout: Layout, font: ImageFont.FreeTypeFont, extent: tuple[int, int], room: int, stroke: float
) -> Image.Image:
    mask = Image.new("L", extent)
    pen = ImageDraw.Draw(mask)
    for row, line in enumerate(layout.lines):
        pen.text((room, room + row * LEADING * layout.size), line, fill=255, font=font, stroke_width=stroke)
    return mask


def _slanted(mask: Image.Image, slant: int, alpha: float) -> Image.Image:
    turned = mask.rotate(slant, Image.Resampling.BICUBIC, expand=True)
    return turned.point([round(level * alpha) for level in range(256)])


def _width(text: str) -> float:
    return _font(_MEASURE).getlength(text) / _MEASURE


@lru_cache(maxsize=4)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
