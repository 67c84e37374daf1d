"""Finds the lattice of a hidden mark that was turned, stretched or sheared by any amount: by what repeats.

The tile repeats, so the autocorrelation of an even picture has peaks where the picture lies on itself again. Two of
them span a cell, whatever was done to the picture as long as it was linear. This is the self-reference of M. Kutter,
"Watermarking resisting to translation, rotation, and scaling", SPIE 3528 (1998), and of F. Deguillaume,
S. Voloshynovskiy, T. Pun, "Method for the estimation and recovering from general affine transforms in digital
watermarking applications", SPIE 4675 (2002).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gateway.watermark.hidden import flat as hidden_flat
from gateway.watermark.hidden import search as hidden_search
from gateway.watermark.hidden.search import Spectrum

Matrices = NDArray[np.float64]

_BANDS = ((0.02, 0.13), (0.05, 0.36))  # cycles a pixel: where large and small tiles have their waves
_AXES = 0.012  # cycles a pixel beside the axes that are left out: lines of text, rules of tables
_MOST = 6.0  # mean energies that a single frequency counts at most
_PEAKS, _CELLS = 20, 10
_RATIO, _LEAST_ANGLE = 1.45, math.radians(55)  # of the sides of a cell; between them
_ROUNDS = 6


def cells(found: Spectrum) -> Matrices:
    """Give the likeliest lattices as matrices (see `hidden_search.Lattice`), best first, each in any turn."""
    tried = [pair for band in _BANDS for pair in _pairs(_peaks(found, *band))]
    if not tried:
        return np.zeros((0, 2, 2))
    matrices = np.linalg.inv(np.array(tried)).transpose(0, 2, 1)
    energy = hidden_search.energies(found, matrices)
    return _climbed(found, matrices[np.argsort(-energy)[: 2 * _CELLS]])


def _peaks(found: Spectrum, low: float, high: float) -> NDArray[np.float64]:
    """Give where the picture lies on itself, in pixels (x, y), of each pair of opposites one; the best first."""
    tall, wide = found.size
    columns = found.values.shape[1] // 2
    values = found.values[1 : 2 + int(tall * high)]
    across = np.abs(np.arange(-columns, columns + 1, dtype=np.float32)) / wide
    down = np.arange(len(values), dtype=np.float32)[:, None] / tall
    radius = np.hypot(across, down)
    inside = (radius > low) & (radius < high) & (across > _AXES) & (down > _AXES)
    energy = np.minimum(np.square(values.real) + np.square(values.imag), _MOST)
    energy = np.where(inside, energy - energy[inside].mean(), 0)
    reach = int(min(hidden_search.LONGEST, 0.8 * max(found.extent)))
    # Half a plane: columns 0 to reach, rows -reach to reach.
    rows, reach = min(reach, tall // 2 - 1), min(reach, wide // 2 - 1)
    whole = np.zeros((len(values), wide), np.float32)
    whole[:, -columns:], whole[:, : columns + 1] = energy[:, :columns], energy[:, columns:]
    repeats = np.fft.irfft(np.fft.ifft(whole, axis=1)[:, : reach + 1], tall, axis=0).astype(np.float32, copy=False)
    field = np.concatenate([repeats[-rows:], repeats[: rows + 1]])
    field = field - hidden_flat.box(field, 4)
    y, x = np.arange(-rows, rows + 1)[:, None], np.arange(field.shape[1])
    field[np.hypot(x, y) < hidden_search.SHORTEST * 0.8] = 0
    places = []
    for _ in range(_PEAKS):
        row, column = divmod(int(field.argmax()), field.shape[1])
        if field[row, column] <= 0:
            break
        around = field[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].clip(0)
        weight = around.sum()
        inner_y, inner_x = np.mgrid[: around.shape[0], : around.shape[1]]
        places.append(
            (
                max(0, column - 1) + float((around * inner_x).sum() / weight),
                max(0, row - 1) + float((around * inner_y).sum() / weight) - rows,
            )
        )
        field[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5] = 0
    return np.array(places).reshape(-1, 2)


def _pairs(peaks: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Give the cells that two of the peaks span, as matrices of columns, if they are anything like squares."""
    found = []
    for at, first in enumerate(peaks):
        for second in peaks[:at]:
            long, short = sorted((math.hypot(*first), math.hypot(*second)), reverse=True)
            area = abs(float(first[0] * second[1] - first[1] * second[0]))
            if long < _RATIO * short and area > math.sin(_LEAST_ANGLE) * long * short:
                found.append(np.stack([first, second], axis=1))
    return found


def _climbed(found: Spectrum, matrices: Matrices) -> Matrices:
    """Move lattices a little, as long as there is more energy on them, and give the best first."""
    reach = np.full((len(matrices), 1, 1, 1), 1 / (max(found.extent) * 30))
    energy = np.zeros(len(matrices), np.float32)
    every = np.arange(len(matrices))
    for _ in range(_ROUNDS):
        tries = matrices[:, None] + reach * hidden_search.FREE
        energies = hidden_search.energies(found, tries.reshape(-1, 2, 2)).reshape(len(matrices), -1)
        best = energies.argmax(axis=1)
        better = energies[every, best] > energy + 1e-9
        reach[~better] /= 2
        matrices = np.where(better[:, None, None], tries[every, best], matrices)
        energy = np.where(better, energies[every, best], energy)
    return matrices[np.argsort(-energy)[:_CELLS]]
