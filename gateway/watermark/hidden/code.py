"""The error-correcting code of the hidden mark: 64 bits and a CRC-16 become 480 signs, and soft signs 64 bits again.

A convolutional code of rate 1/6 that bites its own tail: the register starts with the last bits of the message, so that
no sign is spent on ending it. Decoding is Viterbi's algorithm, for many candidates at once, run twice round the
circle so that where it starts doesn't matter. The generators were found by a search of our own for the largest free
distance (44; a register of two bits less reaches 37).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_LENGTH = 11  # of the register: 1024 states
_GENERATORS = (0o3773, 0o3227, 0o2461, 0o3357, 0o2253, 0o2671)
_CODE, _CHECK = 64, 16
_BITS = _CODE + _CHECK
_STATES = 1 << (_LENGTH - 1)
_ROUND = _BITS // 2  # steps before and after the round that counts
_POLYNOMIAL, _START = 0x1021, 0x5A3C  # CRC-16-CCITT, started so that an empty message doesn't check

SIGNS = _BITS * len(_GENERATORS)
"""How many signs carry a code."""


def encode(code: int) -> NDArray[np.float32]:
    """Give the `SIGNS` signs, 1 or -1, of a 64-bit code."""
    return signs(code << _CHECK | _crc(code))


def decode(soft: NDArray[np.float32]) -> list[int | None]:
    """Give the code nearest to each row of `SIGNS` soft signs, or None where its check doesn't hold."""
    return [checked(word) for word in nearest(soft)]


def checked(word: int) -> int | None:
    """Give the code in 80 bits, or None where its check doesn't hold."""
    return word >> _CHECK if _crc(word >> _CHECK) == word & (1 << _CHECK) - 1 else None


def signs(word: int) -> NDArray[np.float32]:
    """Give the signs of 80 bits: a code and what stands for its check."""
    bits = np.unpackbits(np.frombuffer(word.to_bytes(_BITS // 8, "big"), np.uint8))
    turned: NDArray[np.float32] = 1 - 2 * np.fmod(bits.astype(np.float32) @ _matrix(), 2)
    return turned


def nearest(soft: NDArray[np.float32]) -> list[int]:
    """Give the 80 bits nearest to each row of soft signs, whether or not their check holds."""
    half = _STATES // 2
    gains = np.matmul(_branches(), soft.T.reshape(_BITS, len(_GENERATORS), -1))  # steps, registers, rows
    low = high = np.zeros((half, len(soft)), np.float32)  # how well what went before agrees, by the oldest bit
    from_low, from_high = np.empty_like(low), np.empty_like(low)
    choices = np.empty((_BITS + _ROUND, _STATES, len(soft)), bool)
    for step in range(2 * _ROUND + _BITS):
        gain = gains[(step - _ROUND) % _BITS]
        metric = np.empty((_STATES, len(soft)), np.float32)
        for bit in (0, 1):
            # Every generator taps both ends of the register: a change of either bit turns all signs.
            (np.subtract if bit else np.add)(low, gain, out=from_low)
            (np.add if bit else np.subtract)(high, gain, out=from_high)
            np.maximum(from_low, from_high, out=metric[bit::2])
            if step >= _ROUND:
                np.greater(from_high, from_low, out=choices[step - _ROUND, bit::2])
        low, high = metric[:half], metric[half:]
    state = metric.argmax(axis=0)
    every = np.arange(len(soft))
    words = [0] * len(soft)
    for step in reversed(range(_BITS + _ROUND)):
        if step < _BITS:
            words = [
                word | int(bit) << (_BITS - 1 - step) for word, bit in zip(words, (state & 1).tolist(), strict=True)
            ]
        state = state >> 1 | choices[step, state, every] * half
    return words


@lru_cache(maxsize=1)
def _branches() -> NDArray[np.float32]:
    """Give the signs that follow on each content of the register whose oldest and newest bits are 0, a row each."""
    outputs = []
    for generator in _GENERATORS:
        taps = np.arange(0, _STATES, 2) & generator
        for shift in (8, 4, 2, 1):
            taps ^= taps >> shift
        outputs.append(taps & 1)
    return (1 - 2 * np.array(outputs).T).astype(np.float32)


@lru_cache(maxsize=1)
def _matrix() -> NDArray[np.float32]:
    """Give the code as a matrix: which signs each bit of the message turns."""
    matrix = np.zeros((_BITS, _BITS, len(_GENERATORS)), np.float32)
    for delay in range(_LENGTH):
        taps = [generator >> delay & 1 for generator in _GENERATORS]
        for bit in range(_BITS):
            matrix[bit, (bit + delay) % _BITS] = taps
    return matrix.reshape(_BITS, SIGNS)


def _crc(code: int) -> int:
    register = _START
    for byte in code.to_bytes(_CODE // 8, "big"):
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1 ^ (_POLYNOMIAL if register & 0x8000 else 0)) & 0xFFFF
    return register
