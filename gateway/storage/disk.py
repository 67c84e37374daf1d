"""The few things that the log asks of a disk, in one place so that a test can make them fail."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.errors import LogInUse


class Disk:
    """The real disk. Every method raises `OSError` as the system call does."""

    def write(self, file: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`; short writes are gone on with."""
        view = memoryview(data)
        while view:
            done = os.pwrite(file, view, offset)
            view, offset = view[done:], offset + done

    def sync(self, file: int) -> None:
        """Make what was written durable."""
        os.fdatasync(file)

    def truncate(self, file: int, length: int) -> None:
        """Cut a file."""
        os.ftruncate(file, length)

    def put(self, path: Path, data: bytes) -> None:
        """Put a whole file in place, durable but for its name (`sync_folder`): it is there complete, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".tmp")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        try:
            self.write(file, data, 0)
            self.sync(file)
        finally:
            os.close(file)
        draft.replace(path)

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def same_file(file: int, path: Path, length: int) -> bool:
    """Tell whether an open file is still the one at `path`, and as long as it was left."""
    try:
        there, held = path.stat(), os.fstat(file)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino, there.st_size) == (held.st_dev, held.st_ino, length)


_LOCKED: set[Path] = set()  # the locks of this process: the kernel's are for other processes only


def lock(path: Path) -> int:
    """Take the lock of a log for this process and give the open file; raises `LogInUse` where it is taken.

    A POSIX record lock, not flock: forked workers that outlive a killed gateway don't keep it, and can't lose it.
    """
    path = path.resolve()
    if path in _LOCKED:  # opening and closing the file again would lose the lock
        raise LogInUse(f"{path}: this process writes this log already")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise LogInUse(f"{path}: another process writes this log") from error
    _LOCKED.add(path)
    return file


def unlock(path: Path, file: int) -> None:
    """Give the lock back."""
    os.close(file)
    _LOCKED.discard(path.resolve())
