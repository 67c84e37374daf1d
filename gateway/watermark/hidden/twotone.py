"""Puts the hidden mark into pictures of two colours, which have no greys for it: strokes become thicker or thinner.

Where the tile is dark, the edges of what is dark move outwards by a pixel, and where it is light, inwards. So the
brightness around follows the tile, and whoever looks for the mark of grey pictures finds it. Edges move in one
direction after the other, as few times as are enough, and in runs, which look like edges and which fax codes well.
Nothing is parted, joined, made or lost: strokes and gaps of three pixels keep two, and narrower ones stay as they are.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import tile as hidden_tile

Bits = NDArray[np.bool_]

_LEVELS = ((0.5, 0.015), (1.0, 0.01))  # of the tile, from where edges move, and shares of all pixels that are enough
_LEAST = 0.005  # of all pixels: where fewer moved, nothing can be read
_PIXEL = 512  # pixels of a tile's side in which a move by one is seen; in larger ones all moves are made several times
_WAYS = ((0, -1), (0, 1), (-1, 0), (1, 0))  # down, across
_AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))  # a pixel, counter-clockwise
_RULE = 8  # of a tile's side: edges so long are rules and frames, which show any step, and stay
_RIM = 2  # pixels
_STRIP = 1 << 20  # pixels that are looked at together


def embed(dark: Bits, code: int, key: bytes) -> Bits | None:
    """Give a marked copy of (height, width) samples that are true where the picture is dark.

    None where there are too few edges to carry a code: blank pages, and photos made of dots. Deterministic.
    """
    height, width = dark.shape
    size = hidden_tile.side(width, height)
    tile = np.tile(hidden_tile.raster(code, key, size), (1, -(-width // size)))[:, :width]
    room = np.pad(dark, _RIM, "edge")
    moved = 0
    for (level, enough), _, way in product(_LEVELS, range(max(1, round(size / _PIXEL))), _WAYS):
        if moved < enough * dark.size:
            moved += _move(room, tile, level, way)
    return room[_RIM:-_RIM, _RIM:-_RIM] if moved >= _LEAST * dark.size else None


def _move(room: Bits, tile: NDArray[np.float32], level: float, way: tuple[int, int]) -> int:
    """Move the edges that face one way by a pixel where the tile asks for it, and give how many pixels that took."""
    darker, lighter = tile < -level, tile > level
    width = room.shape[1]
    ahead, along = way[0] * width + way[1], way[1] * width + way[0]
    rows = max(1, _STRIP // width)
    found = []
    for top in range(0, len(room) - 2 * _RIM, rows):
        count = min(rows, len(room) - 2 * _RIM - top)
        behind_2, behind, here, before, before_2 = (_view(room, top, count, way, by) for by in range(-2, 3))
        down = np.arange(top, top + count) % len(tile)
        facing = (behind_2 == behind) & (behind == here) & (here != before) & (before == before_2)
        facing &= np.where(here, lighter[down], darker[down])
        y, x = np.nonzero(facing)
        found.append((y + (top + _RIM)) * width + (x + _RIM))
    at = np.concatenate(found)
    flat = room.reshape(-1)
    around = np.zeros(len(at), np.uint8)
    for bit, (down_by, across_by) in enumerate(_AROUND):
        around |= flat[at + (down_by * width + across_by)].astype(np.uint8) << bit
    at = at[_simple()[around]]
    at = at[~_ruled(flat, at, ahead, along * (len(tile) // _RULE))]
    at = at[np.isin(at + along, at, assume_unique=True) | np.isin(at - along, at, assume_unique=True)]
    flat[at] ^= True
    return len(at)


def _ruled(flat: Bits, at: NDArray[np.intp], ahead: int, far: int) -> Bits:
    """Tell which pixels have an edge before them that seems to go straight on, as far as `far` on either side."""
    ruled = np.zeros(len(at), np.bool_)
    for side in (far, -far):
        further = [np.clip(at + by, abs(ahead), flat.size - 1 - abs(ahead)) for by in (side // 2, side)]
        ruled |= np.all([(flat[to] == flat[at]) & (flat[to + ahead] != flat[at]) for to in further], axis=0)
    return ruled


def _view(room: Bits, top: int, count: int, way: tuple[int, int], by: int) -> Bits:
    """Give rows of the picture as they are `by` pixels further on."""
    down, across = _RIM + top + by * way[0], _RIM + by * way[1]
    return room[down : down + count, across : across + room.shape[1] - 2 * _RIM]


@lru_cache(maxsize=1)
def _simple() -> Bits:
    """Tell, for each way that the eight pixels around can be dark, whether the one inside parts or joins nothing.

    That holds where the crossing number is 1 (S. Yokoi, J. Toriwaki, T. Fukumura, 1975; dark touches at corners).
    """
    light = ~(np.arange(256)[:, None] >> np.arange(8)) & 1
    following, further = np.roll(light, -1, axis=1), np.roll(light, -2, axis=1)
    crossings = (light - light * following * further)[:, ::2].sum(axis=1)
    simple: Bits = crossings == 1
    return simple
