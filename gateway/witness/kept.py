"""What those outside attested, as it lies beside the log: `checkpoint.cosigned`, and `timestamps/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.audit.cosignature import COSIGNED, Cosigned, WitnessKey, cosignatures
from gateway.audit.signatures import Checkpoint
from gateway.audit.stamps import ANSWER, FOLDER, HEAD, sizes
from gateway.errors import BrokenLog
from gateway.storage.disk import Disk
from gateway.witness.submission import MalformedSubmission, read_submission, write_submission


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
            return sizes(path.name for path in (self.folder / FOLDER).iterdir())
        except FileNotFoundError:
            return []

    def stamp(self, size: int) -> tuple[bytes, bytes] | None:
        """Give the head of a size as it was stamped, and the authority's answer."""
        place = self.folder / FOLDER
        note, answer = self._read(place / f"{size}{HEAD}"), self._read(place / f"{size}{ANSWER}")
        return (note, answer) if note is not None and answer is not None else None

    def keep_stamp(self, head: Head, answer: bytes) -> None:
        """Put a stamped head in place, durably: the head first, so that no stamp is without what it is over."""
        place = self.folder / FOLDER
        self.disk.put(place / f"{head.checkpoint.size}{HEAD}", head.note)
        self.disk.put(place / f"{head.checkpoint.size}{ANSWER}", answer)
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
