"""The public keys beside a log: `keys.jwks` and `log.vkey`, oldest first, the last of each in use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.signatures import NoteKey
from gateway.crypto import b64url_decode, public_jwk, thumbprint
from gateway.errors import BrokenLog
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder

JWKS, VKEYS = "keys.jwks", "log.vkey"


@dataclass(slots=True)
class PublicKeys:
    """What the two files say, and how they are written: whole, and durable with their names."""

    folder: Path
    entries: list[Ed25519PublicKey]
    checkpoints: list[NoteKey]

    @classmethod
    def read(cls, folder: Path) -> PublicKeys:
        """Read both, as far as they are there. Raises `BrokenLog` where they hold no such keys."""
        files = Folder(folder)
        vkeys = (files.read(VKEYS) or b"").decode(errors="replace").split()
        return cls(folder, entry_keys(files.read(JWKS)), [NoteKey.read(vkey) for vkey in vkeys])

    def knows_entries(self, print_: str) -> bool:
        """Tell whether there is a key of entries with this thumbprint."""
        return any(thumbprint(key) == print_ for key in self.entries)

    def add_entries(self, key: Ed25519PublicKey, disk: Disk) -> None:
        """Write one more key of entries, unless it is there. Raises `OSError`."""
        if self.knows_entries(thumbprint(key)):
            return
        keys = [*self.entries, key]
        self._write(JWKS, json.dumps({"keys": [public_jwk(one) for one in keys]}, indent=1).encode() + b"\n", disk)
        self.entries = keys

    def add_checkpoints(self, vkey: str, disk: Disk) -> None:
        """Write one more key of checkpoints, unless it is there. Raises `OSError`."""
        added = NoteKey.read(vkey)
        if any(key.id == added.id for key in self.checkpoints):
            return
        old = (Folder(self.folder).read(VKEYS) or b"").decode().split()
        self._write(VKEYS, "".join(f"{one}\n" for one in (*old, vkey)).encode(), disk)
        self.checkpoints = [*self.checkpoints, added]

    def _write(self, name: str, data: bytes, disk: Disk) -> None:
        disk.put(self.folder / name, data)
        disk.sync_folder(self.folder)


def entry_keys(jwks: bytes | None) -> list[Ed25519PublicKey]:
    """Read the keys of entries, oldest first; none where there is no file. Raises `BrokenLog`."""
    if jwks is None:
        return []
    try:
        found = orjson.loads(jwks)["keys"]
        return [Ed25519PublicKey.from_public_bytes(b64url_decode(one["x"].encode())) for one in found]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BrokenLog(f"{JWKS}: the entries' public keys are no JWK set") from error


class EverUsed(Mapping[str, Ed25519PublicKey]):
    """All keys of entries that a log ever used, by thumbprint; the file is read again where one isn't known yet."""

    def __init__(self, folder: Path) -> None:
        """Take the log's folder."""
        self._folder = folder
        self._known: dict[str, Ed25519PublicKey] = {}

    def __getitem__(self, kid: str) -> Ed25519PublicKey:
        """Give a key."""
        if kid not in self._known:
            self._known = {thumbprint(key): key for key in entry_keys(Folder(self._folder).read(JWKS))}
        return self._known[kid]

    def __iter__(self) -> Iterator[str]:
        """Give the thumbprints."""
        return iter(self._known)

    def __len__(self) -> int:
        """Tell how many are known."""
        return len(self._known)
