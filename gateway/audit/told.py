"""What the verifier reads of an entry: its place, its flow, and what the log says of itself; strictly, by types."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec
import orjson

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


def told_in(payload: bytes, where: str) -> Told:
    """Read a payload; raises `BrokenLog`, naming it as `where`.

    One that two readers could understand differently, because a member stands in it twice, is no entry.
    """
    try:
        said = orjson.loads(payload)
        if len(orjson.dumps(said)) != len(payload):  # a member twice, or a form that the gateway hardly writes
            json.loads(payload, object_pairs_hook=_once)
        return msgspec.convert(said, Told)
    except (ValueError, RecursionError) as error:
        raise BrokenLog(f"{where}: signed, but no entry of this log", kind=Kind.MALFORMED_ENTRY) from error


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Make sure that no member of an object stands in it twice; raises `ValueError`."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member that stands twice")
