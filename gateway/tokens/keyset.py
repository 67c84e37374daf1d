"""A customer's keys as they are in memory: custody fills these, tokens are made and opened with them."""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, get_args

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.crypto import b64url
from gateway.errors import KeysUnavailable
from gateway.tokens.keys import SealForm

Kind = Literal["data", "pseudonym", "vault"]
"""What a key is for: `encrypt`; `pseudonymise`; the vault's rows and how they are looked up (`tokenise`)."""

KINDS: tuple[Kind, ...] = get_args(Kind)

State = Literal["current", "older", "revoked"]
"""A `current` version makes and opens, an `older` one opens only, a `revoked` one does neither."""

PublicKey = X25519PublicKey | EllipticCurvePublicKey

KEY = 32
"""The length of a data key in bytes: AES-256, HMAC-SHA-256."""

_ROWS, _LOOKUPS = b"sovgate/vault/rows/1", b"sovgate/vault/lookups/1"
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class DataKey:
    """One version of one key, for one kind and purpose; numbers of versions are unique within a customer.

    The 32 bytes live in a bytearray, which `wipe` zeroes: whoever keeps the object has no key any more. Never make
    `bytes` of them, which Python doesn't zero when it frees them; `aes_key_unwrap` of `cryptography` does, so unwrap
    with `AESGCM.decrypt_into` a bytearray. The cipher holds copies of its own, which OpenSSL zeroes when the last
    reference to it goes, so it is kept here alone.
    """

    __slots__ = ("_cipher", "_lookup", "heads", "key", "kind", "purpose", "state", "thumbprint", "version")

    def __init__(
        self,
        version: int,
        purpose: str | None,
        kind: Kind,
        key: bytearray,
        thumbprint: str,
        state: State = "current",
    ) -> None:
        """Take the key itself, not a copy. `thumbprint` as `thumbprint` below gives it."""
        self.version = version
        self.purpose = purpose
        self.kind = kind
        self.key = key
        self.thumbprint = thumbprint
        self.state: State = state
        self.heads: dict[str, str] = {}
        """The first part of its tokens by field, as far as one was made: the same for all."""
        self._cipher: AESGCM | None = None
        self._lookup: bytearray | None = None

    def __repr__(self) -> str:
        """Show which key it is, and nothing of the key."""
        return f"DataKey(version={self.version}, purpose={self.purpose!r}, kind={self.kind!r}, state={self.state!r})"

    @property
    def cipher(self) -> AESGCM:
        """The key as AES-256-GCM; let go of it after use. Raises `KeysUnavailable` after `wipe`.

        A vault's key does two things, so each has a key of its own that is derived from it.
        """
        cipher = self._cipher
        if cipher is None:
            if self.kind == "vault":
                key = self._derived(_ROWS)
                cipher = AESGCM(key)
                key[:] = bytes(KEY)
            else:
                cipher = AESGCM(self.whole)
            self._cipher = cipher
        return cipher

    @property
    def whole(self) -> bytearray:
        """The key itself: not to be copied. Raises `KeysUnavailable` after `wipe`."""
        if len(self.key) != KEY:
            raise KeysUnavailable("a customer's key was dropped while it was lent")
        return self.key

    @property
    def lookup(self) -> bytearray:
        """The key under which a vault's rows are looked up. Raises `KeysUnavailable` after `wipe`."""
        if self._lookup is None:
            self._lookup = self._derived(_LOOKUPS)
        return self._lookup

    def _derived(self, info: bytes) -> bytearray:
        """Derive a key (RFC 5869)."""
        key = bytearray(KEY)
        HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive_into(self.whole, key)
        return key

    @property
    def wiped(self) -> bool:
        """Tell whether the key is gone."""
        return not self.key

    def wipe(self) -> None:
        """Zero the key and drop it."""
        self.key[:] = bytes(len(self.key))
        self.key.clear()
        self._cipher = None
        if self._lookup is not None:
            self._lookup[:] = bytes(KEY)
            self._lookup = None
        self.heads.clear()

    def __del__(self) -> None:
        """Wipe a key that nobody has any more, however it got lost."""
        self.wipe()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A public key that a customer gave: values are sealed for whoever has the private one."""

    version: int
    form: SealForm
    key: PublicKey = field(repr=False)
    thumbprint: str
    state: State = "current"


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class KeySet:
    """The keys of one customer: those of some purposes at least, every version, and the public keys they gave.

    `handle` names the customer in tokens and holds no personal data: 16 characters of base64url.
    """

    tenant: str
    customer: str
    handle: str
    keys: tuple[DataKey, ...] = ()
    recipients: tuple[Recipient, ...] = ()

    def of(self, kind: Kind, purpose: str | None) -> list[DataKey]:
        """Give the versions of a kind for a purpose that may be used, the current one first, then the newest."""
        usable = [key for key in self.keys if key.kind == kind and key.purpose == purpose and key.state != "revoked"]
        return sorted(usable, key=lambda key: (key.state != "current", -key.version))

    def recipient(self, form: SealForm) -> Recipient | None:
        """Give the newest public key for a form, if there is one."""
        usable = [one for one in self.recipients if one.form == form and one.state == "current"]
        return max(usable, key=lambda one: one.version, default=None)

    def wipe(self) -> None:
        """Zero every key."""
        for key in self.keys:
            key.wipe()


def thumbprint(key: bytearray) -> str:
    """Give the RFC 7638 thumbprint (SHA-256, base64url) of a key as a JWK (`oct`, RFC 7518 section 6.4).

    Three bytes at a time, so that no copy of the key is left in memory.
    """
    digest = sha256(b'{"k":"')
    view = memoryview(key)
    for start in range(0, len(key), 3):
        digest.update(b2a_base64(view[start : start + 3], newline=False).translate(_URL_SAFE).rstrip(b"="))
    digest.update(b'","kty":"oct"}')
    return b64url(digest.digest()).decode()
