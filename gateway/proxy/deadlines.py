"""Time limits without a timer each: connections write down when they must be done, one tick looks at all of them."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

NEVER = math.inf


class Mortal(Protocol):
    """Something with a deadline, in the loop's time."""

    deadline: float

    def expire(self) -> None:
        """Be told that the deadline has passed; must move it or leave."""
        ...


class Deadlines:
    """Looks at its members every `tick` seconds. Setting a deadline costs an attribute, not a timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, tick: float) -> None:
        self._loop = loop
        self._tick = tick
        self._members: set[Mortal] = set()
        self._handle: asyncio.TimerHandle | None = None

    def add(self, member: Mortal) -> None:
        """Watch a member from now on."""
        self._members.add(member)
        if self._handle is None:
            self._handle = self._loop.call_later(self._tick, self._look)

    def discard(self, member: Mortal) -> None:
        """Watch a member no longer."""
        self._members.discard(member)

    def close(self) -> None:
        """Stop looking."""
        self._members.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        self._handle = None
        now = self._loop.time()
        for member in [member for member in self._members if member.deadline <= now]:
            member.expire()
        if self._members:
            self._handle = self._loop.call_later(self._tick, self._look)


def tick_for(*limits: float) -> float:
    """Give a tick that is fine enough for these limits: a quarter of the shortest, between 10 ms and a second."""
    return min(1.0, max(0.01, min(limits) / 4))
