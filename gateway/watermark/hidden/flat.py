"""Makes a picture even before the hidden mark is looked for: what is picture goes down, what is mark stays.

`photo` lifts high frequencies as much as pictures of the world lack them (their amplitude falls as 1/f), which suits
every scale alike. `page` takes the ground between the letters and leaves the ink out, `ink` the other way round.
Each then divides by the local deviation, so that busy places don't drown quiet ones, and cuts what is left of edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CUT = 2.2  # deviations
_NEAR = 6  # pixels around that a deviation is taken over
_INK = 20.0  # grey levels from the ground
_SURROUNDED = 0.75  # of a pixel and its eight neighbours that have to be paper
_BLACK = 18.0  # grey levels above the darkest
_STRIP = 64  # rows that are added up at once
_GROUND = 24  # pixels of the blocks that the ground is guessed in


def photo(luma: Floats) -> Floats:
    """Give the even form of a picture: about mean 0 and deviation 1 everywhere."""
    height, width = luma.shape
    tall, wide = even(height + 16), even(width + 16)
    ends = ((0, tall - height), (0, wide - width))
    spectrum = np.fft.rfft2(np.pad(luma - luma.mean(dtype=np.float32), ends, "symmetric"))
    radius = np.hypot(np.fft.fftfreq(tall)[:, None], np.fft.rfftfreq(wide)[None]).astype(np.float32)
    spectrum *= radius / (1 + np.square(np.square(radius / 0.3)))
    lifted: Floats = np.fft.irfft2(spectrum, (tall, wide)).astype(np.float32, copy=False)
    lifted = lifted[:height, :width]
    return _levelled(lifted, np.ones_like(lifted))


def page(luma: Floats) -> Floats:
    """Give the even form of a page: the ground between the ink, and 0 where the ink is."""
    ground = _ground(luma)
    paper = (np.abs(luma - ground) < _INK).astype(np.float32)
    paper = (box(paper, 1) > _SURROUNDED).astype(np.float32)
    return _ground_only(luma, paper)


def ink(luma: Floats) -> Floats:
    """Give the even form of what is blackest: all that is left where the ground was brightened until it was white."""
    black = (luma < float(np.percentile(luma[::2, ::2], 0.5)) + _BLACK).astype(np.float32)
    return _ground_only(luma, black)


def _ground_only(luma: Floats, kept: Floats) -> Floats:
    share = box(kept, 20) + np.float32(1e-3)
    return _levelled((luma - box(luma * kept, 20) / share) * kept, kept)


def even(size: int) -> int:
    """Give the least even length of at least `size` that a Fourier transform is fast at: factors 2, 3 and 5."""
    best = 1 << (size - 1).bit_length()
    for three in (1, 3, 9):
        for five in (1, 5, 25):
            odd = three * five
            best = min(best, odd << max(1, (-(-size // odd) - 1).bit_length()))
    return best


def box(field: Floats, reach: int) -> Floats:
    """Give the mean over a square of 2 * `reach` + 1; beyond the edges the field is 0."""
    mean, span = np.empty_like(field), 2 * reach + 1
    padded = np.pad(field, reach)
    for top in range(0, len(field), _STRIP):  # a strip fits in the cache
        strip = padded[top : top + _STRIP + 2 * reach]
        mean[top : top + _STRIP] = _sums(_sums(strip, span, 0), span, 1)
    mean *= np.float32(1 / span**2)
    return mean


def _sums(field: Floats, span: int, axis: int) -> Floats:
    """Add up `span` neighbours along an axis, by doubling: sums of 1, 2, 4 ... of them, of which some are needed."""
    count, at, width = field.shape[axis] - span + 1, 0, 1
    total = np.zeros_like(_cut(field, 0, count, axis))
    while span:
        if span & 1:
            total += _cut(field, at, at + count, axis)
            at += width
        span >>= 1
        if span:
            field = _cut(field, 0, field.shape[axis] - width, axis) + _cut(field, width, field.shape[axis], axis)
        width *= 2
    return total


def _cut(field: Floats, start: int, stop: int, axis: int) -> Floats:
    return field[start:stop] if axis == 0 else field[:, start:stop]


def _levelled(field: Floats, weight: Floats) -> Floats:
    """Divide by the local deviation, counted where `weight` is 1, and cut."""
    share = box(weight, _NEAR) + np.float32(1e-3)
    deviation = np.sqrt(box(np.square(field), _NEAR) / share)
    least = np.float32(max(0.05, 0.1 * float(np.median(deviation[::3, ::3]))))
    return np.clip(field / np.maximum(deviation, least), -_CUT, _CUT)


def _ground(luma: Floats) -> Floats:
    """Guess the brightness of the ground: the commonest level of each block, smoothed between neighbours."""
    height, width = luma.shape
    tall, wide = -(-height // _GROUND), -(-width // _GROUND)
    padded = np.pad(luma, ((0, tall * _GROUND - height), (0, wide * _GROUND - width)), "edge")
    blocks = padded.reshape(tall, _GROUND, wide, _GROUND).swapaxes(1, 2).reshape(tall * wide, -1)
    bins = np.clip(blocks / 8, 0, 31).astype(np.intp)
    counts = np.bincount((np.arange(tall * wide)[:, None] * 32 + bins).ravel(), minlength=tall * wide * 32)
    counts = counts.reshape(-1, 32).astype(np.float32)
    pairs = counts[:, :-1] + counts[:, 1:]
    common = pairs.argmax(axis=1)
    inside = (bins == common[:, None]) | (bins == common[:, None] + 1)
    level = (blocks * inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    grid = level.reshape(tall, wide).astype(np.float32)
    return np.repeat(np.repeat(grid, _GROUND, 0), _GROUND, 1)[:height, :width]
