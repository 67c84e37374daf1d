"""Which of the keys at hand a log uses: what its public keys and its newest entries say decides, not the files."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.note import ED25519, NoteSigner, key_id
from gateway.audit.signatures import NoteKey
from gateway.audit.upkeep import PublicKey, Rotation, Which, endorsement
from gateway.crypto import b64url, b64url_decode, public_jwk, thumbprint
from gateway.errors import BrokenLog, NotRecorded
from gateway.storage.disk import Disk
from gateway.storage.log_keys import LogKeys
from gateway.storage.public_keys import PublicKeys

_NAMES: dict[Which, str] = {"entries": "the key of entries", "checkpoints": "the key of checkpoints"}


@dataclass(slots=True, eq=False)
class HeldKeys:
    """A log's keys; read from where they are kept once, by `demand`.

    `in_use` are the public keys of those that sign now; `ever` those of entries, oldest first.
    """

    keys: LogKeys
    origin: str
    public: PublicKeys
    in_use: dict[Which, Ed25519PublicKey]
    ever: list[Ed25519PublicKey] = field(default_factory=list)
    unsettled: bool = True
    _signing: dict[Which, Ed25519PrivateKey] = field(default_factory=dict)
    _made: dict[Which, Ed25519PrivateKey] = field(default_factory=dict)  # successors, until the log speaks of them

    @classmethod
    def found(cls, keys: LogKeys, origin: str, public: PublicKeys) -> HeldKeys:
        """Begin with what the files beside the log say, or with the keys at hand where it says nothing."""
        in_use: dict[Which, Ed25519PublicKey] = {}
        entries, checkpoints = keys.present("entries"), keys.present("checkpoints")
        if public.entries:
            in_use["entries"] = public.entries[-1]
        elif entries is not None:
            in_use["entries"] = entries.public_key()
        if public.checkpoints:
            in_use["checkpoints"] = public.checkpoints[-1].key
        elif checkpoints is not None:
            in_use["checkpoints"] = checkpoints.public_key()
        ever = public.entries or ([entries.public_key()] if entries is not None else [])
        return cls(keys, origin, public, in_use, list(ever))

    def note_keys(self) -> list[NoteKey]:
        """Give the keys that may have signed the checkpoint, the newest last."""
        at_hand = [self.keys.present("checkpoints"), self.keys.following("checkpoints")]
        found = [NoteKey.read(_vkey(self.origin, key.public_key())) for key in at_hand if key is not None]
        return [key for key in (*found, *self.public.checkpoints) if key.name == self.origin]

    def jwks(self) -> bytes:
        """Give the keys that entries may be signed with, as a JWK set; with the successor that is made."""
        following = self.keys.following("entries")
        more = [] if following is None else [following.public_key()]
        return orjson.dumps({"keys": [public_jwk(key) for key in (*self.ever, *more)]})

    def note(self, said: dict[str, Any], where: str) -> None:
        """Take in an entry that is not published yet: a rotation counts from there on. Raises `BrokenLog`."""
        if said.get("kind") != "rotation":
            return
        try:
            rotation = said["rotation"]
            key = Ed25519PublicKey.from_public_bytes(b64url_decode(rotation["new"]["x"].encode()))
            self.in_use[rotation["key"]] = key
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise BrokenLog(f"{where}: not a rotation of a key") from error

    def demand(self, lost: frozenset[Which]) -> None:
        """See that the keys in use are at hand. Raises `BrokenLog`."""
        for which, name in _NAMES.items():
            key = self._private(which)
            if key is not None:
                self._signing[which] = key
            elif which not in lost:
                raise BrokenLog(
                    f"{self.public.folder}: {name} is not the one that this log uses: restore it from the backup, "
                    f"or, if it is lost, say so with `sovgate audit rotate-key {which} --lost`"
                )

    def entries(self) -> Ed25519PrivateKey | None:
        """Give the key that signs entries; None where it is lost."""
        return self._signing.get("entries")

    def signer(self) -> NoteSigner:
        """Give what signs checkpoints. Raises `NotRecorded` where its key is lost."""
        key = self._signing.get("checkpoints")
        if key is None:
            raise NotRecorded(f"{_NAMES['checkpoints']} is lost")
        return NoteSigner(self.origin, key)

    def _private(self, which: Which) -> Ed25519PrivateKey | None:
        wanted = self.in_use.get(which)
        for key in (self.keys.present(which), self.keys.following(which)):
            if key is not None and wanted is not None and key.public_key() == wanted:
                return key
        return None

    def exchange(self, which: Which, *, lost: bool, reason: str) -> Rotation:
        """Make a successor, and what the log is to say of it. Raises `OSError`, and `NotRecorded` for a lost key."""
        present = self._signing.get(which)
        if present is None and not lost:
            raise NotRecorded(f"{_NAMES[which]} is lost: nothing can be signed with it any more")
        new = self._made[which] = self.keys.make(which)
        old, successor = thumbprint(self.in_use[which]), thumbprint(new.public_key())
        endorsed = ""
        if which == "checkpoints" and present is not None and not lost:
            endorsed = b64url(present.sign(endorsement(self.origin, old, successor))).decode()
        x = b64url(new.public_key().public_bytes_raw()).decode()
        return Rotation(which, old, PublicKey("Ed25519", "OKP", x), lost, endorsed, reason)

    def successor(self, which: Which) -> Ed25519PrivateKey | None:
        """Give the successor that is made."""
        return self._made.get(which)

    def forget(self, which: Which) -> None:
        """Forget a successor that the log knows nothing of. Raises `OSError`."""
        self._made.pop(which, None)
        self.keys.settle(which, taken=False)

    def recorded(self, which: Which) -> None:
        """Take a successor for the key in use: the log has said so. Nothing here may fail any more."""
        new = self._made.pop(which)
        self.in_use[which], self._signing[which] = new.public_key(), new
        self.unsettled = True

    def settle(self, disk: Disk) -> None:
        """Bring the files to what the log says; nothing is published before that is done. Raises `OSError`."""
        if not self.unsettled:
            return
        self.public.add_entries(self.in_use["entries"], disk)
        self.public.add_checkpoints(_vkey(self.origin, self.in_use["checkpoints"]), disk)
        for which in _NAMES:
            wanted, following = self.in_use.get(which), self.keys.following(which)
            if following is not None:
                self.keys.settle(which, taken=wanted is not None and following.public_key() == wanted)
        self.unsettled = False


def _vkey(origin: str, key: Ed25519PublicKey) -> str:
    """Give the verifier key, as Go's `sumdb/note` writes it."""
    return f"{origin}+{key_id(origin, key).hex()}+{b64encode(ED25519 + key.public_bytes_raw()).decode()}"
