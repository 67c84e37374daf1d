"""A bounded memory of what was computed before."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Remember about the `limit` most recently used values, never more.

    Two generations instead of a linked list: what is used moves to the young one, and when that is full the old one is
    dropped whole. A hit is one lookup, and no step can trip over another thread's.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """Give what was put, or None when it never was or is forgotten."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                found = self.put(key, found)
        return found

    def put(self, key: K, value: V) -> V:
        """Remember a value, and give the one that stays: the first, if two came at once."""
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        return self._young.setdefault(key, value)
