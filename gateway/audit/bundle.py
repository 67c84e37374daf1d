"""A proof bundle: a few entries with all that shows them to be in the log, checked without the log and offline.

    entries/17.jws               the entry as stored (compact JWS), and below it
    entries/17.json              its payload, for reading
    entries/17.tlog-proof        C2SP tlog-proof: the audit path to the signed head, and that head
    timestamps/40.checkpoint     an earlier head, with
    timestamps/40.tsr            an authority's RFC 3161 answer over it, and
    timestamps/17.tlog-proof     the audit path to that head
    keys/log.vkey, keys/keys.jwks, keys/witnesses.vkey, keys/timestamps.pem, and each key as PEM

Nothing of the writer's is used, and what is checked may come from anyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.audit.cosignature import Cosigned, WitnessKey, cosignatures
from gateway.audit.proof import check_inclusion, leaf_hash, read_proof
from gateway.audit.reading import Files
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, said_in, signed_checkpoint
from gateway.audit.timestamp import Stamped, check_timestamp
from gateway.errors import BrokenLog

ENTRIES, STAMPS, KEYS = "entries", "timestamps", "keys"
VKEY, JWKS, WITNESSES, ROOTS = "keys/log.vkey", "keys/keys.jwks", "keys/witnesses.vkey", "keys/timestamps.pem"
JWS, JSON, PROOF, STAMPED, STAMP = ".jws", ".json", ".tlog-proof", ".checkpoint", ".tsr"

NOT_INDEPENDENT = (
    "keys were taken from the bundle itself: whoever could forge it could have put their own keys in; "
    "give the keys that you got another way"
)
NO_WITNESS = "no witness whom you trust cosigned the head: the log could have shown others another past"
NO_STAMP = "no timestamp: the times are what the gateway said"


@dataclass(frozen=True, slots=True)
class Trusted:
    """Keys that came another way than the bundle; None: take those that are in it."""

    vkeys: str | None = None
    jwks: bytes | None = None
    witnesses: Sequence[WitnessKey] | None = None
    roots: bytes | None = None


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry that was in the log: its index, its payload, and by when at the latest (None: nobody stamped it)."""

    index: int
    payload: bytes
    stamped: Stamped | None


@dataclass(frozen=True, slots=True)
class Proven:
    """What a bundle proves: the newest head, who cosigned it, and how many entries; `notes` say what it doesn't."""

    head: Checkpoint
    cosigned: tuple[Cosigned, ...]
    entries: int
    notes: tuple[str, ...]


class Packed(Files, Protocol):
    """Where a package is read from: a folder or an archive."""

    def below(self, folder: str, /) -> Iterable[str]:
        """Give the paths of all that lies below a folder and is none, whatever else it may be."""
        ...


@dataclass(frozen=True, slots=True)
class Within:
    """The files of a folder in `files`, as if it were all that there is."""

    files: Files
    folder: str

    def read(self, path: str, /) -> bytes | None:
        """Give a file's content; None where there is none."""
        return self.files.read(f"{self.folder}/{path}")

    def list(self, folder: str, /) -> Sequence[str]:
        """Give the names of the files in a folder."""
        return self.files.list(f"{self.folder}/{folder}")


@dataclass(slots=True)
class Bundle:
    """A bundle that is being checked. `entries` raises `BrokenLog` for the first wrong thing; then `proven` tells."""

    files: Files
    trusted: Trusted
    _heads: dict[bytes, Checkpoint] = field(default_factory=dict)
    _stamps: dict[int, tuple[bytes, Stamped]] = field(default_factory=dict)
    _keys: tuple[Sequence[NoteKey], EntryKeys] | None = None
    _newest: bytes = b""
    _count: int = 0
    _stamped: int = 0

    def entries(self) -> Iterator[ProvenEntry]:
        """Check each entry and give what is proven of it."""
        names = sorted(name.removesuffix(JWS) for name in self.files.list(ENTRIES) if name.endswith(JWS))
        if not names or not all(name.isascii() and name.isdecimal() and str(int(name)) == name for name in names):
            raise BrokenLog(f"{ENTRIES}: there is no entry here, or something that is none")
        for name in sorted(names, key=int):
            yield self.entry(name)

    def entry(self, name: str) -> ProvenEntry:
        """Check signature, number, payload and proofs of one entry; raises `BrokenLog`."""
        if self._keys is None:
            jwks = self.trusted.jwks if self.trusted.jwks is not None else self._found(JWKS)
            self._keys = NoteKey.read_all(self._given(self.trusted.vkeys, VKEY)), EntryKeys(jwks)
        return self._entry(name, *self._keys)

    def proven(self) -> Proven:
        """Give what was proven of all of it together."""
        head = self._heads[self._newest]
        witnesses = self.trusted.witnesses
        if witnesses is None:
            lines = (self.files.read(WITNESSES) or b"").decode(errors="replace").splitlines()
            witnesses = [WitnessKey.read(line) for line in lines if line.strip()]
        cosigned = cosignatures(self._newest, witnesses)
        taken = self.trusted.vkeys is None or self.trusted.jwks is None
        taken = taken or (bool(cosigned) and self.trusted.witnesses is None)
        taken = taken or (self._stamped > 0 and self.trusted.roots is None)
        notes = [NOT_INDEPENDENT] * taken + [NO_WITNESS] * (not cosigned) + [NO_STAMP] * (self._stamped < self._count)
        return Proven(head, cosigned, self._count, tuple(notes))

    def _entry(self, name: str, vkeys: Sequence[NoteKey], keys: EntryKeys) -> ProvenEntry:
        """Do it with the keys at hand."""
        index, where = int(name), f"{ENTRIES}/{name}{JWS}"
        jws = self._found(where)
        payload = keys.open(jws, where)
        if said_in(payload, where).get("counter") != index:
            raise BrokenLog(f"{where}: it says that it is another entry")
        shown = self.files.read(f"{ENTRIES}/{name}{JSON}")
        if shown is not None and shown != payload:
            raise BrokenLog(f"{ENTRIES}/{name}{JSON}: it is not what was signed")
        note = self._included(f"{ENTRIES}/{name}{PROOF}", index, jws, vkeys)
        if not self._newest or self._heads[note].size > self._heads[self._newest].size:
            self._newest = note
        stamped = self._stamp(name, index, jws, vkeys)
        self._count += 1
        self._stamped += stamped is not None
        return ProvenEntry(index, payload, stamped)

    def _included(self, where: str, index: int, jws: bytes, vkeys: Sequence[NoteKey]) -> bytes:
        """Check that an entry is under the signed head of a proof; gives the head as signed."""
        proof = read_proof(self._found(where))
        if proof.checkpoint not in self._heads:
            self._heads[proof.checkpoint] = signed_checkpoint(proof.checkpoint, vkeys, where)[0]
        head = self._heads[proof.checkpoint]
        if proof.index != index:
            raise BrokenLog(f"{where}: it is the proof of another entry, {proof.index}")
        try:
            check_inclusion(leaf_hash(jws), index, head.size, proof.path, head.root)
        except BrokenLog as error:
            raise BrokenLog(f"{where}: {error}") from None
        return proof.checkpoint

    def _stamp(self, name: str, index: int, jws: bytes, vkeys: Sequence[NoteKey]) -> Stamped | None:
        """Check that an entry is under a stamped head, if one is there."""
        where = f"{STAMPS}/{name}{PROOF}"
        if self.files.read(where) is None:
            return None
        note = self._included(where, index, jws, vkeys)
        size = self._heads[note].size
        if size not in self._stamps:
            roots = self.trusted.roots if self.trusted.roots is not None else self._found(ROOTS)
            answer = f"{STAMPS}/{size}{STAMP}"
            self._stamps[size] = note, check_timestamp(self._found(answer), note, roots, answer)
        stamped_note, stamped = self._stamps[size]
        if stamped_note != note:
            raise BrokenLog(f"{where}: its head is not the one that was stamped")
        return stamped

    def _given(self, given: str | None, path: str) -> str:
        return given if given is not None else self._found(path).decode(errors="replace")

    def _found(self, path: str) -> bytes:
        data = self.files.read(path)
        if data is None:
            raise BrokenLog(f"{path}: missing: this is no proof bundle, or a part of it was left out")
        return data
