"""Keys in files: one that a customer brings, and those that they are handed."""

from __future__ import annotations

import json
import os
from base64 import b64decode, urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Iterator
from pathlib import Path

from gateway.custody import wrapping
from gateway.errors import FaultyCustody
from gateway.tokens.keyset import DataKey

_LONGEST = 4096
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def read_key(path: Path) -> bytearray:
    """Read a key of 32 bytes: a JWK of kind `oct` (RFC 7518 section 6.4), or base64. Raises `FaultyCustody`."""
    try:
        data = path.read_bytes()[: _LONGEST + 1].strip()
    except OSError as error:
        raise FaultyCustody(f"{path}: {error.strerror}") from None
    try:
        if data.startswith(b"{"):
            jwk = json.loads(data)
            text = jwk["k"] if isinstance(jwk, dict) and jwk.get("kty") == "oct" else ""
            key = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        else:
            key = bytearray(b64decode(data, validate=True))
    except (ValueError, KeyError, TypeError):
        raise FaultyCustody(f"{path}: neither a JWK of the kind oct nor base64") from None
    if len(key) != wrapping.KEY:
        raise FaultyCustody(f"{path}: a key has {wrapping.KEY} bytes")
    return key


def write_keys(path: Path, keys: Iterator[tuple[int, str | None, DataKey]]) -> int:
    """Write keys as a JWK Set (RFC 7517 section 5) that only its owner may read; gives how many. Raises `FaultyCustody`.

    `kid` is the version, as the middle part of a token's `kid`. A file that is there already stays as it is.
    """
    count = 0
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FaultyCustody(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(b'{"keys":[')
            for _, purpose, key in keys:
                head = {"alg": "A256GCM", "kid": str(key.version), "kty": "oct", "purpose": purpose}
                opened.write((b",\n" if count else b"\n") + json.dumps(head).encode()[:-1] + b', "k": "')
                opened.write(b2a_base64(key.key, newline=False).translate(_URL_SAFE).rstrip(b"=") + b'"}')
                key.wipe()
                count += 1
            opened.write(b"\n]}\n")
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return count
