"""Changes of keys that the audit log has to tell of: kept beside the keys, in the same transaction, until it does."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gateway.audit.entry import KeyChange
from gateway.custody.store import KeyStore


@dataclass(frozen=True, slots=True)
class Owed:
    """A change that the audit log has to tell of. `customer` is the id, "" for all; it is recorded as a pseudonym."""

    number: int
    customer: str
    change: KeyChange


class _Kept(msgspec.Struct, frozen=True):
    customer: str
    change: KeyChange


def owe(store: KeyStore, customer: str, change: KeyChange) -> None:
    """Note a change, inside its transaction."""
    store.owe(msgspec.json.encode(_Kept(customer, change)))


def owed(store: KeyStore) -> list[Owed]:
    """Give the changes that the audit log doesn't tell of yet, in their order."""
    kept = [(number, msgspec.json.decode(data, type=_Kept)) for number, data in store.owed()]
    return [Owed(number, one.customer, one.change) for number, one in kept]
