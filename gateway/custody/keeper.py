"""Keeps customers' keys and lends them: the `Custody` port over the store, the vault and the providers.

What is warm costs no I/O. Before each loan the keeper looks whether anyone changed the store, so that a key destroyed
by any process is gone for the next leg of every worker; and every second while nothing is asked, so that it doesn't
stay in the memory of one that idles.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

from gateway.custody.cache import Cache
from gateway.custody.chest import Chest, handle_of
from gateway.custody.loan import KeptLoan, LegVault, Uses
from gateway.custody.nonces import Nonces
from gateway.custody.provider import Provider
from gateway.custody.settings import CustodySettings
from gateway.custody.store import KeyStore
from gateway.custody.vault_file import VaultFile
from gateway.errors import KeyGone, KeysUnavailable
from gateway.tokens import shapes
from gateway.tokens.keyset import KeySet
from gateway.tokens.lent import Tools
from gateway.tokens.vault import Row

KEYS, VAULT = "keys.sqlite", "vault.sqlite"
_THREADS = 8
_TRIES = 3
_LOOK = 1.0
"""Seconds between two looks at the store while nothing is asked."""
_USES_KEPT = 10_000
"""Uses counted in memory before they are written: as many may be lost in a crash."""


_Asked = tuple[str, str | None, bool, int]


class Keeper:
    """The keys of all customers. Made and used on one event loop; raises `KeysUnavailable` where its files fail."""

    def __init__(
        self,
        folder: Path,
        providers: Mapping[str, Provider],
        settings: CustodySettings,
        index: bytearray,
        clock: Callable[[], int],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Open the files in a folder, or make them. `index` is the store's own key, for handles."""
        self._folder = folder
        self._providers = providers
        self._settings = settings
        self._index = index
        self._clock = clock
        self._random = random
        self._store = KeyStore(folder / KEYS)
        self._vault = VaultFile(folder / VAULT)
        self._cache = Cache(settings.capacity)
        self._generation = self._store.generation()
        self._change = self._store.changes()
        self._nonces = Nonces(self._store.epoch, random)
        self._pool = ThreadPoolExecutor(_THREADS, "custody", self._enter)
        self._writer = ThreadPoolExecutor(1, "vault", self._enter)
        self._own = local()
        self._chests: list[Chest] = []
        self._handles: dict[str, str] = {}
        self._counted: dict[tuple[str, int], int] = {}
        self._fetching: dict[_Asked, asyncio.Future[KeySet | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look at the store every second."""
        self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Write what was counted, wipe every key, close the files."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        try:
            await self._write((), {}, now=True)
        finally:
            self._cache.clear()
            self._pool.shutdown()
            self._writer.shutdown()
            for chest in self._chests:
                chest.store.close()
                chest.vault.close()
            self._store.close()
            self._vault.close()
            for provider in self._providers.values():
                provider.close()

    def owner(self, token: str) -> str | None:
        """Give the customer whose token this is; None where it is none, or nobody's any more."""
        kid = shapes.kid_of(token)
        if kid is not None:
            handle = kid.handle
        else:
            row = self._vault.get(token) if shapes.shape_of(token) is not None else None
            if row is None:
                return None
            handle = row.handle
        found = self._store.customer(handle)
        return None if found is None else found.customer

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> KeptLoan:
        """Lend the keys of customers for a purpose; what isn't warm is fetched, all at once."""
        self._notice()
        cache, found, missing = self._cache, [], []
        for customer in customers:
            keys = cache.get(customer, purpose, now, making=make)
            if keys is None:
                missing.append(customer)
            else:
                found.append(keys)
        if missing:
            found += await self._fetch(missing, purpose, now, make=make)
        vault = LegVault(self._vault)
        return KeptLoan(found, purpose, Tools(self._nonces, self._random, vault), vault, self._write)

    def _notice(self) -> None:
        """Forget the keys that anyone changed since the last look."""
        generation = self._store.generation()
        if generation == self._generation:
            return
        changes = self._store.changes()
        if changes < self._change:  # another file, from a backup
            self._cache.clear()
        elif changes > self._change:
            self._cache.forget(self._store.changed_since(self._change))
        self._generation, self._change = generation, changes

    async def _look(self) -> None:
        """Look at the store again and again; where it can't be looked at, no key stays."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                self._notice()
                self._cache.expire(self._clock())
            except KeysUnavailable:
                self._cache.clear()

    async def _fetch(self, customers: Sequence[str], purpose: str | None, now: int, *, make: bool) -> list[KeySet]:
        """Fetch keys in threads, and keep them. Raises `KeysUnavailable`."""
        asked, found = list(customers), []
        for _ in range(_TRIES):
            change = self._change
            sets = await self._fetch_all(asked, purpose, now, make=make)
            self._notice()
            stale = set(self._store.changed_since(change)) if self._change != change else set()
            for keys in sets:
                if keys.handle not in stale:
                    found.append(self._kept(keys, purpose, now, make=make))
                else:  # made new just now, or destroyed: nobody can say whether it was read before or after
                    keys.wipe()
            asked = [keys.customer for keys in sets if keys.handle in stale]
            if not asked:
                return found
        raise KeysUnavailable("a customer's keys change all the time")

    async def _fetch_all(self, customers: Sequence[str], purpose: str | None, now: int, *, make: bool) -> list[KeySet]:
        """Fetch the keys of customers at the same time; who has none is left out."""
        waiting = [self._fetched(customer, purpose, now, make=make) for customer in customers]
        try:
            async with asyncio.timeout(self._settings.provider_seconds):
                told = await asyncio.gather(*waiting, return_exceptions=True)
        except TimeoutError:
            raise KeysUnavailable("a provider of keys didn't answer in time") from None
        return [keys for keys in map(_told, told) if keys is not None]

    def _kept(self, keys: KeySet, purpose: str | None, now: int, *, make: bool) -> KeySet:
        """Keep keys, or take those that another flow kept meanwhile."""
        there = self._cache.get(keys.customer, purpose, now, making=make)
        if there is None:
            self._cache.put(keys, purpose, now + self._settings.cache_nanoseconds, making=make)
            return keys
        return there

    def _fetched(self, customer: str, purpose: str | None, now: int, *, make: bool) -> asyncio.Future[KeySet | None]:
        """Fetch one customer's keys, or wait for those that are being fetched since the last change."""
        key = customer, purpose, make, self._change
        going = self._fetching.get(key)
        if going is None:
            loop = asyncio.get_running_loop()
            going = loop.run_in_executor(self._pool, lambda: self._own.chest.fetch(customer, purpose, now, make=make))
            self._fetching[key] = going
            going.add_done_callback(lambda done: self._done(key, done))
        return asyncio.shield(going)

    def _done(self, key: _Asked, done: asyncio.Future[KeySet | None]) -> None:
        self._fetching.pop(key, None)
        if not done.cancelled():
            done.exception()  # told to whoever waits; nobody may

    async def _write(self, rows: Sequence[Row], uses: Uses, *, now: bool = False) -> list[Row]:
        """Write rows durably; counts go along, or when there are many."""
        for key, count in uses.items():
            self._counted[key] = self._counted.get(key, 0) + count
        if not rows and not now and sum(self._counted.values()) < _USES_KEPT:
            return []
        counted, self._counted = self._counted, {}
        if not rows and not counted:
            return []
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writer, lambda: self._own.chest.vault.write(rows, counted))
        except KeysUnavailable:
            for key, count in counted.items():
                self._counted[key] = self._counted.get(key, 0) + count
            raise

    def _enter(self) -> None:
        """Give a thread its own connections."""
        self._own.chest = chest = Chest(
            KeyStore(self._folder / KEYS),
            VaultFile(self._folder / VAULT),
            self._providers,
            self._settings,
            self._index,
            self._random,
        )
        self._chests.append(chest)

    def handle(self, customer: str) -> str:
        """Give the name of a customer in tokens."""
        return handle_of(self._index, customer)


def _told(found: KeySet | BaseException | None) -> KeySet | None:
    """Give what was fetched; keys that can't be had for good are none."""
    if isinstance(found, KeyGone):
        return None
    if isinstance(found, BaseException):
        raise found
    return found
