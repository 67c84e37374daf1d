"""A log's files in a folder, as the verifier reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads files below `path` (the port `gateway.audit.reading.Files`)."""

    path: Path

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content; None where there is none."""
        try:
            return (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, folder: str, /) -> list[str]:
        """Give the names of the files in a folder; empty where there is none."""
        try:
            return sorted(found.name for found in (self.path / folder).iterdir() if found.is_file())
        except (FileNotFoundError, NotADirectoryError):
            return []
