"""What people do with customers' keys: create, import, rotate, revoke, rewrap, destroy, hand out.

Each is one transaction, so that a process that is killed leaves all or nothing; with it the store notes what the audit
log has to tell of, until it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from gateway.audit.entry import KeyChange
from gateway.custody import wrapping
from gateway.custody.chest import Chest
from gateway.custody.store import CustomerRow, RecipientRow, VersionRow
from gateway.errors import KeyGone, UnknownKey
from gateway.tokens import public
from gateway.tokens.keys import SealForm
from gateway.tokens.keyset import DataKey, Kind

ROTATED: tuple[Kind, ...] = ("data", "vault")
"""What a rotation replaces; pseudonyms would no longer join."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A change that the audit log has to tell of. `customer` is the id, "" for all; it is recorded as a pseudonym."""

    number: int
    customer: str
    change: KeyChange


class _Kept(msgspec.Struct, frozen=True):
    customer: str
    change: KeyChange


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
        handle, row = self._living(customer, begin=True)
        under = self.chest.unwrap(row)
        try:
            with self.chest.store.writing():
                there = {one.kind for one in self.chest.store.versions(handle, [purpose]) if one.state == "current"}
                made = [
                    self.chest.add(handle, under, kind, purpose, self.now)
                    for kind in ("data", "pseudonym", "vault")
                    if kind not in there
                ]
                return self._note("created", customer, made, purpose)
        finally:
            wrapping.wipe(under)

    def bring(self, customer: str, purpose: str | None, key: bytearray) -> tuple[str, ...]:
        """Take a customer's own key (32 bytes, wiped here) as the current one that encrypts for a purpose."""
        if len(key) != wrapping.KEY:
            wrapping.wipe(key)
            raise UnknownKey(f"a key has {wrapping.KEY} bytes")
        handle, row = self._living(customer, begin=True)
        under = self.chest.unwrap(row)
        try:
            with self.chest.store.writing():
                made = [self.chest.add(handle, under, "data", purpose, self.now, key)]
                self.chest.store.note_change(handle)
                return self._note("imported", customer, made, purpose)
        finally:
            wrapping.wipe(under, key)

    def register(self, customer: str, data: bytes, form: SealForm) -> tuple[str, ...]:
        """Take the public key that a customer gave, as JWK or PEM. Raises ValueError, which says what is wrong."""
        key = public.read(data, form)
        handle, _ = self._living(customer, begin=True)
        with self.chest.store.writing():
            version = self.chest.store.next_version(handle)
            row = RecipientRow(version, form, public.pem(key), public.thumbprint(key), "current", self.now)
            self.chest.store.add_recipient(handle, row)
            self.chest.store.note_change(handle)
            return self._note("imported", customer, [row], None)

    def rotate(self, customer: str, purpose: str | None = None, *, all_purposes: bool = False) -> tuple[str, ...]:
        """Make new versions; the older ones open only. Gives the new thumbprints."""
        handle, row = self._living(customer)
        under = self.chest.unwrap(row)
        try:
            with self.chest.store.writing():
                there = self.chest.store.versions(handle, None if all_purposes else [purpose])
                wanted = dict.fromkeys((one.kind, one.purpose) for one in there if one.kind in ROTATED)
                if not wanted:
                    raise UnknownKey("this customer has no keys for that purpose")
                made = [self.chest.add(handle, under, kind, named, self.now) for kind, named in wanted]
                self.chest.store.note_change(handle)
                return self._note("rotated", customer, made, purpose)
        finally:
            wrapping.wipe(under)

    def revoke(self, customer: str, version: int) -> tuple[str, ...]:
        """Let a version neither make nor open anything, for good."""
        handle, _ = self._living(customer)
        with self.chest.store.writing():
            there = self._all(handle)
            found = [one for one in there if one.version == version]
            if not found:
                raise UnknownKey(f"this customer has no key version {version}")
            self.chest.store.set_state(handle, version, "revoked")
            self.chest.store.note_change(handle)
            purpose = found[0].purpose if isinstance(found[0], VersionRow) else None
            return self._note("revoked", customer, found, purpose)

    def destroy(self, customer: str) -> tuple[str, ...]:
        """Destroy everything of a customer: nothing of theirs opens any more, in any process. There is no way back."""
        handle, _ = self._living(customer)
        with self.chest.store.writing():
            lost = self._all(handle)
            self.chest.store.destroy(handle, self.now)
            self.chest.store.note_change(handle)
            told = self._note("destroyed", customer, lost, None)
        self.chest.store.forget()
        self.chest.vault.destroy(handle)
        return told

    def sweep(self) -> int:
        """Finish destructions that a killed process left half done: rows of the vault that nothing opens any more."""
        found = 0
        for row in self.customers():
            if row.state == "destroyed" and self.chest.vault.count(row.handle):
                self.chest.vault.destroy(row.handle)
                found += 1
        return found

    def rewrap(self, provider: str) -> Iterator[int]:
        """Wrap customers' keys with the provider's current key, without touching data; gives how many are done so far.

        A process that is killed goes on where it was. A key that its owner took away is left as it is.
        """
        kek, done, after = self.chest.provider(provider).current(), 0, ""
        while rows := self.chest.store.wrapped_otherwise(provider, kek, after):
            after = rows[-1].handle
            for row in rows:
                try:
                    under = self.chest.unwrap(row)
                except KeyGone:
                    continue
                try:
                    wrapped = self.chest.provider(provider).wrap(under, row.handle.encode())
                finally:
                    wrapping.wipe(under)
                with self.chest.store.writing():
                    self.chest.store.rewrap(row.handle, provider, wrapped)
                done += 1
            yield done
        if done:
            with self.chest.store.writing():
                self._owe("", KeyChange("rewrapped", provider=provider, by=self.by, approved=self.approved))

    def keys(self, customer: str) -> Iterator[tuple[int, str | None, DataKey]]:
        """Give the keys that open what was encrypted for a customer, for the customer; each is to be wiped.

        A tuple is when the version was made, its purpose, the key.
        """
        handle, row = self._living(customer)
        under = self.chest.unwrap(row)
        try:
            for one in self.chest.store.versions(handle):
                if one.kind == "data" and one.state != "revoked":
                    yield one.created, one.purpose, self.chest.opened(handle, under, one)
        finally:
            wrapping.wipe(under)

    def hand_out(self, customer: str) -> tuple[str, ...]:
        """Note that a customer's keys were handed out."""
        handle, _ = self._living(customer)
        with self.chest.store.writing():
            there = [one for one in self.chest.store.versions(handle) if one.kind == "data"]
            return self._note("exported", customer, there, None)

    def look(self, customer: str) -> tuple[CustomerRow, list[VersionRow], list[RecipientRow]]:
        """Give everything of one customer's keys, all of it wrapped."""
        handle, row = self._living(customer)
        return row, self.chest.store.versions(handle), self.chest.store.recipients(handle)

    def customers(self) -> Iterator[CustomerRow]:
        """Give all customers, a thousand at a time."""
        after = ""
        while rows := self.chest.store.customers(after):
            after = rows[-1].handle
            yield from rows

    def owed(self) -> list[Owed]:
        """Give the changes that the audit log doesn't tell of yet."""
        kept = [(number, msgspec.json.decode(data, type=_Kept)) for number, data in self.chest.store.owed()]
        return [Owed(number, one.customer, one.change) for number, one in kept]

    def recorded(self, owed: Owed) -> None:
        """Forget a change that the audit log tells of."""
        self.chest.store.recorded(owed.number)

    def _all(self, handle: str) -> list[VersionRow | RecipientRow]:
        """Give every version and every public key of a customer."""
        return [*self.chest.store.versions(handle), *self.chest.store.recipients(handle)]

    def _living(self, customer: str, *, begin: bool = False) -> tuple[str, CustomerRow]:
        """Find a customer who has keys. Raises `UnknownKey`."""
        handle = self.chest.handle(customer)
        row = self.chest.store.customer(handle)
        if begin and (row is None or row.state == "destroyed"):
            row = self.chest.begin(handle, customer, self.now)
        if row is None:
            raise UnknownKey("this customer has no keys")
        if row.wrapped is None:
            raise UnknownKey("this customer's keys were destroyed")
        return handle, row

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

    def _owe(self, customer: str, change: KeyChange) -> None:
        self.chest.store.owe(msgspec.json.encode(_Kept(customer, change)))
