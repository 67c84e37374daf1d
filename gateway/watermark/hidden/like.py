"""Tells how well known codes agree with a picture whose hidden mark is too weak to read.

The pilots, which every code of the key has in common, say where a tile may lie: thousands of places are kept.
At each of them the picture is compared with the whole tile of every code, and a code's score is its best. Codes of
nobody, compared in the same way, show what scores chance gives in this very picture: from them comes the chance that
the best of so many wrong codes would score as high (extreme values: E. J. Gumbel, "Statistics of Extremes", 1958).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import cells as hidden_cells
from gateway.watermark.hidden import code as hidden_code
from gateway.watermark.hidden import search as hidden_search
from gateway.watermark.hidden import tile as hidden_tile
from gateway.watermark.hidden import views as hidden_views
from gateway.watermark.hidden.embedding import Floats
from gateway.watermark.hidden.search import Complexes, Lattice, Spectrum
from gateway.watermark.hidden.tile import Keyed

_PRODUCTS = 12_000_000  # codes times places that are compared, each way: half a second or so
_MOST, _LEAST = 3_000, 600  # places
_AT_ONCE = 400  # places
_SHIFTS = 4  # of the tile that are kept for each lattice
_REFINED = 48  # places that are fitted more exactly
_NOBODY = 400  # codes that show what chance does
_EULER = 0.5772156649


@dataclass(frozen=True, slots=True)
class Compared:
    """How well each of the codes agrees with a picture, in the order they were given.

    `scores` are energies in mean energies; `chances` say how likely the best of as many wrong codes is to score so high
    by chance: 0.01 and less is a strong hint, 0.5 is nothing.
    """

    scores: list[float]
    chances: list[float]


def likeness(luma: Floats, key: bytes, codes: Sequence[int], askew: float = 4.3) -> list[float]:
    """Give the `scores` of `compared`."""
    return compared(luma, key, codes, askew).scores


def compared(luma: Floats, key: bytes, codes: Sequence[int], askew: float = 4.3) -> Compared:
    """Tell how well the tile of each code agrees with brightness values 0 to 255, shape (height, width).

    `askew` is as in `seek.seek`; turned and mirrored pictures are compared where what repeats shows how they lie.
    """
    if not codes:
        return Compared([], [])
    nobody = [int.from_bytes(hashlib.sha256(b"nobody %d" % at).digest()[:8], "big") for at in range(_NOBODY)]
    signs = np.stack([hidden_code.encode(code) for code in (*codes, *nobody)])
    plan = hidden_tile.keyed(key)
    best = np.zeros(len(signs), np.float32)
    for found, _ in hidden_views.views(luma):
        best = np.maximum(best, _scores(_values(found, plan, askew, len(signs)), signs, plan))
    scores, chance = best[: len(codes)], best[len(codes) :]
    return Compared(scores.tolist(), _chances(scores, chance))


def _values(found: Spectrum, plan: Keyed, askew: float, count: int) -> Complexes:
    """Give the waves of the picture at each likely place of the tile, turned so that they would all be real."""
    waves = hidden_tile.waves()
    ranked = hidden_search.lattices(found, math.radians(askew))
    places = hidden_search.pilots(found, ranked, plan, range(1), _MOST, _SHIFTS)
    places += hidden_search.pilots(found, hidden_cells.cells(found), plan, range(8), _MOST, _SHIFTS)
    places.sort(key=lambda place: -place.score)
    exact = hidden_search.refined(found, places[:_REFINED], plan)
    kept: list[Lattice] = exact + places[: max(_LEAST, min(_MOST, _PRODUCTS // count))]
    values = np.empty((len(kept), len(waves)), np.complex64)
    for start in range(0, len(kept), _AT_ONCE):
        some = kept[start : start + _AT_ONCE]
        turns = np.array([place.shift for place in some], np.float32) @ waves.T.astype(np.float32)
        part = hidden_search.sample(found, np.stack([place.matrix for place in some]), waves)
        values[start : start + _AT_ONCE] = part * np.conj(plan.phases) * np.exp(np.complex64(2j * np.pi) * turns)
    return values


def _scores(values: Complexes, signs: Floats, plan: Keyed) -> Floats:
    """Give the energy of the whole tile of each code at the place that suits it best."""
    pilots = values[:, plan.pilots].sum(axis=1)
    data = values[:, plan.data]
    real, imaginary = np.ascontiguousarray(data.real.T), np.ascontiguousarray(data.imag.T)
    best = np.empty(len(signs), np.float32)
    rows = max(1, (1 << 22) // len(values))
    for start in range(0, len(signs), rows):
        some = signs[start : start + rows]
        energy = np.square(some @ real + pilots.real) + np.square(some @ imaginary + pilots.imag)
        best[start : start + rows] = energy.max(axis=1)
    return best / np.float32(values.shape[1])


def _chances(scores: NDArray[np.float32], chance: NDArray[np.float32]) -> list[float]:
    """Give for each score the chance that the best of as many wrong codes reaches it, from what codes of nobody got."""
    spread = float(chance.std()) * math.sqrt(6) / math.pi
    if spread == 0:
        return [1.0] * len(scores)
    middle = float(chance.mean()) - _EULER * spread
    beyond = [math.exp(-(float(score) - middle) / spread) for score in scores]
    return [-math.expm1(-one * len(scores)) for one in beyond]
