"""Publish what is durable: entry bundles, hash tiles, and then the signed checkpoint over them."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from threading import Lock

from gateway.audit.log import Record
from gateway.audit.note import NoteSigner
from gateway.audit.tiles import File, Tree
from gateway.storage.disk import Disk
from gateway.storage.segment import segment_name


class Publisher:
    """Brings durable records onto the disk as tiles. One thread may `take` while another one may `publish`.

    The tree grows where records are taken, a little with each, so that what publishes has hardly anything to compute:
    whoever records would wait for Python's lock meanwhile.
    """

    def __init__(self, folder: Path, tree: Tree, disk: Disk) -> None:
        """Go on where `tree` stands."""
        self.published = tree.size
        self._folder = folder
        self._tree = tree
        self._growing = Lock()  # held for what is computed, never for what the disk does
        self._disk = disk
        self._unwritten: deque[File] = deque()  # full files that the disk did not take yet
        self._touched: set[Path] = set()  # folders whose names are not known to be durable

    def take(self, records: Iterable[Record]) -> None:
        """Take records that are durable, in their order."""
        with self._growing:
            for record in records:
                self._unwritten.extend(self._tree.add(record.jws, record.leaf))

    def publish(self, signer: NoteSigner) -> None:
        """Publish everything that was taken, the head signed by `signer`.

        Raises `OSError`, and then the next call goes on where this one stopped.
        """
        self._drain()
        with self._growing:
            full, partial = len(self._unwritten), list(self._tree.partial())
            size, root = self._tree.size, self._tree.root()
        self._drain(full)
        for path, data in partial:
            self._put(path, data)
        for folder in self._above(self._touched):
            self._disk.sync_folder(folder)
        self._disk.put(self._folder / "checkpoint", signer.checkpoint(size, root))
        self._disk.sync_folder(self._folder)
        self.published = size
        self._forget_partials()
        self._touched.clear()
        self._retire()

    def _drain(self, most: int | None = None) -> None:
        """Write full files, the first `most` of them or as many as there are now."""
        for _ in range(len(self._unwritten) if most is None else most):
            self._put(*self._unwritten[0])
            self._unwritten.popleft()

    def _put(self, path: str, data: bytes) -> None:
        place = self._folder / path
        self._disk.put(place, data)
        self._touched.add(place.parent)

    def _above(self, folders: set[Path]) -> set[Path]:
        """Give the folders and those that they are in, up to the log's own."""
        return {one for folder in folders for one in (folder, *folder.parents) if one.is_relative_to(self._folder)}

    def _forget_partials(self) -> None:
        """Delete the partial tiles whose full tile is there (C2SP tlog-tiles, partial tiles)."""
        for folder in self._touched:
            for partial in folder.glob("*.p"):
                if partial.with_suffix("").exists():
                    shutil.rmtree(partial, ignore_errors=True)

    def _retire(self) -> None:
        """Delete the journal files whose entries are all published, by the beginning of the next; never the newest."""
        names = sorted(path for path in (self._folder / "journal").iterdir() if path.name.isdigit())
        for path, following in pairwise(names):
            if following.name <= segment_name(self.published):
                path.unlink(missing_ok=True)
