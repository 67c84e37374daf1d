"""Signatures of JWS (RFC 7515), by the algorithms that the configuration can allow."""

from __future__ import annotations

from jwt import get_algorithm_by_name

from gateway.identity.jwks import PublicKey

_OLDER_NAME = {"Ed25519": "EdDSA", "Ed448": "EdDSA"}  # PyJWT knows the name of RFC 8037, not yet those of RFC 9864


def signed_by(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Tell whether a signature is by this key. The algorithm must be one that fits the key."""
    return bool(get_algorithm_by_name(_OLDER_NAME.get(algorithm, algorithm)).verify(signed, key, signature))
