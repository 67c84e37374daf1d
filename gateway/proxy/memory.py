"""How glibc keeps memory: bodies come and go by the hundred kilobytes, and giving each back to the kernel is dear.

By default every large buffer is mapped and unmapped, or the heap grown and trimmed, so that each body pays for fresh
pages: on bodies of 224 kB that took a quarter of all time.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_MIB = 1024 * 1024


def keep_freed_memory() -> bool:
    """Let this process keep up to 32 MiB of freed heap. Tells whether the C library took it (musl and others don't)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((_MMAP_THRESHOLD, 8 * _MIB), (_TRIM_THRESHOLD, 32 * _MIB), (_TOP_PAD, _MIB))
    return all(mallopt(name, value) == 1 for name, value in settings)
