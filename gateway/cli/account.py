"""Whose hand it is: the account of the person who logged in."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1


def account() -> str:
    """Name the account that somebody logged in with, which stays the same through `su` and `sudo` (Linux).

    Where nobody logged in (a container, a timer), that of the process. Never what the environment says: `LOGNAME` is
    anybody's to set. `uid 1234` where the machine has no name for it.
    """
    try:
        number = int(_LOGIN.read_text())
    except (OSError, ValueError):
        number = _UNSET
    if number == _UNSET:
        number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
