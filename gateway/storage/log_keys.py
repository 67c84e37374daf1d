"""The two private keys that sign a log, and their successors while they are exchanged.

A successor is on disk before the log says that it is in force, and takes the old key's place after that. So whenever
this is cut short, the log tells which of the two counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.audit.upkeep import Which
from gateway.storage.disk import Disk
from gateway.storage.keyring import SECRET, create, signing_key


class LogKeys(Protocol):
    """Where the keys are."""

    def present(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Give the key in use; None where it is lost."""
        ...

    def following(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Give its successor, where one is made."""
        ...

    def make(self, which: Which, /) -> Ed25519PrivateKey:
        """Make a successor and keep it durably. Raises `OSError`."""
        ...

    def settle(self, which: Which, /, *, taken: bool) -> None:
        """Put the successor in the place of the key, or forget it. Raises `OSError`."""
        ...


class LentKeys:
    """Keys in memory, lent by whoever has them."""

    def __init__(self, entries: Ed25519PrivateKey | None, checkpoints: Ed25519PrivateKey | None) -> None:
        """Take the keys in use."""
        self._present: dict[Which, Ed25519PrivateKey | None] = {"entries": entries, "checkpoints": checkpoints}
        self._following: dict[Which, Ed25519PrivateKey] = {}

    def present(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Give the key in use."""
        return self._present[which]

    def following(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Give its successor."""
        return self._following.get(which)

    def make(self, which: Which, /) -> Ed25519PrivateKey:
        """Make a successor."""
        self._following[which] = Ed25519PrivateKey.generate()
        return self._following[which]

    def settle(self, which: Which, /, *, taken: bool) -> None:
        """Put it in the place of the key, or forget it."""
        key = self._following.pop(which, None)
        if taken and key is not None:
            self._present[which] = key


class FolderKeys:
    """The keys of a keyring's folder; a successor is `entries.next.pem` or `checkpoints.next.pem`."""

    def __init__(self, folder: Path, random: Callable[[int], bytes] = os.urandom) -> None:
        """Take the folder, which `Keyring.open` made."""
        self._folder, self._random = folder, random

    def present(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Read the key in use. Raises `FaultyKeyring` where it is none."""
        return self._read(f"{which}.pem")

    def following(self, which: Which, /) -> Ed25519PrivateKey | None:
        """Read its successor. Raises `FaultyKeyring` where it is none."""
        return self._read(f"{which}.next.pem")

    def make(self, which: Which, /) -> Ed25519PrivateKey:
        """Write a successor, readable by this account alone."""
        key = Ed25519PrivateKey.from_private_bytes(self._random(SECRET))
        for left in (*self._folder.glob(f".{which}.next.pem.*"), self._folder / f"{which}.next.pem"):
            left.unlink(missing_ok=True)  # by one that was cut short
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        create(self._folder / f"{which}.next.pem", pem)
        return key

    def settle(self, which: Which, /, *, taken: bool) -> None:
        """Rename it over the key, or delete it."""
        successor = self._folder / f"{which}.next.pem"
        if successor.exists():
            if taken:
                successor.replace(self._folder / f"{which}.pem")
            else:
                successor.unlink()
            Disk().sync_folder(self._folder)

    def _read(self, name: str) -> Ed25519PrivateKey | None:
        path = self._folder / name
        return signing_key(path) if path.exists() else None
