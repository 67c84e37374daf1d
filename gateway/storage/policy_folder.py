"""The folder that officers edit, read whole: names relative to it, and bytes."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import FaultyFiles, Place, Problem

_MOST = 10_000
_ENDINGS = frozenset({".yaml", ".yml"})


def read_folder(folder: Path) -> dict[str, bytes]:
    """Give every YAML file below a folder, hidden ones left out (Kubernetes keeps its versions in hidden folders).

    Raises `FaultyFiles` where the folder or a file can't be read, or where there is nothing.
    """
    files: dict[str, bytes] = {}
    try:
        next(folder.iterdir(), None)  # `rglob` passes over what it may not read, in silence
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.suffix in _ENDINGS and not any(part.startswith(".") for part in name.parts) and path.is_file():
                files[name.as_posix()] = path.read_bytes()
    except OSError as error:
        place = Place(str(error.filename or folder), 1, 1)
        raise FaultyFiles([Problem(place, f"can't be read: {error.strerror}")]) from None
    if not 0 < len(files) <= _MOST:
        told = "there are no policies here" if not files else f"there are more than {_MOST} files here"
        raise FaultyFiles(
            [Problem(Place(str(folder), 1, 1), told, "name the folder that holds catalog/ and the policies")]
        )
    return files
