"""How long a worker may compute: a few seconds while a file decides it, all that it was given once that is over."""

from __future__ import annotations

import signal
import time

_SECONDS = 3.5  # of doubt
_AT_LEAST = 0.001  # seconds; no time at all would let it go on for ever

ENDS = signal.SIGPROF
"""What the system ends a process with that overstays."""


class Patience:
    """The watch of one call: `seconds` of processor time in all.

    It is a timer, which counts from when it is set, and not the limit of the whole process (RLIMIT_CPU): Linux holds
    that against a sum of sampled ticks, which in a long life goes seconds away from what any clock tells.
    """

    def __init__(self, seconds: float) -> None:
        """Begin: with all the time, because most functions have no doubts to tell of."""
        self._end = time.process_time() + seconds
        self.trust()

    def doubt(self) -> None:
        """Give a few seconds, and not more than there are left."""
        _allow(min(_SECONDS, self._left))

    def trust(self) -> None:
        """Give all that is left."""
        _allow(self._left)

    def end(self) -> None:
        """Stop the watch: what comes next counts for nobody."""
        _allow(0)

    @property
    def _left(self) -> float:
        return max(_AT_LEAST, self._end - time.process_time())


def _allow(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
