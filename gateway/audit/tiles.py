"""The tree and its entries as the files of C2SP tlog-tiles: hash tiles and entry bundles, 256 wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.audit.merkle import leaf_hash, peaks, perfect_root, root_of_peaks
from gateway.audit.reading import WIDTH, bundle_entries, tile_hashes, tile_path
from gateway.errors import BrokenLog

File = tuple[str, bytes]
"""A path relative to the log, and what belongs there."""


class Tree:
    """A growing log: it holds what is unfinished, at most 255 hashes a level and the entries of one bundle."""

    __slots__ = ("_bundle", "_rows", "newest", "size")

    def __init__(self) -> None:
        """Start empty."""
        self.size = 0
        self.newest = b""  # the last entry
        self._rows: list[list[bytes]] = [[]]
        self._bundle: list[bytes] = []

    @classmethod
    def restored(cls, size: int, read: Callable[[str], bytes | None]) -> Tree:
        """Take up a log of `size` entries from its files; raises `BrokenLog` where one is missing or doesn't fit."""
        tree = cls()
        tree.size = size
        level = 0
        while size >> 8 * level:
            width, index = (size >> 8 * level) % WIDTH, size >> 8 * (level + 1)
            tree._rows[level:] = [tile_hashes(read, level, index, width)]
            level += 1
        if size % WIDTH:
            tree._bundle = bundle_entries(read, size // WIDTH, size % WIDTH)
            if [leaf_hash(entry) for entry in tree._bundle] != tree._rows[0]:
                raise BrokenLog(
                    f"{tile_path('entries', size // WIDTH, size % WIDTH)}: the entries don't fit their hashes"
                )
        if size:
            last = (size - 1) // WIDTH
            tree.newest = bundle_entries(read, last, size - last * WIDTH)[-1]
        return tree

    def add(self, entry: bytes, leaf: bytes) -> list[File]:
        """Append an entry with its leaf hash, and give the files that are full now."""
        self._bundle.append(entry)
        self.newest = entry
        self.size += 1
        files: list[File] = []
        level, carry = 0, leaf
        while True:
            if level == len(self._rows):
                self._rows.append([])
            row = self._rows[level]
            row.append(carry)
            if len(row) < WIDTH:
                return files
            index = (self.size >> 8 * (level + 1)) - 1
            if level == 0:
                files.append((tile_path("entries", index, WIDTH), _bundled(self._bundle)))
                self._bundle = []
            files.append((tile_path(level, index, WIDTH), b"".join(row)))
            carry = perfect_root(row)
            row.clear()
            level += 1

    def partial(self) -> Iterator[File]:
        """Give the partial files that a checkpoint of the present size needs."""
        if self._bundle:
            yield tile_path("entries", self.size >> 8, len(self._bundle)), _bundled(self._bundle)
        for level, row in enumerate(self._rows):
            if row:
                yield tile_path(level, self.size >> 8 * (level + 1), len(row)), b"".join(row)

    def root(self) -> bytes:
        """Give the root over everything."""
        return root_of_peaks([peak for row in reversed(self._rows) for peak in peaks(row)])


def _bundled(entries: list[bytes]) -> bytes:
    """Join entries, each with its length before it as a big-endian uint16."""
    return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])
