"""What wraps customers' keys: the seam to whatever holds the key that wraps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as a provider wrapped it; `kek` names the wrapping key and its version in the provider's own words."""

    kek: str
    data: bytes = field(repr=False)


class Provider(Protocol):
    """Wraps and unwraps keys of 32 bytes, bound to a context. Called from threads; may take its time, within limits.

    Every method raises `KeysUnavailable` while the provider can't be reached, and `KeyGone` where what wrapped the key
    is no more, was disabled, or refuses this wrapping for good.
    """

    @property
    def name(self) -> str:
        """Give the name that configuration and store know it by."""
        ...

    def current(self) -> str:
        """Name the key that `wrap` uses now."""
        ...

    def wrap(self, key: bytearray, context: bytes) -> Wrapped:
        """Wrap a key."""
        ...

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytearray:
        """Give the key, in a buffer that its user wipes."""
        ...

    def close(self) -> None:
        """Let go of connections and keys."""
        ...
