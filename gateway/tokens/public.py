"""Customers' public keys: read from JWK or PEM, checked, named."""

from __future__ import annotations

import json
from binascii import Error as NotBase64
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from gateway.crypto import b64url, b64url_decode
from gateway.tokens.keys import SealForm
from gateway.tokens.keyset import PublicKey

_LONGEST = 8192
_POINT = 32
_PRIVATE = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth", "priv"})


def read(data: bytes, form: SealForm) -> PublicKey:
    """Read a public key from a JWK (RFC 7517; RFC 8037, RFC 7518 section 6.2) or from PEM (RFC 7468, RFC 8410).

    HPKE takes X25519; JWE takes X25519 and P-256. Raises ValueError, which says what is wrong and holds nothing of the
    key, also for a private key: the gateway must not have it.
    """
    if len(data) > _LONGEST:
        raise ValueError("too long for a public key")
    key = _pem(data) if data.lstrip().startswith(b"-----BEGIN") else _jwk(data)
    if isinstance(key, X25519PublicKey):
        _check_order(key)
    elif form == "hpke":
        raise ValueError("HPKE needs an X25519 key")
    return key


def members(key: PublicKey) -> dict[str, str]:
    """Give the members of the JWK that make up the key, in lexicographic order."""
    if isinstance(key, X25519PublicKey):
        return {"crv": "X25519", "kty": "OKP", "x": _text(key.public_bytes_raw())}
    numbers = key.public_numbers()
    return {
        "crv": "P-256",
        "kty": "EC",
        "x": _text(numbers.x.to_bytes(_POINT)),
        "y": _text(numbers.y.to_bytes(_POINT)),
    }


def pem(key: PublicKey) -> bytes:
    """Give the key as PEM (SubjectPublicKeyInfo, RFC 7468 section 13)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def thumbprint(key: PublicKey) -> str:
    """Give the key's RFC 7638 thumbprint (SHA-256, base64url)."""
    return _text(sha256(json.dumps(members(key), separators=(",", ":")).encode()).digest())


def _pem(data: bytes) -> PublicKey:
    if b"PRIVATE" in data:
        raise ValueError("a private key: give the public one, and keep this one where nobody else gets it")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("not a public key in PEM") from None
    if isinstance(key, X25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise ValueError("neither an X25519 nor a P-256 key")


def _jwk(data: bytes) -> PublicKey:
    try:
        jwk = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("neither PEM nor a JWK") from None
    if not isinstance(jwk, dict):
        raise ValueError("not a JWK: no object")  # noqa: TRY004 - all faults of the text are of one kind
    if not _PRIVATE.isdisjoint(jwk):
        raise ValueError("a private key: give the public one, and keep this one where nobody else gets it")
    if jwk.get("use", "enc") != "enc":
        raise ValueError("a key for signatures: `use` must be `enc`")
    kind = jwk.get("kty"), jwk.get("crv")
    if kind == ("OKP", "X25519"):
        return X25519PublicKey.from_public_bytes(_point(jwk, "x"))
    if kind == ("EC", "P-256"):
        x, y = (int.from_bytes(_point(jwk, name)) for name in ("x", "y"))
        try:
            return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        except ValueError:
            raise ValueError("not a point of P-256") from None
    raise ValueError("neither an X25519 nor a P-256 key")


def _point(jwk: dict[str, object], name: str) -> bytes:
    """Read a coordinate: 32 bytes."""
    text = jwk.get(name)
    try:
        value = b64url_decode(text.encode("ascii")) if isinstance(text, str) else b""
    except (ValueError, NotBase64):
        value = b""
    if len(value) != _POINT:
        raise ValueError(f"`{name}` isn't {_POINT} bytes in base64url")
    return value


def _check_order(key: X25519PublicKey) -> None:
    """Refuse the points with which every secret is zero (RFC 7748 section 6.1): anyone could open what is sealed."""
    try:
        X25519PrivateKey.generate().exchange(key)
    except ValueError:
        raise ValueError("an X25519 key of low order: it keeps nothing secret") from None


def _text(data: bytes) -> str:
    return b64url(data).decode()
