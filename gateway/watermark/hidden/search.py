"""Finds how the tile of a hidden mark lies in a picture: its side, its turn, where it begins.

The tile repeats, so the picture's spectrum has peaks on a lattice, whose spacing and turn are those of the tile;
neither a shift nor a crop moves them. The lattice is searched by the energy on it, for every side and turn within
reach; the best places are tried by the pilots, whose phases also tell the shift; the best of those are refined.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
_WHITE = 12  # frequencies on each side that the mean energy is taken over
_HIGHEST = 0.4  # cycles a pixel along either axis
_AT_ONCE = 16  # lattices, which fit in the cache
_TOGETHER = 4  # lattices that are refined, likewise


@dataclass(frozen=True, slots=True)
class Spectrum:
    """A padded, whitened Fourier transform of an even picture, about its middle; `size` is rows and columns.

    The other half mirrors what is held: `values` has the rows from -1 on, in cycles a picture, and as many columns on
    either side of 0. `energy` has one row after the other from the frequency 0 on, so that opposite frequencies are
    at opposite places.
    """

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

_TURNS = np.array(
    (
        ((1, 0), (0, 1)),
        ((-1, 0), (0, -1)),
        ((0, -1), (1, 0)),
        ((0, 1), (-1, 0)),
        ((-1, 0), (0, 1)),
        ((1, 0), (0, -1)),
        ((0, 1), (1, 0)),
        ((0, -1), (-1, 0)),
    ),
    float,
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
    rows, columns = (min(size // 2 - 1, int(size * _HIGHEST) + 2) for size in (tall, wide))
    half = np.fft.fft(np.fft.rfft(room, axis=0)[: rows + 1], axis=1)
    values = np.concatenate([half[:, -columns:], half[:, : columns + 1]], axis=1, dtype=np.complex64)
    energy = np.square(values.real) + np.square(values.imag)
    around = _around(energy, _WHITE)
    around = _around(np.minimum(energy, 4 * around), _WHITE) + np.float32(1e-12)
    values /= np.sqrt(around)
    energy = np.minimum(energy / around, 8)
    energy = np.minimum(0.5 * energy + 0.5 * _around(energy, 1), _ALONE)
    values = np.concatenate([np.conj(values[1:2, ::-1]), values])
    return Spectrum(values, energy.ravel()[columns:], (tall, wide), (height, width))


def lattices(found: Spectrum, turn: float) -> NDArray[np.float64]:
    """Give the sides and turns (up to `turn` radians either way) with most energy on their lattice, as matrices."""
    extent = max(found.extent)
    scores: list[Floats] = []
    places: list[NDArray[np.float64]] = []
    side = SHORTEST
    while side < min(LONGEST, 1.6 * extent):
        step = side / (extent * 20)
        angles = np.arange(-int(turn / step), int(turn / step) + 1) * step
        cos, sin = np.cos(angles) / side, np.sin(angles) / side
        places.append(np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1))
        scores.append(energies(found, places[-1]))
        side *= 1 + step
    best: NDArray[np.float64] = np.concatenate(places)[np.argsort(-np.concatenate(scores))[:_KEPT]]
    return best


def pilots(
    found: Spectrum, matrices: NDArray[np.float64], plan: Keyed, turns: range, most: int, shifts: int = 1
) -> list[Lattice]:
    """Try each lattice with the pilots, in each turn, at its best `shifts`, and give the `most` best, best first."""
    waves = hidden_tile.waves()[plan.pilots]
    phases = np.conj(plan.phases[plan.pilots])
    turned = (matrices[None] @ _TURNS[turns.start : turns.stop, None]).reshape(-1, 2, 2)
    scores, places = np.empty((len(turned), shifts), np.float32), np.empty((len(turned), shifts, 2), np.intp)
    for start in range(0, len(turned), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        scores[some], places[some] = _peaks(sample(found, turned[some], waves) * phases, waves, shifts)
    best = np.argsort(-scores, axis=None, kind="stable")[:most]
    x, y = (places.reshape(-1, 2)[best] / _GRID).T.tolist()
    return [
        Lattice(matrix, shift, score)
        for matrix, shift, score in zip(
            turned[best // shifts], zip(x, y, strict=True), scores.ravel()[best].tolist(), strict=True
        )
    ]


def _peaks(values: Complexes, waves: NDArray[np.int16], count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Give, for each row of values of waves, their energy at the shifts that suit them best, and those shifts (x, y).

    The energy is in mean energies: where there is nothing, the best of all shifts has 8 or 9. Shapes: (rows, `count`)
    and (rows, `count`, 2).
    """
    energy, places = np.empty((len(values), count), np.float32), np.empty((len(values), count, 2), np.intp)
    grid = np.zeros((len(values), 1, hidden_tile.LONGEST + 1, _GRID), np.complex64)
    grid[:, 0, waves[:, 0], waves[:, 1]] = values
    shifted = _ramps() @ np.fft.ifft(grid, axis=-1, norm="forward")
    power = (np.square(shifted.real) + np.square(shifted.imag)).reshape(len(values), -1)
    row = np.arange(len(values))
    for at in range(count):
        best = power.argmax(axis=1)
        energy[:, at] = power[row, best]
        x, y = best // _GRID, best % _GRID
        places[:, at] = np.stack([x, y], axis=1)
        for across, down in product((-1, 0, 1), repeat=2) if at + 1 < count else ():
            power[row, (x + across) % _GRID * _GRID + (y + down) % _GRID] = 0
    return energy / np.float32(len(waves)), places


@lru_cache(maxsize=1)
def _ramps() -> Complexes:
    """Give how waves along x turn with the shift: a row for each shift, in parts.

    Larger products would be shared between threads, which wait for each other where the machine is busy.
    """
    turns = np.outer(np.arange(_GRID), np.arange(hidden_tile.LONGEST + 1)) / _GRID
    ramps: Complexes = np.exp(2j * np.pi * turns).astype(np.complex64).reshape(2, _GRID // 2, -1)
    return ramps


def refined(found: Spectrum, places: list[Lattice], plan: Keyed) -> list[Lattice]:
    """Give the lattices near these whose pilots agree best: side, turn and shift, and if they are sure, all else."""
    if not places:
        return []
    waves = hidden_tile.waves()[plan.pilots]
    phases = np.conj(plan.phases[plan.pilots])
    matrices, shifts = np.array([place.matrix for place in places]), np.array([place.shift for place in places])
    scores = np.array([place.score for place in places])
    reach = np.full((len(places), 1, 1, 1), 1 / (max(found.extent) * hidden_tile.LONGEST * 1.5))
    for _ in range(_ROUNDS):
        sure = scores > _SURE
        turns = matrices / np.sqrt(np.abs(np.linalg.det(matrices)))[:, None, None]
        for moves, some in ((_RIGID, np.flatnonzero(~sure)), (FREE, np.flatnonzero(sure))):
            for start in range(0, len(some), _TOGETHER):
                at = some[start : start + _TOGETHER]
                tries = matrices[at, None] + reach[at] * moves @ turns[at, None]
                ramps = np.exp(2j * np.pi * ((shifts[at, None] + _SHIFTS) @ waves.T)).astype(np.complex64)
                values = (sample(found, tries, waves) * phases).reshape(len(at), 3, -1, len(waves))  # see `_ramps`
                power = values @ ramps[:, None].swapaxes(2, 3)
                power = (np.square(power.real) + np.square(power.imag)).reshape(len(at), -1)
                best, moved = np.divmod(power.argmax(axis=1), len(_SHIFTS))
                scores[at], shifts[at] = power.max(axis=1) / len(waves), shifts[at] + _SHIFTS[moved]
                after = tries[np.arange(len(at)), best]
                reach[at[(after == matrices[at]).all(axis=(1, 2))]] /= 2
                matrices[at] = after
    return [
        Lattice(matrix, (x, y), score)
        for matrix, (x, y), score in zip(matrices, shifts.tolist(), scores.tolist(), strict=True)
    ]


def sample(found: Spectrum, matrices: NDArray[np.float64], waves: NDArray[np.int16]) -> Complexes:
    """Give the spectrum at the waves of each lattice, between frequencies: shape (..., waves)."""
    width = found.values.shape[1]
    x, y = _frequencies(found, matrices, waves)
    sign = np.where(y < 0, np.float32(-1), np.float32(1))
    x *= sign
    y *= sign
    left, top = np.floor(x), np.floor(y)
    first = (top * np.float32(width) + left).astype(np.intp)
    first += width + width // 2  # the values begin a row before 0
    x -= left
    y -= top
    values = found.values.ravel()
    upper, lower = (
        (1 - x) * values.take(first + row, mode="clip") + x * values.take(first + (row + 1), mode="clip")
        for row in (0, width)
    )
    read: Complexes = upper + y * (lower - upper)
    read.imag *= sign
    return read


def energies(found: Spectrum, matrices: NDArray[np.float64]) -> Floats:
    """Give the mean energy on each lattice, at the nearest frequencies."""
    mean = np.empty(len(matrices), np.float32)
    for start in range(0, len(matrices), _AT_ONCE):
        x, y = _frequencies(found, matrices[start : start + _AT_ONCE], hidden_tile.waves())
        np.rint(y, out=y)
        y *= np.float32(found.values.shape[1])
        y += np.rint(x, out=x)
        read = found.energy.take(np.abs(y, out=y).astype(np.intp), mode="clip")
        mean[start : start + _AT_ONCE] = read @ np.full(read.shape[1], 1 / read.shape[1], np.float32)
    return mean


def _frequencies(found: Spectrum, matrices: NDArray[np.float64], waves: NDArray[np.int16]) -> tuple[Floats, Floats]:
    """Give x and y of the waves of each lattice, in cycles of the padded picture."""
    tall, wide = found.size
    rows = (matrices * np.array([[wide], [tall]])).astype(np.float32).reshape(-1, 2)
    places = (rows @ waves.T.astype(np.float32)).reshape(*matrices.shape[:-1], -1)
    return places[..., 0, :], places[..., 1, :]


def _around(field: Floats, reach: int) -> Floats:
    """Give the mean over a square of frequencies; beyond row 0 is the mirrored half, the other ends are mirrors."""
    padded = np.concatenate([field[reach:0:-1, ::-1], field, field[-2 : -reach - 2 : -1]])
    padded = np.pad(padded, ((0, 0), (reach, reach)), "reflect")
    return hidden_flat.box(padded, reach)[reach:-reach, reach:-reach]
