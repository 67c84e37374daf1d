"""How an entry becomes a signed record of the log: numbered, chained to the one before, signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from gateway.audit.entry import decode, encode
from gateway.audit.merkle import leaf_hash
from gateway.audit.signatures import payload_of
from gateway.audit.split import PAYLOAD_LIMIT, split
from gateway.crypto import JwsSigner


class Record(NamedTuple):
    """A signed entry as it is stored, and its leaf hash."""

    jws: bytes
    leaf: bytes


class Position(NamedTuple):
    """Where the log stands: the index of the next entry, and the SHA-256 of the last payload (empty at the start)."""

    next: int = 0
    last: bytes = b""

    @classmethod
    def after(cls, size: int, newest: bytes) -> Position:
        """Give the place after `size` entries of which `newest` is the last as stored."""
        return cls(size, sha256(payload_of(newest)).digest()) if size else cls()


@dataclass(frozen=True, slots=True)
class Scribe:
    """Places payloads (`entry.encode`) in the log and signs them; `instance` names the gateway that speaks.

    The chain is over payloads, not over signatures, so that signing a batch need not be done one after the other.
    """

    signer: JwsSigner
    instance: bytes  # as a JSON string

    def place(self, payload: bytes, at: Position) -> list[bytes]:
        """Give the payload with its place as first members, a long one in parts; raises `NotRecorded`."""
        if len(payload) <= PAYLOAD_LIMIT:
            return [self._placed(payload, at)]
        placed: list[bytes] = []
        for part in split(decode(payload)):
            placed.append(self._placed(encode(part), at))
            at = moved(at, placed[-1:])
        return placed

    def sign(self, placed: Sequence[bytes]) -> list[Record]:
        """Sign placed payloads."""
        signed = (self.signer.sign(payload) for payload in placed)
        return [Record(jws, leaf_hash(jws)) for jws in signed]

    def _placed(self, payload: bytes, at: Position) -> bytes:
        prev = b'"prev":"%b",' % at.last.hex().encode() if at.last else b""
        return b'{"counter":%d,"instance":%b,%b%b' % (at.next, self.instance, prev, payload[1:])


def moved(at: Position, placed: list[bytes]) -> Position:
    """Give the place after some placed payloads."""
    return Position(at.next + len(placed), sha256(placed[-1]).digest())
