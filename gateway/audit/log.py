"""How an entry becomes a signed record of the log: numbered, chained to the one before, signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gateway.audit.entry import decode, encode, place
from gateway.audit.merkle import leaf_hash
from gateway.audit.split import PAYLOAD_LIMIT, split
from gateway.crypto import JwsSigner


class Record(NamedTuple):
    """A signed entry as it is stored, and its leaf hash."""

    jws: bytes
    leaf: bytes


class Position(NamedTuple):
    """Where the log stands: the index of the next entry, and the leaf hash of the last one (empty at the start)."""

    next: int = 0
    last: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class Scribe:
    """Makes records of payloads (`entry.encode`). `instance` names the gateway that speaks."""

    signer: JwsSigner
    instance: str

    def record(self, payload: bytes, at: Position) -> list[Record]:
        """Sign an entry for the place `at`; a long one becomes several records. Raises `NotRecorded` if it can't be."""
        if len(payload) <= PAYLOAD_LIMIT:
            return [self._signed(payload, at)]
        records: list[Record] = []
        for part in split(decode(payload)):
            records.append(self._signed(encode(part), at))
            at = after(at, records[-1:])
        return records

    def _signed(self, payload: bytes, at: Position) -> Record:
        jws = self.signer.sign(place(payload, self.instance, at.next, at.last))
        return Record(jws, leaf_hash(jws))


def after(at: Position, records: list[Record]) -> Position:
    """Give the place after some records."""
    return Position(at.next + len(records), records[-1].leaf) if records else at
