"""The halves of the key that captures are sealed with: the gateway has the public one, whoever reads the other."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from gateway.errors import FaultyKeyring

_LARGEST = 65_536
_MAKE = "make one with: openssl genpkey -algorithm X25519 -out captures.key"
_TAKE = "take the public half with: openssl pkey -in captures.key -pubout -out captures.pub"


def read_recipient(path: Path) -> X25519PublicKey:
    """Read the public key, PEM, that captures are to be sealed for. Raises `FaultyKeyring`."""
    data = _read(path)
    if b"PRIVATE KEY" in data:
        raise FaultyKeyring(f"{path}: a private key, which must not lie where the gateway runs: {_TAKE}")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise FaultyKeyring(f"{path}: no public key in PEM: {_TAKE}") from None
    if not isinstance(key, X25519PublicKey):
        raise FaultyKeyring(f"{path}: not an X25519 key: {_MAKE}")
    return key


def read_reader(path: Path, password: bytes | None = None) -> X25519PrivateKey:
    """Read the private key, PEM, that opens captures.

    Raises `FaultyKeyring`, and `TypeError` where a password is needed and none was given.
    """
    data = _read(path)
    if b"PUBLIC KEY" in data:
        raise FaultyKeyring(f"{path}: the public key: captures are opened with the private one")
    if password is None and b"ENCRYPTED" in data:
        raise TypeError(f"{path}: it has a password")
    try:
        key = load_pem_private_key(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FaultyKeyring(f"{path}: no private key in PEM" + (", or another password" if password else "")) from None
    if not isinstance(key, X25519PrivateKey):
        raise FaultyKeyring(f"{path}: not an X25519 key: {_MAKE}")
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise FaultyKeyring(f"{path}: can't be read: {error.strerror}") from None
