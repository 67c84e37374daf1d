"""What holds for every test."""

from __future__ import annotations

from typing import Any


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name cases alike in every run: the text of bytes made at import time and of sets is another each time."""
    if isinstance(val, bytes | set | frozenset) or (isinstance(val, str) and (len(val) > 80 or not val.isprintable())):
        return argname
    return None
