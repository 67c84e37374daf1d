"""Makes of a leaked picture what the hidden mark is looked for in: spectra of its even forms, no larger than needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Literal

import numpy as np

from gateway.watermark.hidden import flat as hidden_flat
from gateway.watermark.hidden import search as hidden_search
from gateway.watermark.hidden.embedding import Floats, Pixels, brightness
from gateway.watermark.hidden.search import Spectrum

SMALLEST = 64
"""Pixels of the shorter side of a picture that can hold a code."""
_AREA = 2_300_000  # pixels that are looked at; a larger picture is made smaller first
_HALVED = 700_000  # pixels above which even pictures are looked at in half their size
_LONG = 16  # times the shorter side; of a longer strip its middle is looked at

COUNT = 3
"""How many even forms there are."""


def shrunk(pixels: Pixels, colours: Literal["grey", "rgb", "cmyk"]) -> Floats:
    """Give the brightness of samples (see `hidden.embed`) for `seek` and `likeness`, without a full-sized copy of them.

    Pictures beyond 2.3 megapixels come out smaller by a whole number; `Found.side` is then in the smaller pixels.
    """
    by = _by(pixels.shape)
    rows = max(1, (1 << 18) // max(pixels.shape[1] * by, 1)) * by
    strips = (brightness(pixels[top : top + rows], colours) for top in range(0, pixels.shape[0] // by * by, rows))
    return np.concatenate([strip if by == 1 else _means(strip, by) for strip in strips])


def views(luma: Floats, count: int = COUNT) -> Iterator[tuple[Spectrum, float]]:
    """Give the spectra of the first even forms of brightness values 0 to 255, and how far the picture was reduced."""
    if min(luma.shape) < SMALLEST or float(np.ptp(luma)) == 0:
        return
    most = _LONG * min(luma.shape)
    top, left = (max(0, size - most) // 2 for size in luma.shape)
    luma = luma[top : top + most, left : left + most]
    by = _by(luma.shape)
    small = luma if by == 1 else _means(luma, by)
    # The waves of tiles in large pictures are long: once the picture is even, half of the pixels each way tell as much.
    halve = small.size > _HALVED
    for flat in islice(_even(small), count):
        yield hidden_search.spectrum(_means(flat, 2) if halve else flat), by * 2.0 if halve else float(by)


def _even(luma: Floats) -> Iterator[Floats]:
    """Give the even forms: of photo and page at once (what disturbs one is often quiet in the other), page, ink."""
    page = hidden_flat.page(luma)
    yield hidden_flat.photo(luma) + page
    yield page
    yield hidden_flat.ink(luma)


def _by(shape: tuple[int, ...]) -> int:
    return max(1, math.ceil(math.sqrt(shape[0] * shape[1] / _AREA)))


def _means(luma: Floats, by: int) -> Floats:
    height, width = luma.shape[0] // by, luma.shape[1] // by
    cut = luma[: height * by, : width * by]
    mean: Floats = cut.reshape(height, by, width, by).mean(axis=(1, 3), dtype=np.float32)
    return mean
