"""What the log says of itself: one of its keys has a successor, the bodies of old entries are removed."""

from __future__ import annotations

from typing import Literal

import msgspec

Which = Literal["entries", "checkpoints"]
"""The keys of the log: the one that signs its entries, and the one that signs its checkpoints."""


class PublicKey(msgspec.Struct, frozen=True, gc=False):
    """An Ed25519 public key as a JWK (RFC 8037)."""

    crv: str
    kty: str
    x: str


class Rotation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One of the log's own keys has a successor: `old` is the RFC 7638 thumbprint of the key that it follows.

    The entry is signed by the old key of entries, what comes after it by the new one; where that key was `lost`, the
    new one signs this entry too. For a key of checkpoints, `endorsed` is the old key's own signature (base64url) over
    `endorsement`; where it was lost there is none, and the key of entries speaks for the new one.
    """

    key: Which
    old: str
    new: PublicKey
    lost: bool = False
    endorsed: str = ""
    reason: str = ""


def endorsement(origin: str, old: str, new: str) -> bytes:
    """Give what the old key of checkpoints signs for its successor; both are RFC 7638 thumbprints."""
    return f"sovgate-rotation/v1\n{origin}\n{old}\n{new}\n".encode()


class Prune(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The bodies of the entries from `first` to before `end` are removed: whole bundles; their hashes stay.

    `digest` is SHA-256 (hex) over their leaf hashes, 32 bytes each, in order; `last` that of the payload of entry
    `end - 1`, so that the chain goes on. `rule` is the retention that asks for it, `before` its cut (nanoseconds since
    the epoch): whatever is removed is older.
    """

    first: int
    end: int
    digest: str
    last: str
    rule: str = ""
    before: int = 0
    reason: str = ""
