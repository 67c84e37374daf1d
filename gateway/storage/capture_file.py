"""One file of a capture on disk: every record goes to the kernel at once, so a killed gateway leaves whole records."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from gateway.capture.keep import Keeper
from gateway.capture.seal import END

SUFFIX = ".sovcap"


class CaptureFile:
    """A new file, which only this account may read. Every method but `end` raises `OSError` as the system call does."""

    def __init__(self, folder: Path, keeper: Keeper, name: str) -> None:
        """Make the file, named by the time and `name`, and write its beginning."""
        began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._keeper = keeper
        self._file = os.open(folder / f"{began}-{name}{SUFFIX}", flags, 0o600)
        self.size = 0
        try:
            self._write(keeper.start)
        except OSError:
            os.close(self._file)
            raise

    def put(self, record: bytes) -> None:
        """Seal and write a record."""
        self._write(self._keeper.seal(record))

    def end(self, *, broken: bool = False) -> None:
        """Say that nothing follows, and close; after an error (`broken`) the file stays cut, for that is what it is."""
        with suppress(OSError):
            if not broken:
                self.put(END)
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        """Write all of `data`, or leave the file as it was."""
        view, at = memoryview(data), self.size
        while view:
            try:
                done = os.pwrite(self._file, view, at)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._file, self.size)
                raise
            view, at = view[done:], at + done
        self.size = at


def room(folder: Path) -> int:
    """Tell how many bytes are free on a folder's disk. Raises `OSError`."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
