"""One journal file, open for writing: appends that are durable or did not happen."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.audit.frame import frame, header
from gateway.errors import NotRecorded
from gateway.storage.disk import Disk, same_file


class Segment:
    """The journal file that is appended to. `length` is what is durable; whatever stands after it does not count."""

    def __init__(self, path: Path, length: int, disk: Disk) -> None:
        """Open the existing file, and cut off what stands after `length` before the first append."""
        self.path = path
        self.first = int(path.name)
        self.length = length
        self.waited = 0.0  # seconds that the newest batch took to become durable
        self._disk = disk
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._last = (0, b"")  # where the newest batch stands, and its bytes
        self._suspect = True

    @classmethod
    def create(cls, folder: Path, first: int, state: bytes, disk: Disk) -> Segment:
        """Begin a new journal file at the entry `first`; raises `OSError` if that does not become durable."""
        path = folder / segment_name(first)
        head = header(first, state)
        disk.put(path, head)
        disk.sync_folder(folder)
        return cls(path, len(head), disk)

    def append(self, entries: Sequence[bytes]) -> None:
        """Write a batch and make it durable; raises `OSError` or `NotRecorded`, and then nothing of it counts."""
        self.settle()
        batch = b"".join(frame(entry, self.length) for entry in entries)
        self._suspect, began = True, time.perf_counter()
        self._disk.write(self._file, batch, self.length)
        self._disk.sync(self._file)
        self._suspect, self.waited = False, time.perf_counter() - began
        self._last = (self.length, batch)
        self.length += len(batch)

    def settle(self) -> None:
        """See to it that nothing stands after what is durable, in the same file. Raises `OSError` and `NotRecorded`."""
        if self._suspect:
            self._repair()
        if not same_file(self._file, self.path, self.length):
            raise NotRecorded("the journal of the audit log was deleted, replaced or changed by someone else")

    def _repair(self) -> None:
        """Cut off what a failed write or sync may have left, and see that what was durable is still there.

        After a failed sync the kernel may have dropped pages and calls the file clean (fsync reports an error once), so
        the file is opened anew, and cutting it makes its last page dirty and so written again.
        """
        file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        there, held = os.fstat(file), os.fstat(self._file)
        if (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino) or there.st_size < self.length:
            os.close(file)
            raise NotRecorded("the journal of the audit log was deleted, replaced or cut by someone else")
        os.close(self._file)
        self._file = file
        self._disk.truncate(file, self.length)
        self._disk.sync(file)
        at, batch = self._last
        if os.pread(file, len(batch), at) != batch:
            raise NotRecorded("the journal of the audit log has lost entries that were durable")
        self._suspect = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def segment_name(first: int) -> str:
    """Give the name of the journal file that begins with the entry `first`."""
    return f"{first:020}"
