"""Finds a hidden mark in a picture that may have been cropped, scaled, turned, recompressed or photographed.

1. The picture is made even, in three ways in turn: as photo and page at once, as a page, and as a page whose ground
   has burnt out.
2. The lattice of the tile is looked for, and then the tile on it, by the pilots that the key says.
3. The best places are read: a code counts if its check holds and its signs agree better than chance ever made them.

Where no code can be read, `likeness` still tells how well each of some known codes agrees with what is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import cells as hidden_cells
from gateway.watermark.hidden import code as hidden_code
from gateway.watermark.hidden import search as hidden_search
from gateway.watermark.hidden import tile as hidden_tile
from gateway.watermark.hidden.embedding import Floats
from gateway.watermark.hidden.like import Compared, compared, likeness
from gateway.watermark.hidden.search import Lattice, Spectrum
from gateway.watermark.hidden.tile import Keyed
from gateway.watermark.hidden.views import COUNT, SMALLEST, shrunk, views

__all__ = [
    "AGREEMENT",
    "FALSE_FINDS",
    "SMALLEST",
    "Compared",
    "Found",
    "compared",
    "likeness",
    "readings",
    "seek",
    "shrunk",
]

_TRIED = 16  # places that are read, each way
_REPEATED = 6  # places that are read on lattices that repetition shows
_LEVEL = 250  # lattices that are tried in each of the other ways that a square can lie
_TURNED = 8  # places that are read in each of the other ways that a square can lie
_BANDS = 4  # of the waves by their length: attacks weaken short waves most
AGREEMENT = 10.4
"""How far a code has to agree to be taken, in standard deviations."""
FALSE_FINDS = 1e-6
"""Codes to be expected in a picture without a mark: readings beyond `AGREEMENT`, divided by the 65,536 of their check.

Measured by bench/hidden_false.py at effort 1; effort 2 reads some eight times as often.
"""
_THOROUGH = 2
_MAIN = 2  # even forms that are enough for what is rarer
_PARTS = tuple(
    (top, left, side)
    for side, starts in ((0.6, (0.0, 0.4)), (0.4, (0.0, 0.3, 0.6)))
    for top in starts
    for left in starts
)
"""Where parts of the picture begin, and how long they are, of its height and width."""


@dataclass(frozen=True, slots=True)
class Found:
    """A code that was read, how surely, and how its tile lies.

    `confidence` is how far its 480 signs agree with the picture, in standard deviations: pictures without a mark reach
    10 or so. `side` is that of the tile in pixels, `turn` is in degrees, counter-clockwise.
    """

    code: int
    confidence: float
    side: float
    turn: float
    mirrored: bool


def seek(
    luma: Floats, key: bytes, askew: float = 4.3, effort: int = 1, progress: Callable[[float], None] | None = None
) -> Found | None:
    """Read the hidden mark in brightness values 0 to 255, shape (height, width), or give None where there is none.

    `askew` is how many degrees the picture may be turned beside quarter turns, where its mark is faint; clear marks are
    found at any. `effort` 2 looks on, several times as long, at parts of the picture and at every turn. `progress`
    is told the share of the work that is done.
    """
    works = COUNT + _MAIN + (COUNT + _MAIN * len(_PARTS) if effort >= _THOROUGH else 0)
    for done, (soft, places, scale) in enumerate(readings(luma, key, askew, effort), 1):
        for found in _codes(soft, places, scale):
            return found
        if progress:
            progress(min(1.0, done / works))
    return None


def readings(
    luma: Floats, key: bytes, askew: float = 4.3, effort: int = 1
) -> Iterator[tuple[Floats, list[Lattice], float]]:
    """Give what `seek` decodes, the likeliest to succeed first: soft signs, a row for each place, and the places.

    Rows have length 1. The number is how far the picture was reduced.
    """
    plan = hidden_tile.keyed(key)
    looked = []
    for found, scale in views(luma):
        ranked = hidden_search.lattices(found, math.radians(askew))
        looked.append((found, ranked, scale))
        yield *_read(found, _places(found, ranked, plan), plan), scale
    for found, ranked, scale in looked[:_MAIN]:
        places = hidden_search.pilots(found, ranked[:_LEVEL], plan, range(1, 8), _TURNED)
        yield *_read(found, places, plan), scale
    if effort < _THOROUGH:
        return
    height, width = luma.shape
    for top, left, side in _PARTS:
        down, across = (
            slice(round(start * size), round((start + side) * size)) for start, size in ((top, height), (left, width))
        )
        for found, scale in views(luma[down, across], _MAIN):
            ranked = hidden_search.lattices(found, math.radians(askew))[:_LEVEL]
            yield *_read(found, _places(found, ranked, plan), plan), scale
    for found, _, scale in looked:
        ranked = hidden_search.lattices(found, math.pi / 4)[: 2 * _LEVEL]
        yield *_read(found, hidden_search.pilots(found, ranked, plan, range(8), _TRIED), plan), scale


def _places(found: Spectrum, ranked: NDArray[np.float64], plan: Keyed) -> list[Lattice]:
    """Give the places to read: on the likeliest upright lattices, and on those that repetition shows, in any turn."""
    upright = hidden_search.pilots(found, ranked, plan, range(1), _TRIED)
    return upright + hidden_search.pilots(found, hidden_cells.cells(found), plan, range(8), _REPEATED)


def _codes(soft: Floats, places: list[Lattice], scale: float) -> list[Found]:
    """Give the codes whose check holds and that agree well enough, the surest first."""
    read = [
        _found(code, float(row @ hidden_code.encode(code)), place, scale)
        for code, row, place in zip(hidden_code.decode(soft), soft, places, strict=True)
        if code is not None
    ]
    return sorted((one for one in read if one.confidence >= AGREEMENT), key=lambda one: -one.confidence)


def _read(found: Spectrum, places: list[Lattice], plan: Keyed) -> tuple[Floats, list[Lattice]]:
    every = places + hidden_search.refined(found, places, plan)
    return _soft(found, every, plan), every


def _soft(found: Spectrum, places: list[Lattice], plan: Keyed) -> Floats:
    """Give the soft signs of each place, of length 1 in all, weighted by what pilots say of waves of their length."""
    waves = hidden_tile.waves()
    shifts = np.array([place.shift for place in places]) @ waves.T
    values = hidden_search.sample(found, np.stack([place.matrix for place in places]), waves) * np.conj(plan.phases)
    values *= np.exp(2j * np.pi * shifts).astype(np.complex64)
    read = (values * np.exp(-1j * np.angle(values[:, plan.pilots].sum(axis=1, keepdims=True)))).real
    radius = np.hypot(waves[:, 0], waves[:, 1])
    edges = np.quantile(radius, np.linspace(0, 1, _BANDS + 1))
    middles = (edges[1:] + edges[:-1]) / 2
    bands = np.clip(np.searchsorted(edges, radius[plan.pilots], "right") - 1, 0, _BANDS - 1)
    agreed = read[:, plan.pilots]
    mean = agreed.mean(axis=1)
    gains = [0.5 * mean + 0.5 * np.maximum(0, agreed[:, bands == band].mean(axis=1)) for band in range(_BANDS)]
    weights = np.array([np.interp(radius, middles, one) for one in np.eye(_BANDS)])
    signs: Floats = (read * (np.transpose(gains) @ weights))[:, plan.data].astype(np.float32)
    signs /= np.linalg.norm(signs, axis=1, keepdims=True) + np.float32(1e-9)
    return signs


def _found(code: int, agreement: float, place: Lattice, scale: float) -> Found:
    (a, b), (c, d) = place.matrix
    determinant = a * d - b * c
    turn = math.degrees(math.atan2(-c, a))
    return Found(code, agreement, scale / math.sqrt(abs(determinant)), turn, bool(determinant < 0))
