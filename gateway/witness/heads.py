"""What a witness remembers: of each log the newest checkpoint that it cosigned. To forget one is to be of no use.

The file `heads` is made with the key, at the first start. Later it must be there and hold nothing but checkpoints that
this witness cosigned; otherwise the witness doesn't start, because from an older memory it would cosign a fork.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.audit.cosignature import cosignatures
from gateway.audit.signatures import Checkpoint
from gateway.errors import BrokenLog, FaultyWitness, LogInUse
from gateway.storage.disk import Disk, lock, unlock
from gateway.storage.keyring import SECRET, create, signing_key
from gateway.witness.cosigner import Cosigner
from gateway.witness.submission import MalformedSubmission, Submission, read_submission, write_submission

KEY, HEADS, LOCK = "witness.pem", "heads", "lock"
_RETIRE = "without it the witness would forget what it saw; begin a new one, with a new key, in an empty folder"


class Heads:
    """The memory of one witness. Make it with `open`; for one thread at a time."""

    def __init__(self, folder: Path, cosigner: Cosigner, notes: dict[str, bytes], disk: Disk) -> None:
        """Take over what was read."""
        self.cosigner = cosigner
        self._folder, self._disk = folder, disk
        self._notes = notes
        self._latest = {origin: _checkpoint(_read(note)) for origin, note in notes.items()}
        self._close: Callable[[], None] = lambda: None

    @classmethod
    def open(
        cls, folder: Path, name: str, *, random: Callable[[int], bytes] = secrets.token_bytes, disk: Disk | None = None
    ) -> Heads:
        """Open the memory of the witness `name`, or begin it where there is none yet, with a key of its own.

        Raises `FaultyWitness` where it is damaged, in part missing, another witness's or in use; `FaultyKeyring` for
        the key, and `OSError`.
        """
        disk = Disk() if disk is None else disk
        with ExitStack() as undo:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                held = lock(folder / LOCK)
            except LogInUse as error:
                raise FaultyWitness(f"{folder}: another process is this witness") from error
            undo.callback(unlock, folder / LOCK, held)
            if not (folder / KEY).exists():
                _begin(folder, disk, random)
            cosigner = Cosigner(name, signing_key(folder / KEY))
            heads = cls(folder, cosigner, _remembered(folder / HEADS, cosigner), disk)
            heads._close = undo.pop_all().close
        return heads

    def close(self) -> None:
        """Let another process be this witness."""
        self._close()

    def latest(self, origin: str) -> Checkpoint | None:
        """Give the newest checkpoint of a log that was cosigned."""
        return self._latest.get(origin)

    def keep(self, submitted: Submission, time: int) -> bytes:
        """Remember a checkpoint, durably, and only then give the line that cosigns it.

        `time` is in seconds since the epoch. Raises `OSError`; then the memory is as it was, and nothing was given out.
        """
        line = self.cosigner.line(submitted.text, time)
        notes = {**self._notes, submitted.origin: submitted.text + b"\n" + line}
        self._disk.put(self._folder / HEADS, _encode(notes))
        self._disk.sync_folder(self._folder)
        self._notes = notes
        self._latest[submitted.origin] = _checkpoint(submitted)
        return line


def _begin(folder: Path, disk: Disk, random: Callable[[int], bytes]) -> None:
    """Begin an empty memory, and last make the key: a start that was cut short begins again."""
    if (folder / HEADS).exists() and (folder / HEADS).read_bytes() != _encode({}):
        raise FaultyWitness(f"{folder / KEY}: missing, though there are heads that it cosigned: restore it")
    disk.put(folder / HEADS, _encode({}))
    disk.sync_folder(folder)
    key = Ed25519PrivateKey.from_private_bytes(random(SECRET))
    create(folder / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _remembered(path: Path, cosigner: Cosigner) -> dict[str, bytes]:
    """Read the heads and make sure that this witness cosigned each of them; raises `FaultyWitness`, and `OSError`."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FaultyWitness(f"{path}: missing, though the key is there: {_RETIRE}") from None
    try:
        notes = {origin: note.encode() for origin, note in msgspec.json.decode(data, type=dict[str, str]).items()}
        for origin, note in notes.items():
            if _read(note).origin != origin or not cosignatures(note, [cosigner.witness_key()]):
                raise FaultyWitness(f"{path}: the head of {origin} is not one that this witness cosigned: {_RETIRE}")
    except (msgspec.MsgspecError, MalformedSubmission, BrokenLog, UnicodeError) as error:
        raise FaultyWitness(f"{path}: damaged: {_RETIRE}") from error
    return notes


def _encode(notes: dict[str, bytes]) -> bytes:
    return msgspec.json.encode({origin: note.decode() for origin, note in notes.items()}, order="sorted")


def _read(note: bytes) -> Submission:
    return read_submission(write_submission(0, (), note))


def _checkpoint(submitted: Submission) -> Checkpoint:
    return Checkpoint(submitted.origin, submitted.size, submitted.root)
