"""How our own captures are sealed: the layout of the file, and the keys of its parts. Writer and reader share this.

    magic        8 bytes
    size         4 bytes, big-endian: of the header
    header       JSON: the recipient's key id, and the file's key sealed to it with HPKE (RFC 9180: base mode,
                 DHKEM X25519 with HKDF-SHA256, HKDF-SHA256, AES-256-GCM; encapsulated key, then ciphertext)
    records      each: its size in 4 bytes, then AES-256-GCM under the file's key

A record's nonce is its number, counted from 0. Its associated data are that number and the SHA-256 of everything before
the records: a record opens in its own file, at its own place, and nowhere else. What it holds begins with a byte that
says what it is; the file's last record says that it is the last.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

MAGIC = b"SOVCAP\x00\x01"
"""The last byte is the version of the layout."""

SIZE = 4
OVERHEAD = SIZE + 16
"""What sealing adds to a record: its size, and the tag of AES-GCM."""
LARGEST_HEADER = 4096
KEY = 32

EXCHANGE, MISSING, END = b"x", b"m", b"e"
"""What a record holds: an exchange, a note that exchanges are missing here, the note that nothing follows."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"sovgate capture 1"
_NONCE = 12
_NUMBER = 8


class Header(msgspec.Struct, frozen=True):
    """What a file says in clear: whose key opens it, and that key's sealed counterpart, base64."""

    recipient: str
    sealed: str


@dataclass(frozen=True, slots=True, eq=False)
class FileKey:
    """Seals and opens the records of one file."""

    cipher: AESGCM
    digest: bytes

    def seal(self, number: int, plain: bytes) -> bytes:
        """Give a record with its size before it."""
        sealed = self.cipher.encrypt(number.to_bytes(_NONCE, "big"), plain, self._bound(number))
        return len(sealed).to_bytes(SIZE, "big") + sealed

    def open(self, number: int, sealed: bytes) -> bytes | None:
        """Give what a record holds; None where it isn't what was written there."""
        try:
            return self.cipher.decrypt(number.to_bytes(_NONCE, "big"), sealed, self._bound(number))
        except (InvalidTag, ValueError):
            return None

    def _bound(self, number: int) -> bytes:
        return number.to_bytes(_NUMBER, "big") + self.digest


def key_id(key: X25519PublicKey) -> str:
    """Name a recipient's key: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def begin(recipient: X25519PublicKey, secret: bytes) -> tuple[bytes, FileKey]:
    """Give the beginning of a file and the key of its records. `secret` is 32 fresh random bytes."""
    if len(secret) != KEY:
        raise ValueError("a file's key has 32 bytes")
    sealed = b64encode(_SUITE.encrypt(secret, recipient, info=_INFO)).decode()
    header = msgspec.json.encode(Header(key_id(recipient), sealed))
    start = MAGIC + len(header).to_bytes(SIZE, "big") + header
    return start, FileKey(AESGCM(secret), hashlib.sha256(start).digest())


def unseal(header: Header, start: bytes, key: X25519PrivateKey) -> FileKey | None:
    """Give the key of a file's records; None where `key` doesn't open it. `start` is all that stands before them."""
    try:
        secret = _SUITE.decrypt(b64decode(header.sealed, validate=True), key, info=_INFO)
    except (InvalidTag, ValueError):
        return None
    return FileKey(AESGCM(secret), hashlib.sha256(start).digest()) if len(secret) == KEY else None
