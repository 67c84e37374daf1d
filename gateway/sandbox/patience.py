"""How long a worker may compute: a few seconds while a file decides it, all that it was given once that is over."""

from __future__ import annotations

import math
import resource

_SECONDS = 3.5  # of doubt: three or four, because the system counts whole ones


class Patience:
    """The watch of one call: `seconds` of processor time in all. Who overstays is ended by the system, by SIGXCPU."""

    def __init__(self, seconds: float) -> None:
        """Begin: with all the time, because most functions have no doubts to tell of."""
        self._end = _used() + seconds
        self.trust()

    def doubt(self) -> None:
        """Give a few seconds, and not more than there are left."""
        _allow(min(round(_used() + _SECONDS), self._last))

    def trust(self) -> None:
        """Give all that is left."""
        _allow(self._last)

    @property
    def _last(self) -> int:
        return math.ceil(self._end) + 1  # the system counts whole seconds


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _allow(until: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard == resource.RLIM_INFINITY else min(until, hard), hard))
