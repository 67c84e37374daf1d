"""`$ID`: an address that stands for what an earlier request of an OData batch makes or changes (4.01 section 11.7.3.1).

A request that makes something (POST) gets a key of the system's; nobody knows it before, so it stands as `('$ID')`, and
whatever variable of a path holds it names nobody. The system reads other texts after a `$` as its own resources; no
request may be called like these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.errors import Unreadable
from gateway.formats.batch_target import Address, Base

_REFERENCE = re.compile(r"\$([A-Za-z0-9_.~:+-]+)(.*)", re.DOTALL)
_LONGEST = 16 * 1024
_RESERVED = frozenset({
    "batch", "metadata", "all", "entity", "root", "crossjoin", "count", "ref", "value", "it", "this", "links", "each",
    "filter", "query",
})  # fmt: skip


@dataclass(slots=True, eq=False)
class References:
    """What stands behind the ids so far; None where two requests have the same."""

    base: Base
    known: dict[str, tuple[str, tuple[str, ...]] | None] = field(default_factory=dict)

    def resolve(self, written: str) -> tuple[Address, tuple[str, ...]]:
        """Give an address, and the texts in it that stand for unknown keys. Raises `Unreadable`."""
        match = _REFERENCE.fullmatch(written)
        if match is None or match[1] not in self.known:
            return self.base.resolve(written), ()
        found = self.known[match[1]]
        if found is None or (match[2] and match[2][0] not in "/?"):
            raise Unreadable("body-ambiguous", "a request of the batch refers to one of two")
        if len(found[0]) + len(match[2]) > _LONGEST:
            raise Unreadable("batch-unsafe", "a reference in the batch stands for an endless address")
        return Address(found[0] + match[2], f"${match[1]}", found[0]), found[1]

    def add(self, name: str, method: str, address: Address, refers: tuple[str, ...]) -> None:
        """Take a request that later ones may refer to. Raises `Unreadable`: body-ambiguous."""
        if name.lower() in _RESERVED:
            raise Unreadable("body-ambiguous", "a request of the batch is called like a resource of the system")
        path = address.target.partition("?")[0]
        if method == "POST":
            mark = f"${name}"
            path, refers = f"{path}('{mark}')", (*refers, mark)
        self.known[name] = None if name in self.known else (path, refers)
