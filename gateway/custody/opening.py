"""Opens the folder of customers' keys: for the gateway, and for people who work on keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from gateway.custody import wrapping
from gateway.custody.chest import Chest
from gateway.custody.keeper import KEYS, VAULT, Keeper
from gateway.custody.provider import Provider, Wrapped
from gateway.custody.settings import CustodySettings
from gateway.custody.store import KeyStore
from gateway.custody.vault_file import VaultFile
from gateway.errors import FaultyCustody, KeysUnavailable
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
    """Open the keys for the gateway; the files are made where there are none. Raises `FaultyCustody`."""
    try:
        index = _index(_prepared(folder), providers, settings, random)
        return Keeper(folder, providers, settings, index, clock, random)
    except KeysUnavailable as error:
        raise FaultyCustody(f"{folder}: {error}") from None


def open_chest(
    folder: Path,
    providers: Mapping[str, Provider],
    settings: CustodySettings,
    random: Callable[[int], bytes] = os.urandom,
) -> Chest:
    """Open the keys for people's work on them. Raises `FaultyCustody`."""
    try:
        index = _index(_prepared(folder), providers, settings, random)
        return Chest(KeyStore(folder / KEYS), VaultFile(folder / VAULT), providers, settings, index, random)
    except KeysUnavailable as error:
        raise FaultyCustody(f"{folder}: {error}") from None


def _prepared(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            raise FaultyCustody(f"{folder}: others may read or change it: chmod go= it")
    except OSError as error:
        raise FaultyCustody(f"{error.filename or folder}: {error.strerror}") from None
    return folder


def _index(
    folder: Path, providers: Mapping[str, Provider], settings: CustodySettings, random: Callable[[int], bytes]
) -> bytearray:
    """Give the key for handles, made and kept where there is none yet."""
    store = KeyStore(folder / KEYS)
    try:
        kept = store.meta("index")
        if kept is None:
            kept = _made(store, providers, settings, random)
        try:
            found = msgspec.json.decode(kept, type=_Index)
        except (msgspec.DecodeError, ValueError):
            raise FaultyCustody(f"{folder / KEYS}: damaged: its own key can't be read") from None
        if found.tenant != settings.tenant:
            raise FaultyCustody(f'{folder / KEYS}: belongs to another tenant: set `keys.tenant` to "{found.tenant}"')
        provider = providers.get(found.provider)
        if provider is None:
            raise FaultyCustody(f'{folder / KEYS}: needs the provider "{found.provider}", which isn\'t configured')
        return provider.unwrap(Wrapped(found.kek, found.data), _INDEX)
    finally:
        store.close()


def _made(
    store: KeyStore, providers: Mapping[str, Provider], settings: CustodySettings, random: Callable[[int], bytes]
) -> bytes:
    """Make the key for handles, unless another process was faster."""
    provider = providers[settings.default]
    index = bytearray(random(wrapping.KEY))
    wrapped = provider.wrap(index, _INDEX)
    wrapping.wipe(index)
    new = msgspec.json.encode(_Index(settings.tenant, provider.name, wrapped.kek, wrapped.data))
    with store.writing():
        kept = store.meta("index")
        if kept is None:
            store.put_meta("index", new)
        return kept or new
