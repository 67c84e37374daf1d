"""Nonces that never repeat for any key, across processes, threads, forks, restarts and restored backups.

12 bytes: 4 of an epoch, 4 random ones, 4 of a counter. An epoch is taken from the store, durably, by every process for
itself before its first nonce, and is never given again; a fork takes its own. It is never less than the seconds since
1970, so that a restored backup gives none that was given before. Should the clock be set back as well, the random
bytes, drawn for each epoch, still keep its nonces apart but for a chance of 2^-32 (NIST SP 800-38D section 8.2.1).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import RLock

from gateway.errors import KeysUnavailable

_EPOCHS = 2**32
_COUNT = 2**32
_DRAWN = 4


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
            return run.head + number.to_bytes(4)
        with self._lock:
            if self._run is run:
                epoch = self._epoch()
                if epoch >= _EPOCHS:
                    raise KeysUnavailable("the epochs of nonces are used up, or their number is damaged")
                self._run = _Run(os.getpid(), epoch.to_bytes(4) + self._random(_DRAWN))
        return self()
