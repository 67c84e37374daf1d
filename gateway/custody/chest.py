"""Customers' keys brought from the store to memory, and into it: unwrapped, made, replaced when their time is over.

Everything here takes its time (files, providers): it runs in threads, each with a connection of its own. No provider is
asked while the store is locked; what was unwrapped before is written under only if it still is the customer's key then.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.crypto import b64url
from gateway.custody import wrapping
from gateway.custody.provider import Provider
from gateway.custody.rows import CustomerRow, RecipientRow, VersionRow
from gateway.custody.settings import CustodySettings
from gateway.custody.store import KeyStore
from gateway.custody.vault_file import VaultFile
from gateway.errors import KeyGone, KeysUnavailable
from gateway.tokens import public
from gateway.tokens.keyset import KINDS, DataKey, KeySet, Kind, Recipient, thumbprint

_HANDLE = 12

Fetched = KeySet | KeysUnavailable | None
"""A customer's keys; why they can't be had; None for nobody's."""


@dataclass(slots=True, repr=False)
class _Case:
    """A customer's keys on their way to memory: what wraps them, their rows, and which kinds have to be made."""

    customer: str
    row: CustomerRow
    under: bytearray
    versions: list[VersionRow]
    lacking: list[Kind] = field(default_factory=list)


@dataclass(frozen=True, slots=True, repr=False)
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

    def fetch(self, customers: Iterable[str], purpose: str | None, now: int, *, make: bool) -> dict[str, Fetched]:
        """Give customers' keys for a purpose; where `make`, those that are missing or whose time is over are made.

        Whoever has none, or had some that were destroyed, gets None. Raises `KeysUnavailable` where the store fails.
        """
        self.store.refresh()
        found: dict[str, Fetched] = {}
        rows: dict[str, CustomerRow] = {}
        new = []
        for customer in customers:
            try:
                row = self.store.customer(self.handle(customer))
            except KeysUnavailable as error:  # this customer's row is damaged: no reason to refuse all others
                found[customer] = error
                continue
            found[customer] = None
            if row is not None:
                rows[customer] = row
            elif make:
                new.append(customer)
        for customer, begun in self._begun(new, now).items():
            if isinstance(begun, CustomerRow):
                rows[customer] = begun
            else:
                found[customer] = begun
        cases: list[_Case] = []
        try:
            for customer, row in rows.items():
                if row.wrapped is not None:
                    found[customer] = self._case(customer, row, purpose, now, cases, make=make)
            self._renew([case for case in cases if case.lacking], purpose, now)
            for case in cases:
                found[case.customer] = self._opened(case)
        finally:
            wrapping.wipe(*(case.under for case in cases))
        return found

    def provider(self, name: str) -> Provider:
        """Give a provider. Raises `KeysUnavailable` where the configuration has none of that name."""
        found = self.providers.get(name)
        if found is None:
            raise KeysUnavailable("a customer's keys are with a provider that the configuration does not name")
        return found

    def unwrap(self, row: CustomerRow) -> bytearray:
        """Give the key that wraps a customer's data keys; to be wiped. Raises `KeysUnavailable`, `KeyGone`."""
        if row.wrapped is None:
            raise KeyGone("a customer's keys were destroyed")
        key = self.provider(row.provider).unwrap(row.wrapped, row.handle.encode())
        if thumbprint(key) != row.thumbprint:  # what is made under a wrong key would be lost
            wrapping.wipe(key)
            raise KeysUnavailable("a provider gave another key than the one that it was given")
        return key

    def still(self, row: CustomerRow) -> bool:
        """Tell, inside a transaction, whether a customer's key still is the one of a row that was read before."""
        there = self.store.customer(row.handle)
        return there is not None and there.wrapped is not None and there.thumbprint == row.thumbprint

    def close(self) -> None:
        """Close the files, and let go of the providers."""
        self.store.close()
        self.vault.close()
        for provider in self.providers.values():
            provider.close()

    def add(
        self, handle: str, under: bytearray, kind: Kind, purpose: str | None, now: int, key: bytearray | None = None
    ) -> VersionRow:
        """Keep a new current version, inside a transaction; the one before opens only from now on. Wipes the key."""
        new = wrapping.fresh() if key is None else key
        try:
            version = self.store.next_version(handle)
            wrapped = wrapping.wrap(under, new, _context(handle, version, kind, purpose), self.random)
            row = VersionRow(version, kind, purpose, "current", wrapped, thumbprint(new), now)
        finally:
            wrapping.wipe(new)
        self.store.step_down(handle, kind, purpose)
        self.store.add_version(handle, row)
        return row

    def begin(self, customer: str, now: int) -> CustomerRow:
        """Give a customer a key of their own, or anew after theirs was destroyed; the store isn't locked."""
        begun = self._begun([customer], now, anew=True)[customer]
        if isinstance(begun, KeysUnavailable):
            raise begun
        return begun

    def opened(self, handle: str, under: bytearray, row: VersionRow) -> DataKey:
        """Unwrap one version. Raises `KeyGone`."""
        try:
            key = wrapping.unwrap(under, row.wrapped, _context(handle, row.version, row.kind, row.purpose))
        except ValueError:
            raise KeyGone("a customer's key in the store was changed, or belongs to something else") from None
        return DataKey(row.version, row.purpose, row.kind, key, row.thumbprint, row.state)

    def _begun(
        self, customers: Sequence[str], now: int, *, anew: bool = False
    ) -> dict[str, CustomerRow | KeysUnavailable]:
        """Give customers keys of their own, in one transaction, unless another process was faster; or say why not.

        `anew`: also those whose keys were destroyed.
        """
        found: dict[str, CustomerRow | KeysUnavailable] = {}
        wrapped = {}
        for customer in customers:
            name = self.settings.holders.get(customer, self.settings.default)
            key = wrapping.fresh()
            try:
                wrapped[customer] = name, self.provider(name).wrap(key, self.handle(customer).encode()), thumbprint(key)
            except KeysUnavailable as error:
                found[customer] = error
            finally:
                wrapping.wipe(key)
        if not wrapped:
            return found
        with self.store.writing():
            for customer, (name, data, made) in wrapped.items():
                handle = self.handle(customer)
                there = self.store.customer(handle)
                if there is None or (anew and there.wrapped is None):
                    self.store.add_customer(handle, customer, name, data, made, now)
                    if there is not None:
                        self.store.note_change(handle)
                    there = self.store.customer(handle)
                assert there is not None
                found[customer] = there
        return found

    def _case(
        self, customer: str, row: CustomerRow, purpose: str | None, now: int, cases: list[_Case], *, make: bool
    ) -> Fetched:
        """Begin to fetch a customer's keys, in `cases`; or give what there is without unwrapping anything."""
        try:
            versions = self.store.versions(row.handle, [purpose])
            lacking = self._lacking(row.handle, versions, now) if make else []
            if not versions and not lacking:
                return KeySet(self.settings.tenant, customer, row.handle, (), self._recipients(row.handle))
            cases.append(_Case(customer, row, self.unwrap(row), versions, lacking))
        except KeysUnavailable as error:
            return error
        return None

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

    def _renew(self, cases: Sequence[_Case], purpose: str | None, now: int) -> None:
        """Make the versions that are lacking, in one transaction, unless another process was faster."""
        if not cases:
            return
        with self.store.writing():
            for case in cases:
                if not self.still(case.row):
                    case.versions = []
                    continue
                handle, there = case.row.handle, self.store.versions(case.row.handle, [purpose])
                lacking = self._lacking(handle, there, now)
                made = [kind for kind in case.lacking if kind in lacking]
                for kind in made:
                    self.add(handle, case.under, kind, purpose, now)
                if any(one.kind in made for one in there):
                    self.store.note_change(handle)
                case.versions = self.store.versions(handle, [purpose])

    def _opened(self, case: _Case) -> Fetched:
        """Unwrap everything that may still be used."""
        if not case.versions:
            return KeysUnavailable("a customer's keys were changed at this moment")
        handle = case.row.handle
        usable = [one for one in case.versions if one.state != "revoked"]
        try:
            keys = tuple(self.opened(handle, case.under, one) for one in usable)
            return KeySet(self.settings.tenant, case.customer, handle, keys, self._recipients(handle))
        except KeysUnavailable as error:
            return error

    def _recipients(self, handle: str) -> tuple[Recipient, ...]:
        return tuple(map(_recipient, self.store.recipients(handle)))


def handle_of(index: bytearray, customer: str) -> str:
    """Give the name of a customer in tokens: base64url of 12 bytes of HMAC-SHA-256 under the store's own key."""
    return b64url(hmac.digest(index, customer.encode("utf-8", "surrogatepass"), "sha256")[:_HANDLE]).decode()


def _context(handle: str, version: int, kind: Kind, purpose: str | None) -> bytes:
    """Say what a version is for, so that its wrapping fits nothing else."""
    said = "-" if purpose is None else f"+{purpose}"
    return f"sovgate/key/1|{handle}|{version}|{kind}|{said}".encode()


def _recipient(row: RecipientRow) -> Recipient:
    """Read a public key. Raises `KeysUnavailable` where it is damaged."""
    try:
        key = public.read(row.key, row.form)
        whole = public.thumbprint(key) == row.thumbprint
    except ValueError:
        whole = False
    if not whole:
        raise KeysUnavailable("a customer's public key in the store is damaged")
    return Recipient(row.version, row.form, key, row.thumbprint, row.state)
