"""Proofs that count once: whether one was seen before, by its digest, for as long as it could count at all."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Protocol

from gateway.errors import NotAuthenticated

SECOND = 1_000_000_000


class Replay(Protocol):
    """Remembers proofs, across all that checks proofs for one gateway."""

    def seen(self, digest: bytes, until: int) -> bool:
        """Tell whether a digest was told of before, and remember it until `until` (nanoseconds since the epoch).

        Raises `NotAuthenticated` where it can't be remembered: the proof must then not count.
        """
        ...


class MemoryReplay:
    """Remembers in this process alone. Full of proofs that could still count it takes no other, and forgets none."""

    def __init__(self, clock: Callable[[], int], capacity: int = 100_000) -> None:
        """Take the clock (nanoseconds since the epoch) and how many proofs are remembered at once."""
        self._clock = clock
        self._capacity = capacity
        self._until: dict[bytes, int] = {}

    def seen(self, digest: bytes, until: int) -> bool:
        """Tell and remember, as `Replay` says."""
        now = self._clock()
        if self._until.get(digest, 0) > now:
            return True
        self._forget(now)
        if len(self._until) >= self._capacity:
            raise full()
        self._until.pop(digest, None)  # so that it stands behind what was told before
        self._until[digest] = until
        return False

    def _forget(self, now: int) -> None:
        """Forget what can't count any more, as far as it was told first: looking through all of it would be slow."""
        while self._until and self._until[first := next(iter(self._until))] <= now:
            del self._until[first]


def full() -> NotAuthenticated:
    """Make the refusal of a proof that can't be remembered."""
    return NotAuthenticated("proofs-unavailable", "too many proofs are remembered already")


class Nonces:
    """Numbers that prove a proof is fresh, without a memory: each names its span of time, under a key of the gateway.

    One counts in the span in which it was given and in the next (RFC 9449 section 8).
    """

    def __init__(self, key: bytes, seconds: int = 300) -> None:
        """Take the key, which all processes of a gateway share, and the length of a span."""
        self._key = key
        self._span = seconds * SECOND

    def now(self, now: int) -> str:
        """Give the nonce of this moment: 32 hexadecimal digits."""
        return self._of(now // self._span)

    def good(self, now: int) -> tuple[str, str]:
        """Give the nonces that count now: that of this span, and that of the one before."""
        span = now // self._span
        return self._of(span), self._of(span - 1)

    def counts(self, nonce: str, now: int) -> bool:
        """Tell whether a nonce counts now."""
        return any(hmac.compare_digest(nonce.encode(), good.encode()) for good in self.good(now))

    def _of(self, span: int) -> str:
        return hmac.digest(self._key, b"sovgate nonce %d" % span, "sha256")[:16].hex()
