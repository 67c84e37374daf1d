"""Keys in memory, for a time: bounded, and wiped when they go.

Keys that leave while a loan still has them (others came in their place, or more recent ones needed the room) go on
until its leg is over, and are wiped with it: `DataKey` wipes itself when nobody has it any more. Keys that were
destroyed, or whose time is over, are wiped there and then, whoever has them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gateway.tokens.keyset import KeySet

_Key = tuple[str, str | None]

_LINGER = 10 * 10**9
"""Nanoseconds before the end of their time from which on keys aren't lent any more: a leg has as long to end."""
_SKEW = 60 * 10**9
"""Nanoseconds by which a leg may be older than the keys that it is lent; else the clock was set back."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Keys, lent from `since` to `last`, gone `until`; `making`: they do for making tokens. Times in nanoseconds."""

    keys: KeySet
    since: int
    last: int
    until: int
    making: bool


class Cache:
    """The key sets of customers by customer and purpose: at most `capacity`, each for `lifetime` nanoseconds."""

    def __init__(self, capacity: int, lifetime: int) -> None:
        """Start empty."""
        self._capacity = capacity
        self._lifetime = lifetime
        self._lent = lifetime - min(_LINGER, lifetime // 10)
        self._held: OrderedDict[_Key, _Held] = OrderedDict()  # those used last are last
        self._age: dict[_Key, _Held] = {}  # the same, those kept first are first
        self._of: dict[str, set[_Key]] = {}  # by handle
        self._leaving: WeakKeyDictionary[KeySet, int] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, customer: str, purpose: str | None, now: int, *, making: bool) -> KeySet | None:
        """Give keys that may be lent at `now`; `making`: they must do for making tokens."""
        held = self._held.get((customer, purpose))
        if held is None or not held.since <= now < held.last or (making and not held.making):
            return None
        self._held.move_to_end((customer, purpose))
        return held.keys

    def put(self, keys: KeySet, purpose: str | None, now: int, *, making: bool) -> None:
        """Keep keys that were fetched at `now`."""
        key = keys.customer, purpose
        self._drop(key)
        held = _Held(keys, now - _SKEW, now + self._lent, now + self._lifetime, making)
        self._held[key] = self._age[key] = held
        self._of.setdefault(keys.handle, set()).add(key)
        while len(self._held) > self._capacity:
            self._drop(next(iter(self._held)))

    def retire(self, handle: str) -> None:
        """Lend the keys of a customer no more; loans that are out go on."""
        for key in tuple(self._of.get(handle, ())):
            self._drop(key)

    def forget(self, handles: Iterable[str]) -> None:
        """Wipe the keys of customers, also those that are lent."""
        gone = set(handles)
        for handle in gone:
            self.retire(handle)
        for keys in [keys for keys in self._leaving if keys.handle in gone]:
            keys.wipe()

    def expire(self, now: int) -> None:
        """Wipe keys whose time is over, also those that are lent."""
        while self._age:
            key, held = next(iter(self._age.items()))
            if held.since <= now < held.until:
                break
            self._drop(key)
        for keys in [keys for keys, until in self._leaving.items() if until <= now]:
            keys.wipe()

    def clear(self) -> None:
        """Wipe everything."""
        for key in tuple(self._held):
            self._drop(key)
        for keys in tuple(self._leaving):
            keys.wipe()

    def _drop(self, key: _Key) -> None:
        """Let go of keys: nobody has them any more, or a loan does."""
        held = self._held.pop(key, None)
        if held is None:
            return
        del self._age[key]
        others = self._of[held.keys.handle]
        others.discard(key)
        if not others:
            del self._of[held.keys.handle]
        self._leaving[held.keys] = held.until
