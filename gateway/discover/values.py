"""The values of one place: how many of which kind, and a sample of the distinct ones, in bounded memory.

The sample is made of the values whose checksums are smallest: the same ones whatever their order and however often each
comes, so that two samples can be united. Samples are looked at, and never shown.
"""

from __future__ import annotations

from zlib import crc32

MOST = 64
"""Distinct values that are kept of one place."""

LONGEST = 256
"""Characters that are looked at of one value."""

_RANGE = 2**32


class Values:
    """What was seen at one place."""

    __slots__ = ("_kept", "_worst", "count", "longest")

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.count = 0
        self.longest = 0
        self._kept: dict[int, str] = {}
        self._worst = _RANGE

    def add(self, text: str) -> int:
        """See one value; gives its checksum."""
        self.count += 1
        self.longest = max(self.longest, len(text))
        text = text[:LONGEST]
        mark = crc32(text.encode("utf-8", "surrogatepass"))
        if mark < self._worst and mark not in self._kept:
            self._keep(mark, text)
        return mark

    def unite(self, other: Values) -> None:
        """Take up what was seen elsewhere."""
        self.count += other.count
        self.longest = max(self.longest, other.longest)
        for mark, text in other._kept.items():
            if mark < self._worst and mark not in self._kept:
                self._keep(mark, text)

    @property
    def sample(self) -> tuple[str, ...]:
        """Give the values that were kept, in a fixed order."""
        return tuple(self._kept[mark] for mark in sorted(self._kept))

    @property
    def distinct(self) -> int:
        """Give how many distinct values there are: exact for few, an estimate for many (about an eighth off)."""
        if len(self._kept) < MOST:
            return len(self._kept)
        return min(self.count, max(MOST, int((MOST - 1) * _RANGE / max(*self._kept, 1))))

    def _keep(self, mark: int, text: str) -> None:
        self._kept[mark] = text
        if len(self._kept) > MOST:
            del self._kept[max(self._kept)]
        if len(self._kept) == MOST:
            self._worst = max(self._kept)
