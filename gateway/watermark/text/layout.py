"""Where the visible mark stands: a slanted block of lines, tiled over a page, sized to it.

Lengths are in the units of the page as it is displayed, with the origin at its lower left corner and y upwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gateway.watermark.text.words import wrap

LEADING = 1.25  # the height of a line, in font sizes
_TILES = 64  # at most: a page that is a long strip gets wider gaps
_MOST_STEPS = 100  # from the middle, each way: bounds the work that a box with absurd sides can ask for
_FILL = 0.94  # of the page's width and height that one block may take
_SLANTS = (30, 0, 90)  # degrees: slanted unless only a level or upright line fits
COLUMNS = (64, 44, 30, 22, 17)  # a code has 17 characters and is never broken


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle by two corners; `low` and `high` are ordered."""

    left: float
    low: float
    right: float
    high: float


@dataclass(frozen=True, slots=True)
class Layout:
    """How the block is set: `centres` of its tiles, the first one in the middle of the page and always complete.

    `sources` are the numbers of the texts that the lines are from.
    """

    lines: tuple[str, ...]
    size: float
    slant: int
    width: float
    height: float
    centres: tuple[tuple[float, float], ...]
    sources: tuple[int, ...]

    @property
    def box(self) -> tuple[float, float]:
        """Give the width and height of the upright box around a tile."""
        return extent(self.width, self.height, self.slant)


def lay(
    texts: Sequence[str],
    measure: Callable[[str], float],
    page: Area,
    *,
    least: float = 0.0,
    cover: Area | None = None,
    wanted: float = 0.0,
) -> Layout:
    """Set texts on a page, tiled. `measure` gives a text's width in font sizes.

    The size is `wanted` or follows the page, is at least `least` where that fits, and shrinks where it must. `cover` is
    tiled beyond the page: what a crop box hides can be shown again.
    """
    width, height = page.right - page.left, page.high - page.low
    once = lay_once(texts, measure, page, max(wanted or math.sqrt(width * height) / 62, least), _SLANTS)
    size, slant, block = once.size, once.slant, (once.width, once.height)
    middle = once.centres[0]
    centres = [middle, *_tiles(middle, block, size, slant, page)]
    if cover is not None:
        centres += [at for at in _tiles(middle, block, size, slant, cover) if not _touches(*at, once.box, page)]
    return replace(once, centres=tuple(centres))


def lay_once(
    texts: Sequence[str],
    measure: Callable[[str], float],
    page: Area,
    wanted: float,
    slants: Sequence[int],
    columns: Sequence[int] = COLUMNS,
) -> Layout:
    """Set texts once, in the middle, as near to a wanted size as can be, at the first slant, in the longest lines."""
    width, height = page.right - page.left, page.high - page.low
    best = None
    for slant in slants:
        for most in columns:
            wrapped = [(line, source) for source, text in enumerate(texts) for line in wrap(text, most)]
            span = max(measure(line) for line, _ in wrapped), len(wrapped) * LEADING
            fits = min(_FILL * width / extent(*span, slant)[0], _FILL * height / extent(*span, slant)[1])
            size = min(fits, wanted)
            if best is None or size > best[0] * 1.001:
                best = size, slant, wrapped, span
    assert best is not None
    size, slant, wrapped, span = best
    middle = (page.left + page.right) / 2, (page.low + page.high) / 2
    lines, sources = zip(*wrapped, strict=True)
    return Layout(lines, size, slant, span[0] * size, span[1] * size, (middle,), sources)


def extent(width: float, height: float, slant: int) -> tuple[float, float]:
    """Give the width and height of the upright box around a slanted block."""
    cos, sin = math.cos(math.radians(slant)), math.sin(math.radians(slant))
    return width * cos + height * sin, width * sin + height * cos


def _tiles(
    middle: tuple[float, float], block: tuple[float, float], size: float, slant: int, area: Area
) -> list[tuple[float, float]]:
    """Give the centres of a brick pattern, along and across the slant, wherever a tile touches the area."""
    cos, sin = math.cos(math.radians(slant)), math.sin(math.radians(slant))
    width, height = area.right - area.left, area.high - area.low
    along, across = block[0] + 4 * size, block[1] + 6 * size
    wider = math.sqrt(max(1.0, width * height / (along * across) / _TILES))
    along, across = along * wider, across * wider
    half = extent(*block, slant)
    reach = extent(width, height, slant)
    far = max(abs(middle[0] - (area.left + area.right) / 2), abs(middle[1] - (area.low + area.high) / 2))
    columns = min(_MOST_STEPS, int((reach[0] / 2 + far) / along) + 2)
    rows = min(_MOST_STEPS, int((reach[1] / 2 + far) / across) + 2)
    centres = []
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            u, v = (column + row % 2 / 2) * along, row * across
            x, y = middle[0] + u * cos - v * sin, middle[1] + u * sin + v * cos
            if (row or column) and _touches(x, y, half, area):
                centres.append((x, y))
    return centres


def _touches(x: float, y: float, tile: tuple[float, float], area: Area) -> bool:
    return (
        area.left - tile[0] / 2 < x < area.right + tile[0] / 2 and area.low - tile[1] / 2 < y < area.high + tile[1] / 2
    )
