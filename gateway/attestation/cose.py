"""COSE (RFC 9052, 9053): public keys, and signatures by one signer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.attestation.cbor import Tagged, decode
from gateway.crypto import b64url
from gateway.identity.jwks import PublicKey, read_public

ALGORITHMS = {-7: "ES256", -8: "EdDSA", -35: "ES384", -36: "ES512", -37: "PS256", -257: "RS256"}
"""The algorithms of IANA's COSE registry that are used here, by the names of JOSE."""

_ALGORITHM, _CRITICAL, _KEY_ID, _X5CHAIN = 1, 2, 4, 33  # header parameters, RFC 9052 section 3.1 and RFC 9360
_KEY_ALGORITHM, _PRIVATE = 3, -4  # members of keys
_CURVES = {1: "P-256", 2: "P-384", 3: "P-521", 6: "Ed25519"}
_SIGN1 = 18
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Sign1:
    """A signed message (section 4.2): its protected and other headers, the payload, the bytes that are signed."""

    algorithm: str
    key_id: bytes | None
    chain: tuple[bytes, ...]
    payload: bytes
    signed: bytes
    signature: bytes


def read_sign1(value: Any) -> Sign1:
    """Read a COSE_Sign1 that was decoded, with or without its tag. Raises `ValueError`.

    The algorithm must be protected. Critical headers are none that we know.
    """
    parts = value.value if isinstance(value, Tagged) and value.tag == _SIGN1 else value
    if not isinstance(parts, list) or len(parts) != _PARTS:
        raise ValueError("no COSE_Sign1")
    protected, others, payload, signature = parts
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise ValueError("no COSE_Sign1")  # noqa: TRY004 - bytes from outside, not a misuse
    headers = decode(protected) if protected else {}
    if not isinstance(headers, dict) or not isinstance(others, dict) or not headers.keys().isdisjoint(others):
        raise ValueError("headers that are none")
    if _CRITICAL in headers or _CRITICAL in others:
        raise ValueError("critical headers, and none is understood")
    algorithm = _algorithm(headers.get(_ALGORITHM))
    every = {**others, **headers}
    key_id, chain = every.get(_KEY_ID), every.get(_X5CHAIN, [])
    chain = [chain] if isinstance(chain, bytes) else chain
    if algorithm is None or not isinstance(key_id, bytes | None) or not isinstance(chain, list):
        raise ValueError("an unknown algorithm, or headers that are none")
    if not all(isinstance(one, bytes) for one in chain):
        raise ValueError("a chain that is none")
    signed = b"\x84" + _text("Signature1") + _bytes(protected) + _bytes(b"") + _bytes(payload)
    return Sign1(algorithm, key_id, tuple(chain), payload, signed, signature)


def read_key(data: bytes) -> tuple[PublicKey, str]:
    """Read a COSE_Key (RFC 9052 section 7): the public key, and the one algorithm that it is for.

    Raises `ValueError`, also for private and symmetric keys.
    """
    key = decode(data)
    if not isinstance(key, dict) or _PRIVATE in key:
        raise ValueError("no public COSE key")
    algorithm = _algorithm(key.get(_KEY_ALGORITHM))
    if algorithm is None:
        raise ValueError("a key for no algorithm that is known")
    try:
        public, fitting = read_public(_jwk(key))
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no public COSE key") from None
    if algorithm not in fitting:
        raise ValueError("a key that does not fit its algorithm")
    return public, algorithm


def _algorithm(number: object) -> str | None:
    return ALGORITHMS.get(number) if isinstance(number, int) else None


def _jwk(key: dict[int | str, Any]) -> dict[str, str]:
    """Write a key as a JWK, so that there is one reader of keys."""
    match key[1]:
        case 1:
            return {"kty": "OKP", "crv": _CURVES[key[-1]], "x": _b64(key[-2])}
        case 2:
            return {"kty": "EC", "crv": _CURVES[key[-1]], "x": _b64(key[-2]), "y": _b64(key[-3])}
        case 3:
            return {"kty": "RSA", "n": _b64(key[-1]), "e": _b64(key[-2])}
    raise ValueError("a key of an unknown type")


def _b64(data: bytes) -> str:
    return b64url(data).decode()


def _bytes(data: bytes) -> bytes:
    return _head(2, len(data)) + data


def _text(text: str) -> bytes:
    return _head(3, len(text)) + text.encode()


def _head(major: int, count: int) -> bytes:
    """Encode the head of an item (RFC 8949 section 3)."""
    if count < 24:  # noqa: PLR2004 - what fits in the first byte
        return bytes([major << 5 | count])
    length = 1 if count < 1 << 8 else 2 if count < 1 << 16 else 4
    return bytes([major << 5 | 23 + length.bit_length()]) + count.to_bytes(length)
