"""The hidden mark of a PDF page: one small grey image, drawn over the whole page, almost transparent.

Whatever renders the page renders the mark. It is drawn with the blend mode HardLight (ISO 32000-2, 11.3.5.2), which
does nothing where the image is middle grey, darkens where it is darker and lightens where it is lighter. So white
keeps the darker half of the mark, black the lighter half, and what lies between both: one drawing serves light and
dark pages alike, and ink stays black. 48 samples along a tile are enough, because its waves are long, and eight levels
of the sixteen that 4 bits have, which compress better: 1.3 kB a page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gateway.watermark.hidden import tile as hidden_tile

PIXELS = 48
"""Samples along each side of a tile."""
OPACITY = 6 / 255
"""The constant alpha (`ca` of an ExtGState) that the image is drawn with, in HardLight."""
_IN_INK = 9 / 255
_SIDE = hidden_tile.NOMINAL * 72 / 150  # points: the nominal tile at 150 dots an inch
_AREA = 595.0 * 842.0  # square points of A4; larger pages are looked at smaller and get larger tiles
_SPREAD = 1.8  # of eight levels, for one root mean square of the mark


@dataclass(frozen=True, slots=True)
class Tile:
    """A grey image of 4 bits a sample, two a byte, rows from the top.

    `columns` and `rows` count its samples, both even; `width` and `height` are what it covers, in points.
    """

    samples: bytes
    columns: int
    rows: int
    width: float
    height: float


def blend(*, cmyk: bool = False) -> tuple[str, float]:
    """Give the blend mode (`BM` of an ExtGState) and the constant alpha (`ca`) that the image is drawn with.

    `cmyk` says that the page's transparency group blends in inks (its `CS` is DeviceCMYK, or an ICC profile of four
    components). There grey is black ink and nothing else, and HardLight would fade the others: Multiply doesn't, and
    leaves black unmarked.
    """
    return ("Multiply", _IN_INK) if cmyk else ("HardLight", OPACITY)


def side(width: float, height: float) -> float:
    """Give the side of the tile, in points, for a page of this size in points (UserUnit counted in)."""
    return _SIDE * max(1.0, math.sqrt(width * height / _AREA))


def tile_for_page(code: int, key: bytes, width: float = 595.0, height: float = 842.0) -> Tile:
    """Draw the tile of a code for a page. Repeated without gaps, in any quarter turn, it is the mark."""
    steps = np.clip(np.rint(3.5 + _SPREAD * hidden_tile.raster(code, key, PIXELS)), 0, 7)
    levels = np.rint(steps * 15 / 7).astype(np.uint8)  # as far above the middle as below it
    length = side(width, height)
    return Tile((levels[:, ::2] << 4 | levels[:, 1::2]).tobytes(), PIXELS, PIXELS, length, length)


def sheet_for_page(code: int, key: bytes, width: float, height: float) -> Tile:
    """Draw the mark for a whole page: tiles enough to cover it, in one image.

    Renderers round the edges of images outwards, so that tiles drawn one beside the other show seams; one image has
    none. Compressed it is little larger than a tile. Place it with a corner on a corner of the page.
    """
    tile = tile_for_page(code, key, width, height)
    across, down = math.ceil(width / tile.width), math.ceil(height / tile.height)
    samples = np.tile(np.frombuffer(tile.samples, np.uint8).reshape(PIXELS, -1), (down, across))
    return Tile(samples.tobytes(), across * PIXELS, down * PIXELS, across * tile.width, down * tile.height)
