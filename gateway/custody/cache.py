"""Keys in memory, for a time: bounded, and wiped when they go."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.tokens.keyset import KeySet

_Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Held:
    keys: KeySet
    until: int
    making: bool


class Cache:
    """The key sets of customers by customer and purpose; at most `capacity` of them."""

    def __init__(self, capacity: int) -> None:
        """Start empty."""
        self._capacity = capacity
        self._held: OrderedDict[_Key, _Held] = OrderedDict()
        self._of: dict[str, set[_Key]] = {}  # by handle

    def __len__(self) -> int:
        return len(self._held)

    def get(self, customer: str, purpose: str | None, now: int, *, making: bool) -> KeySet | None:
        """Give keys that are still good at `now` (nanoseconds); `making`: they must do for making tokens."""
        held = self._held.get((customer, purpose))
        if held is None or held.until <= now or (making and not held.making):
            return None
        self._held.move_to_end((customer, purpose))
        return held.keys

    def put(self, keys: KeySet, purpose: str | None, until: int, *, making: bool) -> None:
        """Keep keys until a time."""
        key = keys.customer, purpose
        self._drop(key)
        self._held[key] = _Held(keys, until, making)
        self._of.setdefault(keys.handle, set()).add(key)
        while len(self._held) > self._capacity:
            self._drop(next(iter(self._held)))

    def forget(self, handles: Iterable[str]) -> None:
        """Wipe the keys of customers."""
        for handle in handles:
            for key in tuple(self._of.get(handle, ())):
                self._drop(key)

    def expire(self, now: int) -> None:
        """Wipe keys whose time is over."""
        for key in [key for key, held in self._held.items() if held.until <= now]:
            self._drop(key)

    def clear(self) -> None:
        """Wipe everything."""
        for key in tuple(self._held):
            self._drop(key)

    def _drop(self, key: _Key) -> None:
        held = self._held.pop(key, None)
        if held is None:
            return
        others = self._of[held.keys.handle]
        others.discard(key)
        if not others:
            del self._of[held.keys.handle]
        held.keys.wipe()
