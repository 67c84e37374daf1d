"""Finds how the tile of a hidden mark lies in a picture: its side, its turn, where it begins.

The tile repeats, so the picture's spectrum has peaks on a lattice, whose spacing and turn are those of the tile;
neither a shift nor a crop moves them. The lattice is searched by the energy on it, for every side and turn within
reach; the best places are tried by the pilots, whose phases also tell the shift; the best of those are refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import flat as hidden_flat
from gateway.watermark.hidden import tile as hidden_tile
from gateway.watermark.hidden.tile import Keyed

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

SHORTEST, LONGEST = 56.0, 900.0
"""Sides of the tile, in pixels, that are looked for."""
_GRID = 64  # of the shifts that the pilots are tried at
_KEPT = 1200  # lattices that the pilots are tried on
_ALONE = 2.5  # the most that one peak counts, in mean energies
_AROUND = 12  # frequencies on each side that the mean energy is taken over


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A padded, whitened Fourier transform of an even picture, about its middle; `size` is rows and columns."""

    values: Complexes
    energy: Floats
    size: tuple[int, int]
    extent: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lattice:
    """How the tile lies: `matrix` takes periods a tile to cycles a pixel, both (x, y); `shift` is in tiles.

    `score` is the energy of the pilots in mean energies: about 10 where there is nothing.
    """

    matrix: NDArray[np.float64]
    shift: tuple[float, float]
    score: float


FREE = np.array(list(product((-1.0, 0.0, 1.0), repeat=4))).reshape(-1, 2, 2)
_RIGID = np.array([((a, -b), (b, a)) for a, b in product((-1.0, 0.0, 1.0), repeat=2)])
_SHIFTS = np.array(list(product((-1.0, 0.0, 1.0), repeat=2))) / (4 * _GRID)
_ROUNDS = 7
_SURE = 22.0  # energy of the pilots from which more than side and turn is fitted

_TURNS = tuple(
    np.array(turn)
    for turn in (
        ((1, 0), (0, 1)),
        ((-1, 0), (0, -1)),
        ((0, -1), (1, 0)),
        ((0, 1), (-1, 0)),
        ((-1, 0), (0, 1)),
        ((1, 0), (0, -1)),
        ((0, 1), (1, 0)),
        ((0, -1), (-1, 0)),
    )
)


def spectrum(flat: Floats) -> Spectrum:
    """Transform an even picture, with as much room around it, and whiten it."""
    height, width = flat.shape
    tall, wide = hidden_flat.even(2 * height), hidden_flat.even(2 * width)
    room = np.zeros((tall, wide), np.float32)
    top, left = height // 2, width // 2
    room[: height - top, : width - left] = flat[top:, left:]
    room[: height - top, wide - left :] = flat[top:, :left]
    room[tall - top :, : width - left] = flat[:top, left:]
    room[tall - top :, wide - left :] = flat[:top, :left]
    values: Complexes = np.fft.rfft2(room).astype(np.complex64, copy=False)
    columns = min(values.shape[1], int(wide * 0.4) + 2)
    values = values[:, :columns]
    energy = np.square(values.real) + np.square(values.imag)
    around = _wrapped(energy, _AROUND)
    around = _wrapped(np.minimum(energy, 4 * around), _AROUND) + np.float32(1e-12)
    values /= np.sqrt(around)
    energy = np.minimum(energy / around, 8)
    near = _wrapped(energy, 1)
    return Spectrum(values, np.minimum(0.5 * energy + 0.5 * near, _ALONE), (tall, wide), (height, width))


def lattices(found: Spectrum, turn: float) -> NDArray[np.float64]:
    """Give the sides and turns (up to `turn` radians either way) with most energy on their lattice, as matrices."""
    extent = max(found.extent)
    waves = hidden_tile.waves().astype(np.float32)
    scores: list[Floats] = []
    places: list[NDArray[np.float64]] = []
    side = SHORTEST
    while side < min(LONGEST, 1.6 * extent):
        step = side / (extent * 20)
        angles = np.arange(-int(turn / step), int(turn / step) + 1) * step
        cos, sin = (part.astype(np.float32)[:, None] for part in (np.cos(angles) / side, np.sin(angles) / side))
        energy = _nearest(found, waves[:, 0] * cos - waves[:, 1] * sin, waves[:, 0] * sin + waves[:, 1] * cos)
        scores.append(energy.mean(axis=1))
        places.append(np.stack([np.cos(angles) / side, np.sin(angles) / side], axis=1))
        side *= 1 + step
    best = np.concatenate(places)[np.argsort(-np.concatenate(scores))[:_KEPT]]
    matrices: NDArray[np.float64] = np.stack([best, best[:, ::-1]], axis=1) * np.array([[1, -1], [1, 1]])
    return matrices


def pilots(found: Spectrum, matrices: NDArray[np.float64], plan: Keyed, turns: range, shifts: int = 1) -> list[Lattice]:
    """Try each lattice with the pilots, in each turn, at its best `shifts`, and give the best first."""
    waves = hidden_tile.waves()[plan.pilots]
    phases = np.conj(plan.phases[plan.pilots])
    tried: list[Lattice] = []
    for turn in turns if len(matrices) else ():
        turned = matrices @ _TURNS[turn]
        power, places = _peaks(sample(found, turned, waves) * phases, waves, shifts)
        for matrix, scores, shift in zip(turned, power.tolist(), (places / _GRID).tolist(), strict=True):
            tried += [Lattice(matrix, (x, y), score) for score, (x, y) in zip(scores, shift, strict=True)]
    return sorted(tried, key=lambda lattice: -lattice.score)


def _peaks(values: Complexes, waves: NDArray[np.int16], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Give, for each row of values of waves, their energy at the shifts that suit them best, and those shifts (x, y).

    The energy is in mean energies: where there is nothing, the best of all shifts has 8 or 9. Shapes: (rows, `count`)
    and (rows, `count`, 2).
    """
    energy, places = np.empty((len(values), count), np.float32), np.empty((len(values), count, 2), np.intp)
    for start in range(0, len(values), 64):
        grid = np.zeros((len(values[start : start + 64]), _GRID, _GRID), np.complex64)
        grid[:, waves[:, 1], waves[:, 0]] = values[start : start + 64]
        shifted = np.fft.ifft2(grid)
        power = np.square(shifted.real) + np.square(shifted.imag)
        row = np.arange(len(grid))
        for at in range(count):
            best = power.reshape(len(grid), -1).argmax(axis=1)
            y, x = best // _GRID, best % _GRID
            energy[start : start + 64, at] = power[row, y, x]
            places[start : start + 64, at] = np.stack([x, y], axis=1)
            for down, across in product((-1, 0, 1), repeat=2) if at + 1 < count else ():
                power[row, (y + down) % _GRID, (x + across) % _GRID] = 0
    return energy * np.float32(_GRID**4 / len(waves)), places


def refined(found: Spectrum, lattice: Lattice, plan: Keyed) -> Lattice:
    """Give the lattice near this one whose pilots agree best: side, turn and shift, and if they are sure, all else."""
    waves = hidden_tile.waves()[plan.pilots]
    phases = np.conj(plan.phases[plan.pilots])
    matrix, shift, score = lattice.matrix, np.array(lattice.shift), lattice.score
    reach = 1 / (max(found.extent) * hidden_tile.LONGEST * 1.5)
    for _ in range(_ROUNDS):
        turn = matrix / np.sqrt(abs(np.linalg.det(matrix)))
        tries = matrix + reach * (FREE if score > _SURE else _RIGID) @ turn
        ramps = np.exp(2j * np.pi * ((shift + _SHIFTS) @ waves.T)).astype(np.complex64)
        power = np.square(np.abs((sample(found, tries, waves) * phases) @ ramps.T))
        best, moved = np.unravel_index(int(power.argmax()), power.shape)
        score, shift = float(power[best, moved]) / len(waves), shift + _SHIFTS[moved]
        if np.array_equal(tries[best], matrix):
            reach /= 2
        matrix = tries[best]
    return Lattice(matrix, (float(shift[0]), float(shift[1])), score)


def sample(found: Spectrum, matrices: NDArray[np.float64], waves: NDArray[np.int16]) -> Complexes:
    """Give the spectrum at the waves of each lattice: shape (lattices, waves)."""
    places = matrices @ waves.T.astype(np.float64)
    x, y = places[..., 0, :], places[..., 1, :]
    mirrored = x < 0
    x, y = np.where(mirrored, -x, x) * found.size[1], np.where(mirrored, -y, y) * found.size[0]
    left, top = np.floor(x), np.floor(y)
    right, low = (x - left).astype(np.float32), (y - top).astype(np.float32)
    first = np.minimum(left.astype(np.intp), found.values.shape[1] - 2)
    row = top.astype(np.intp) % found.size[0]
    below = (row + 1) % found.size[0]
    values = found.values
    read = (values[row, first] * (1 - right) + values[row, first + 1] * right) * (1 - low)
    read += (values[below, first] * (1 - right) + values[below, first + 1] * right) * low
    whole: Complexes = np.where(mirrored, np.conj(read), read)
    return whole


def energies(found: Spectrum, matrices: NDArray[np.float64]) -> Floats:
    """Give the mean energy on each lattice, at the nearest frequencies."""
    places = (matrices @ hidden_tile.waves().T.astype(np.float64)).astype(np.float32)
    mean: Floats = _nearest(found, places[:, 0], places[:, 1]).mean(axis=1)
    return mean


def _nearest(found: Spectrum, x: Floats, y: Floats) -> Floats:
    mirrored = np.where(x < 0, np.float32(-1), np.float32(1))
    column = np.rint(x * mirrored * found.size[1]).astype(np.intp)
    row = np.rint(y * mirrored * found.size[0]).astype(np.intp) % found.size[0]
    energy: Floats = found.energy[row, np.minimum(column, found.energy.shape[1] - 1)]
    return energy


def _wrapped(field: Floats, reach: int) -> Floats:
    """Give the mean over a square of frequencies; rows wrap round, columns are mirrored at the ends."""
    padded = np.pad(np.pad(field, ((reach, reach), (0, 0)), "wrap"), ((0, 0), (reach, reach)), "reflect")
    return hidden_flat.box(padded, reach)[reach:-reach, reach:-reach]
