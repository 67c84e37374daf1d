"""Keys stay in memory: no core file holds them, and no other process of the same account reads them (Linux)."""

from __future__ import annotations

import ctypes
import resource

_SET_DUMPABLE = 4  # PR_SET_DUMPABLE of <linux/prctl.h>; prctl(2)


def undumped() -> bool:
    """Forbid core files, and debuggers and `/proc/PID/mem` to all but root; False where the system doesn't let us.

    Children that run another program are not concerned, but for the limit of core files.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Where core files go to a program (`core_pattern` begins with `|`) the limit alone doesn't stop them.
    try:
        return int(ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False
