"""The Merkle tree hashes of RFC 6962 section 2.1, with SHA-256."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash a leaf."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\1" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Give the root over hashes whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def peaks(hashes: Sequence[bytes]) -> list[bytes]:
    """Give the roots of the perfect trees that the hashes make up, largest first."""
    found, start = [], 0
    for bit in reversed(range(len(hashes).bit_length())):
        if len(hashes) >> bit & 1:
            found.append(perfect_root(hashes[start : start + (1 << bit)]))
            start += 1 << bit
    return found


def root_of_peaks(found: Sequence[bytes]) -> bytes:
    """Join peaks, largest first, to the root of the whole tree."""
    if not found:
        return EMPTY
    root = found[-1]
    for peak in reversed(found[:-1]):
        root = node_hash(peak, root)
    return root
