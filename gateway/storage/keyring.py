"""The gateway's own keys: a folder of files that only the gateway may read, made at the first start."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.crypto import hkdf_sha256
from gateway.errors import FaultyKeyring

SECRET = 32
"""The length of a symmetric key in bytes."""

_OTHERS = 0o077

ENTRIES = "entries.pem"
CHECKPOINTS = "checkpoints.pem"
PSEUDONYMS = "pseudonyms.key"


@dataclass(frozen=True, slots=True, eq=False)
class Keyring:
    """The keys: `entries` signs the log's entries, `checkpoints` its heads, `pseudonyms` keys the names in the log."""

    entries: Ed25519PrivateKey = field(repr=False)
    checkpoints: Ed25519PrivateKey = field(repr=False)
    pseudonyms: bytes = field(repr=False)

    @property
    def marks(self) -> bytes:
        """The key of hidden marks, derived from that of the names: whoever traces a leak needs no other."""
        return hkdf_sha256(self.pseudonyms, b"sovgate hidden marks 1")

    @classmethod
    def open(cls, folder: Path, *, random: Callable[[int], bytes] = os.urandom, make: bool = True) -> Keyring:
        """Read the keys, or (`make`) make them where there is none yet; raises `FaultyKeyring`.

        A folder that has the entries' key (it is made last) and lacks another one is refused: a new key in place of a
        lost one would break with the past in silence.
        """
        try:
            if make:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not (folder / ENTRIES).exists():
                    _make(folder, random)
            elif not folder.is_dir():
                raise FaultyKeyring(f"{folder}: missing, though there is a log: restore the keys from the backup")
            _private(folder)
            return cls(
                signing_key(folder / ENTRIES),
                signing_key(folder / CHECKPOINTS),
                _secret(folder / PSEUDONYMS),
            )
        except OSError as error:
            raise FaultyKeyring(f"{error.filename or folder}: {error.strerror}") from error


def _make(folder: Path, random: Callable[[int], bytes]) -> None:
    """Make the keys that are not there; those of a start that was cut short are kept."""
    create(folder / PSEUDONYMS, b64encode(random(SECRET)) + b"\n")
    for name in (CHECKPOINTS, ENTRIES):
        key = Ed25519PrivateKey.from_private_bytes(random(SECRET))
        create(folder / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def create(path: Path, data: bytes) -> None:
    """Create a file that is there complete or not at all; one that exists, also by another process just now, stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # of one that was cut short
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(file)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.fsync(folder)
        os.close(folder)
    finally:
        draft.unlink()


def _private(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & _OTHERS:
        raise FaultyKeyring(f"{path}: others may read or change it (mode {mode & 0o777:o}): chmod go= it")


def _read(path: Path) -> bytes:
    if not path.exists():
        raise FaultyKeyring(f"{path}: missing, though other keys are there: restore it from the backup")
    _private(path)
    return path.read_bytes()


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Read an Ed25519 key that nobody else may read; raises `FaultyKeyring`, and `OSError`."""
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise FaultyKeyring(f"{path}: not a private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FaultyKeyring(f"{path}: not an Ed25519 key")
    return key


def _secret(path: Path) -> bytes:
    try:
        secret = b64decode(_read(path).strip(), validate=True)
    except ValueError as error:
        raise FaultyKeyring(f"{path}: not base64") from error
    if len(secret) != SECRET:
        raise FaultyKeyring(f"{path}: not {SECRET} bytes in base64")
    return secret
