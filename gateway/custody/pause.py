"""Leaving a service alone while it fails: one customer's service that hangs must not hold up everybody else's keys.

Calls are let through until one fails. Then none is for a moment, after which one at a time tries; each failure makes
the moment longer, and the first success ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from types import TracebackType

from gateway.errors import KeyGone, KeysUnavailable

SHORTEST, LONGEST = 0.25, 8.0
"""Seconds of the first moment, which doubles, and of the longest."""


class Pause:
    """Wrap each call in it: `with pause: call()`. Threads share it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with nothing wrong. `clock` counts seconds."""
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0
        self._trying = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._failures:
                return
            if self._trying or self._clock() < self._until:
                raise KeysUnavailable("failed a moment ago, and is left alone for now")
            self._trying = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        answered = kind is None or issubclass(kind, KeyGone)  # a no is an answer
        with self._lock:
            self._trying = False
            if answered:
                self._failures = 0
                return
            if self._failures and self._clock() < self._until:
                return  # of several that failed at the same time, the first one counts
            moment = min(LONGEST, SHORTEST * 2 ** min(self._failures, 10))
            self._failures += 1
            self._until = self._clock() + moment
