"""Customers' keys for tests: made from fixed bytes, lent at once."""

from hashlib import sha256
from itertools import count

from gateway.custody.memory import MemoryVault
from gateway.tokens.keyset import KINDS, DataKey, KeySet, Kind, State, thumbprint
from gateway.tokens.lent import LentKeys, Tools

ANNA, BORIS = "customer-anna", "customer-boris"
PURPOSE = "order-fulfilment"
FIELD = "user.contact.email"


def handle(customer: str) -> str:
    return sha256(customer.encode()).hexdigest()[:16]


def data_key(
    version: int = 1,
    kind: Kind = "data",
    purpose: str | None = PURPOSE,
    state: State = "current",
    customer: str = ANNA,
) -> DataKey:
    key = bytearray(sha256(f"{customer}/{version}/{kind}/{purpose}".encode()).digest())
    return DataKey(version, purpose, kind, key, thumbprint(key), state)


def key_set(customer: str = ANNA, *more: DataKey, purpose: str | None = PURPOSE, recipients=()) -> KeySet:
    """Give one current key of each kind, versions 1 to 3, and whatever else is said."""
    own = tuple(data_key(number, kind, purpose, customer=customer) for number, kind in enumerate(KINDS, 1))
    return KeySet("sovgate", customer, handle(customer), own + more, tuple(recipients))


def tools(vault: MemoryVault | None = None) -> Tools:
    numbers, draws = count(1), count(1)
    return Tools(
        lambda: next(numbers).to_bytes(12),
        lambda length: sha256(b"draw%d" % next(draws)).digest()[:length],
        vault or MemoryVault(),
    )


def lent(keys: KeySet | None = None, purpose: str | None = PURPOSE, with_: Tools | None = None) -> LentKeys:
    return LentKeys(keys or key_set(), purpose, with_ or tools())
