"""Opens the folder of customers' keys: for the gateway, and for people who work on keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gateway.custody import wrapping
from gateway.custody.chest import Chest
from gateway.custody.keeper import KEYS, VAULT, Keeper
from gateway.custody.provider import Provider, Wrapped
from gateway.custody.settings import CustodySettings
from gateway.custody.store import KeyStore
from gateway.custody.vault_file import VaultFile
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable
from gateway.tokens.keys import Loan

_INDEX = b"sovgate/index/1"


class _Index(msgspec.Struct, frozen=True):
    """The store's own key for handles, wrapped; `tenant` tells a store of another tenant."""

    tenant: str
    provider: str
    kek: str
    data: bytes


class NoCustody:
    """The port where no keys are kept: no policy needs any."""

    def owner(self, _token: str) -> str | None:
        """Know nobody."""
        return None

    async def lend(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> Loan:  # noqa: ARG002 - the port's form
        """Lend nothing."""
        raise KeysUnavailable("the configuration says nothing of customers' keys")


def open_keeper(
    folder: Path,
    providers: Mapping[str, Provider],
    settings: CustodySettings,
    clock: Callable[[], int],
    random: Callable[[int], bytes] = os.urandom,
) -> Keeper:
    """Open the keys for the gateway; the files are made where there are none. Raises `FaultyCustody`.

    Whoever gets the keeper closes the providers with it; where nobody does, they are closed here.
    """
    with _opening(folder, providers):
        index = _index(_prepared(folder), providers, settings)
        return Keeper(folder, providers, settings, index, clock, random)


def open_chest(
    folder: Path,
    providers: Mapping[str, Provider],
    settings: CustodySettings,
    random: Callable[[int], bytes] = os.urandom,
) -> Chest:
    """Open the keys for people's work on them. Raises `FaultyCustody`, and closes the providers then."""
    with _opening(folder, providers):
        index = _index(_prepared(folder), providers, settings)
        return Chest(KeyStore(folder / KEYS), VaultFile(folder / VAULT), providers, settings, index, random)


@contextmanager
def _opening(folder: Path, providers: Mapping[str, Provider]) -> Iterator[None]:
    """Say what fails with its place, and close the providers, of which nobody will make use."""
    try:
        yield
    except BaseException as error:
        for provider in providers.values():
            provider.close()
        if isinstance(error, KeysUnavailable):
            raise FaultyCustody(f"{folder}: {error}") from None
        raise


def rewrap_index(store: KeyStore, provider: Provider, index: bytearray) -> None:
    """Let a provider's current key wrap the store's own key, unless it does. Raises `KeysUnavailable`."""
    kept = store.meta("index")
    found = _kept(kept)
    if (found.provider, found.kek) == (provider.name, provider.current()):
        return
    wrapped = checked(provider, index, _INDEX)
    with store.writing():
        if store.meta("index") == kept:  # nobody else was faster
            new = _Index(found.tenant, provider.name, wrapped.kek, wrapped.data)
            store.put_meta("index", msgspec.json.encode(new))


def checked(provider: Provider, key: bytearray, context: bytes) -> Wrapped:
    """Wrap a key, and see that it comes back: what it was wrapped by before is given up. Raises `KeysUnavailable`."""
    wrapped = provider.wrap(key, context)
    back = provider.unwrap(wrapped, context)
    try:
        if back != key:
            raise KeysUnavailable(f'the provider "{provider.name}" of keys gave another key than it was given')
    finally:
        wrapping.wipe(back)
    return wrapped


def needed(store: KeyStore, provider: str) -> set[str]:
    """Name the keys of a provider that wrap something: a customer's key, or the store's own."""
    kept = _kept(store.meta("index"))
    return store.keks(provider) | ({kept.kek} if kept.provider == provider else set())


def _prepared(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise FaultyCustody(f"{folder}: others may read or change it: chmod go= it")
    except OSError as error:
        raise FaultyCustody(f"{error.filename or folder}: {error.strerror}") from None
    return folder


def _index(folder: Path, providers: Mapping[str, Provider], settings: CustodySettings) -> bytearray:
    """Give the key for handles, made and kept where there is none yet."""
    begun = (folder / VAULT).exists()  # it is made after the key
    store = KeyStore(folder / KEYS)
    try:
        kept = store.meta("index")
        if kept is None and begun:
            raise FaultyCustody(f"{folder / KEYS}: holds nothing, though there is {VAULT}: restore it from a backup")
        found = _kept(kept or _made(store, providers, settings))
        if found.tenant != settings.tenant:
            raise FaultyCustody(f'{folder / KEYS}: belongs to another tenant: set `keys.tenant` to "{found.tenant}"')
        provider = providers.get(found.provider)
        if provider is None:
            raise FaultyCustody(f'{folder / KEYS}: needs the provider "{found.provider}", which isn\'t configured')
        try:
            return provider.unwrap(Wrapped(found.kek, found.data), _INDEX)
        except KeyGone as error:
            raise FaultyCustody(
                f"{folder / KEYS}: its own key doesn't open: {error}. Are the store and what wraps it of another age?"
            ) from None
    finally:
        store.close()


def _kept(kept: bytes | None) -> _Index:
    """Read the store's own key. Raises `KeysUnavailable`."""
    try:
        return msgspec.json.decode(kept or b"", type=_Index)
    except (msgspec.DecodeError, ValueError):
        raise KeysUnavailable("damaged: its own key can't be read") from None


def _made(store: KeyStore, providers: Mapping[str, Provider], settings: CustodySettings) -> bytes:
    """Make the key for handles, unless another process was faster."""
    provider = providers[settings.default]
    index = wrapping.fresh()
    wrapped = checked(provider, index, _INDEX)
    wrapping.wipe(index)
    new = msgspec.json.encode(_Index(settings.tenant, provider.name, wrapped.kek, wrapped.data))
    with store.writing():
        kept = store.meta("index")
        if kept is None:
            store.put_meta("index", new)
        return kept or new
