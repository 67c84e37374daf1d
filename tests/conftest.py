"""What holds for every test."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

# The same examples in every run, so that a change is judged by what it changed; `make search` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, print_blob=False)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("SOVGATE_EXAMPLES", "steady"))


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name cases alike in every run: the text of bytes made at import time and of sets is another each time."""
    if isinstance(val, bytes | set | frozenset) or (isinstance(val, str) and (len(val) > 80 or not val.isprintable())):
        return argname
    return None
