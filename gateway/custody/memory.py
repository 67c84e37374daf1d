"""Custody in memory: for tests, cases and dry runs. Its keys come from a secret, so that runs repeat.

Never for data that matters: nothing is kept, and whoever knows the secret has every key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count

from gateway.crypto import b64url, hkdf_sha256
from gateway.tokens import public, shapes
from gateway.tokens.keys import KeyUse, SealForm
from gateway.tokens.keyset import KINDS, DataKey, KeySet, Kind, PublicKey, Recipient, State, thumbprint
from gateway.tokens.lent import LentKeys, Tools
from gateway.tokens.vault import Row

TENANT = "sovgate"

_SECRET = b"nobody's data is kept under this"
_HANDLE = 12


class MemoryVault:
    """The vault's rows in memory."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[str, Row] = {}
        self._tokens: dict[bytes, str] = {}

    def find(self, lookup: bytes) -> str | None:
        """Give the token of a row by its lookup."""
        return self._tokens.get(lookup)

    def get(self, token: str) -> Row | None:
        """Give the row of a token."""
        return self.rows.get(token)

    def add(self, row: Row) -> bool:
        """Keep a row; False where the token is taken."""
        if row.token in self.rows:
            return False
        self.rows[row.token] = row
        self._tokens.setdefault(row.lookup, row.token)
        return True

    def forget(self, handle: str) -> None:
        """Drop every row of a customer."""
        self.rows = {token: row for token, row in self.rows.items() if row.handle != handle}
        self._tokens = {row.lookup: row.token for row in self.rows.values()}


class MemoryCustody:
    """The `Custody` port in memory.

    Customers get keys when keys are lent with `make`, or by `create`. Those who are `destroyed` have none, until
    `create`. The same calls in the same order give the same tokens, sealed values apart.
    """

    LENT = LentKeys

    def __init__(
        self,
        secret: bytes = _SECRET,
        *,
        tenant: str = TENANT,
        destroyed: Iterable[str] = (),
        random: Callable[[int], bytes] | None = None,
    ) -> None:
        """Derive everything from the secret; `random`, where given, makes the vault's tokens."""
        self.vault = MemoryVault()
        self._secret = secret
        self._tenant = tenant
        self._destroyed = set(destroyed)
        self._withheld: frozenset[str] = frozenset()
        self._numbers = count(1)
        self._draws = count(1)
        self._tools = Tools(self._nonce, random or self._random, self.vault)
        self._keys: dict[str, list[DataKey]] = {}
        self._public: dict[str, list[Recipient]] = {}
        self._lives: dict[str, int] = dict.fromkeys(self._destroyed, 1)
        self._customers: dict[str, str] = {}

    def handle(self, customer: str) -> str:
        """Give the name of a customer in tokens."""
        return b64url(hmac.digest(self._secret, b"handle" + customer.encode(), "sha256")[:_HANDLE]).decode()

    def owner(self, token: str) -> str | None:
        """Give the customer whose token this is; None where it is none, or nobody's any more."""
        kid = shapes.kid_of(token)
        if kid is not None:
            return self._customers.get(kid.handle)
        row = self.vault.get(token)
        return None if row is None else self._customers.get(row.handle)

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> MemoryLoan:  # noqa: ARG002 - nothing here ends
        """Lend the keys of customers for a purpose."""
        lent: dict[str, LentKeys] = {}
        for customer in customers:
            if customer in self._withheld:
                continue
            if make and customer not in self._destroyed:
                self._make(customer, purpose)
            if customer in self._keys or customer in self._public:
                keys = KeySet(
                    self._tenant,
                    customer,
                    self.handle(customer),
                    tuple(self._keys.get(customer, ())),
                    tuple(self._public.get(customer, ())),
                )
                lent[customer] = self.LENT(keys, purpose, self._tools)
        return MemoryLoan(lent)

    def create(self, customer: str, purpose: str | None = None) -> None:
        """Give a customer keys, also after theirs were destroyed."""
        self._destroyed.discard(customer)
        self._make(customer, purpose)

    def rotate(self, customer: str, purpose: str | None = None) -> None:
        """Make a new version of a customer's keys for a purpose; the pseudonyms' key stays."""
        for key in self._keys.get(customer, ()):
            if key.purpose == purpose and key.kind != "pseudonym" and key.state == "current":
                key.state = "older"
        self._make(customer, purpose)

    def revoke(self, customer: str, version: int) -> None:
        """Let a version of a customer's keys neither make nor open anything."""
        for key in self._keys.get(customer, ()):
            if key.version == version:
                key.state = "revoked"

    def destroy(self, customer: str) -> None:
        """Destroy a customer's keys: nothing of theirs opens any more, not even in loans that are out."""
        for key in self._keys.pop(customer, ()):
            key.wipe()
        self._public.pop(customer, None)
        self._customers.pop(self.handle(customer), None)
        self.vault.forget(self.handle(customer))
        self._destroyed.add(customer)
        self._lives[customer] = self._lives.get(customer, 0) + 1

    @contextmanager
    def withholding(self, customers: frozenset[str]) -> Iterator[None]:
        """Lend nobody the keys of these meanwhile, as if they were gone."""
        before, self._withheld = self._withheld, customers
        try:
            yield
        finally:
            self._withheld = before

    def register(self, customer: str, key: PublicKey, form: SealForm) -> None:
        """Take a public key that a customer gave; it comes in the place of the one before."""
        given = self._public.setdefault(customer, [])
        given.append(Recipient(self._next_version(customer), form, key, public.thumbprint(key)))
        self._customers[self.handle(customer)] = customer

    def keys(self, customer: str) -> tuple[DataKey, ...]:
        """Give the keys of a customer, for tests that open tokens as the customer would."""
        return tuple(self._keys.get(customer, ()))

    def _make(self, customer: str, purpose: str | None) -> None:
        """Make what a customer lacks for a purpose."""
        keys = self._keys.setdefault(customer, [])
        self._customers[self.handle(customer)] = customer
        for kind in KINDS:
            if not any(key.kind == kind and key.purpose == purpose and key.state == "current" for key in keys):
                keys.append(self._derived(customer, purpose, kind, self._next_version(customer)))

    def _next_version(self, customer: str) -> int:
        return 1 + len(self._keys.get(customer, ())) + len(self._public.get(customer, ()))

    def _derived(
        self, customer: str, purpose: str | None, kind: Kind, version: int, state: State = "current"
    ) -> DataKey:
        life = str(self._lives.get(customer, 0)).encode()
        said = None if purpose is None else purpose.encode()
        key = bytearray(hkdf_sha256(self._secret, customer.encode(), life, said, kind.encode(), str(version).encode()))
        return DataKey(version, purpose, kind, key, thumbprint(key), state)

    def _nonce(self) -> bytes:
        return next(self._numbers).to_bytes(12)

    def _random(self, length: int) -> bytes:
        return hkdf_sha256(self._secret, b"draw", str(next(self._draws)).encode(), length=length)


class MemoryLoan:
    """The `Loan` of `MemoryCustody`."""

    def __init__(self, lent: dict[str, LentKeys]) -> None:
        """Lend these."""
        self._lent = lent

    def of(self, customer: str) -> LentKeys | None:
        """Give a customer's keys, if they have some."""
        return self._lent.get(customer)

    async def settle(self) -> tuple[KeyUse, ...]:
        """Tell what was used, customer by customer."""
        uses = (keys.use() for keys in self._lent.values())
        return tuple(use for use in uses if use.keys or use.refused)
