"""What a body may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Decoded size in bytes, expansion by its content coding (times), nesting (levels), values in one body.

    `inner` bounds what is embedded in a body: how many messages in all, and how deep one lies in another; `calls` the
    requests of one batch.
    """

    size: int = 16 * 1024 * 1024
    ratio: int = 200
    depth: int = 64
    values: int = 1_000_000
    inner: int = 10_000
    inner_depth: int = 4
    calls: int = 1000
