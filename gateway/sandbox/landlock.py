"""What a worker may still read: its own code and libraries, and fonts (Linux, landlock(7))."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import gateway

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every machine
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FIRST = (1 << 13) - 1  # the rights of the first version; each later one added some
_ADDED = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/fonts", "/usr/share/zoneinfo", "/dev/urandom")


def restrict() -> bool:
    """Let this process read no other files from now on, for good; False where the system can't do that.

    Needs `no_new_privs`. What the process has open stays open. Names in the folders of `sys.path` can still be listed,
    which importing takes.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    rights = _FIRST | sum(right for since, right in _ADDED.items() if since <= version)
    rules = libc.syscall(_CREATE, struct.pack("=Q", rights), ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    try:
        for path, allowed in _readable():
            with suppress(OSError):  # not on this system
                _allow(libc, rules, path, allowed)
        return not libc.syscall(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, allowed: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = allowed if path.is_dir() else _READ_FILE
        libc.syscall(_ADD, rules, _BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _readable() -> Iterator[tuple[Path, int]]:
    """Give what Python and its libraries are made of; of other folders on its path only modules and packages."""
    everything = _READ_FILE | _READ_DIR
    yield from ((Path(place), everything) for place in _SYSTEM)
    yield Path(gateway.__file__).parent, everything  # wherever it is installed, and however it is found there
    library = Path(os.__file__).parent
    yield library, everything
    for place in map(Path, sys.path):
        if place.name in {"site-packages", "dist-packages"}:
            yield place, everything
        elif place != library and place.is_dir() and library not in place.parents:
            yield place, _READ_DIR
            yield from ((found, everything) for found in place.iterdir() if _is_code(found))
        else:
            yield place, everything


def _is_code(path: Path) -> bool:
    return path.suffix in {".py", ".so", ".zip"} or (path / "__init__.py").is_file()
