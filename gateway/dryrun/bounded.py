"""Tables that stay small whatever comes: so many rows, and beyond them a count of what found no room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
R = TypeVar("R")


class Bounded(Generic[K, R]):
    """Rows by key, made when they are first asked for; `more` counts how often there was no room for another one."""

    __slots__ = ("_make", "_most", "_rows", "more")

    def __init__(self, most: int, make: Callable[[], R]) -> None:
        """Hold `most` rows at most."""
        self._most = most
        self._make = make
        self._rows: dict[K, R] = {}
        self.more = 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[K, R]]:
        return iter(self._rows.items())

    def row(self, key: K) -> R | None:
        """Give a key's row; None, counted, where there is no room for it."""
        found = self._rows.get(key)
        if found is None:
            if len(self._rows) >= self._most:
                self.more += 1
                return None
            found = self._rows[key] = self._make()
        return found
