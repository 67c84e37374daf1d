"""How customers' keys are kept: what the configuration says, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class CustodySettings:
    """The tenant that tokens are bound to, and how long keys are used.

    `cache_seconds` is how long a key stays in memory after it was fetched, and so the longest that a customer who takes
    their wrapping key away has to wait. `rotate_days` and `rotate_uses` end a version's time (0: never by days); the
    cipher's own limit is 2^32 uses. `capacity` bounds the customers remembered. `provider_seconds` is how long a
    provider may take. `holders` name the provider of customers who don't have the `default`.
    """

    tenant: str = "sovgate"
    cache_seconds: float = 300.0
    capacity: int = 20_000
    rotate_days: int = 90
    rotate_uses: int = 2**30
    provider_seconds: float = 5.0
    default: str = "file"
    holders: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache_nanoseconds(self) -> int:
        """Give `cache_seconds` in nanoseconds."""
        return int(self.cache_seconds * 1e9)

    @property
    def call_seconds(self) -> float:
        """Give how long one call to a provider may take: a customer who is new needs two."""
        return self.provider_seconds * 0.45

    @property
    def rotate_nanoseconds(self) -> int:
        """Give `rotate_days` in nanoseconds; 0: never."""
        return self.rotate_days * _DAY
