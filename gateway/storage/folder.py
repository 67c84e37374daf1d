"""A log's files in a folder, as the verifier reads them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.tampering import Kind, broken
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault

LARGEST = 256 << 20
"""Bytes: no bundle and no journal file comes near to it."""


def _opener(path: str, flags: int) -> int:
    """Open without waiting: a pipe in the place of a file must not stop whoever reads a log."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads files below `path` (the port `gateway.audit.reading.Files`). Raises `FaultyFiles` if it can't."""

    path: Path

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content; None where there is none. Raises `BrokenLog` for what no file of a log is."""
        try:
            with open(self.path / path, "rb", opener=_opener) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise broken(Kind.MALFORMED_FILE, path, "not a file")
                if found.st_size > LARGEST:
                    raise broken(Kind.MALFORMED_FILE, path, f"{found.st_size} bytes: no file of a log is so large")
                return file.read(LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            raise broken(Kind.MALFORMED_FILE, path, "a folder, not a file") from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise broken(Kind.MALFORMED_FILE, path, "a link that leads to itself") from None
            raise self._unreadable(path, error) from None

    def list(self, folder: str, /) -> list[str]:
        """Give the names of the files in a folder; empty where there is none."""
        try:
            return sorted(found.name for found in (self.path / folder).iterdir() if found.is_file())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._unreadable(folder, error) from None

    def below(self, folder: str, /) -> Iterator[str]:
        """Give the paths of all that lies below a folder and is none, whatever else it may be; links aren't followed.

        Raises `FaultyFiles` for a folder that can't be looked into.
        """

        def refuse(error: OSError) -> None:
            raise self._unreadable(str(error.filename), error)

        for place, folders, names in os.walk(self.path / folder, onerror=refuse):
            for name in (*names, *(one for one in folders if Path(place, one).is_symlink())):
                yield Path(place, name).relative_to(self.path).as_posix()

    def _unreadable(self, path: str, error: OSError) -> FaultyFiles:
        """Name what can't be read, and why."""
        place, message = Place(str(self.path / path), 1, 1), f"can't be read: {error.strerror}"
        return FaultyFiles([Problem(place, message, code=Fault.UNREADABLE)])
