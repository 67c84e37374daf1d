"""How alike two pictures look: structural similarity.

Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment: from error visibility to structural similarity", IEEE
Transactions on Image Processing 13 (2004), with a square window of 7 pixels, on the brightness alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW = 7
"""Pixels of the side of the window."""
_LUMA, _DETAIL = 6.5025, 58.5225  # (0.01 * 255)^2 and (0.03 * 255)^2, as in the paper
_UNBIASED = WINDOW**2 / (WINDOW**2 - 1)


def similarity(before: Floats, after: Floats) -> float:
    """Give the mean structural similarity of two brightness fields, 0 to 255, no side shorter than the window."""
    x, y = before.astype(np.float64), after.astype(np.float64)
    mean_x, mean_y = _window(x), _window(y)
    product = mean_x * mean_y
    squares = np.square(mean_x) + np.square(mean_y)
    both = _UNBIASED * (_window(x * y) - product)
    own = _UNBIASED * (_window(np.square(x) + np.square(y)) - squares)
    near = (2 * product + _LUMA) / (squares + _LUMA)
    return float(np.mean(near * (2 * both + _DETAIL) / (own + _DETAIL)))


def _window(field: NDArray[np.float64]) -> NDArray[np.float64]:
    for axis in (0, 1):
        sums = np.cumsum(np.insert(field, 0, 0, axis=axis), axis=axis)
        kept = sums.shape[axis] - WINDOW
        ends, starts = (slice(WINDOW, None), slice(kept)) if axis == 0 else (np.s_[:, WINDOW:], np.s_[:, :kept])
        field = (sums[ends] - sums[starts]) / WINDOW
    return field
