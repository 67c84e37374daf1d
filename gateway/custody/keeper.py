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
from contextlib import closing, suppress
from pathlib import Path
from threading import local

from gateway.custody import wrapping
from gateway.custody.cache import Cache
from gateway.custody.chest import Chest, Fetched, handle_of
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
"""For each provider: one that is slow holds up nobody else's customers."""
_TRIES = 3
_LOOK = 1.0
"""Seconds between two looks at the store while nothing is asked."""
_PATIENCE = 0.25
"""Seconds that the event loop waits for another process's lock; threads wait as long as for a provider."""
_USES_KEPT = 10_000
"""Uses counted in memory before they are written: as many may be lost in a crash."""
_SECOND = 10**9

_Asked = tuple[str, str | None, bool, tuple[int, int]]


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
        """Open the files in a folder, or make them. `index` is the store's own key, for handles; `close` wipes it."""
        self._folder = folder
        self._providers = providers
        self._settings = settings
        self._index = index
        self._clock = clock
        self._random = random
        self._store = KeyStore(folder / KEYS, _PATIENCE)
        self._vault = VaultFile(folder / VAULT, _PATIENCE)
        self._cache = Cache(settings.capacity, settings.cache_nanoseconds)
        self._fleeting: dict[tuple[str, str | None, bool], KeySet | None] = {}  # what isn't there, till anything is new
        self._generation = self._store.generation()
        self._seen = self._store.opened, self._store.changes()
        self._nonces = Nonces(self._epoch, random)
        self._nonces()  # takes the epoch now, not while a flow waits
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._writer = ThreadPoolExecutor(1, "vault")
        self._own = local()
        self._chests: list[Chest] = []
        self._counted: dict[tuple[str, int], int] = {}
        self._count = 0
        self._fetching: dict[_Asked, asyncio.Future[dict[str, Fetched]]] = {}
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
            with suppress(KeysUnavailable):  # counts that are lost do no harm
                await self._write((), {}, now=True)
        finally:
            self._cache.clear()
            self._fleeting.clear()
            wrapping.wipe(self._index)
            going = set(self._fetching.values())
            for pool in self._pools.values():
                pool.shutdown(wait=False, cancel_futures=True)
            if going:  # a provider that hangs doesn't hold up the end; nobody gets what it brings
                going = (await asyncio.wait(going, timeout=self._settings.provider_seconds))[1]
            self._writer.shutdown()
            for chest in () if going else self._chests:
                chest.store.close()
                chest.vault.close()
            self._store.close()
            self._vault.close()
            for provider in self._providers.values():
                provider.close()

    def handle(self, customer: str) -> str:
        """Give the name of a customer in tokens."""
        return handle_of(self._index, customer)

    def owner(self, token: str) -> str | None:
        """Give the customer whose token this is; None where it is none, or nobody's any more."""
        kid = shapes.kid_of(token)
        if kid is not None:
            handle = kid.handle
        elif shapes.shape_of(token) is not None:
            self._vault.refresh()
            row = self._vault.get(token)
            if row is None:
                return None
            handle = row.handle
        else:
            return None
        self._store.refresh()
        found = self._store.customer(handle)
        return None if found is None else found.customer

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> KeptLoan:
        """Lend the keys of customers for a purpose; what isn't warm is fetched, all at once."""
        self._notice()
        get, fleeting = self._cache.get, self._fleeting
        found: list[KeySet] = []
        missing = []
        for customer in customers:
            keys = get(customer, purpose, now, making=make)
            if keys is None:
                key = customer, purpose, make
                if key not in fleeting:
                    missing.append(customer)
                    continue
                keys = fleeting[key]
                if keys is None:
                    continue
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
        seen = self._store.opened, self._store.changes()
        moved = self._moved(self._seen)
        if moved is None:
            self._cache.clear()
        else:
            self._cache.forget(moved)
        self._fleeting.clear()
        self._generation, self._seen = generation, seen

    def _moved(self, seen: tuple[int, int]) -> set[str] | None:
        """Give the handles of customers whose keys changed since; None: all, since it is another file by now."""
        opened, change = seen
        return None if opened != self._store.opened else set(self._store.changed_since(change))

    async def _look(self) -> None:
        """Look at the store again and again; where it can't be looked at, no key stays."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                self._notice()
                self._cache.expire(self._clock())
            except Exception:  # noqa: BLE001 - fail closed, whatever it is; the next loan says what
                self._cache.clear()

    async def _fetch(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> list[KeySet]:
        """Fetch keys in threads, and keep them. Raises `KeysUnavailable`."""
        asked, found = list(dict.fromkeys(customers)), []
        for _ in range(_TRIES):
            seen, generation = self._seen, self._generation
            told = await self._told(asked, purpose, now, make=make)
            self._notice()
            moved = set() if self._seen == seen else self._moved(seen)
            asked = []
            for customer, keys in told.items():
                if moved is None or (moved and self.handle(customer) in moved):
                    asked.append(customer)  # nobody can say whether it was read before the change or after
                elif isinstance(keys, KeySet) and keys.keys:
                    found.append(self._kept(keys, purpose, now, make=make))
                elif isinstance(keys, KeySet) or keys is None:
                    if self._generation == generation and len(self._fleeting) < self._settings.capacity:
                        self._fleeting[customer, purpose, make] = keys
                    found += [keys] if keys is not None else ()
                elif not isinstance(keys, KeyGone):
                    raise keys
            if not asked:
                return found
        raise KeysUnavailable("a customer's keys change all the time")

    async def _told(self, customers: Sequence[str], purpose: str | None, now: int, *, make: bool) -> dict[str, Fetched]:
        """Fetch the keys of customers at the same time, or wait for those that are being fetched since the change."""
        new: dict[str, list[str]] = {}
        going = set()
        for customer in customers:
            there = self._fetching.get((customer, purpose, make, self._seen))
            if there is None:
                holder = self._settings.holders.get(customer, self._settings.default)
                new.setdefault(holder, []).append(customer)
            else:
                going.add(there)
        for holder, some in new.items():
            share = -(-len(some) // _THREADS)
            for start in range(0, len(some), share):
                going.add(self._begin(holder, some[start : start + share], purpose, now, make=make))
        try:
            async with asyncio.timeout(self._settings.provider_seconds):
                told = await asyncio.gather(*map(asyncio.shield, going))
        except TimeoutError:
            raise KeysUnavailable("a provider of keys didn't answer in time") from None
        found = {customer: keys for one in told for customer, keys in one.items()}
        return {customer: found[customer] for customer in customers}

    def _begin(
        self, holder: str, customers: Sequence[str], purpose: str | None, now: int, *, make: bool
    ) -> asyncio.Future[dict[str, Fetched]]:
        """Fetch the keys of customers in one of a provider's threads."""
        pool = self._pools.get(holder)
        if pool is None:
            pool = self._pools[holder] = ThreadPoolExecutor(_THREADS, f"keys-{holder}")
        going = asyncio.get_running_loop().run_in_executor(
            pool, lambda: self._chest().fetch(customers, purpose, now, make=make)
        )
        asked = [(customer, purpose, make, self._seen) for customer in customers]
        self._fetching.update(dict.fromkeys(asked, going))

        def done(done: asyncio.Future[dict[str, Fetched]]) -> None:
            for one in asked:
                self._fetching.pop(one, None)
            if not done.cancelled():
                done.exception()  # told to whoever waits; nobody may

        going.add_done_callback(done)
        return going

    def _kept(self, keys: KeySet, purpose: str | None, now: int, *, make: bool) -> KeySet:
        """Keep keys, or take those that another flow kept meanwhile."""
        there = self._cache.get(keys.customer, purpose, now, making=make)
        if there is None:
            self._cache.put(keys, purpose, now, making=make)
            return keys
        return there

    async def _write(self, rows: Sequence[Row], uses: Uses, *, now: bool = False) -> list[Row]:
        """Write rows durably; counts go along, or when there are many. Gives the rows whose token another has."""
        self._add(uses)
        if not rows and not now and self._count < min(_USES_KEPT, self._settings.rotate_uses):
            return []
        counted, self._counted, self._count = self._counted, {}, 0
        if not rows and not counted:
            return []
        loop = asyncio.get_running_loop()
        try:
            taken, worn = await loop.run_in_executor(self._writer, lambda: self._put(rows, counted))
        except BaseException:
            self._add(counted)  # they may have been written after all: too many is the safe side
            raise
        for handle in worn:
            self._cache.retire(handle)  # the next loan's keys are new ones
        return taken

    def _add(self, uses: Uses) -> None:
        for key, count in uses.items():
            self._counted[key] = self._counted.get(key, 0) + count
            self._count += count

    def _put(self, rows: Sequence[Row], uses: Uses) -> tuple[list[Row], set[str]]:
        """Write in the writer's thread; gives the handles of customers one of whose versions was used enough, too."""
        chest = self._chest()
        taken = chest.vault.write(rows, uses)
        chest.store.refresh()
        for handle in {row.handle for row in rows}:
            there = chest.store.customer(handle)
            if there is None or there.wrapped is None:  # destroyed while its keys were lent: its rows went before these
                chest.vault.destroy(handle)
                raise KeyGone("a customer's keys were destroyed while they were lent")
        return taken, chest.vault.worn(uses, self._settings.rotate_uses)

    def _epoch(self) -> int:
        """Take an epoch over a connection of its own: a fork must not use its parent's."""
        with closing(KeyStore(self._folder / KEYS)) as store:
            return store.epoch(self._clock() // _SECOND)

    def _chest(self) -> Chest:
        """Give this thread's own connections."""
        chest: Chest | None = getattr(self._own, "chest", None)
        if chest is None:
            seconds = self._settings.provider_seconds
            store = KeyStore(self._folder / KEYS, seconds)
            try:
                vault = VaultFile(self._folder / VAULT, seconds)
            except KeysUnavailable:
                store.close()
                raise
            chest = Chest(store, vault, self._providers, self._settings, self._index, self._random)
            self._own.chest = chest
            self._chests.append(chest)
        return chest
