"""A signed statement over files: in-toto Statement v1 in a DSSE envelope, Ed25519."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.signatures import thumbprint
from gateway.errors import BrokenLog

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:sovgate:audit-export:1"


def sign_statement(
    subjects: Mapping[str, Mapping[str, str]], predicate: Mapping[str, Any], key: Ed25519PrivateKey
) -> bytes:
    """Give the envelope: `subjects` are file names with their digests by algorithm (hex)."""
    said = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": dict(digests)} for name, digests in subjects.items()],
        "predicateType": PREDICATE,
        "predicate": dict(predicate),
    }
    payload = msgspec.json.encode(said)
    signature = {"keyid": thumbprint(key.public_key()), "sig": b64encode(key.sign(_signed(PAYLOAD, payload))).decode()}
    envelope = {"payloadType": PAYLOAD, "payload": b64encode(payload).decode(), "signatures": [signature]}
    return msgspec.json.format(msgspec.json.encode(envelope), indent=2) + b"\n"


class _Signature(msgspec.Struct):
    sig: str
    keyid: str = ""


class _Envelope(msgspec.Struct, rename={"payload_type": "payloadType"}):
    payload_type: str
    payload: str
    signatures: list[_Signature]


class Subject(msgspec.Struct, frozen=True):
    """A file that a statement is about, by its digests in hex."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, rename={"type_": "_type", "kind": "predicateType"}):
    """What was signed."""

    type_: str
    kind: str
    subject: list[Subject]
    predicate: dict[str, Any]


def open_statement(envelope: bytes, keys: Mapping[str, Ed25519PublicKey], where: str) -> Statement:
    """Verify an envelope with one of the keys (by thumbprint) and read it; raises `BrokenLog`, naming it as `where`."""
    try:
        read = msgspec.json.decode(envelope, type=_Envelope)
        payload = b64decode(read.payload, validate=True)
        signed = any(_fits(one, _signed(read.payload_type, payload), keys) for one in read.signatures[:16])
        statement = msgspec.json.decode(payload, type=Statement)
    except ValueError as error:
        raise BrokenLog(f"{where}: no DSSE envelope with an in-toto statement") from error
    if not signed:
        raise BrokenLog(f"{where}: not signed by a key of the log: edited, or another log's")
    if (read.payload_type, statement.type_, statement.kind) != (PAYLOAD, STATEMENT, PREDICATE):
        raise BrokenLog(f"{where}: signed, but no statement about an export")
    return statement


def _fits(signature: _Signature, message: bytes, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    key = keys.get(signature.keyid)
    try:
        if key is not None:
            key.verify(b64decode(signature.sig, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return key is not None


def _signed(kind: str, payload: bytes) -> bytes:
    """Give DSSE's pre-authentication encoding: what is signed, told apart from everything else that this key signs."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
