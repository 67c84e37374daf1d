"""One event of a passport, and its bytes: a compact JWS over JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.crypto import JwsSigner, b64url_decode, verifies

Keys = Mapping[str, Ed25519PublicKey]
"""The public keys that may have signed events, by RFC 7638 thumbprint: the one in use, and those before it."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer granted or revoked.

    `version` is that of the wording they agreed to (of the grant that ends, in a revocation; 0 where there is none).
    `at` and `until` are in nanoseconds since the epoch, UTC; `until` None: no end. `by` is who recorded it.
    """

    action: Literal["grant", "revoke"]
    customer: str
    consent: str
    version: int
    at: int
    until: int | None
    by: str


class Event(Change, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="sovgate.passport.1"):
    """A change in its place: `sequence` counts from 1, `previous` is the SHA-256 hex of the event before ("" for none).

    The type stands in the payload, because the same key may sign the audit log: an entry never passes for an event.
    """

    previous: str
    sequence: int


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Event)
_HEADER = msgspec.json.Decoder(dict[str, str])


def sign_event(event: Event, signer: JwsSigner) -> bytes:
    """Give the bytes that are kept, hashed and verified."""
    return signer.sign(_ENCODER.encode(event))


def read_event(raw: bytes) -> Event:
    """Read an event without trusting it; raises `ValueError`."""
    try:
        return _DECODER.decode(b64url_decode(_parts(raw)[1]))
    except msgspec.DecodeError:
        raise ValueError("it is not an event of a passport") from None


def check_signature(raw: bytes, keys: Keys) -> None:
    """Check an event's signature (EdDSA only, with a key that is known here); raises `ValueError`."""
    header, payload, signature = _parts(raw)
    try:
        named = _HEADER.decode(b64url_decode(header))
    except msgspec.DecodeError:
        raise ValueError("it has no header of a JWS") from None
    key = keys.get(named.get("kid", ""))
    if named.keys() != {"alg", "kid"} or named["alg"] != "EdDSA" or key is None:
        raise ValueError("it is signed by a key that is not known, or in another way")
    if not verifies(key, b64url_decode(signature), header + b"." + payload):
        raise ValueError("its signature does not verify")


def _parts(raw: bytes) -> list[bytes]:
    """Take a compact JWS apart."""
    parts = raw.split(b".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise ValueError("it is not a compact JWS")
    return parts
