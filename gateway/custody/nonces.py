"""Nonces that never repeat for any key, across processes, forks, restarts and restored backups.

12 bytes: 4 of an epoch, 3 random ones, 5 of a counter. An epoch is taken from the store before the first nonce,
durably, by every process for itself, and never given again. Where a backup brings an epoch back, the random bytes,
drawn for each epoch, keep its nonces apart. A fork takes an epoch of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import RLock

_EPOCHS = 2**32
_COUNT = 2**40


@dataclass(frozen=True, slots=True)
class _Run:
    """The nonces of one epoch, for one process. A step of the counter is one step: no two threads get the same."""

    process: int
    head: bytes
    counter: count[int] = field(default_factory=count)


class Nonces:
    """Gives nonces. `epoch` takes a new epoch, `random` gives random bytes. Raises what `epoch` raises."""

    __slots__ = ("_epoch", "_lock", "_random", "_run")

    def __init__(self, epoch: Callable[[], int], random: Callable[[int], bytes]) -> None:
        """Take the first epoch at the first call."""
        self._epoch = epoch
        self._random = random
        self._lock = RLock()
        self._run = _Run(-1, b"")

    def __call__(self) -> bytes:
        """Give 12 bytes that nobody got before."""
        run = self._run
        number = next(run.counter)
        if number < _COUNT and run.process == os.getpid():
            return run.head + number.to_bytes(5)
        with self._lock:
            if self._run is run:
                head = (self._epoch() % _EPOCHS).to_bytes(4) + self._random(3)
                self._run = _Run(os.getpid(), head)
        return self()
