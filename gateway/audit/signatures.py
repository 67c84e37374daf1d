"""Check the signatures of a log with public keys alone: signed notes and compact JWS. Nothing of the writer's here.

Bytes that are not written in the one way in which the gateway writes them are refused, even where a signature would
fit: base64 in another form, members of a header that nobody asked for, keys for which every signature fits.
"""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.tampering import Kind
from gateway.errors import BrokenLog

_ED25519 = b"\x01"
_KEY = 33  # the type byte and the key
_KEY_ID = 4
_HASH = 32
_MOST_SIGNATURES = 64  # C2SP signed-note asks for 16 at least
_LONGEST_NOTE = 1 << 20
_LONGEST_KEYS = 1 << 20
_LARGEST = 1 << 63

_P = 2**255 - 19
_SMALL_ORDER = frozenset(  # the y coordinates of the points whose order divides 8 (RFC 7748 section 6.1 tells why)
    (
        0,
        1,
        _P - 1,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    )
)


def ed25519(public: bytes) -> Ed25519PublicKey:
    """Take a public key; `ValueError` for one under which signatures prove nothing, or that has a second form."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError("a public key of small order")
    return Ed25519PublicKey.from_public_bytes(public)


def thumbprint(key: Ed25519PublicKey) -> str:
    """Give the RFC 7638 thumbprint of a key's JWK (RFC 8037 section 2)."""
    x = _b64url(key.public_bytes_raw()).decode()
    return _b64url(sha256(orjson.dumps({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()).decode()


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
    def of(cls, name: str, key: Ed25519PublicKey) -> NoteKey:
        """Give a key the id that it has under a name."""
        return cls(name, sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4], key)

    @classmethod
    def read(cls, text: str) -> NoteKey:
        """Read `name+id+key` (C2SP signed-note, as Go's `sumdb/note` writes it); raises `BrokenLog`."""
        name, _, rest = text.strip().partition("+")
        id_, _, encoded = rest.partition("+")
        public = _base64(encoded)
        try:
            found = cls.of(name, ed25519(public[1:]))
        except ValueError:
            found = None
        if found is None or not name or len(public) != _KEY or public[:1] != _ED25519 or id_ != found.id.hex():
            raise BrokenLog(
                "the verifier key of the checkpoints is no Ed25519 key of the form name+id+key",
                kind=Kind.MALFORMED_FILE,
            )
        return found

    @classmethod
    def read_all(cls, text: str) -> tuple[NoteKey, ...]:
        """Read one key a line, of one log; raises `BrokenLog`."""
        if len(text) > _LONGEST_KEYS:
            raise BrokenLog("the verifier keys are too long to be any", kind=Kind.MALFORMED_FILE)
        keys = tuple(map(cls.read, text.strip().splitlines() or [""]))
        if len({key.name for key in keys}) > 1:
            raise BrokenLog("the verifier keys are of several logs", kind=Kind.OTHER_LOG)
        return keys


def open_checkpoint(note: bytes, key: NoteKey, where: str) -> Checkpoint:
    """Verify a checkpoint's signature and read it; raises `BrokenLog`, naming it as `where`."""
    return signed_checkpoint(note, (key,), where)[0]


def signed_checkpoint(note: bytes, keys: Sequence[NoteKey], where: str) -> tuple[Checkpoint, NoteKey]:
    """Verify a checkpoint that one of some keys must have signed; tells which, the last of them that did.

    Signatures by other keys are passed over; one of these keys that doesn't fit is an edit, whatever else fits.
    """
    text, blank, lines = note.rpartition(b"\n\n")
    text += b"\n"
    signer = _signer(keys, text, lines, where) if blank and len(note) <= _LONGEST_NOTE else None
    if signer is None:
        named = ", ".join(f"{key.name}+{key.id.hex()}" for key in keys)
        raise BrokenLog(
            f"{where}: not signed by the key {named}: edited, or another log's",
            kind=Kind.FOREIGN_CHECKPOINT,
            place=where,
        )
    checkpoint = _read_checkpoint(text, where)
    if checkpoint.origin != signer.name:
        raise BrokenLog(f"{where}: it is of another log, {checkpoint.origin}", kind=Kind.OTHER_LOG, place=where)
    return checkpoint, signer


def _read_checkpoint(text: bytes, where: str) -> Checkpoint:
    """Read what C2SP tlog-checkpoint says that a checkpoint's text is; extension lines are passed over."""
    try:
        origin, size, root, *extensions, end = text.decode().split("\n")
        checkpoint = Checkpoint(origin, int(size), _base64(root))
    except ValueError:
        checkpoint = None
    if (
        checkpoint is None
        or str(checkpoint.size) != size
        or not 0 <= checkpoint.size < _LARGEST
        or len(checkpoint.root) != _HASH
        or end
        or not all(extensions)
        or any(ord(c) < ord(" ") for c in origin)
    ):
        raise BrokenLog(f"{where}: signed, but no checkpoint", kind=Kind.MALFORMED_CHECKPOINT, place=where)
    return checkpoint


def _signer(keys: Iterable[NoteKey], text: bytes, lines: bytes, where: str) -> NoteKey | None:
    """Find which of the keys signed, and check what they signed; other keys' signatures are not looked at."""
    found: dict[tuple[str, bytes], NoteKey] = {}
    known = {(key.name, key.id): key for key in keys}
    for name, signature in _signatures(text + lines, lines, where):
        which = name, signature[:4]
        if which not in known:
            continue
        try:
            known[which].key.verify(signature[4:], text)
        except InvalidSignature as error:
            raise BrokenLog(
                f"{where}: the signature doesn't fit: edited after it was signed",
                kind=Kind.EDITED_CHECKPOINT,
                place=where,
            ) from error
        if which in found:
            raise _no_note(where)
        found[which] = known[which]
    return next((key for which, key in reversed(known.items()) if which in found), None)


def _signatures(whole: bytes, lines: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """Read the signature lines of a note; raises `BrokenLog` where it is not written as C2SP signed-note says."""
    try:
        *signatures, end = lines.decode().split("\n")
    except ValueError:
        raise _no_note(where) from None
    if end or len(signatures) > _MOST_SIGNATURES or any(byte < ord(" ") and byte != ord("\n") for byte in whole):
        raise _no_note(where)
    for line in signatures:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signature = _base64(encoded)
        if dash != "\N{EM DASH}" or not name or "+" in name or len(signature) <= _KEY_ID:
            raise _no_note(where)
        yield name, signature


def _no_note(where: str) -> BrokenLog:
    what = "its signatures are not written as those of a signed note are"
    return BrokenLog(f"{where}: {what}", kind=Kind.MALFORMED_CHECKPOINT, place=where)


class EntryKeys:
    """The keys that entries may be signed with, from a JWK set (RFC 7517).

    A `kid` counts only as the RFC 7638 thumbprint of a key; what the set itself says under `kid` is not looked at.
    """

    def __init__(self, jwks: bytes) -> None:
        """Read the set; raises `BrokenLog` where it holds no Ed25519 key."""
        self.keys: dict[str, Ed25519PublicKey] = {}
        self._by_header: dict[bytes, tuple[str, Ed25519PublicKey]] = {}  # the header is the same in most entries
        self.ever: frozenset[str] = frozenset()
        """The thumbprints of all keys that are or were trusted."""
        self.signer = ""
        """The thumbprint of the key that the last opened entry was signed with."""
        if len(jwks) > _LONGEST_KEYS:
            raise BrokenLog("the entries' public keys are too long to be any", kind=Kind.MALFORMED_FILE)
        try:
            for jwk in orjson.loads(jwks)["keys"]:
                if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519":
                    self.trust(ed25519(unpadded(jwk["x"].encode())))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BrokenLog("the entries' public keys are no JWK set", kind=Kind.MALFORMED_FILE) from error
        if not self.keys:
            raise BrokenLog("the entries' public keys hold no Ed25519 key", kind=Kind.MALFORMED_FILE)

    @property
    def names(self) -> frozenset[str]:
        """Give the thumbprints of the keys that are trusted now."""
        return frozenset(self.keys)

    def copy(self) -> EntryKeys:
        """Give a second set that goes its own way."""
        twin = copy(self)
        twin.keys = dict(self.keys)
        twin.forget()
        return twin

    def forget(self) -> None:
        """Forget which headers were read: the keys behind them may be others now."""
        self._by_header = {}

    def trust(self, key: Ed25519PublicKey) -> str:
        """Take one more key, and give its thumbprint."""
        name = thumbprint(key)
        self.keys[name] = key
        self.ever |= {name}
        return name

    def retire(self, name: str) -> None:
        """Trust a key no more."""
        self.keys.pop(name, None)
        self.forget()

    def open(self, jws: bytes, where: str) -> bytes:
        """Verify a compact JWS and give its payload; raises `BrokenLog`, naming it as `where`."""
        signed, _, signature = jws.rpartition(b".")
        header, _, payload = signed.partition(b".")
        self.signer, key = self._by_header.get(header) or self._key_of(header, where)
        try:
            key.verify(unpadded(signature), signed)
            return unpadded(payload)
        except InvalidSignature as error:
            raise BrokenLog(
                f"{where}: the signature doesn't fit: edited after it was signed", kind=Kind.EDITED_ENTRY
            ) from error
        except ValueError as error:
            raise BrokenLog(
                f"{where}: the signature doesn't fit: not in the form in which it was signed", kind=Kind.MALFORMED_ENTRY
            ) from error

    def _key_of(self, header: bytes, where: str) -> tuple[str, Ed25519PublicKey]:
        said = header_of(header, where)
        if said.get("alg") != "EdDSA":
            raise BrokenLog(f"{where}: not signed with EdDSA", kind=Kind.FORBIDDEN_HEADER)
        if said.keys() != {"alg", "kid"}:
            raise BrokenLog(
                f"{where}: its header says more than alg and kid: a verifier must not obey it",
                kind=Kind.FORBIDDEN_HEADER,
            )
        name = str(said["kid"])
        if name not in self.keys:
            raise BrokenLog(f"{where}: signed by a key that is not among the trusted ones", kind=Kind.FOREIGN_ENTRY)
        self._by_header[header] = name, self.keys[name]
        return self._by_header[header]


def header_of(header: bytes, where: str) -> dict[str, Any]:
    """Read the protected header of a JWS; raises `BrokenLog`."""
    try:
        return said_in(unpadded(header), where)
    except ValueError as error:
        raise BrokenLog(f"{where}: not a signed entry", kind=Kind.MALFORMED_ENTRY) from error


def payload_of(jws: bytes) -> bytes:
    """Give the payload of a compact JWS without checking its signature; `ValueError` where there is none."""
    return unpadded(jws[jws.index(b".") + 1 : jws.rindex(b".")])


def said_in(payload: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object; raises `BrokenLog`."""
    try:
        said = orjson.loads(payload)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise BrokenLog(f"{where}: not a signed entry", kind=Kind.MALFORMED_ENTRY)
    return said


def _b64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def unpadded(text: bytes) -> bytes:
    """Decode base64url without padding; `ValueError` unless `text` is the one encoding of what it holds."""
    try:
        data = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except NotBase64 as error:
        raise ValueError("not base64url") from error
    if _b64url(data) != text:
        raise ValueError("not base64url in its only form")
    return data


def _base64(text: str) -> bytes:
    """Decode standard base64; nothing unless `text` is the one encoding of what it holds."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""
