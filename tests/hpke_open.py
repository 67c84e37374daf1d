"""Opens HPKE (RFC 9180), base mode, X25519 and HKDF-SHA256: written from the RFC, apart from the library that seals."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, KDF = 0x0020, 0x0001
KEY_LENGTHS = {0x0001: 16, 0x0002: 32}  # AES-128-GCM, AES-256-GCM


def extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + secret, hashlib.sha256)


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """All lengths of this suite are one block of the hash or less."""
    labeled = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, labeled + b"\x01", hashlib.sha256)[:length]


def key_and_nonce(enc: bytes, private: X25519PrivateKey, info: bytes, aead: int) -> tuple[bytes, bytes]:
    """Sections 4.1 (Decap) and 5.1 (KeySchedule)."""
    kem = b"KEM" + KEM.to_bytes(2)
    agreed = private.exchange(X25519PublicKey.from_public_bytes(enc))
    bound = enc + private.public_key().public_bytes_raw()
    shared = expand(kem, extract(kem, b"", b"eae_prk", agreed), b"shared_secret", bound, 32)
    suite = b"HPKE" + KEM.to_bytes(2) + KDF.to_bytes(2) + aead.to_bytes(2)
    context = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    length = KEY_LENGTHS[aead]
    return expand(suite, secret, b"key", context, length), expand(suite, secret, b"base_nonce", context, 12)


def hpke_open(sealed: bytes, private: X25519PrivateKey, info: bytes, aead: int = 0x0002, aad: bytes = b"") -> bytes:
    """Open the first message of a sender; raises `InvalidTag`."""
    key, nonce = key_and_nonce(sealed[:32], private, info, aead)
    return AESGCM(key).decrypt(nonce, sealed[32:], aad)
