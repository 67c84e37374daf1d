"""A log's files in a folder, as the verifier reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads files below `path` (the port `gateway.audit.reading.Files`). Raises `FaultyFiles` if it can't."""

    path: Path

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content; None where there is none."""
        try:
            return (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unreadable(path, error) from None

    def list(self, folder: str, /) -> list[str]:
        """Give the names of the files in a folder; empty where there is none."""
        try:
            return sorted(found.name for found in (self.path / folder).iterdir() if found.is_file())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._unreadable(folder, error) from None

    def _unreadable(self, path: str, error: OSError) -> FaultyFiles:
        """Name what can't be read, and why."""
        place, message = Place(str(self.path / path), 1, 1), f"can't be read: {error.strerror}"
        return FaultyFiles([Problem(place, message, code=Fault.UNREADABLE)])
