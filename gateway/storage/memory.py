"""In-memory twins of the ports, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import structs

from gateway.audit.entry import Entry, encode
from gateway.audit.split import PAYLOAD_LIMIT, split
from gateway.errors import NotRecorded


@dataclass(slots=True)
class MemoryLog:
    """The append port without disk, keys and signatures. `entries` are what was recorded, with their counters.

    While `failing` says why, nothing is recorded.
    """

    instance: str = "memory"
    failing: str = ""
    entries: list[Entry] = field(default_factory=list)
    closed: bool = False

    async def append(self, entry: Entry) -> int:
        """Record an entry and give its counter; raises `NotRecorded`."""
        if self.closed or self.failing:
            raise NotRecorded(self.failing or "the audit log is closed")
        counter = len(self.entries)
        parts = (entry,) if len(encode(entry)) <= PAYLOAD_LIMIT else split(entry)
        self.entries += [
            structs.replace(part, instance=self.instance, counter=counter + number) for number, part in enumerate(parts)
        ]
        return counter

    async def close(self) -> None:
        """Record nothing from now on."""
        self.closed = True
