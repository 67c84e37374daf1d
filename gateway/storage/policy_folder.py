"""The folder that officers edit, read whole: names relative to it, and bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.yamlsource import LARGEST

_HINT = "name the folder that holds catalog/ and the policies"
_COPY = "put the file itself into the folder"
_MOST = 10_000
_ENDINGS = frozenset({".yaml", ".yml"})


def read_folder(folder: Path) -> dict[str, bytes]:
    """Give every YAML file below a folder, hidden ones left out (Kubernetes keeps its versions in hidden folders).

    Links are followed, as Kubernetes makes them: within the folder, or to a folder `..data` or the like beside it. One
    that leads anywhere else is refused, since what is told of a file quotes its lines. Of a file that is too large to
    be read there is one byte more than it may have, so that it is told. Raises `FaultyFiles` where the folder, or
    anything in it, can't be read, where a name is no UTF-8, where folders contain themselves by a link, and where there
    is nothing.
    """
    files: dict[str, bytes] = {}
    try:
        inside = _inside(folder)
        for name, path in _below(folder, "", frozenset()):
            if not inside(path):
                raise _refused(path, "this is a link that leads out of the folder", Fault.UNREADABLE, _COPY)
            if len(files) >= _MOST:
                raise _refused(folder, f"there are more than {_MOST} files here", Fault.TOO_MANY_FILES)
            with path.open("rb") as opened:
                files[name] = opened.read(LARGEST + 1)
    except OSError as error:
        raise _refused(error.filename or folder, f"can't be read: {error.strerror}", Fault.UNREADABLE) from None
    if not files:
        raise _refused(folder, "there are no policies here", Fault.NO_FILES)
    return files


def _below(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, Path]]:
    """Give the name and the path of each file below a folder, in order; `above` are the folders around it."""
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        raise _refused(folder, "this folder contains itself, by a link", Fault.UNREADABLE)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path, name = folder / entry.name, prefix + entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _below(path, f"{name}/", above | {here})
        elif path.suffix in _ENDINGS:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
                raise _refused(path, "can't be read: this is no file", Fault.UNREADABLE)
            if not name.isprintable():
                raise _refused(path, "can't be read: its name is no printable UTF-8", Fault.UNREADABLE)
            yield name, path


def _inside(folder: Path) -> Callable[[Path], bool]:
    """Give what tells whether a file is in the folder, or in a version of it that Kubernetes keeps beside it."""
    root = os.path.realpath(folder)
    beside = os.path.dirname(root)  # noqa: PTH120 - thousands of paths: text is ten times as fast

    def tell(path: Path) -> bool:
        real = os.path.realpath(path)
        if real.startswith(root + os.sep):
            return True
        return real.startswith(os.path.join(beside, ".."))  # noqa: PTH118 - a name that begins so, not a way up

    return tell


def _refused(at: object, told: str, code: Fault, hint: str = _HINT) -> FaultyFiles:
    name = os.fsencode(str(at)).decode("utf-8", "replace")
    return FaultyFiles([Problem(Place(name, 1, 1), told, hint, code=code)])
