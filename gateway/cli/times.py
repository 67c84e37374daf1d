"""Times between people and the log, which counts nanoseconds since the epoch; all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import click

TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
"""How a time is typed."""

_NANOSECONDS = 1_000_000_000


def nanoseconds(time: datetime | None) -> int | None:
    """Give a typed time as the log counts it."""
    return None if time is None else int(time.replace(tzinfo=UTC).timestamp()) * _NANOSECONDS


def shown_time(time: int) -> str:
    """Show a time of the log, to the second."""
    return datetime.fromtimestamp(time // _NANOSECONDS, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
