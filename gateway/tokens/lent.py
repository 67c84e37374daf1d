"""One customer's keys as they are lent for one leg: makes and opens tokens, and counts what was done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.errors import KeysUnavailable
from gateway.tokens import jwe, sealed, shapes, vault
from gateway.tokens.context import context
from gateway.tokens.keys import KeyUse, SealForm, Shape
from gateway.tokens.keyset import DataKey, KeySet, Kind
from gateway.tokens.kid import Kid
from gateway.tokens.vault import Vault

_TRIES = 8  # tokens of the vault that are tried before none is free


@dataclass(frozen=True, slots=True)
class Tools:
    """What keys are used with, the same for every customer.

    `nonce` gives 12 bytes, never the same twice for a key; `random` gives fresh random bytes.
    """

    nonce: Callable[[], bytes]
    random: Callable[[int], bytes]
    vault: Vault


class LentKeys:
    """`CustomerKeys` on the keys themselves.

    Whatever makes something raises `KeysUnavailable` where there is no current key for it, and everything does where
    the keys were wiped meanwhile: destroyed, or lent for too long.
    """

    __slots__ = (
        "_encrypted",
        "_kids",
        "_known",
        "_made",
        "_nonce",
        "_opened",
        "_opening",
        "_purpose",
        "_refused",
        "_rows",
        "_set",
        "_tools",
        "_used",
        "_writing",
    )

    def __init__(self, keys: KeySet, purpose: str | None, tools: Tools) -> None:
        """Lend a customer's keys for one purpose."""
        self._set = keys
        self._purpose = purpose
        self._tools = tools
        self._nonce = tools.nonce
        self._known: dict[Kind, list[DataKey]] = {}
        self._writing: DataKey | None = None
        self._opening: DataKey | None = None
        self._kids: dict[tuple[int, str], Kid] = {}
        self._used: set[str] = set()
        self._made: list[str] = []
        self._encrypted = self._rows = self._opened = self._refused = 0

    def pseudonym_key(self) -> bytearray:
        """Give the key under which values are pseudonymised; not to be copied."""
        key = self._current("pseudonym")
        self._used.add(key.thumbprint)
        return key.whole

    def encrypt(self, text: str, field: str) -> str:
        """Encrypt: a compact JWE."""
        key = self._writing or self._current("data")
        first = key.heads.get(field) or self._first(key, field)
        token = jwe.make(key.cipher, first, self._nonce(), text)
        self._used.add(key.thumbprint)
        self._encrypted += 1
        self._made.append(token)
        return token

    def seal(self, text: str, field: str, form: SealForm) -> str | None:
        """Seal for the customer alone; None where they gave no public key for this form."""
        recipient = self._set.recipient(form)
        if recipient is None:
            return None
        kid = self._kid(recipient.version, field)
        if form == "jwe":
            token = sealed.ecdh_es(recipient.key, kid, text)
        elif isinstance(recipient.key, X25519PublicKey):
            token = sealed.hpke(recipient.key, kid, text)
        else:
            raise KeysUnavailable("a public key for HPKE that isn't X25519")
        return self._stands(token, recipient.thumbprint)

    def tokenise(self, text: str, field: str, shape: Shape) -> str | None:
        """Give the random token that stands for this value, the same each time; None where none is free."""
        current = self._current("vault")
        kept = self._tools.vault
        for key in self._versions("vault"):
            token = kept.find(vault.lookup(key, self._kid(key.version, field).context, shape, text))
            if token is not None:
                return self._stands(token, key.thumbprint)
        kid = self._kid(current.version, field)
        found_by = vault.lookup(current, kid.context, shape, text)
        for _ in range(_TRIES):
            token = shapes.make(shape, self._tools.random)
            self._rows += 1
            if kept.add(vault.row(current, kid, token, text, found_by, self._nonce)):
                return self._stands(token, current.thumbprint)
        return None

    def reveal(self, token: str, field: str) -> str | None:
        """Turn a token back; None, and counted, unless it is this customer's, for this field and purpose, and whole."""
        text = self._encrypted_by(token, field) if token.startswith(jwe.START) else self._kept(token, field)
        if text is None:
            self._refused += 1
        else:
            self._opened += 1
        return text

    def use(self) -> KeyUse:
        """Tell what was done so far."""
        made = "".join(f"{token}\n" for token in sorted(self._made))
        digest = sha256(made.encode()).hexdigest() if made else ""
        return KeyUse(
            self._set.customer, tuple(sorted(self._used)), len(self._made), digest, self._opened, self._refused
        )

    def uses(self) -> dict[int, int]:
        """Tell how often each version's cipher was used so far: what rotation by use counts."""
        counts: tuple[tuple[Kind, int], ...] = (("data", self._encrypted), ("vault", self._rows))
        return {self._current(kind).version: count for kind, count in counts if count}

    def _encrypted_by(self, token: str, field: str) -> str | None:
        """Open an encrypted value with the version that it names, if that is ours and its header as we make it."""
        key = self._opening
        if key is None or not token.startswith(key.heads.get(field) or self._first(key, field)):
            kid = jwe.kid_of(token)
            key = None if kid is None else self._version("data", kid.version)
            if key is None:
                return None
        text = jwe.open_with(key.cipher, key.heads.get(field) or self._first(key, field), token)
        if text is not None:
            self._used.add(key.thumbprint)
            self._opening = key  # most likely the next one's as well
        return text

    def _kept(self, token: str, field: str) -> str | None:
        """Open the vault's row of a token."""
        if len(token) > shapes.LONGEST or not token.isascii():
            return None
        row = self._tools.vault.get(token)
        if row is None or row.handle != self._set.handle:
            return None
        key = self._version("vault", row.version)
        text = None if key is None else vault.open_row(key, self._kid(row.version, field), row)
        if key is not None and text is not None:
            self._used.add(key.thumbprint)
        return text

    def _versions(self, kind: Kind) -> list[DataKey]:
        """Give the versions of a kind that may be used, the current one first."""
        versions = self._known.get(kind)
        if versions is None:
            versions = self._known[kind] = self._set.of(kind, self._purpose)
        return versions

    def _version(self, kind: Kind, version: int) -> DataKey | None:
        return next((key for key in self._versions(kind) if key.version == version), None)

    def _current(self, kind: Kind) -> DataKey:
        """Give the key that makes things of a kind."""
        versions = self._versions(kind)
        if not versions or versions[0].state != "current":
            raise KeysUnavailable("a customer has no current key for this purpose")
        if kind == "data":
            self._writing = versions[0]
        return versions[0]

    def _first(self, key: DataKey, field: str) -> str:
        """Give the first part of encrypted values of a field, and remember it."""
        first = key.heads[field] = jwe.head(self._kid(key.version, field))
        return first

    def _kid(self, version: int, field: str) -> Kid:
        kid = self._kids.get((version, field))
        if kid is None:
            bound = context(self._set.tenant, self._set.customer, field, self._purpose)
            kid = self._kids[version, field] = Kid(self._set.handle, version, bound)
        return kid

    def _stands(self, token: str, thumbprint: str) -> str:
        """Count a token that goes into the message."""
        self._used.add(thumbprint)
        self._made.append(token)
        return token
