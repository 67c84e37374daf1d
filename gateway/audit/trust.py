"""Whom the verifier believes: the keys that it was given, and those that they hand over to inside the log.

One key signs entries at a time, until a `rotation` entry names its successor; a key that the log replaced signs nothing
any more. Nobody vouches for the successor of a lost key but itself, so it must be accepted by name.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidSignature

from gateway.audit.signatures import (
    Checkpoint,
    EntryKeys,
    NoteKey,
    ed25519,
    header_of,
    payload_of,
    signed_checkpoint,
    thumbprint,
    unpadded,
)
from gateway.audit.tampering import Kind, broken
from gateway.audit.told import Rotation, told_in
from gateway.errors import BrokenLog


@dataclass(frozen=True, slots=True)
class Rotated:
    """That at an entry a key (`entries` or `checkpoints`) was replaced; `old` and `new` are thumbprints (RFC 7638)."""

    entry: int
    key: str
    old: str
    new: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head, where it was read, the note itself, and the thumbprint of the key that signed it."""

    checkpoint: Checkpoint
    where: str
    note: bytes
    signer: str


@dataclass(slots=True)
class Trust:
    """The keys that are believed now.

    `notes` are verifier keys of checkpoints by thumbprint; `beside` are those that lie beside the log, which may turn
    out to be successors; `accepted` are thumbprints of keys that the caller believes to follow lost ones.
    """

    entries: EntryKeys
    notes: dict[str, NoteKey]
    beside: tuple[NoteKey, ...] = ()
    accepted: Collection[str] = ()
    using: str = ""
    retired: dict[str, int] = field(default_factory=dict)
    rotations: list[Rotated] = field(default_factory=list)

    @classmethod
    def of(
        cls, entries: EntryKeys, notes: tuple[NoteKey, ...], beside: tuple[NoteKey, ...], lost: Collection[str]
    ) -> Trust:
        """Begin with the keys that were given."""
        return cls(entries, {thumbprint(key.key): key for key in notes}, beside, lost)

    def fork(self) -> Trust:
        """Give a second one from here on."""
        return replace(
            self,
            entries=self.entries.copy(),
            notes=dict(self.notes),
            retired=dict(self.retired),
            rotations=list(self.rotations),
        )

    @property
    def origin(self) -> str:
        """Give the name of the log."""
        return next(iter(self.notes.values())).name

    def open(self, jws: bytes, where: str) -> bytes:
        """Verify an entry and give its payload; `settle` must follow. Raises `BrokenLog`."""
        try:
            return self.entries.open(jws, where)
        except BrokenLog as error:
            if error.kind != Kind.FOREIGN_ENTRY:
                raise
            return self._by_a_stranger(jws, where, error)

    def settle(self, rotation: Rotation | None, index: int, path: str) -> None:
        """Make sure that the entry just opened was signed by the key in use, and take in a rotation."""
        signer = self.entries.signer
        if rotation is not None:
            self._rotate(rotation, index, path, signer)
        elif self.using and signer != self.using:
            kind = Kind.RETIRED_KEY if signer in self.retired else Kind.FOREIGN_ENTRY
            raise broken(kind, path, f"signed by {signer}, and nothing says that it followed {self.using}", index)
        else:
            self.using = signer

    def head(self, note: bytes, where: str) -> Head:
        """Verify a head with any key that may turn out to be the log's; `confirm` must follow. Raises `BrokenLog`."""
        keys = {**{thumbprint(key.key): key for key in self.beside}, **self.notes}
        try:
            checkpoint, key = signed_checkpoint(note, tuple(keys.values()), where)
        except BrokenLog as error:
            error.place = where
            raise
        return Head(checkpoint, where, note, thumbprint(key.key))

    def confirm(self, head: Head) -> None:
        """Make sure that the key of a head is one of the log's, and was in use. Raises `BrokenLog`."""
        if head.signer not in self.notes:
            raise broken(Kind.FOREIGN_CHECKPOINT, head.where, f"not signed by the key of the log but by {head.signer}")
        if head.checkpoint.size > self.retired.get(head.signer, head.checkpoint.size):
            where = self.retired[head.signer]
            raise broken(Kind.RETIRED_KEY, head.where, f"signed by a key that entry {where} had replaced")

    def _by_a_stranger(self, jws: bytes, where: str, foreign: BrokenLog) -> bytes:
        """Look at an entry by an unknown key: it may be the one that says that the known key was lost."""
        signer = str(header_of(jws.partition(b".")[0], where).get("kid"))
        if signer in self.retired:
            raise BrokenLog(
                f"{where}: signed by a key that entry {self.retired[signer]} had replaced", kind=Kind.RETIRED_KEY
            )
        try:
            rotation = told_in(payload_of(jws), where).rotation
            key = ed25519(unpadded(rotation.new.x.encode())) if rotation is not None else None
        except (ValueError, BrokenLog):
            raise foreign from None
        if (
            rotation is None
            or key is None
            or not rotation.lost
            or rotation.key != "entries"
            or thumbprint(key) != signer
        ):
            raise foreign
        if signer not in self.accepted:
            raise _lost(rotation, signer, where)
        self.entries.trust(key)
        return self.entries.open(jws, where)

    def _rotate(self, rotation: Rotation, index: int, path: str, signer: str) -> None:
        """Put a key in the place of another."""
        where = f"{path}: entry {index}"
        try:
            key = ed25519(unpadded(rotation.new.x.encode()))
        except ValueError as error:
            raise broken(
                Kind.WEAK_KEY, path, "the new key is none under which a signature proves anything", index
            ) from error
        new = thumbprint(key)
        if new in self.retired or new == rotation.old:
            raise broken(Kind.FALSE_ROTATION, path, "the new key is one that was replaced before", index)
        if rotation.key == "entries":
            expected = new if rotation.lost else rotation.old
            if signer != expected or (self.using and rotation.old != self.using):
                raise broken(Kind.FALSE_ROTATION, path, "it is not signed by the key that was in use", index)
            self.entries.retire(rotation.old)
            self.using = self.entries.trust(key)
        else:
            if self.using and signer != self.using:
                raise broken(Kind.FALSE_ROTATION, path, "it is not signed by the key that was in use", index)
            self._hand_over(rotation, new, where)
            self.notes[new] = NoteKey.of(self.origin, key)
        self.retired[rotation.old] = index
        self.rotations.append(Rotated(index, rotation.key, rotation.old, new, rotation.lost))

    def _hand_over(self, rotation: Rotation, new: str, where: str) -> None:
        """Make sure that a new key of checkpoints is one to believe: given, accepted, or endorsed by the old one."""
        if rotation.lost:
            if new not in self.notes and new not in self.accepted:
                raise _lost(rotation, new, where)
            return
        old = self.notes.get(rotation.old)
        if old is None and new in self.notes:  # only the newest was given: what it follows may lie beside the log
            old = next((key for key in self.beside if thumbprint(key.key) == rotation.old), None)
            if old is None:
                return
            self.notes[rotation.old] = old
        text = f"sovgate-rotation/v1\n{self.origin}\n{rotation.old}\n{new}\n".encode()
        if old is None or not _signed(old, rotation.endorsed, text):
            raise BrokenLog(
                f"{where}: the old key of the checkpoints did not sign for the new one", kind=Kind.FALSE_ROTATION
            )


def _signed(key: NoteKey, signature: str, text: bytes) -> bool:
    try:
        key.key.verify(unpadded(signature.encode()), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _lost(rotation: Rotation, new: str, where: str) -> BrokenLog:
    return BrokenLog(
        f"{where}: it says that the key of {rotation.key} {rotation.old} was lost, and puts {new} in its place: "
        "if the operator tells you so too, accept it by that name",
        kind=Kind.LOST_KEY,
    )
