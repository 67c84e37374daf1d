"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint, Ed25519): how the writer signs them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""The signature type of plain Ed25519 in key ids and verifier keys."""


@dataclass(frozen=True, slots=True, eq=False)
class NoteSigner:
    """Signs the checkpoints of the log that `origin` names; the key has the same name."""

    origin: str
    key: Ed25519PrivateKey

    def __post_init__(self) -> None:
        """Refuse names that no verifier would read: empty, or with spaces, `+` or control characters."""
        if not self.origin or "+" in self.origin or any(c.isspace() or not c.isprintable() for c in self.origin):
            raise ValueError("a log's origin is one word without spaces and plus signs, such as example.com/log")

    def checkpoint(self, size: int, root: bytes) -> bytes:
        """Give the signed checkpoint of a tree of `size` entries with the root hash `root`."""
        text = f"{self.origin}\n{size}\n{b64encode(root).decode()}\n".encode()
        signature = b64encode(key_id(self.origin, self.key.public_key()) + self.key.sign(text)).decode()
        return text + f"\n\N{EM DASH} {self.origin} {signature}\n".encode()

    def verifier_key(self) -> str:
        """Give the verifier key, `name+id+key`, which Go's `sumdb/note` and others read."""
        public = self.key.public_key()
        encoded = b64encode(ED25519 + public.public_bytes_raw()).decode()
        return f"{self.origin}+{key_id(self.origin, public).hex()}+{encoded}"


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """Give the four bytes that name a key in a signature line."""
    return sha256(name.encode() + b"\n" + ED25519 + key.public_bytes_raw()).digest()[:4]
