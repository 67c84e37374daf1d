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


def similarity(before: Floats, after: Floats) -> Floats:
    """Give the mean structural similarity of brightness fields, 0 to 255, or of each pair in two stacks of them.

    Shapes are (..., height, width), no side shorter than the window.
    """
    mean_x, mean_y = _window(before), _window(after)
    product = mean_x * mean_y
    squares = np.square(mean_x) + np.square(mean_y)
    both = _UNBIASED * (_window(before * after) - product)
    own = _UNBIASED * (_window(np.square(before) + np.square(after)) - squares)
    near = (2 * product + _LUMA) / (squares + _LUMA)
    alike: Floats = np.mean(near * (2 * both + _DETAIL) / (own + _DETAIL), axis=(-2, -1))
    return alike


def _window(field: Floats) -> Floats:
    """Give the mean of each window: of two, of four, and then of seven rows, and the same of columns."""
    for axis in (-2, -1):
        field = np.moveaxis(field, axis, 0)
        two = field[:-1] + field[1:]
        four = two[:-2] + two[2:]
        field = np.moveaxis(four[:-3] + two[4:-1] + field[6:], 0, axis)
    field *= np.float32(1 / WINDOW**2)
    return field
