"""Customers' keys brought from the store to memory, and into it: unwrapped, made, replaced when their time is over.

Everything here takes its time (files, providers): it runs in threads, each with a connection of its own. No provider is
asked while the store is locked.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gateway.crypto import b64url
from gateway.custody import wrapping
from gateway.custody.provider import Provider
from gateway.custody.settings import CustodySettings
from gateway.custody.store import CustomerRow, KeyStore, RecipientRow, VersionRow
from gateway.custody.vault_file import VaultFile
from gateway.errors import KeyGone, KeysUnavailable
from gateway.tokens import public
from gateway.tokens.keyset import KINDS, DataKey, KeySet, Kind, Recipient, thumbprint

_HANDLE = 12


@dataclass(frozen=True, slots=True)
class Chest:
    """One thread's way to the keys: the files, the providers by name, and what is made new."""

    store: KeyStore
    vault: VaultFile
    providers: Mapping[str, Provider]
    settings: CustodySettings
    index: bytearray
    random: Callable[[int], bytes]

    def handle(self, customer: str) -> str:
        """Give the name of a customer in tokens: 16 characters."""
        return handle_of(self.index, customer)

    def fetch(self, customer: str, purpose: str | None, now: int, *, make: bool) -> KeySet | None:
        """Give a customer's keys for a purpose; where `make`, those that are missing or whose time is over are made.

        None where there are none, or they were destroyed. Raises `KeysUnavailable`, `KeyGone`.
        """
        handle = self.handle(customer)
        row = self.store.customer(handle)
        if row is None and make:
            row = self.begin(handle, customer, now)
        if row is None or row.wrapped is None:
            return None
        versions = self.store.versions(handle, [purpose])
        lacking = self._lacking(handle, versions, now) if make else []
        recipients = tuple(_recipient(one) for one in self.store.recipients(handle))
        if not versions and not lacking:
            return KeySet(self.settings.tenant, customer, handle, (), recipients)
        under = self.unwrap(row)
        try:
            if lacking:
                versions = self._renew(handle, under, purpose, lacking, now)
            keys = tuple(self.opened(handle, under, one) for one in versions)
        finally:
            wrapping.wipe(under)
        return KeySet(self.settings.tenant, customer, handle, keys, recipients)

    def provider(self, name: str) -> Provider:
        """Give a provider. Raises `KeysUnavailable` where the configuration has none of that name."""
        found = self.providers.get(name)
        if found is None:
            raise KeysUnavailable("a customer's keys are with a provider that the configuration does not name")
        return found

    def unwrap(self, row: CustomerRow) -> bytearray:
        """Give the key that wraps a customer's data keys; to be wiped. Raises `KeysUnavailable`."""
        if row.wrapped is None:
            raise KeyGone("a customer's keys were destroyed")
        return self.provider(row.provider).unwrap(row.wrapped, row.handle.encode())

    def close(self) -> None:
        """Close the files, and let go of the providers."""
        self.store.close()
        self.vault.close()
        for provider in self.providers.values():
            provider.close()

    def add(
        self, handle: str, under: bytearray, kind: Kind, purpose: str | None, now: int, key: bytearray | None = None
    ) -> VersionRow:
        """Keep a new current version, inside a transaction; the one before opens only from now on."""
        new = key if key is not None else bytearray(self.random(wrapping.KEY))
        version = self.store.next_version(handle)
        wrapped = wrapping.wrap(under, new, _context(handle, version, kind, purpose), self.random)
        row = VersionRow(version, kind, purpose, "current", wrapped, thumbprint(new), now)
        wrapping.wipe(new)
        self.store.step_down(handle, kind, purpose)
        self.store.add_version(handle, row)
        return row

    def begin(self, handle: str, customer: str, now: int) -> CustomerRow:
        """Give a customer a key of their own, or anew after theirs was destroyed; the store isn't locked."""
        name = self.settings.holders.get(customer, self.settings.default)
        key = bytearray(self.random(wrapping.KEY))
        try:
            wrapped = self.provider(name).wrap(key, handle.encode())
        finally:
            wrapping.wipe(key)
        with self.store.writing():
            there = self.store.customer(handle)
            if there is None or there.state == "destroyed":
                self.store.add_customer(handle, customer, name, wrapped, now)
                if there is not None:
                    self.store.note_change(handle)
            found = self.store.customer(handle)
        assert found is not None
        return found

    def _lacking(self, handle: str, versions: Sequence[VersionRow], now: int) -> list[Kind]:
        """Tell which kinds have no current version, or one whose time is over; pseudonyms stay as they are."""
        current = {one.kind: one for one in versions if one.state == "current"}
        lacking = [kind for kind in KINDS if kind not in current]
        aging = [current[kind] for kind in current if kind != "pseudonym"]
        days = self.settings.rotate_nanoseconds
        old = [one.kind for one in aging if days and now - one.created > days]
        uses = self.vault.uses(handle) if aging else {}
        worn = [one.kind for one in aging if uses.get(one.version, 0) >= self.settings.rotate_uses]
        return [*lacking, *dict.fromkeys(old + worn)]

    def _renew(
        self, handle: str, under: bytearray, purpose: str | None, kinds: Sequence[Kind], now: int
    ) -> list[VersionRow]:
        """Make new versions, unless another process was faster, and give all versions for the purpose."""
        with self.store.writing():
            there = self.store.customer(handle)
            if there is None or there.wrapped is None:
                raise KeyGone("a customer's keys were destroyed")
            there_are = self.store.versions(handle, [purpose])
            still = self._lacking(handle, there_are, now)
            made = [kind for kind in kinds if kind in still]
            for kind in made:
                self.add(handle, under, kind, purpose, now)
            if any(one.kind in made for one in there_are):
                self.store.note_change(handle)
            return self.store.versions(handle, [purpose])

    def opened(self, handle: str, under: bytearray, row: VersionRow) -> DataKey:
        """Unwrap one version. Raises `KeyGone`."""
        try:
            key = wrapping.unwrap(under, row.wrapped, _context(handle, row.version, row.kind, row.purpose))
        except ValueError:
            raise KeyGone("a customer's key in the store was changed, or belongs to something else") from None
        return DataKey(row.version, row.purpose, row.kind, key, row.thumbprint, row.state)


def handle_of(index: bytearray, customer: str) -> str:
    """Give the name of a customer in tokens: base64url of 12 bytes of HMAC-SHA-256 under the store's own key."""
    return b64url(hmac.digest(index, customer.encode("utf-8", "surrogatepass"), "sha256")[:_HANDLE]).decode()


def _context(handle: str, version: int, kind: Kind, purpose: str | None) -> bytes:
    """Say what a version is for, so that its wrapping fits nothing else."""
    said = "-" if purpose is None else f"+{purpose}"
    return f"sovgate/key/1|{handle}|{version}|{kind}|{said}".encode()


def _recipient(row: RecipientRow) -> Recipient:
    return Recipient(row.version, row.form, public.read(row.key, row.form), row.thumbprint, row.state)
