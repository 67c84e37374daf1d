"""The vault: what stands behind random tokens, each row sealed under its customer's own key."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag

from gateway.tokens.keyset import DataKey
from gateway.tokens.kid import Kid

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One token: whose it is (by the handle), how it is found again, and the value, sealed.

    `lookup` is 32 bytes that say nothing without the customer's key; `version` is that of the key that made the row.
    """

    token: str
    handle: str
    lookup: bytes = field(repr=False)
    version: int
    sealed: bytes = field(repr=False)


class Vault(Protocol):
    """Keeps rows. What was added is found at once; it lasts once the loan is settled. Raises `KeysUnavailable`."""

    def find(self, lookup: bytes) -> str | None:
        """Give the token of a row by its lookup."""
        ...

    def get(self, token: str) -> Row | None:
        """Give the row of a token."""
        ...

    def add(self, row: Row) -> bool:
        """Keep a row; False where the token is taken."""
        ...


def lookup(key: DataKey, context: str, shape: str, text: str) -> bytes:
    """Give that by which a value's row is found: HMAC-SHA-256 (RFC 2104), the same for the same value and context."""
    return hmac.digest(key.lookup, f"{context}{shape}\0{text}".encode("utf-8", "backslashreplace"), "sha256")


def row(key: DataKey, kid: Kid, token: str, text: str, found_by: bytes, nonce: Callable[[], bytes]) -> Row:
    """Seal a value into a row, which opens for its own token and context alone."""
    iv = nonce()
    sealed = key.cipher.encrypt(iv, text.encode("utf-8", "backslashreplace"), _bound(kid, token))
    return Row(token, kid.handle, found_by, kid.version, iv + sealed)


def open_row(key: DataKey, kid: Kid, found: Row) -> str | None:
    """Open a row; None unless it was made with this key, for this context, and is whole."""
    try:
        return key.cipher.decrypt(found.sealed[:_NONCE], found.sealed[_NONCE:], _bound(kid, found.token)).decode()
    except (InvalidTag, ValueError):  # ValueError: too short for a nonce
        return None


def _bound(kid: Kid, token: str) -> bytes:
    return f"{kid}|{token}".encode()
