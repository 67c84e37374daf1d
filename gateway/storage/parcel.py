"""Files that become a folder or a zip all at once: a crash in between leaves nothing under the final name."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol
from uuid import uuid4

LARGEST = 256 << 20
"""Bytes of one file in a zip that is read: the manifest of some 400,000 entries."""


class Exists(OSError):
    """There is something under the final name already; it is left alone."""


class Parcel(Protocol):
    """What files are put into. A file that is there is left as it is."""

    def put(self, path: str, data: bytes) -> None:
        """Add a file, by its path with slashes."""
        ...

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """Add a file that is written piece by piece; nothing is under its path yet."""
        ...


class _InFolder:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: str, data: bytes) -> None:
        """Add a file."""
        place = self._folder / path
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """Add a file, piece by piece."""
        return (self._folder / path).open("xb")


class _InZip:
    """Files in a zip, without the times and names of whoever makes it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def put(self, path: str, data: bytes) -> None:
        """Add a file."""
        if path not in self._archive.NameToInfo:
            self._archive.writestr(_told(path), data)

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """Add a file, piece by piece."""
        return self._archive.open(_told(path), "w", force_zip64=True)


def _told(path: str) -> zipfile.ZipInfo:
    """Say what a zip tells of a file: its path, and nothing of when and by whom it was made."""
    told = zipfile.ZipInfo(path)
    told.compress_type, told.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return told


@contextmanager
def parcel(place: Path) -> Iterator[Parcel]:
    """Make a folder, or a zip where the name ends so: complete at the end, or not there at all.

    Raises `Exists` where the name is taken, and `OSError`.
    """
    if place.exists() or place.is_symlink():
        raise Exists(f"{place}: exists already, and is left as it is")
    draft = place.with_name(f".{place.name}.{uuid4().hex[:8]}.part")
    try:
        if place.suffix == ".zip":
            with draft.open("xb") as file:
                with zipfile.ZipFile(file, "w") as archive:
                    yield _InZip(archive)
                _sync(file)
            os.link(draft, place)  # unlike a rename, it never takes the place of another
            draft.unlink()
        else:
            draft.mkdir()
            yield _InFolder(draft)
            os.sync()  # many small files: one sync for all
            draft.rename(place)
        _sync_folder(place.parent)
    except FileExistsError:
        raise Exists(f"{place}: exists already, and is left as it is") from None
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        draft.unlink(missing_ok=True)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Archive:
    """Files of a zip, as a verifier reads them (the port `gateway.audit.reading.Files`). Raises `ValueError`."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises `OSError`, and `ValueError` where it is no zip."""
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise ValueError(f"{path}: no zip") from None
        names = self._archive.namelist()
        if len(set(names)) != len(names):
            raise ValueError(f"{path}: a name stands in it twice")
        self._names = frozenset(names)

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content; None where there is none."""
        if path not in self._names:
            return None
        try:
            with self._archive.open(path) as file:
                data = file.read(LARGEST + 1)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise ValueError(f"{path}: can't be read from the zip") from error
        if len(data) > LARGEST:
            raise ValueError(f"{path}: too large")
        return data

    def list(self, folder: str, /) -> list[str]:
        """Give the names of the files in a folder."""
        start = f"{folder}/"
        found = (name.removeprefix(start) for name in self._names if name.startswith(start))
        return sorted(name for name in found if name and "/" not in name)

    def below(self, folder: str, /) -> Iterator[str]:
        """Give the paths of all files below a folder."""
        return (name for name in self._names if name.startswith(f"{folder}/") and not name.endswith("/"))
