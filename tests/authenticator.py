"""An authenticator in software: it holds keys, and signs what a browser would have it sign."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from crafted_tokens import NOW_SECONDS, b64, private_key
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN, RP = "https://crm.example.com", "example.com"
EMPTY = hashlib.sha256(b"").digest()


def challenge(method="GET", url="", body=EMPTY, made=NOW_SECONDS, salt=b"s" * 16) -> bytes:
    """The digest of a request, as docs/identity.md tells it."""
    lines = ["sovgate assertion 1", method, url, b64(body), str(made), b64(salt)]
    return hashlib.sha256("\n".join(lines).encode()).digest()


@dataclass
class Authenticator:
    """One credential. `name` is that of a key in `crafted_tokens`."""

    name: str = "ES256-authenticator"
    id: bytes = b"credential-1"
    count: int = 0
    counts: bool = True
    flags: int = 0x05
    rp: str = RP
    extensions: bytes = b""
    log: list[bytes] = field(default_factory=list)

    @property
    def public(self) -> Any:
        return private_key(self.name).public_key()

    @property
    def pem(self) -> str:
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def cose(self) -> bytes:
        if self.name.startswith("ES256"):
            point = self.public.public_numbers()
            return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}, canonical=True)
        if self.name.startswith("ed25519"):
            return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self.public.public_bytes_raw()}, canonical=True)
        numbers = self.public.public_numbers()
        return cbor2.dumps({1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: numbers.e.to_bytes(3)}, canonical=True)

    def _sign(self, data: bytes) -> bytes:
        key = private_key(self.name)
        if self.name.startswith("ES256"):
            return key.sign(data, ec.ECDSA(SHA256()))
        if self.name.startswith("ed25519"):
            return key.sign(data)
        return key.sign(data, padding.PKCS1v15(), SHA256())

    def answer(self, wanted: bytes, **client: Any) -> dict[str, Any]:
        """Sign a challenge, as navigator.credentials.get() gives it (`toJSON`)."""
        self.count += self.counts
        said = {"type": "webauthn.get", "challenge": b64(wanted), "origin": ORIGIN, "crossOrigin": False} | client
        written = json.dumps({key: value for key, value in said.items() if value is not None}).encode()
        data = hashlib.sha256(self.rp.encode()).digest() + struct.pack(">BI", self.flags, self.count) + self.extensions
        response = {
            "clientDataJSON": b64(written),
            "authenticatorData": b64(data),
            "signature": b64(self._sign(data + hashlib.sha256(written).digest())),
        }
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}

    def assertion(self, method="GET", url="", body=b"", *, made=NOW_SECONDS, salt=b"s" * 16, **client: Any) -> str:
        """The header for a request."""
        digest = hashlib.sha256(body).digest()
        given = self.answer(challenge(method, url, digest, made, salt), **client)
        return envelope(given, {"digest": b64(digest), "time": made, "salt": b64(salt)})


def envelope(given: dict[str, Any], flow: dict[str, Any]) -> str:
    return b64(json.dumps(given | {"flow": flow}).encode())
