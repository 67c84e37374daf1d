"""Keys in files: one that a customer brings, and those that they are handed."""

from __future__ import annotations

import json
import os
from base64 import b64decode, urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.custody import wrapping
from gateway.errors import FaultyCustody
from gateway.tokens.keyset import DataKey

LONGEST = 16_384
"""Bytes of a file that holds one key."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def read_file(file: BinaryIO) -> bytes:
    """Read a file that holds one key. Raises `FaultyCustody`."""
    try:
        data = file.read(LONGEST + 1)
    except OSError as error:
        raise FaultyCustody(f"{file.name}: {error.strerror}") from None
    if len(data) > LONGEST:
        raise FaultyCustody(f"{file.name}: longer than any key")
    return data


def read_key(file: BinaryIO) -> bytearray:
    """Read a key of 32 bytes: a JWK of kind `oct` (RFC 7518 section 6.4), or base64. Raises `FaultyCustody`."""
    data = read_file(file).strip()
    try:
        if data.startswith(b"{"):
            jwk = json.loads(data)
            text = jwk["k"] if isinstance(jwk, dict) and jwk.get("kty") == "oct" else ""
            key = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        else:
            key = bytearray(b64decode(data, validate=True))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FaultyCustody(f"{file.name}: neither a JWK of the kind oct nor base64") from None
    if len(key) != wrapping.KEY:
        raise FaultyCustody(f"{file.name}: a key has {wrapping.KEY} bytes")
    return key


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Make a file that only its owner may read, durable at the end; gone where anything failed.

    A file that is there already stays as it is. Raises `FaultyCustody`.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FaultyCustody(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(file, "wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FaultyCustody(f"{path}: {error.strerror}") from None
        raise


def write_keys(file: BinaryIO, keys: Iterator[tuple[int, str | None, DataKey]]) -> int:
    """Write keys as a JWK Set (RFC 7517 section 5); gives how many.

    `kid` is the version, which is the middle part of a token's `kid`.
    """
    count = 0
    file.write(b'{"keys":[')
    for _, purpose, key in keys:
        head = {"alg": "A256GCM", "kid": str(key.version), "kty": "oct", "purpose": purpose}
        file.write((b",\n" if count else b"\n") + json.dumps(head).encode()[:-1] + b', "k": "')
        file.write(b2a_base64(key.key, newline=False).translate(_URL_SAFE).rstrip(b"=") + b'"}')
        key.wipe()
        count += 1
    file.write(b"\n]}\n")
    return count
