"""Counting kinds of change, each with the first flow that shows it; so many kinds are told apart, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.dryrun.report import Where

K = TypeVar("K")
MOST = 5_000
"""How many kinds are told apart."""


@dataclass(slots=True)
class Count:
    """In how many flows something was met, how often in all; `example` is the first flow, `last` the latest."""

    example: int | Where
    last: int | Where | None = None
    flows: int = 0
    times: int = 0


@dataclass(slots=True, eq=False)
class Counted(Generic[K]):
    """Counts, each under its kind; `left_out` is how often there was no room for another kind."""

    limit: int = MOST
    left_out: int = 0
    counts: dict[K, Count] = field(default_factory=dict)

    def add(self, kind: K, flow: int | Where, times: int = 1) -> bool:
        """Count what was met in a flow; False where there is no room for its kind. Flows come one after the other."""
        count = self.counts.get(kind)
        if count is None:
            if len(self.counts) >= self.limit:
                self.left_out += 1
                return False
            count = self.counts[kind] = Count(flow)
        if count.last != flow:
            count.flows += 1
            count.last = flow
        count.times += times
        return True

    def __iter__(self) -> Iterator[tuple[K, Count]]:
        """Give each kind with its count, in the order in which they were met."""
        yield from self.counts.items()
