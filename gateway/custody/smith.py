"""What people do with customers' keys: create, import, rotate, revoke, rewrap, destroy, hand out.

Each is one transaction, so that a process that is killed leaves all or nothing; with it the store notes what the audit
log has to tell of, until it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import msgspec

from gateway.audit.entry import KeyChange
from gateway.custody import wrapping
from gateway.custody.chest import Chest
from gateway.custody.file_provider import FileProvider
from gateway.custody.opening import needed
from gateway.custody.rewrap import left, rewrap
from gateway.custody.rows import CustomerRow, RecipientRow, VersionRow
from gateway.custody.unrecorded import Owed, owe, owed
from gateway.errors import KeysUnavailable, UnknownKey
from gateway.tokens import public
from gateway.tokens.keys import SealForm
from gateway.tokens.keyset import KINDS, DataKey, Kind

ROTATED: tuple[Kind, ...] = ("data", "vault")
"""What a rotation replaces; pseudonyms would no longer join."""


@dataclass(frozen=True, slots=True)
class Smith:
    """Works on the keys of a chest. `by` is whose hand it is (an account's name), `approved` who agreed.

    Everything raises `KeysUnavailable`; `UnknownKey` where there is no such customer or version.
    """

    chest: Chest
    by: str
    now: int
    approved: str = ""

    def create(self, customer: str, purpose: str | None) -> tuple[str, ...]:
        """Give a customer keys for a purpose, also after theirs were destroyed; gives the thumbprints."""
        with self._working(customer, begin=True) as (handle, under):
            there = {one.kind for one in self.chest.store.versions(handle, [purpose]) if one.state == "current"}
            made = [self.chest.add(handle, under, kind, purpose, self.now) for kind in KINDS if kind not in there]
            return self._note("created", customer, made, purpose) if made else ()

    def bring(self, customer: str, purpose: str | None, key: bytearray) -> tuple[str, ...]:
        """Take a customer's own key (32 bytes, wiped here) as the current one that encrypts for a purpose."""
        try:
            if len(key) != wrapping.KEY:
                raise UnknownKey(f"a key has {wrapping.KEY} bytes")
            with self._working(customer, begin=True) as (handle, under):
                made = [self.chest.add(handle, under, "data", purpose, self.now, key)]
                self.chest.store.note_change(handle)
                return self._note("imported", customer, made, purpose)
        finally:
            wrapping.wipe(key)

    def register(self, customer: str, data: bytes, form: SealForm) -> tuple[str, ...]:
        """Take the public key that a customer gave, as JWK or PEM. Raises ValueError, which says what is wrong."""
        key = public.read(data, form)
        with self._changing(self._living(customer, begin=True)) as handle:
            version = self.chest.store.next_version(handle)
            row = RecipientRow(version, form, public.pem(key), public.thumbprint(key), "current", self.now)
            self.chest.store.add_recipient(handle, row)
            self.chest.store.note_change(handle)
            return self._note("imported", customer, [row], None)

    def rotate(self, customer: str, purpose: str | None = None, *, all_purposes: bool = False) -> tuple[str, ...]:
        """Make new versions; the older ones open only. Gives the new thumbprints."""
        with self._working(customer) as (handle, under):
            there = self.chest.store.versions(handle, None if all_purposes else [purpose])
            wanted = dict.fromkeys((one.kind, one.purpose) for one in there if one.kind in ROTATED)
            if not wanted:
                raise UnknownKey("this customer has no keys for that purpose")
            made = [self.chest.add(handle, under, kind, named, self.now) for kind, named in wanted]
            self.chest.store.note_change(handle)
            return self._note("rotated", customer, made, purpose)

    def revoke(self, customer: str, version: int) -> tuple[str, ...]:
        """Let a version neither make nor open anything, for good: its key is deleted."""
        with self._changing(self._living(customer)) as handle:
            there = self._all(handle)
            found = [one for one in there if one.version == version]
            if not found:
                raise UnknownKey(f"this customer has no key version {version}")
            self.chest.store.set_state(handle, version, "revoked")
            self.chest.store.note_change(handle)
            purpose = found[0].purpose if isinstance(found[0], VersionRow) else None
            told = self._note("revoked", customer, found, purpose)
        self._forget()
        return told

    def destroy(self, customer: str) -> tuple[str, ...]:
        """Destroy everything of a customer: nothing of theirs opens any more, in any process. There is no way back."""
        with self._changing(self._living(customer)) as handle:
            lost = self._all(handle)
            self.chest.store.destroy(handle, self.now)
            self.chest.store.note_change(handle)
            told = self._note("destroyed", customer, lost, None)
        self._forget()
        with suppress(KeysUnavailable):  # they go before the audit log is told, at the latest; nothing opens them
            self.chest.vault.destroy(handle)
        return told

    def rewrap(self, provider: str) -> Iterator[int]:
        """Wrap with a provider's current key what the configuration gives to it, wherever it was until now.

        Gives how many are done so far; a process that is killed goes on where it was.
        """
        done = 0
        for done in rewrap(self.chest, provider, lambda customer: self._moved(customer, provider)):
            yield done
        if done:
            with self.chest.store.writing():
                self._owe("", KeyChange("rewrapped", provider=provider, by=self.by, approved=self.approved))

    def left(self, provider: str) -> int:
        """Count those whom `rewrap` had to leave as they are: their own provider doesn't give their keys."""
        return left(self.chest, provider)

    def retire(self, provider: FileProvider) -> None:
        """Drop the keys of the file that wrap nothing any more. Raises `FaultyCustody`.

        The store takes nothing from now on that one of them wraps: a gateway may be about to use it still.
        """
        with self.chest.store.writing():
            kept = needed(self.chest.store, provider.name) | {provider.current()}
            self.chest.store.retire(provider.name, provider.versions() - kept)
        provider.retire(kept)

    def keys(self, customer: str) -> Iterator[tuple[int, str | None, DataKey]]:
        """Give the keys that open what was encrypted for a customer, for the customer; each is to be wiped.

        A tuple is when the version was made, its purpose, the key.
        """
        row = self._living(customer)
        handle, under = row.handle, self.chest.unwrap(row)
        try:
            for one in self.chest.store.versions(handle):
                if one.kind == "data" and one.state != "revoked":
                    yield one.created, one.purpose, self.chest.opened(handle, under, one)
        finally:
            wrapping.wipe(under)

    def hand_out(self, customer: str) -> tuple[str, ...]:
        """Note that a customer's keys were handed out."""
        with self._changing(self._living(customer)) as handle:
            there = [one for one in self.chest.store.versions(handle) if one.kind == "data" and one.state != "revoked"]
            return self._note("exported", customer, there, None)

    def look(self, customer: str) -> tuple[CustomerRow, list[VersionRow], list[RecipientRow]]:
        """Give everything of one customer's keys, all of it wrapped."""
        row = self._living(customer)
        return row, self.chest.store.versions(row.handle), self.chest.store.recipients(row.handle)

    def customers(self) -> Iterator[CustomerRow]:
        """Give all customers, a thousand at a time."""
        after = ""
        while rows := self.chest.store.customers(after):
            after = rows[-1].handle
            yield from rows

    def owed(self) -> list[Owed]:
        """Give the changes that the audit log doesn't tell of yet."""
        return owed(self.chest.store)

    def recorded(self, change: Owed) -> None:
        """Forget a change that the audit log tells of."""
        self.chest.store.recorded(change.number)

    def _all(self, handle: str) -> list[VersionRow | RecipientRow]:
        """Give every version and every public key of a customer."""
        return [*self.chest.store.versions(handle), *self.chest.store.recipients(handle)]

    def _living(self, customer: str, *, begin: bool = False) -> CustomerRow:
        """Find a customer who has keys. Raises `UnknownKey`."""
        self.chest.store.refresh()
        row = self.chest.store.customer(self.chest.handle(customer))
        if begin and (row is None or row.state == "destroyed"):
            row = self.chest.begin(customer, self.now)
        if row is None:
            raise UnknownKey("this customer has no keys")
        if row.wrapped is None:
            raise UnknownKey("this customer's keys were destroyed")
        return row

    @contextmanager
    def _changing(self, row: CustomerRow) -> Iterator[str]:
        """Hold the store's lock, if the customer's key is still the one that was found, and give the handle."""
        with self.chest.store.writing():
            if not self.chest.still(row):
                raise KeysUnavailable("somebody else changed this customer's keys at the same time: try again")
            yield row.handle

    @contextmanager
    def _working(self, customer: str, *, begin: bool = False) -> Iterator[tuple[str, bytearray]]:
        """Hold the store's lock with the customer's own key, unwrapped before."""
        row = self._living(customer, begin=begin)
        under = self.chest.unwrap(row)
        try:
            with self._changing(row) as handle:
                yield handle, under
        finally:
            wrapping.wipe(under)

    def _forget(self) -> None:
        """Leave nothing of what was deleted on the disk; the keys are gone for every reader already."""
        with suppress(KeysUnavailable):
            self.chest.store.forget()

    def _note(
        self, action: str, customer: str, rows: Sequence[VersionRow | RecipientRow], purpose: str | None
    ) -> tuple[str, ...]:
        """Note a change, inside its transaction, and give the thumbprints concerned."""
        thumbprints = tuple(one.thumbprint for one in rows)
        row = self.chest.store.customer(self.chest.handle(customer))
        provider = row.provider if row is not None else ""
        self._owe(
            customer,
            msgspec.convert(
                {
                    "action": action, "purpose": purpose, "thumbprints": thumbprints,
                    "provider": provider, "by": self.by, "approved": self.approved,
                },
                KeyChange,
            ),
        )  # fmt: skip
        return thumbprints

    def _moved(self, customer: str, provider: str) -> None:
        """Note, inside its transaction, that a customer's keys are wrapped by another provider from now on."""
        self._owe(customer, KeyChange("rewrapped", provider=provider, by=self.by, approved=self.approved))

    def _owe(self, customer: str, change: KeyChange) -> None:
        owe(self.chest.store, customer, change)
