"""Sign, verify, derive: small pieces over `cryptography`. Keys and randomness are passed in."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from binascii import b2a_base64
from dataclasses import dataclass, field

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def b64url(data: bytes) -> bytes:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    text = b2a_base64(data, newline=False).rstrip(b"=")
    return text.translate(_URL_SAFE) if b"+" in text or b"/" in text else text  # JSON has hardly ever one of them


def b64url_decode(text: bytes) -> bytes:
    """Decode base64url without padding; `ValueError` unless `text` is the one encoding of what it holds."""
    try:
        data = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except NotBase64 as error:
        raise ValueError("not base64url") from error
    if b64url(data) != text:
        raise ValueError("not base64url in its only form")
    return data


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Give the public JWK of an Ed25519 key (RFC 8037 section 2), with its thumbprint as `kid`."""
    x = b64url(key.public_bytes_raw()).decode()
    return {"alg": "EdDSA", "crv": "Ed25519", "kid": thumbprint(key), "kty": "OKP", "use": "sig", "x": x}


def thumbprint(key: Ed25519PublicKey) -> str:
    """Give the RFC 7638 thumbprint (SHA-256, base64url) of an Ed25519 key's JWK (RFC 8037 section 2)."""
    x = b64url(key.public_bytes_raw()).decode()
    members = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})  # required members only, in lexicographic order
    return b64url(hashlib.sha256(members).digest()).decode()


def verifies(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature (RFC 8032) fits."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class JwsSigner:
    """Makes compact JWS (RFC 7515 section 7.1) with `alg` EdDSA and the key's thumbprint as `kid`."""

    key: Ed25519PrivateKey
    kid: str
    prefix: bytes
    _secret: bytes = field(init=False, repr=False)  # the key for libsodium, which signs faster (docs/decisions/0007)

    def __post_init__(self) -> None:
        """Keep the key the other way too."""
        object.__setattr__(self, "_secret", crypto_sign_seed_keypair(self.key.private_bytes_raw())[1])

    @classmethod
    def of(cls, key: Ed25519PrivateKey) -> JwsSigner:
        """Prepare the header once: it is the same for every signature."""
        kid = thumbprint(key.public_key())
        return cls(key, kid, b64url(orjson.dumps({"alg": "EdDSA", "kid": kid})) + b".")

    def sign(self, payload: bytes) -> bytes:
        """Give the compact JWS over `payload`."""
        signed = self.prefix + b64url(payload)
        return signed + b"." + b64url(crypto_sign(signed, self._secret)[:crypto_sign_BYTES])


def hkdf_sha256(key: bytes, *info: bytes | None, length: int = 32) -> bytes:
    """Derive `length` bytes from a uniform key (RFC 5869, no salt) for the context `info`.

    Every part of `info` goes in with its length before it, and None differs from empty, so no two contexts are alike.
    """
    parts = [b"\xff" if part is None else len(part).to_bytes(5, "big") + part for part in info]
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"".join(parts)).derive(key)
