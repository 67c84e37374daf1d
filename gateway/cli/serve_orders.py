"""What a supervisor and its workers say to each other, beside `gateway.proxy.crew`'s own words."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gateway.cli.capturing import Flags
from gateway.proxy.totals import Family

SETUP, JUDGE, TAKE, REPORT = "setup", "judge", "take", "report"
"""A worker asks for its setup. The supervisor asks whether policies can be put in force, for that to be done, and how
the worker is doing."""


class Setup(msgspec.Struct, frozen=True):
    """What a worker is to do: its number, the configuration as the supervisor read it, the policies' files."""

    number: int
    config: str
    data: bytes
    overrides: dict[str, str]
    policies: dict[str, bytes]
    capture: tuple[str | None, str | None, int | None, int | None]

    def flags(self) -> Flags:
        """Give the flags about captures."""
        folder, key, mib, minutes = self.capture
        return Flags(Path(folder) if folder else None, Path(key) if key else None, mib, minutes)


class Judged(msgspec.Struct, frozen=True):
    """What a worker says of policies: their digest, or what is wrong."""

    digest: str
    problems: list[str] = []


class Report(msgspec.Struct, frozen=True):
    """How a worker is doing; the details are JSON."""

    ready: bool
    details: bytes
    metrics: list[Family]
