"""What the verifier reads of an entry: its place, its flow, and what the log says of itself; strictly, by types."""

from __future__ import annotations

from typing import Literal

import msgspec

from gateway.audit.tampering import Kind
from gateway.errors import BrokenLog


class PublicKey(msgspec.Struct, gc=False):
    """An Ed25519 public key as a JWK (RFC 8037)."""

    crv: Literal["Ed25519"]
    kty: Literal["OKP"]
    x: str


class Rotation(msgspec.Struct, gc=False):
    """A key of the log has a successor; `old` is a thumbprint (RFC 7638), `endorsed` a signature in base64url."""

    key: Literal["entries", "checkpoints"]
    old: str
    new: PublicKey
    lost: bool = False
    endorsed: str = ""


class Prune(msgspec.Struct, gc=False):
    """The bodies of the entries from `first` to before `end` are removed.

    `digest` is SHA-256 (hex) over their leaf hashes, `last` that of the payload of the last of them.
    """

    first: int
    end: int
    digest: str
    last: str
    rule: str = ""
    reason: str = ""


class Told(msgspec.Struct, gc=False):
    """The members of an entry that the verifier looks at."""

    kind: str
    counter: int
    time: int
    prev: str = ""
    flow: str = ""
    part: int | None = None
    parts: int | None = None
    leg: str | None = None
    piece: int | None = None
    rotation: Rotation | None = None
    prune: Prune | None = None


_DECODER = msgspec.json.Decoder(Told)


def told_in(payload: bytes, where: str) -> Told:
    """Read a payload; raises `BrokenLog`, naming it as `where`."""
    try:
        return _DECODER.decode(payload)
    except (ValueError, RecursionError) as error:
        raise BrokenLog(f"{where}: signed, but no entry of this log", kind=Kind.MALFORMED_ENTRY) from error
