"""What those outside attested, as it lies beside the log: `checkpoint.cosigned`, and `timestamps/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.audit.cosignature import Cosigned, WitnessKey, cosignatures
from gateway.audit.signatures import Checkpoint
from gateway.errors import BrokenLog
from gateway.storage.disk import Disk
from gateway.witness.submission import MalformedSubmission, read_submission, write_submission

COSIGNED, TIMESTAMPS = "checkpoint.cosigned", "timestamps"
STAMPED, STAMP = ".checkpoint", ".tsr"


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint as it is published: not verified, only read."""

    note: bytes
    checkpoint: Checkpoint

    @property
    def text(self) -> bytes:
        """Give what is signed."""
        return self.note.rpartition(b"\n\n")[0] + b"\n"


def read_head(note: bytes) -> Head:
    """Read a checkpoint; raises `BrokenLog` where it is none."""
    try:
        read = read_submission(write_submission(0, (), note))
    except MalformedSubmission as error:
        raise BrokenLog(f"checkpoint: {error}") from error
    return Head(note, Checkpoint(read.origin, read.size, read.root))


@dataclass(frozen=True, slots=True)
class Kept:
    """Reads and writes below the log's folder. Raises `OSError`."""

    folder: Path
    disk: Disk

    def published(self) -> Head | None:
        """Give the newest head of the log; None where there is none yet. Raises `BrokenLog`."""
        note = self._read(self.folder / "checkpoint")
        return read_head(note) if note is not None else None

    def cosigned(self) -> Head | None:
        """Give the newest head that witnesses cosigned; None where there is none that can be read."""
        note = self._read(self.folder / COSIGNED)
        try:
            return read_head(note) if note is not None else None
        except BrokenLog:
            return None

    def keep_cosigned(self, head: Head, lines: list[Cosigned]) -> None:
        """Put a head with its cosignatures in place, durably."""
        added = "".join(f"{line.line}\n" for line in lines)
        self.disk.put(self.folder / COSIGNED, head.note + added.encode())
        self.disk.sync_folder(self.folder)

    def stamped(self) -> list[int]:
        """Give the sizes of the heads that are stamped, in their order."""
        try:
            names = [path.name for path in (self.folder / TIMESTAMPS).iterdir()]
        except FileNotFoundError:
            return []
        sizes = [name.removesuffix(STAMP) for name in names if name.endswith(STAMP)]
        return sorted(int(size) for size in sizes if size.isascii() and size.isdecimal())

    def stamp(self, size: int) -> tuple[bytes, bytes] | None:
        """Give the head of a size as it was stamped, and the authority's answer."""
        place = self.folder / TIMESTAMPS
        note, answer = self._read(place / f"{size}{STAMPED}"), self._read(place / f"{size}{STAMP}")
        return (note, answer) if note is not None and answer is not None else None

    def keep_stamp(self, head: Head, answer: bytes) -> None:
        """Put a stamped head in place, durably: the head first, so that no stamp is without what it is over."""
        place = self.folder / TIMESTAMPS
        self.disk.put(place / f"{head.checkpoint.size}{STAMPED}", head.note)
        self.disk.put(place / f"{head.checkpoint.size}{STAMP}", answer)
        self.disk.sync_folder(place)
        self.disk.sync_folder(self.folder)

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def cosigned_by(head: Head | None, key: WitnessKey) -> Cosigned | None:
    """Give a witness's cosignature of a head, if there is one."""
    found = cosignatures(head.note, [key]) if head is not None else ()
    return found[0] if found else None
