"""Gather the evidence for entries from a log: the files of a proof bundle (`gateway.audit.bundle`), one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.audit import bundle
from gateway.audit.cosignature import COSIGNED, WitnessKey, cosignatures
from gateway.audit.proof import Proof, inclusion, write_proof
from gateway.audit.reading import WIDTH, Files, bundle_entries, tile_path
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, payload_of, signed_checkpoint
from gateway.audit.stamps import ANSWER, FOLDER, HEAD, named_by_size, sizes
from gateway.audit.tampering import Kind, broken
from gateway.errors import BrokenLog

_KEPT = 64  # tiles in memory
File = tuple[str, bytes]


class TooNew(BrokenLog):
    """An entry is durable and not published yet: it will be, within seconds."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A head of the log: as signed, and what it says."""

    note: bytes
    checkpoint: Checkpoint


@dataclass(slots=True)
class Gathering:
    """Evidence from one log. Make it with `of`; `head` is what proofs lead to, `stamped` the heads that were stamped.

    `tiles` are the hash tiles that proofs were made from so far.
    """

    files: Files
    head: Noted
    stamped: list[int]
    published: int
    tiles: dict[str, None] = field(default_factory=dict)
    _notes: dict[int, Noted] = field(default_factory=dict)
    _read: dict[str, bytes | None] = field(default_factory=dict)
    _bundle: tuple[int, list[bytes]] = (-1, [])

    @classmethod
    def of(cls, files: Files, witnesses: Iterable[WitnessKey], needed: int | None = None) -> Gathering:
        """Begin: take the head that witnesses cosigned, where it reaches to entry `needed`; else the published one.

        Raises `BrokenLog` where there is no log, or its heads are not signed by the keys beside it.
        """
        keys = NoteKey.read_all(_found(files, "log.vkey").decode(errors="replace"))
        note = files.read(COSIGNED)  # before the published one, which is as new at least unless it was put back
        head = published = _noted(_found(files, "checkpoint"), keys, "checkpoint")
        if note is not None and cosignatures(note, tuple(witnesses)):
            cosigned = _noted(note, keys, COSIGNED)
            if cosigned.checkpoint.size > published.checkpoint.size:
                what = f"{cosigned.checkpoint.size} entries were cosigned, and it names {published.checkpoint.size}"
                raise broken(Kind.ROLLED_BACK, "checkpoint", what)
            if needed is None or cosigned.checkpoint.size > needed:
                head = cosigned
        found = cls(files, head, sizes(files.list(FOLDER)), published.checkpoint.size)
        for size in found.stamped:
            path = f"{FOLDER}/{size}{HEAD}"
            found._notes[size] = _noted(_found(files, path), keys, path)
            named_by_size(path, found._notes[size].checkpoint)
        return found

    def keys(self, witnesses: Iterable[str], roots: bytes | None) -> Iterator[File]:
        """Give the public keys as a bundle holds them, and each as PEM, by the name that signatures have."""
        vkeys, jwks, lines = _found(self.files, "log.vkey"), _found(self.files, "keys.jwks"), list(witnesses)
        yield bundle.VKEY, vkeys
        yield bundle.JWKS, jwks
        pems = {key.id.hex(): key.key for key in NoteKey.read_all(vkeys.decode(errors="replace"))}
        pems |= EntryKeys(jwks).keys
        if lines:
            yield bundle.WITNESSES, "".join(f"{line}\n" for line in lines).encode()
            pems |= {key.id.hex(): key.key for key in map(WitnessKey.read, lines)}
        for name, key in pems.items():
            yield f"{bundle.KEYS}/{name}.pem", key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        if roots is not None and self.stamped:
            yield bundle.ROOTS, roots

    def entry(self, index: int, *, stamps: bool) -> Iterator[File]:
        """Give an entry with its proofs; where `stamps`, also to the first head after it that was stamped.

        Raises `TooNew`, and `BrokenLog`, also for an entry that retention removed.
        """
        if index >= self.head.checkpoint.size:
            raise TooNew(f"entry {index} is not published yet: try again in a few seconds")
        jws = self._entry(index)
        yield f"{bundle.ENTRIES}/{index}{bundle.JWS}", jws
        yield f"{bundle.ENTRIES}/{index}{bundle.JSON}", payload_of(jws)
        yield f"{bundle.ENTRIES}/{index}{bundle.PROOF}", self._proof(index, self.head)
        size = next((size for size in self.stamped if size > index), None)
        if stamps and size is not None:
            yield f"{bundle.STAMPS}/{size}{bundle.STAMPED}", self._notes[size].note
            yield f"{bundle.STAMPS}/{size}{bundle.STAMP}", _found(self.files, f"{FOLDER}/{size}{ANSWER}")
            yield f"{bundle.STAMPS}/{index}{bundle.PROOF}", self._proof(index, self._notes[size])

    def _entry(self, index: int) -> bytes:
        """Read an entry from its bundle; neighbours come from the same one."""
        number, offset = divmod(index, WIDTH)
        if self._bundle[0] != number:
            width = min(WIDTH, self.published - number * WIDTH)
            if width == WIDTH and self.files.read(tile_path("entries", number, WIDTH)) is None:
                raise BrokenLog(f"the body of entry {index} is gone: removed by retention, or deleted")
            self._bundle = number, bundle_entries(self.files.read, number, width)
        return self._bundle[1][offset]

    def _proof(self, index: int, head: Noted) -> bytes:
        path = inclusion(self._tile, index, head.checkpoint.size, self.published)
        return write_proof(Proof(index, tuple(path), head.note))

    def _tile(self, path: str) -> bytes | None:
        """Read a tile, a few of the last from memory, and note that it was needed."""
        if path not in self._read:
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[path] = self.files.read(path)
        if self._read[path] is not None:
            self.tiles[path] = None
        return self._read[path]


def _noted(note: bytes, keys: tuple[NoteKey, ...], where: str) -> Noted:
    return Noted(note, signed_checkpoint(note, keys, where)[0])


def _found(files: Files, path: str) -> bytes:
    data = files.read(path)
    if data is None:
        raise BrokenLog(f"{path}: missing: there is no log here, or a part of it was deleted")
    return data
