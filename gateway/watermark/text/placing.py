"""Where each text of the visible mark stands, so that none covers another and none is cut at an edge.

Footers, headers and corners stack at their edge; a diagonal stands across what they leave; the tiles stand around both.
Where a page has no room for that, everything is tiled together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from gateway.watermark.mark import SHAPE
from gateway.watermark.plan import Visible
from gateway.watermark.text.layout import COLUMNS, Area, Layout, lay, lay_once

TYPICAL = "-".join(["HHHHH"] * 3)
"""As wide as most codes, or a little more: what is set in the middle or at the right goes by it, not by `SHAPE`."""

_EDGE = 1.5  # font sizes between an edge text and the edge
_EDGE_SIZE = 78.0  # of the page's mean side is the size of an edge text
_BANDS = 0.4  # of a page's height that edge texts may take
_LONG = (200, 120, 90, *COLUMNS)
_LARGEST = 9.0  # of the page's shorter side is the most that a diagonal's letters may be high
_GAP = 1.0  # font sizes that tiles leave free around other texts
_PLACES = ("header", "footer", "corner")


@dataclass(frozen=True, slots=True)
class Placed:
    """Texts that are set together: a layout whose `sources` are places in `of`, and where its shorter lines stand."""

    layout: Layout
    of: tuple[int, ...]
    align: Literal["start", "centre", "end"] = "start"


def place(
    visible: Sequence[Visible],
    texts: Sequence[str],
    measure: Callable[[str], float],
    page: Area,
    *,
    least: float,
    cover: Area | None = None,
    point: float = 1.0,
) -> tuple[Placed, ...]:
    """Place texts, each in the way that its `Visible` says. `least` is the size below which edge texts are given up.

    `point` is the length of a point: sizes are said in points.
    """
    numbers = range(len(visible))
    sizes = [one.size * point for one in visible]
    if all(one.placement == "tiled" for one in visible):
        return (_tiled(tuple(numbers), texts, sizes, measure, page, least, cover),)
    found = _apart(visible, texts, sizes, measure, page, least, cover)
    return found or (_tiled(tuple(numbers), texts, [0.0], measure, page, least, cover),)


def _tiled(
    of: tuple[int, ...],
    texts: Sequence[str],
    sizes: Sequence[float],
    measure: Callable[[str], float],
    page: Area,
    least: float,
    cover: Area | None,
) -> Placed:
    chosen = [texts[number] for number in of]
    return Placed(lay(chosen, measure, page, least=least, cover=cover, wanted=max(sizes)), of)


def _apart(
    visible: Sequence[Visible],
    texts: Sequence[str],
    sizes: Sequence[float],
    measure: Callable[[str], float],
    page: Area,
    least: float,
    cover: Area | None,
) -> tuple[Placed, ...]:
    """Place every text where it is wanted; nothing where the page has no room for one of them."""
    by_place = {name: [at for at, one in enumerate(visible) if one.placement == name] for name in _PLACES}
    placed: list[Placed] = []
    rest = page
    for name in _PLACES:
        for number in by_place[name]:
            edge = _edge(name, number, texts[number], sizes[number], measure, page, rest, least)
            rest = _above(rest, edge) if name != "header" else _below(rest, edge)
            placed.append(edge)
    if any(edge.layout.size < least for edge in placed) or rest.high - rest.low < (1 - _BANDS) * (page.high - page.low):
        return ()
    diagonal = tuple(at for at, one in enumerate(visible) if one.placement == "diagonal")
    if diagonal:
        layout = _diagonal([texts[at] for at in diagonal], max(sizes[at] for at in diagonal), measure, rest)
        if layout.size < least:
            return ()
        placed.append(Placed(layout, diagonal, "centre"))
    tiled = tuple(at for at, one in enumerate(visible) if one.placement == "tiled")
    if tiled:
        wanted = [sizes[at] for at in tiled]
        tiles = _free(_tiled(tiled, texts, wanted, measure, rest, least, cover), placed, rest)
        if tiles is None:
            return ()
        placed.append(tiles)
    return tuple(placed)


def _edge(
    name: str,
    number: int,
    text: str,
    size: float,
    measure: Callable[[str], float],
    page: Area,
    rest: Area,
    least: float,
) -> Placed:
    """Set a text along the upper or lower edge of what is left of the page, in as few lines as can be."""
    width, height = page.right - page.left, page.high - page.low
    wanted = max(size or math.sqrt(width * height) / _EDGE_SIZE, least)
    columns = COLUMNS[-2:] if name == "corner" else _LONG
    layout = lay_once([text], _typical(measure), page, wanted, (0,), columns)
    off = layout.height / 2 + _EDGE * layout.size
    x = (page.left + page.right) / 2
    if name == "corner":
        x = page.right - layout.width / 2 - min(_EDGE * layout.size, (width - layout.width) / 2)
    y = rest.high - off if name == "header" else rest.low + off
    align: Literal["centre", "end"] = "end" if name == "corner" else "centre"
    return Placed(replace(layout, centres=((x, y),)), (number,), align)


def _above(rest: Area, edge: Placed) -> Area:
    return replace(rest, low=edge.layout.centres[0][1] + edge.layout.height / 2)


def _below(rest: Area, edge: Placed) -> Area:
    return replace(rest, high=edge.layout.centres[0][1] - edge.layout.height / 2)


def _diagonal(texts: Sequence[str], size: float, measure: Callable[[str], float], rest: Area) -> Layout:
    """Set texts once, as large as they get along the diagonal."""
    width, height = rest.right - rest.left, rest.high - rest.low
    slant = max(15, min(75, round(math.degrees(math.atan2(height, width)))))
    return lay_once(texts, _typical(measure), rest, size or min(width, height) / _LARGEST, (slant,), _LONG)


def _typical(measure: Callable[[str], float]) -> Callable[[str], float]:
    return lambda text: measure(text.replace(SHAPE, TYPICAL))


def _free(tiles: Placed, others: Sequence[Placed], rest: Area) -> Placed | None:
    """Leave out the tiles that would cover another text; None where no whole one is left."""
    layout = tiles.layout
    taken = [_corners(other.layout, centre) for other in others for centre in other.layout.centres]
    kept = [at for at in layout.centres if not any(_meet(_corners(layout, at), other) for other in taken)]
    wide, high = layout.box[0] / 2, layout.box[1] / 2
    inner = Area(rest.left + wide, rest.low + high, rest.right - wide, rest.high - high)
    whole = [at for at in kept if inner.left <= at[0] <= inner.right and inner.low <= at[1] <= inner.high]
    if not whole:
        return None
    return replace(tiles, layout=replace(layout, centres=tuple(dict.fromkeys([*whole, *kept]))))


def _corners(layout: Layout, centre: tuple[float, float]) -> list[tuple[float, float]]:
    """Give the corners of a tile, with the room that it wants around it."""
    cos, sin = math.cos(math.radians(layout.slant)), math.sin(math.radians(layout.slant))
    wide, high = layout.width / 2 + _GAP / 2 * layout.size, layout.height / 2 + _GAP / 2 * layout.size
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        (centre[0] + x * wide * cos - y * high * sin, centre[1] + x * wide * sin + y * high * cos) for x, y in signs
    ]


def _meet(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    """Tell whether two rectangles meet: none of their sides parts them."""
    for corners in (one, other):
        for a, b in itertools.pairwise(corners[:3]):
            u, v = b[0] - a[0], b[1] - a[1]
            mine, theirs = ([u * x + v * y for x, y in each] for each in (one, other))
            if max(mine) <= min(theirs) or max(theirs) <= min(mine):
                return False
    return True
