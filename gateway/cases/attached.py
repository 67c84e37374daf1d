"""The files beside the cases: bodies that cases name, and golden bodies that are written anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LARGEST = 64 << 20
"""A larger body is no example any more."""


@dataclass(frozen=True, slots=True)
class AttachedFiles:
    """The files below a policies' folder. Called with a name relative to it, gives its bytes; None: can't be read."""

    folder: Path

    def __call__(self, name: str) -> bytes | None:
        """Read one file; none that a link leads out of the folder to, and none that is larger than 64 MiB."""
        path = self._inside(name)
        try:
            if path is None or not path.is_file() or path.stat().st_size > _LARGEST:  # a pipe would be waited for
                return None
            return path.read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write one file, with the folders above it. Raises OSError, for a place outside of the folder as well."""
        path = self._inside(name)
        if path is None:
            raise PermissionError(f"{name} leads out of {self.folder}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def _inside(self, name: str) -> Path | None:
        root = self.folder.resolve()
        path = (root / name).resolve()
        return path if path.is_relative_to(root) else None
