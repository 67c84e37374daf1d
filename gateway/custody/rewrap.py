"""Wrapping customers' keys anew: with a provider's newest key, or with the provider that the configuration names now.

No data is touched. Each customer is one transaction, and who is wrapped as it should be is passed over, so that a
process that is killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.custody import wrapping
from gateway.custody.chest import Chest
from gateway.custody.opening import checked, rewrap_index
from gateway.custody.rows import CustomerRow
from gateway.errors import KeysUnavailable

Moved = Callable[[str], None]
"""Told, inside its transaction, of a customer whose key another provider wraps from now on."""


def rewrap(chest: Chest, provider: str, moved: Moved) -> Iterator[int]:
    """Wrap with a provider's current key what the configuration gives to it; gives how many are done so far.

    Those whose own provider doesn't give their key (it fails, or its owner took the key away) stay as they are. Raises
    `KeysUnavailable` where the provider itself can't be had.
    """
    target = chest.provider(provider)
    kek, done = target.current(), 0
    if provider == chest.settings.default:
        rewrap_index(chest.store, target, chest.index)
    for page in _pages(chest, provider, kek):
        before = done
        for row in page:
            try:
                under = chest.unwrap(row)
            except KeysUnavailable:
                continue
            try:
                wrapped = checked(target, under, row.handle.encode())
            finally:
                wrapping.wipe(under)
            with chest.store.writing():
                if chest.store.rewrap(row, provider, wrapped):
                    done += 1
                    if row.provider != provider:
                        chest.store.note_change(row.handle)
                        moved(row.customer or "")
        if done > before:
            yield done


def left(chest: Chest, provider: str) -> int:
    """Count the customers whom the configuration gives to a provider and whose keys its current one doesn't wrap."""
    return sum(len(page) for page in _pages(chest, provider, chest.provider(provider).current()))


def _pages(chest: Chest, provider: str, kek: str) -> Iterator[list[CustomerRow]]:
    """Give those that aren't wrapped as they should be, some at a time."""
    settings, after = chest.settings, ""
    while rows := chest.store.wrapped_otherwise(provider, kek, after):
        after = rows[-1].handle
        page = [row for row in rows if settings.holders.get(row.customer or "", settings.default) == provider]
        if page:
            yield page
