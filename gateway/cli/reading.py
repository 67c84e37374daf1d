"""Captures as verbs read them: files, folders, standard input; counted and hashed, with progress on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

import click
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.capture import Exchange, Unusable, open_capture
from gateway.capture.faults import DAMAGE, UNUSABLE
from gateway.cli.forms.clean import one_line
from gateway.dryrun.report import Capture
from gateway.errors import BadCapture
from gateway.storage.capture_keys import read_reader

STDIN = "-"

captures = click.argument("captures", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True))
"""The captures to read: files, folders, or `-`."""

keys = click.option(
    "--key",
    "key_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A private key, PEM, that opens the gateway's own captures.",
)


@dataclass(slots=True)
class Reading:
    """One capture while it is read; `name` is what it is called in reports."""

    name: str
    size: int = 0
    entries: int = 0
    fault: str = ""
    whole: bool = False
    _hash: Any = field(default_factory=sha256)

    def took(self, piece: bytes | memoryview) -> None:
        """Take down a piece that was read."""
        self.size += len(piece)
        self._hash.update(piece)

    def capture(self) -> Capture:
        """Tell what was read."""
        return Capture(self.name, self.size, self._hash.hexdigest(), self.entries, self.whole, self.fault)


class Readings:
    """Reads captures one after the other; what can't be read to its end is told in its `Reading`."""

    def __init__(self, names: Sequence[str], key_files: Sequence[Path]) -> None:
        """Find the files. Raises `click.UsageError` where there are none, `FaultyKeyring` for keys that are none."""
        self._files = [file for name in names for file in _files(name)]
        if not self._files:
            raise click.UsageError("there is no capture in these folders")
        self._keys = [_key(file) for file in key_files]
        self.readings: list[Reading] = []

    def __iter__(self) -> Iterator[tuple[str, Exchange | Unusable]]:
        """Give every entry of every capture, with the capture's name."""
        screen = Console(stderr=True)
        shown = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*shown, console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task("reading", total=self._total())
            for name in self._files:
                reading = Reading(one_line(name))
                self.readings.append(reading)
                for entry in self._entries(name, reading, lambda size: progress.advance(task, size)):
                    reading.entries += 1
                    if isinstance(entry, Unusable) and entry.reason in DAMAGE:
                        reading.fault = reading.fault or UNUSABLE[entry.reason]
                    yield reading.name, entry

    @property
    def faulty(self) -> bool:
        """Tell whether a capture could not be read to its end."""
        return any(reading.fault for reading in self.readings)

    def among(self, path: Path) -> bool:
        """Tell whether a path is one of the captures, by whatever name, so that writing to it would destroy it."""
        return any(name != STDIN and path.exists() and path.samefile(name) for name in self._files)

    def _total(self) -> int | None:
        """Add up the sizes, as far as files have any."""
        return None if STDIN in self._files else sum(Path(file).stat().st_size for file in self._files)

    def _entries(self, name: str, reading: Reading, advance: Callable[[int], None]) -> Iterator[Exchange | Unusable]:
        """Read one capture."""
        try:
            with _opened(name) as source:
                stream = cast("BinaryIO", _Counted(source, reading, advance))
                yield from open_capture(stream, reading.name, self._keys)
                while stream.read(1 << 16):
                    pass  # what stands behind the end belongs to the file, and to its SHA-256
            reading.whole = not reading.fault
        except BadCapture as error:
            reading.fault = str(error).removeprefix(f"{reading.name}: ")
        except OSError as error:
            reading.fault = error.strerror or "it can't be read"


class _Counted(RawIOBase):
    """A stream that tells what was read of it; a read gives what is there, so that a slow pipe is read as it comes."""

    def __init__(self, source: FileIO, reading: Reading, advance: Callable[[int], None]) -> None:
        self._source = source
        self._reading = reading
        self._advance = advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as far as there is something."""
        piece = self._source.read(len(buffer))
        buffer[: len(piece)] = piece
        self._reading.took(piece)
        self._advance(len(piece))
        return len(piece)


def _files(name: str) -> list[str]:
    """Give a file, or the files of a folder in the order of their names; hidden ones are left out."""
    if name == STDIN or not Path(name).is_dir():
        return [name]
    return [str(file) for file in sorted(Path(name).iterdir()) if file.is_file() and not file.name.startswith(".")]


def _opened(name: str) -> FileIO:
    """Open a file; standard input stays open."""
    if name == STDIN:
        return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
    return Path(name).open("rb", buffering=0)


def _key(file: Path) -> X25519PrivateKey:
    """Read a key; its password is asked for on the terminal."""
    try:
        return read_reader(file)
    except TypeError:
        return read_reader(file, click.prompt(f"password of {file}", hide_input=True, err=True).encode())
