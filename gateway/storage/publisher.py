"""Publish what is durable: entry bundles, hash tiles, and then the signed checkpoint over them."""

from __future__ import annotations

import shutil
from collections import deque
from itertools import pairwise
from pathlib import Path

from gateway.audit.log import Record
from gateway.audit.note import NoteSigner
from gateway.audit.tiles import File, Tree
from gateway.storage.disk import Disk
from gateway.storage.segment import segment_name


class Publisher:
    """Takes durable records from `waiting` into the tree and onto the disk. One thread at a time may `publish`."""

    def __init__(self, folder: Path, tree: Tree, disk: Disk) -> None:
        """Go on where `tree` stands."""
        self.waiting: deque[Record] = deque()
        self.published = tree.size
        self._folder = folder
        self._tree = tree
        self._disk = disk
        self._unwritten: deque[File] = deque()  # full files that the disk did not take yet
        self._touched: set[Path] = set()  # folders whose names are not known to be durable

    def publish(self, signer: NoteSigner) -> None:
        """Publish everything that waits, the head signed by `signer`.

        Raises `OSError`, and then the next call goes on where this one stopped.
        """
        self._drain()
        while self.waiting:
            record = self.waiting.popleft()
            self._unwritten.extend(self._tree.add(record.jws, record.leaf))
            self._drain()
        for path, data in self._tree.partial():
            self._put(path, data)
        for folder in self._touched:
            self._disk.sync_folder(folder)
        self._disk.put(self._folder / "checkpoint", signer.checkpoint(self._tree.size, self._tree.root()))
        self._disk.sync_folder(self._folder)
        self.published = self._tree.size
        self._forget_partials()
        self._touched.clear()
        self._retire()

    def _drain(self) -> None:
        while self._unwritten:
            self._put(*self._unwritten[0])
            self._unwritten.popleft()

    def _put(self, path: str, data: bytes) -> None:
        place = self._folder / path
        self._disk.put(place, data)
        self._touched.update(parent for parent in place.parents if parent.is_relative_to(self._folder))

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
