"""The pattern of the hidden mark: a square tile of keyed waves that repeats over the picture.

The tile is a sum of plane waves, whole numbers of periods each, at a distance of 6 to 21.5 periods from the origin
of its spectrum; the neighbourhood of both axes is left out, where lines of text and rules of tables live. Some waves
are pilots, whose phases the key alone gives: they tell where the tile begins. The others carry a sign each. Which is
which, in what order and with what phase comes from the key: without it the waves are noise.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import code as hidden_code

NOMINAL = 256
"""Pixels of a tile's side in a picture of `_AREA` pixels or fewer."""
_AREA = 2_170_000  # A4 at 150 dots an inch; larger pictures get larger tiles, because they are looked at smaller
_INNER, _OUTER, _AXES = 6.0, 21.5, 1
LONGEST = 22
"""No wave has more periods along a side of the tile."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """What the key says: `pilots` and `data` are indices into `waves()`, `phases` are unit numbers, one a wave."""

    pilots: NDArray[np.intp]
    data: NDArray[np.intp]
    phases: NDArray[np.complex64]


def side(width: int, height: int) -> int:
    """Give the side of the tile, in pixels, for a picture of this size."""
    return round(NOMINAL * max(1.0, math.sqrt(width * height / _AREA)))


@lru_cache(maxsize=1)
def waves() -> NDArray[np.int16]:
    """Give the waves as periods along x and y, one of each pair of opposites: an array of shape (n, 2)."""
    reach = range(-LONGEST, LONGEST + 1)
    found = [
        (x, y) for x in reach for y in reach if _INNER**2 <= x * x + y * y <= _OUTER**2 and x > _AXES and abs(y) > _AXES
    ]
    return np.array(found, np.int16)


@lru_cache(maxsize=8)
def keyed(key: bytes) -> Keyed:
    """Give what a key of 32 bytes makes of the waves."""
    count = len(waves())
    blocks = -(-count * 12 // 32)
    stream = b"".join(
        hmac.digest(key, b"sovgate hidden mark 1" + at.to_bytes(4, "big"), hashlib.sha256) for at in range(blocks)
    )
    order = np.argsort(np.frombuffer(stream, ">u8", count), kind="stable")
    turns = np.frombuffer(stream, ">u4", count, count * 8) / 2.0**32
    data = hidden_code.SIGNS
    return Keyed(order[data:], order[:data], np.exp(2j * np.pi * turns).astype(np.complex64))


def raster(code: int, key: bytes, size: int) -> NDArray[np.float32]:
    """Draw the tile of a code in `size` by `size` pixels: mean 0, root mean square 1."""
    plan = keyed(key)
    values = plan.phases.copy()
    values[plan.data] *= hidden_code.encode(code)
    spectrum = np.zeros((size, size // 2 + 1), np.complex64)
    x, y = waves().T
    spectrum[y, x] = values
    tile: NDArray[np.float32] = np.fft.irfft2(spectrum, (size, size)).astype(np.float32, copy=False)
    return tile * np.float32(size * size / np.sqrt(2 * len(values)))
