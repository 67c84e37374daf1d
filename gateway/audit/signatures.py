"""Check the signatures of a log with public keys alone: signed notes and compact JWS. Nothing of the writer's here."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.errors import BrokenLog

_ED25519 = b"\x01"
_KEY = 33  # the type byte and the key
_SIGNATURE = 68  # the key id and the signature
_MOST_SIGNATURES = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: the hash `root` over its first `size` entries."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """Render as `origin size root`, the root in base64 as in the note."""
        return f"{self.origin} {self.size} {b64encode(self.root).decode()}"


@dataclass(frozen=True, slots=True, eq=False)
class NoteKey:
    """A verifier key: it has a name, and its id is the beginning of a hash over name and key."""

    name: str
    id: bytes
    key: Ed25519PublicKey

    @classmethod
    def read(cls, text: str) -> NoteKey:
        """Read `name+id+key` (C2SP signed-note, as Go's `sumdb/note` writes it); raises `BrokenLog`."""
        name, _, rest = text.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        public = _base64(encoded)
        wanted = sha256(name.encode() + b"\n" + public).digest()[:4]
        if len(public) != _KEY or public[:1] != _ED25519 or id_.lower() != wanted.hex():
            raise BrokenLog("the verifier key of the checkpoints is no Ed25519 key of the form name+id+key")
        return cls(name, wanted, Ed25519PublicKey.from_public_bytes(public[1:]))


def open_checkpoint(note: bytes, key: NoteKey, where: str) -> Checkpoint:
    """Verify a checkpoint's signature and read it; raises `BrokenLog`, naming it as `where`."""
    text, blank, lines = note.rpartition(b"\n\n")
    text += b"\n"
    if not blank or not _signed_by(key, text, lines, where):
        raise BrokenLog(f"{where}: not signed by the key {key.name}+{key.id.hex()}: edited, or another log's")
    try:
        origin, size, root, *_ = text.decode().split("\n")
        checkpoint = Checkpoint(origin, int(size), _base64(root))
    except ValueError as error:
        raise BrokenLog(f"{where}: signed, but no checkpoint") from error
    if checkpoint.origin != key.name:
        raise BrokenLog(f"{where}: it is of another log, {checkpoint.origin}")
    return checkpoint


def _signed_by(key: NoteKey, text: bytes, lines: bytes, where: str) -> bool:
    """Find the key's signature among the lines and check it; other keys' signatures are not looked at."""
    found = False
    for line in lines.decode(errors="replace").splitlines()[:_MOST_SIGNATURES]:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signature = _base64(encoded)
        if dash != "\N{EM DASH}" or name != key.name or signature[:4] != key.id or len(signature) != _SIGNATURE:
            continue
        try:
            key.key.verify(signature[4:], text)
        except InvalidSignature as error:
            raise BrokenLog(f"{where}: the signature doesn't fit: edited after it was signed") from error
        found = True
    return found


class EntryKeys:
    """The keys that entries may be signed with, from a JWK set (RFC 7517).

    A `kid` counts only as the RFC 7638 thumbprint of a key; what the set itself says under `kid` is not looked at.
    """

    def __init__(self, jwks: bytes) -> None:
        """Read the set; raises `BrokenLog` where it holds no Ed25519 key."""
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._by_header: dict[bytes, Ed25519PublicKey] = {}  # the header is the same in most entries
        try:
            found = orjson.loads(jwks)["keys"]
            for jwk in found:
                if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
                    members = orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": jwk["x"]})
                    kid = urlsafe_b64encode(sha256(members).digest()).rstrip(b"=").decode()
                    self._keys[kid] = Ed25519PublicKey.from_public_bytes(_unpadded(jwk["x"].encode()))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BrokenLog("the entries' public keys are no JWK set") from error
        if not self._keys:
            raise BrokenLog("the entries' public keys hold no Ed25519 key")

    def open(self, jws: bytes, where: str) -> bytes:
        """Verify a compact JWS and give its payload; raises `BrokenLog`, naming it as `where`."""
        signed, _, signature = jws.rpartition(b".")
        header, _, payload = signed.partition(b".")
        key = self._by_header.get(header) or self._key_of(header, where)
        try:
            key.verify(_unpadded(signature), signed)
            return _unpadded(payload)
        except (InvalidSignature, ValueError) as error:
            raise BrokenLog(f"{where}: the signature doesn't fit: edited after it was signed") from error

    def _key_of(self, header: bytes, where: str) -> Ed25519PublicKey:
        try:
            said = said_in(_unpadded(header), where)
        except ValueError as error:
            raise BrokenLog(f"{where}: not a signed entry") from error
        if said.get("alg") != "EdDSA" or "crit" in said:
            raise BrokenLog(f"{where}: not signed with EdDSA")
        key = self._keys.get(str(said.get("kid")))
        if key is None:
            raise BrokenLog(f"{where}: signed by a key that is not among the trusted ones")
        self._by_header[header] = key
        return key


def payload_of(jws: bytes) -> bytes:
    """Give the payload of a compact JWS without checking anything; `ValueError` where there is none."""
    return _unpadded(jws[jws.index(b".") + 1 : jws.rindex(b".")])


def said_in(payload: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object; raises `BrokenLog`."""
    try:
        said = orjson.loads(payload)
    except ValueError as error:
        raise BrokenLog(f"{where}: not a signed entry") from error
    if not isinstance(said, dict):
        raise BrokenLog(f"{where}: not a signed entry")
    return said


def _unpadded(text: bytes) -> bytes:
    try:
        return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except NotBase64 as error:
        raise ValueError("not base64url") from error


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
