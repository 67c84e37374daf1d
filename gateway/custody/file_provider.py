"""The provider that needs nothing else: the keys that wrap, in a file, encrypted under a passphrase or a key.

The file is JSON: how the passphrase becomes a key (scrypt, RFC 7914), and each version of the wrapping key, wrapped by
that. A change is a new file in the place of the old one, written by one at a time; other processes notice it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gateway.custody import wrapping
from gateway.custody.provider import Wrapped
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable
from gateway.storage.disk import Disk

COST = 2**15
"""scrypt's N; with r = 8 and p = 1 it takes 32 MiB and about a tenth of a second."""
_BLOCK, _LANES = 8, 1
_LEAST_COST, _MOST_COST = 2**14, 2**20
_SALT = 16
_OTHERS = 0o077
_VERSION = 1
_PATIENCE, _PAUSE = 5.0, 0.05
"""Seconds that another writer is waited for, and between two tries."""


class _Kek(msgspec.Struct, frozen=True):
    version: int
    wrapped: bytes  # msgspec writes bytes as base64


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    protection: Literal["passphrase", "key"]
    salt: bytes
    cost: int
    keks: tuple[_Kek, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What protects the file: a passphrase of any length, or a key of 32 bytes."""

    protection: Literal["passphrase", "key"]
    data: bytes

    @classmethod
    def read(cls, text: str) -> Secret:
        """Read a secret: `base64:` and 32 bytes in base64 are a key, else a passphrase. Raises `FaultyCustody`."""
        text = text.strip("\r\n")
        if not text:
            raise FaultyCustody("the passphrase of the keys is empty")
        if not text.startswith("base64:"):
            return cls("passphrase", text.encode())
        try:
            key = b64decode(text.removeprefix("base64:").strip(), validate=True)
        except (NotBase64, ValueError):
            key = b""
        if len(key) != wrapping.KEY:
            raise FaultyCustody(f"the key that protects the keys is not {wrapping.KEY} bytes in base64")
        return cls("key", key)


class FileProvider:
    """Wraps customers' keys under the newest key of the file; older ones unwrap what they wrapped."""

    name = "file"

    def __init__(self, path: Path, secret: Secret, random: Callable[[int], bytes], *, make: bool = True) -> None:
        """Open the file, or (`make`) make it with one key. Raises `FaultyCustody`."""
        self._path = path
        self._random = random
        self._secret = secret
        self._keks: dict[int, bytearray] = {}
        self._seen: tuple[int, ...] = ()
        self._lock = RLock()  # threads share the provider, and a key must not be wiped while it is used
        with _trouble(path):
            if make and not path.exists():
                with self._alone():
                    if not path.exists():  # nobody else was faster
                        self._begin()
            self._open()

    def current(self) -> str:
        """Name the newest key. Raises `KeysUnavailable`."""
        with self._lock:
            self._renew()
            if not self._keks:
                raise KeysUnavailable("the file of wrapping keys is closed")
            return str(max(self._keks))

    def wrap(self, key: bytearray, context: bytes) -> Wrapped:
        """Wrap a key, always with the newest one: older ones may be dropped. Raises `KeysUnavailable`."""
        with self._lock:
            newest = self.current()
            return Wrapped(newest, wrapping.wrap(self._keks[int(newest)], key, context, self._random))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytearray:
        """Give the key. Raises `KeyGone`, `KeysUnavailable`."""
        number = int(wrapped.kek) if wrapped.kek.isdecimal() else 0
        with self._lock:
            if number and number not in self._keks:
                self._renew()  # another process may have added it
            under = self._keks.get(number)
            if under is None:
                raise KeyGone("the file of wrapping keys has not the version that is needed")
            try:
                return wrapping.unwrap(under, wrapped.data, context)
            except ValueError:
                raise KeyGone("a wrapped key was changed, or belongs to something else") from None

    def versions(self) -> set[str]:
        """Name all keys of the file. Raises `KeysUnavailable`."""
        with self._lock:
            self._renew()
            return {str(number) for number in self._keks}

    def rotate(self) -> str:
        """Add a new key, which wraps from now on, and name it. Raises `FaultyCustody`."""
        with _trouble(self._path), self._alone(), self._lock:
            self._open()
            version = max(self._keks) + 1
            self._write({**self._keks, version: wrapping.fresh()})
            self._open()
        return str(version)

    def retire(self, kept: set[str]) -> None:
        """Drop the keys that wrap nothing any more; the newest stays. Raises `FaultyCustody`.

        Nothing may be kept that one of them wraps from now on: `Smith.retire` sees to that.
        """
        with _trouble(self._path), self._alone(), self._lock:
            self._open()
            newest = max(self._keks)
            left = {number: kek for number, kek in self._keks.items() if number == newest or str(number) in kept}
            if len(left) < len(self._keks):
                self._write(left)
                self._open()

    def protect(self, secret: Secret) -> None:
        """Protect the file by another secret; the keys stay. Raises `FaultyCustody`."""
        with _trouble(self._path), self._alone(), self._lock:
            self._open()
            before, self._secret = self._secret, secret
            try:
                self._write(self._keks)
            except OSError:
                self._secret = before
                raise

    def close(self) -> None:
        """Wipe the keys."""
        with self._lock:
            wrapping.wipe(*self._keks.values())
            self._keks.clear()

    def _begin(self) -> None:
        self._write({1: wrapping.fresh()})

    def _write(self, keks: dict[int, bytearray]) -> None:
        """Put a new file in place: complete and durable, or not at all."""
        salt = self._random(_SALT)
        under = self._under(salt, COST)
        keks_ = tuple(
            _Kek(version, wrapping.wrap(under, kek, _context(version), self._random)) for version, kek in keks.items()
        )
        wrapping.wipe(under)
        text = msgspec.json.format(msgspec.json.encode(_File(_VERSION, self._secret.protection, salt, COST, keks_)))
        disk = Disk()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(self._path.name + ".draft")  # there is one writer at a time
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            try:
                disk.write(file, text + b"\n", 0)
                disk.sync(file)
            finally:
                os.close(file)
            draft.replace(self._path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        disk.sync_folder(self._path.parent)

    def _renew(self) -> None:
        """Read the keys anew where the file is another one by now. Raises `KeysUnavailable`."""
        try:
            with _trouble(self._path):
                if _stamp(self._path.stat()) != self._seen:
                    self._open()
        except FaultyCustody as error:
            raise KeysUnavailable(str(error)) from None

    def _open(self) -> None:
        """Read the keys. Raises `FaultyCustody`."""
        status = self._path.stat()  # before reading: a change in between is then noticed
        if stat.S_IMODE(status.st_mode) & _OTHERS:
            raise FaultyCustody(f"{self._path}: others may read or change it: chmod go= it")
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except (msgspec.DecodeError, ValueError):
            raise FaultyCustody(f"{self._path}: not a file of wrapping keys, or damaged") from None
        if found.version != _VERSION or not found.keks or not _LEAST_COST <= found.cost <= _MOST_COST:
            raise FaultyCustody(f"{self._path}: written by another version, or damaged")
        if found.protection != self._secret.protection:
            raise FaultyCustody(
                f"{self._path}: protected by a {found.protection}, and a {self._secret.protection} is given"
            )
        under = self._under(found.salt, found.cost)
        keks: dict[int, bytearray] = {}
        try:
            for one in found.keks:
                keks[one.version] = wrapping.unwrap(under, one.wrapped, _context(one.version))
        except ValueError:
            wrapping.wipe(*keks.values())
            raise FaultyCustody(f"{self._path}: the {found.protection} is wrong, or the file is damaged") from None
        finally:
            wrapping.wipe(under)
        with self._lock:
            self.close()
            self._keks, self._seen = keks, _stamp(status)

    def _under(self, salt: bytes, cost: int) -> bytearray:
        """Give the key that the secret stands for."""
        if self._secret.protection == "key":
            return bytearray(self._secret.data)
        try:
            derived = bytearray(wrapping.KEY)
            Scrypt(salt=salt, length=wrapping.KEY, n=cost, r=_BLOCK, p=_LANES).derive_into(self._secret.data, derived)
        except (ValueError, MemoryError):
            raise FaultyCustody(f"{self._path}: damaged: its passphrase can't be worked with") from None
        return derived

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of writers, one at a time. Raises `FaultyCustody` where another holds on to it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end = time.monotonic() + _PATIENCE
            while not _locked(file):
                if time.monotonic() > end:
                    raise FaultyCustody(f"{self._path}: another process is changing it")
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(file)


def _locked(file: int) -> bool:
    """Try to lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """Tell a file from another that came in its place, or was written anew."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _context(version: int) -> bytes:
    return b"sovgate/kek/%d" % version


@contextmanager
def _trouble(path: Path) -> Iterator[None]:
    """Say in our words what the system says."""
    try:
        yield
    except OSError as error:
        raise FaultyCustody(f"{error.filename or path}: {error.strerror}") from None
