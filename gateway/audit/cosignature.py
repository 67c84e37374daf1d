"""Witnesses' cosignatures under a checkpoint (C2SP tlog-cosignature, `cosignature/v1`), checked with public keys.

A witness states that at a time the head was the largest that it had seen of the log, and that it went on from all that
it had seen before. Nothing of the writer's is imported here.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.signatures import ed25519
from gateway.errors import BrokenLog

COSIGNED = "checkpoint.cosigned"
"""Beside the log: the newest head that enough witnesses cosigned."""
COSIGNATURE = b"\x04"
"""The signature type of `cosignature/v1` with Ed25519 in key ids and verifier keys."""

_KEY = 33  # the type byte and the key
_SIGNED = 76  # the key id, the time and the signature
_LATEST = 2**63 - 1
_MOST_SIGNATURES = 64


@dataclass(frozen=True, slots=True, eq=False)
class WitnessKey:
    """A witness's verifier key."""

    name: str
    id: bytes
    key: Ed25519PublicKey

    @classmethod
    def read(cls, text: str) -> WitnessKey:
        """Read `name+id+key` (C2SP signed-note verifier key of type 4); raises `BrokenLog`."""
        name, _, rest = text.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        public = _base64(encoded)
        wanted = key_id(name, public[1:])
        if not name or len(public) != _KEY or public[:1] != COSIGNATURE or id_.lower() != wanted.hex():
            raise BrokenLog("this is no verifier key of a witness: name+id+key, of cosignature/v1 with Ed25519")
        try:
            return cls(name, wanted, ed25519(public[1:]))
        except ValueError:
            raise BrokenLog("the verifier key of a witness is one under which signatures prove nothing") from None


@dataclass(frozen=True, slots=True, order=True)
class Cosigned:
    """A valid cosignature: when, in seconds since the epoch by the witness's clock, and which witness."""

    time: int
    name: str
    line: str

    def __str__(self) -> str:
        """Name the witness."""
        return self.name


def key_id(name: str, public: bytes) -> bytes:
    """Give the four bytes that name a witness's key in a signature line."""
    return sha256(name.encode() + b"\n" + COSIGNATURE + public).digest()[:4]


def cosigned_text(text: bytes, time: int) -> bytes:
    """Give what a witness signs: a note's text, with its last line feed, at a time."""
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def cosignatures(note: bytes, keys: Iterable[WitnessKey]) -> tuple[Cosigned, ...]:
    """Give the valid cosignatures of the witnesses that are trusted, at most one of each: its newest.

    Lines of other keys are passed over, and so are those that don't fit: a line that nobody can check proves nothing,
    for or against. Whether the log itself signed the note is for `signatures.open_checkpoint`.
    """
    known = {(key.name, key.id): key for key in keys}
    text, blank, _ = note.rpartition(b"\n\n")
    found: dict[str, Cosigned] = {}
    for name, id_, signed, line in _lines(note) if blank else ():
        key = known.get((name, id_))
        if key is None:
            continue
        time = int.from_bytes(signed[:8], "big")
        try:
            key.key.verify(signed[8:], cosigned_text(text + b"\n", time))
        except InvalidSignature:
            continue
        if time <= _LATEST and (name not in found or time > found[name].time):
            found[name] = Cosigned(time, name, line)
    return tuple(sorted(found.values()))


def _lines(note: bytes) -> Iterator[tuple[str, bytes, bytes, str]]:
    """Give name, key id, time with signature, and the line itself, of the lines that could be cosignatures."""
    for line in note.rpartition(b"\n\n")[2].decode(errors="replace").split("\n")[:_MOST_SIGNATURES]:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = _base64(encoded)
        if dash == "\N{EM DASH}" and len(data) == _SIGNED:
            yield name, data[:4], data[4:], line


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
