"""The key that a witness signs with."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.cosignature import COSIGNATURE, WitnessKey, cosigned_text, key_id


@dataclass(frozen=True, slots=True, eq=False)
class Cosigner:
    """Signs heads of logs as the witness `name` (C2SP tlog-cosignature, `cosignature/v1`)."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)

    def line(self, text: bytes, time: int) -> bytes:
        """Give the signature line for a note's text, with its last line feed; `time` is in seconds since the epoch."""
        signature = self.key.sign(cosigned_text(text, time))
        data = key_id(self.name, self.key.public_key().public_bytes_raw()) + time.to_bytes(8, "big") + signature
        return f"\N{EM DASH} {self.name} {b64encode(data).decode()}\n".encode()

    def verifier_key(self) -> str:
        """Give the verifier key, `name+id+key`, that the log's operator and every expert are told."""
        return verifier_key(self.name, self.key.public_key())

    def witness_key(self) -> WitnessKey:
        """Give the public side."""
        return WitnessKey.read(self.verifier_key())


def verifier_key(name: str, key: Ed25519PublicKey) -> str:
    """Give a witness's verifier key (C2SP signed-note, type 4)."""
    public = key.public_bytes_raw()
    return f"{name}+{key_id(name, public).hex()}+{b64encode(COSIGNATURE + public).decode()}"
