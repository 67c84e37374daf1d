"""What a worker gives up before it reads its first file. See docs/marks.md for what holds on which platform."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from gateway.sandbox import landlock, seccomp

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NO_NEW_PRIVS = 1, 4, 38  # Linux, prctl(2)
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # Linux, unshare(2)
_FILES = 64
_NICE = 5  # small flows go before documents
_TRIES, _PAUSE = 5, 0.15  # Linux takes one such wish in 0.1 s, of all who are not its administrator


def step_back() -> None:
    """Let small flows go before documents.

    A nice value counts among the processes of a session only where Linux groups processes by sessions (sched(7), "The
    autogroup feature"), and a worker is a session of its own: then the group is told as well.
    """
    os.nice(_NICE)
    group = Path("/proc/self/autogroup")
    for _ in range(_TRIES if group.exists() else 0):
        try:
            group.write_text(str(_NICE))
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError:  # it may not: it is slower for others then, and no less confined
            return
        else:
            return


def confine(memory: int) -> None:
    """Limit this process for good: `memory` bytes of address space, no file writes, no core dumps, few files.

    Raises `OSError` where the system has these limits and won't set them. On Linux the process also dies with its
    parent, can't gain privileges or be traced, reads nothing but code and fonts (Landlock), and makes
    only the system calls that computing takes (seccomp), where the kernel has these; it has no network where it has
    either the filter or unprivileged namespaces.
    """
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write to a file is an error, not a death
    if sys.platform == "linux":
        _confine_on_linux()


def _confine_on_linux() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in (
        (_SET_PDEATHSIG, signal.SIGKILL),
        (_SET_NO_NEW_PRIVS, 1),
        (_SET_DUMPABLE, 0),
    ):
        if libc.prctl(option, int(value), 0, 0, 0):
            raise OSError(ctypes.get_errno(), "a worker can't be confined")
    # Namespaces may be forbidden, in containers for instance: then the worker keeps the network of its container.
    if libc.unshare(_NEW_NET):
        libc.unshare(_NEW_USER | _NEW_NET)
    landlock.restrict()
    # Last, because all of the above takes system calls. A limit on processes counts threads too, which libraries use:
    # it is for systems without the filter (and root is exempt from it).
    if not seccomp.restrict():
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
