"""The name of the key in a token's header: whose it is, which version, and what the token is bound to."""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERN = r"([A-Za-z0-9_-]{16})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{16})"
_KID = re.compile(PATTERN, re.ASCII)


@dataclass(frozen=True, slots=True)
class Kid:
    """`handle.version.context`: a customer's handle, a version of their keys, and the context of the value."""

    handle: str
    version: int
    context: str

    def __str__(self) -> str:
        """Give the only way to write it."""
        return f"{self.handle}.{self.version}.{self.context}"

    @classmethod
    def read(cls, text: str) -> Kid | None:
        """Read what `str` gives; None for anything else."""
        found = _KID.fullmatch(text)
        return None if found is None else cls(found[1], int(found[2]), found[3])
