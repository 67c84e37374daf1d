"""Finds a hidden mark in a picture that may have been cropped, scaled, turned, recompressed or photographed.

1. The picture is made even, in three ways in turn: as photo and page at once, as a page, and as a page whose ground
   has burnt out.
2. The lattice of the tile is looked for, and then the tile on it, by the pilots that the key says.
3. The best places are read: a code counts if its check holds and its signs agree better than chance ever made them.

Where no code can be read, `likeness` still tells how well each of some known codes agrees with what is there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gateway.watermark import hidden_code, hidden_flat, hidden_search, hidden_tile
from gateway.watermark.hidden import Floats, Pixels, brightness
from gateway.watermark.hidden_search import Lattice, Spectrum
from gateway.watermark.hidden_tile import Keyed

SMALLEST = 64
"""Pixels of the shorter side of a picture that can hold a code."""
_AREA = 2_300_000  # pixels that are looked at; a larger picture is made smaller first
_TRIED = 16  # places that are read, each way
_TURNED = 8  # places that are read in each of the other ways that a square can lie
_PLACES, _LEAST_PLACES = 60_000, 40  # that known codes are tried at: in all, and at least for each
_BANDS = 4  # of the waves by their length: attacks weaken short waves most
_AGREEMENT = 10.4  # see docs/marks.md for the rate of false finds that this was tuned to
_WAYS = (hidden_flat.mixed, hidden_flat.page, hidden_flat.ink)


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


def shrunk(pixels: Pixels, colours: Literal["grey", "rgb", "cmyk"]) -> Floats:
    """Give the brightness of samples (see `hidden.embed`) for `seek` and `likeness`, without a full-sized copy of them.

    Pictures beyond 2.3 megapixels come out smaller by a whole number; `Found.side` is then in the smaller pixels.
    """
    by = _by(pixels.shape)
    rows = max(1, (1 << 18) // max(pixels.shape[1] * by, 1)) * by
    strips = (brightness(pixels[top : top + rows], colours) for top in range(0, pixels.shape[0] // by * by, rows))
    return np.concatenate([strip if by == 1 else _means(strip, by) for strip in strips])


def seek(luma: Floats, key: bytes, askew: float = 4.3) -> Found | None:
    """Read the hidden mark in brightness values 0 to 255, shape (height, width), or give None where there is none.

    `askew` is how many degrees the picture may be turned beside quarter turns; 45 finds any, in several times the time.
    """
    for soft, lattice, scale in _readings(luma, key, askew):
        codes = hidden_code.decode(soft)
        for code, row, place in zip(codes, soft, lattice, strict=True):
            if code is not None:
                agreement = float(row @ hidden_code.encode(code))
                if agreement >= _AGREEMENT:
                    return _found(code, agreement, place, scale)
    return None


def likeness(luma: Floats, key: bytes, codes: Sequence[int], askew: float = 4.3) -> list[float]:
    """Tell how well the whole tile of each code agrees with the picture, at the best of the places that are tried.

    In mean energies: a code that has nothing to do with the picture reaches about 16, rarely 20. Works for pictures too
    weak to read, since six times as many waves are known as when the code isn't; mirrors and quarter turns aren't
    tried.
    """
    best = [0.0] * len(codes)
    plan = hidden_tile.keyed(key)
    waves = hidden_tile.waves()
    for found, ranked, _ in _views(luma, askew) if codes else ():
        places = ranked[: max(_LEAST_PLACES, _PLACES // len(codes))]
        values = hidden_search.sample(found, places, waves) * np.conj(plan.phases)
        for at, code in enumerate(codes):
            signs = np.ones(len(waves), np.float32)
            signs[plan.data] = hidden_code.encode(code)
            best[at] = max(best[at], float(hidden_search.peaks(values * signs, waves)[0].max()))
    return best


def _readings(luma: Floats, key: bytes, askew: float) -> Iterator[tuple[Floats, list[Lattice], float]]:
    """Give soft signs, a row of length 1 for each place, the places, and the scale that the picture was reduced by."""
    plan = hidden_tile.keyed(key)
    later = []
    for found, ranked, scale in _views(luma, askew):
        later.append((found, ranked, scale))
        places = hidden_search.pilots(found, ranked, plan, range(1))[:_TRIED]
        yield *_read(found, places, plan), scale
    for found, ranked, scale in later:
        places = hidden_search.pilots(found, ranked[: len(ranked) // 2], plan, range(1, 8))[:_TURNED]
        yield *_read(found, places, plan), scale


def _views(luma: Floats, askew: float) -> Iterator[tuple[Spectrum, NDArray[np.float64], float]]:
    """Give the spectrum of each even form of the picture, its likeliest lattices, and how far it was reduced."""
    if min(luma.shape) < SMALLEST or float(np.ptp(luma)) == 0:
        return
    small = _reduced(luma)
    for way in _WAYS:
        found = hidden_search.spectrum(way(small))
        yield found, hidden_search.lattices(found, math.radians(askew)), luma.shape[1] / small.shape[1]


def _read(found: Spectrum, places: list[Lattice], plan: Keyed) -> tuple[Floats, list[Lattice]]:
    every = places + [hidden_search.refined(found, place, plan) for place in places]
    return np.stack([_soft(found, place, plan) for place in every]), every


def _soft(found: Spectrum, lattice: Lattice, plan: Keyed) -> Floats:
    """Give the soft signs, weighted by what the pilots say of waves of their length, scaled to mean square 1 in all."""
    waves = hidden_tile.waves()
    values = hidden_search.sample(found, lattice.matrix, waves) * np.conj(plan.phases)
    values *= np.exp(2j * np.pi * (waves @ np.array(lattice.shift)))
    pilots = values[plan.pilots]
    read = (values * np.exp(-1j * np.angle(pilots.sum()))).real
    radius = np.hypot(waves[:, 0], waves[:, 1])
    edges = np.quantile(radius, np.linspace(0, 1, _BANDS + 1))
    middles = (edges[1:] + edges[:-1]) / 2
    bands = np.clip(np.searchsorted(edges, radius[plan.pilots], "right") - 1, 0, _BANDS - 1)
    mean = float(read[plan.pilots].mean())
    gains = [0.5 * mean + 0.5 * max(0.0, float(read[plan.pilots][bands == band].mean())) for band in range(_BANDS)]
    soft = read * np.interp(radius, middles, gains)
    signs: Floats = soft[plan.data].astype(np.float32)
    signs /= np.float32(np.linalg.norm(signs) + 1e-9)
    return signs


def _found(code: int, agreement: float, place: Lattice, scale: float) -> Found:
    (a, b), (c, d) = place.matrix
    determinant = a * d - b * c
    turn = math.degrees(math.atan2(-c, a))
    return Found(code, agreement, scale / math.sqrt(abs(determinant)), turn, bool(determinant < 0))


def _reduced(luma: Floats) -> Floats:
    by = _by(luma.shape)
    return luma if by == 1 else _means(luma, by)


def _by(shape: tuple[int, ...]) -> int:
    return max(1, math.ceil(math.sqrt(shape[0] * shape[1] / _AREA)))


def _means(luma: Floats, by: int) -> Floats:
    height, width = luma.shape[0] // by, luma.shape[1] // by
    cut = luma[: height * by, : width * by]
    mean: Floats = cut.reshape(height, by, width, by).mean(axis=(1, 3), dtype=np.float32)
    return mean
