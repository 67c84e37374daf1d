"""Changes of keys, told to the audit log. A change is durable before it is told, so that none is ever left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import structs

from gateway.audit.entry import Entry
from gateway.audit.pseudonym import Pseudonyms
from gateway.cli.house import now
from gateway.custody.store import KeyStore
from gateway.custody.unrecorded import owed
from gateway.custody.vault_file import VaultFile

Append = Callable[[Entry], Awaitable[int]]
"""Records one entry, durably. Raises `NotRecorded`."""


async def tell(
    store: KeyStore, vault: VaultFile, handle: Callable[[str], str], names: Pseudonyms, append: Append
) -> int:
    """Tell the audit log of every change that it doesn't know of yet; gives how many. Raises `NotRecorded`.

    A process that was killed while it destroyed keys may have left rows of the vault, which nothing opens any more:
    they go first. One that is killed here tells of a change twice.
    """
    count = 0
    for one in owed(store):
        if one.change.action == "destroyed":
            vault.destroy(handle(one.customer))
        change = structs.replace(
            one.change,
            customer=names.customer(one.customer) if one.customer else "",
            by=names.operator(one.change.by) if one.change.by else "",
            approved=names.operator(one.change.approved) if one.change.approved else "",
        )
        await append(Entry(kind="key", time=now(), key=change))
        store.recorded(one.number)
        if one.change.action == "destroyed":
            store.forget()  # the note had the customer's id
        count += 1
    return count
