"""Puts the hidden mark into the pixels of a picture or a rendered page.

The tile is added to the brightness, stronger where the picture is busy and the eye sees less. Where it is plain white
or plain black the ground is moved by a few grey levels first, because what the end of the scale cuts off is lost.
Works in strips: what it needs beside the picture and its marked copy is about a byte a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import eye as hidden_eye
from gateway.watermark.hidden import tile as hidden_tile

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Floats = NDArray[np.float32]

_PLAIN = 1.7  # grey levels, root mean square, on a plain ground
_GAIN = 0.30  # levels for each level of the picture's own activity
_MOST = 9.0  # levels, however busy it is
_BUDGET = 3.1  # levels over the whole picture: 38.3 dB
_PAGE_BUDGET, _ON_PAGES = 1.74, 1.35  # levels: 43.1 dB once they are rounded, of which the mark gets at least so much
_GROUND, _OTHER = (
    3.2,
    0.5,
)  # levels that a page's ground keeps from the end of the scale, and the other end from its own
_STILL_ON_PAGES = 1.2  # levels, however unlike the page gets by its ground alone
_LOSS = 0.0185  # of structural similarity, at most, as measured on so many bands of so many rows
_BANDS, _BAND, _TRIES = 32, 14, 2
_DARKER = 0.03  # of the measure's first factor, at most, in one place
_LUMA = 6.5025  # the constant of that factor
_ROOM = 1.75  # how many times its root mean square the mark keeps from either end of the scale
_ONE_CHANNEL = 2  # dimensions
_FLAT, _PAGE = 0.75, 0.33  # levels; share of the blocks, flat and of one level, that makes a page


def embed(pixels: Pixels, code: int, key: bytes, colours: Literal["grey", "rgb", "cmyk"]) -> Pixels:
    """Give a marked copy of (height, width) or (height, width, channels) samples of 8 or 16 bits.

    A channel beyond those of `colours` is alpha: it stays as it is, and so does what it hides entirely. CMYK is ink:
    0 is paper. Deterministic; `code` is a number of 64 bits, `key` 32 bytes.
    """
    height, width = pixels.shape[:2]
    size = hidden_tile.side(width, height)
    block = max(2, round(size / 64))
    columns = np.tile(hidden_tile.raster(code, key, size), (1, -(-width // size)))[:, :width]
    plan = _unseen(pixels, columns, _plan(*_coarse(pixels, colours, block)), block, colours)
    marked = pixels.copy()
    rows = max(16, (1 << 18) // max(width, 1))
    for top in range(0, height, rows):
        strip = marked[top : top + rows]
        _mark(strip, np.arange(top, top + len(strip)), columns, plan, block, colours)
    return marked


def _mark(strip: Pixels, down: NDArray[np.intp], columns: Floats, plan: Page | Photo, block: int, colours: str) -> None:
    """Mark the rows `down` of a picture, in place; `columns` is the tile, as wide as the picture."""
    across = np.arange(strip.shape[1])
    delta = columns[down % len(columns)]
    if isinstance(plan, Page):
        delta *= np.float32(plan.strength)
    else:
        delta *= _spread(plan.strength, down, across, block)
        if plan.shift.any():
            delta += _spread(plan.shift, down, across, block)
    delta *= np.float32(np.iinfo(strip.dtype).max / 255)
    _add(strip, delta, colours, (plan.low, plan.high) if isinstance(plan, Page) else (0, 0))


def _unseen(pixels: Pixels, columns: Floats, plan: Page | Photo, block: int, colours: str) -> Page | Photo:
    """Weaken a plan until the picture looks alike enough, as measured on bands of rows that are marked to try it."""
    height, width = pixels.shape[:2]
    if min(height, width) < hidden_eye.WINDOW:
        return plan
    count, tall = max(1, min(_BANDS, height // _BAND)), min(_BAND, height)
    tops = np.linspace(0, height - tall, count).astype(np.intp)
    down = (tops[:, None] + np.arange(tall)).reshape(-1)
    bands = pixels[down]
    before = brightness(bands, colours).reshape(count, tall, width)
    for _ in range(_TRIES):
        after = bands.copy()
        _mark(after, down, columns, plan, block, colours)
        loss = float(np.sum(1 - hidden_eye.similarity(before, brightness(after, colours).reshape(before.shape))))
        if loss <= _LOSS * count:
            break
        weaker = 0.99 * math.sqrt(_LOSS * count / loss)
        if isinstance(plan, Page):
            plan = replace(plan, strength=max(_STILL_ON_PAGES, plan.strength * weaker))
        else:
            plan = replace(plan, strength=plan.strength * np.float32(weaker))
    return plan


@dataclass(frozen=True, slots=True)
class Page:
    """How a page is marked: evenly, `strength` levels, on a scale that runs from `low` to 255 - `high`."""

    strength: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Photo:
    """How a picture is marked: `strength` and `shift` of the ground, in levels, for each block."""

    strength: Floats
    shift: Floats


def _plan(mean: Floats, rough: Floats) -> Page | Photo:
    """Judge the picture by the mean and the deviation of its blocks."""
    flat = rough < _FLAT
    levels = np.bincount(np.clip(mean[flat] / 4, 0, 63).astype(np.intp), minlength=1)
    if levels.max() > _PAGE * mean.size:
        ground = 4 * float(levels.argmax()) + 2
        low, high = max(_OTHER, _GROUND - ground), max(_OTHER, _GROUND - (255 - ground))
        moved = ((low + high) / 255) ** 2 * float(np.var(mean) + np.mean(np.square(rough)))
        return Page(max(_ON_PAGES, max(0, _PAGE_BUDGET**2 - moved) ** 0.5), low, high)
    # 1. What the eye forgives: much where there is much to see, everywhere around and right here.
    busy = np.abs(mean - _smooth(mean, 3)) + rough
    activity = np.sqrt(_smooth(busy, 1) * _smooth(busy, 4))
    strength = np.clip(_PLAIN + _GAIN * activity, 0, _MOST)
    # 2. Near black little is a large change.
    local = _smooth(mean, 1)
    dark = 2 * np.square(local) + _LUMA
    strength = np.minimum(strength, np.sqrt(_DARKER * dark))
    # 3. Within the budget of error.
    strength = strength / max(1.0, np.sqrt(np.mean(np.square(strength))) / _BUDGET)
    # 4. Room at the ends of the scale.
    shift = np.minimum(0, 255 - local - _ROOM * strength)
    shift += np.minimum(np.maximum(0, _ROOM * strength - local), np.sqrt(_DARKER / 4 * dark))
    return Photo(strength.astype(np.float32), shift.astype(np.float32))


def _coarse(pixels: Pixels, colours: str, block: int) -> tuple[Floats, Floats]:
    """Give the mean brightness and the mean deviation of each block, in levels."""
    height, width = pixels.shape[:2]
    tall, wide = -(-height // block), -(-width // block)
    mean, rough = np.empty((tall, wide), np.float32), np.empty((tall, wide), np.float32)
    rows = max(1, (1 << 18) // max(width * block, 1)) * block
    fill = wide * block - width
    for top in range(0, height, rows):
        luma = brightness(pixels[top : top + rows], colours)
        lacking = -len(luma) % block
        if fill or lacking:
            luma = np.pad(luma, ((0, lacking), (0, fill)), "edge")
        # Adding columns first and then rows keeps the numbers in the cache.
        sums = luma.reshape(len(luma) // block, block, wide * block).sum(axis=1).reshape(-1, wide, block).sum(axis=2)
        squares = np.square(luma, out=luma)
        powers = (
            squares.reshape(len(luma) // block, block, wide * block).sum(axis=1).reshape(-1, wide, block).sum(axis=2)
        )
        at = slice(top // block, top // block + len(sums))
        mean[at] = sums / block**2
        rough[at] = np.sqrt(np.maximum(powers / block**2 - np.square(mean[at]), 0))
    return mean, rough


def brightness(pixels: Pixels, colours: str) -> Floats:
    """Give the brightness of samples, 0 to 255 (Rec. 601, as JPEG and television have it)."""
    scale = np.float32(255 / np.iinfo(pixels.dtype).max)
    if pixels.ndim == _ONE_CHANNEL:
        return pixels * scale
    if colours == "grey":
        return pixels[..., 0] * scale
    red, green, blue = (pixels[..., at] for at in range(3))
    luma = red * (scale * np.float32(0.299))
    luma += green * (scale * np.float32(0.587))
    luma += blue * (scale * np.float32(0.114))
    if colours == "cmyk":
        luma = (255 - luma) * (1 - pixels[..., 3] * (scale / 255))
    return luma


def _add(strip: Pixels, delta: Floats, colours: str, ends: tuple[float, float]) -> None:
    """Add to the brightness of samples, in place; `delta` is in their unit, `ends` levels that black and white move."""
    most = np.iinfo(strip.dtype).max
    low, high = reversed(ends) if colours == "cmyk" else ends
    factor, offset = np.float32(1 - (low + high) / 255), np.float32(low / 255 * most + 0.5)
    if strip.ndim == _ONE_CHANNEL:
        strip[...] = np.clip(strip * factor + (delta + offset), 0, most)
        return
    count = {"grey": 1, "rgb": 3, "cmyk": 4}[colours]
    seen = strip[..., count] > 0 if strip.shape[2] > count else None
    if colours == "cmyk":
        # Lighter is less black, and less of the colours where there is no black to take away.
        black = strip[..., 3] * factor + (offset - delta)
        strip[..., 3] = np.clip(black, 0, most)
        delta, factor, count = np.minimum(black, 0), np.float32(1), 3
        delta += np.float32(0.5)
    else:
        delta += offset
    for at in range(count):
        plane = np.clip(strip[..., at] * factor + delta, 0, most)
        strip[..., at] = plane if seen is None else np.where(seen, plane, strip[..., at])


def _smooth(field: Floats, reach: int) -> Floats:
    """Give the mean over a square of 2 * `reach` + 1, with the edges repeated."""
    for axis in (0, 1):
        ends = [(0, 0), (0, 0)]
        ends[axis] = (reach + 1, reach)
        sums = np.cumsum(np.pad(field, ends, "edge"), axis=axis, dtype=np.float64)
        span = 2 * reach + 1
        kept = np.take(sums, range(span, sums.shape[axis]), axis) - np.take(sums, range(sums.shape[axis] - span), axis)
        field = (kept / span).astype(np.float32)
    return field


def _spread(field: Floats, down: NDArray[np.intp], across: NDArray[np.intp], block: int) -> Floats:
    """Give a field of blocks at each pixel, interpolated between the middles of the blocks."""
    top, low, lower = _between(down, block, field.shape[0])
    left, right, righter = _between(across, block, field.shape[1])
    first = top.min()
    near = field[first : low.max() + 1]
    wide = near[:, left] * (1 - righter) + near[:, right] * righter
    spread: Floats = wide[top - first] * (1 - lower[:, None])
    spread += wide[low - first] * lower[:, None]
    return spread


def _between(at: NDArray[np.intp], block: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    place = np.clip((at + 0.5) / block - 0.5, 0, count - 1)
    before = place.astype(np.intp)
    return before, np.minimum(before + 1, count - 1), (place - before).astype(np.float32)
