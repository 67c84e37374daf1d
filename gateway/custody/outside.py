"""Providers that are somewhere else: a token, a cloud's key service, a vault server. What all of them share.

None of them sees a customer's key. Each key is wrapped here, under a fresh one that is used once and bound to what it
is for; the service wraps only that one. So whatever a service, its log or a connection's buffers keep opens nothing
without the row in the store, and once the row is deleted there is nothing left to open.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from time import monotonic
from typing import Protocol, TypeVar

from gateway.custody import wrapping
from gateway.custody.pause import Pause
from gateway.custody.provider import Wrapped
from gateway.errors import KeyGone, KeysUnavailable

T = TypeVar("T")

Watch = Callable[[str, str, float], None]
"""Told of each call: the provider's name, how it went ("done", "gone", "unavailable"), seconds."""

LONGEST = 16_384
"""Bytes of what a service makes of 32 bytes, at most."""
_LENGTH = 2


class Service(Protocol):
    """Seals and opens 32 bytes, bound to a context, under keys that stay where they are. Called from threads.

    Every method raises `KeysUnavailable` where the service can't be had now, and `KeyGone` where the key is no more,
    was disabled or taken from us, or what is to be opened was never sealed so. Each takes a few seconds at most.
    """

    def current(self) -> str:
        """Name the key that seals now."""
        ...

    def seal(self, data: bytearray, context: bytes) -> Wrapped:
        """Seal, and name the key that did."""
        ...

    def open(self, sealed: Wrapped, context: bytes) -> bytearray:
        """Give what was sealed."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class OutsideProvider:
    """A provider over a service. While the service fails it is left alone for a moment, and whoever asks is told so."""

    def __init__(
        self,
        name: str,
        service: Service,
        random: Callable[[int], bytes],
        watch: Watch | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Take the service; nothing is asked of it yet. `clock` counts seconds."""
        self._name = name
        self._service = service
        self._random = random
        self._watch = watch
        self._clock = clock
        self._pause = Pause(clock)

    @property
    def name(self) -> str:
        """Give the name that configuration and store know it by."""
        return self._name

    def current(self) -> str:
        """Name the key that `wrap` uses now. Raises `KeysUnavailable`, `KeyGone`."""
        return self._asked(self._service.current)

    def wrap(self, key: bytearray, context: bytes) -> Wrapped:
        """Wrap a key. Raises `KeysUnavailable`, `KeyGone`."""
        once = bytearray(self._random(wrapping.KEY))
        try:
            sealed = self._asked(lambda: self._service.seal(once, context))
            if len(sealed.data) > LONGEST:
                raise KeysUnavailable(f'the provider "{self._name}" of keys answered wrongly')
            inner = wrapping.wrap(once, key, _bound(sealed, context), self._random)
        finally:
            wrapping.wipe(once)
        return Wrapped(sealed.kek, len(sealed.data).to_bytes(_LENGTH) + sealed.data + inner)

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytearray:
        """Give the key. Raises `KeysUnavailable`, `KeyGone`."""
        end = _LENGTH + int.from_bytes(wrapped.data[:_LENGTH])
        if len(wrapped.data) != end + wrapping.LENGTH:
            raise KeyGone("a wrapped key was changed, or belongs to something else")
        sealed = Wrapped(wrapped.kek, wrapped.data[_LENGTH:end])
        once = self._asked(lambda: self._service.open(sealed, context))
        try:
            if len(once) != wrapping.KEY:
                raise KeysUnavailable(f'the provider "{self._name}" of keys answered wrongly')
            return wrapping.unwrap(once, wrapped.data[end:], _bound(sealed, context))
        except ValueError:
            raise KeyGone("a wrapped key was changed, or belongs to something else") from None
        finally:
            wrapping.wipe(once)

    def close(self) -> None:
        """Let go of connections."""
        self._service.close()

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask the service, unless it is left alone; its words are told with its name."""
        begun = self._clock()
        outcome = "unavailable"
        try:
            with self._pause:
                try:
                    told = ask()
                except KeyGone:
                    outcome = "gone"
                    raise
            outcome = "done"
        except KeysUnavailable as error:
            raise type(error)(f'the provider "{self._name}" of keys: {error}') from None
        else:
            return told
        finally:
            if self._watch is not None:
                self._watch(self._name, outcome, self._clock() - begun)


def _bound(sealed: Wrapped, context: bytes) -> bytes:
    """Say what the inner wrapping is for, so that it fits nothing else: nothing around it can be changed either."""
    return b"sovgate/once/1|" + sha256(sealed.kek.encode() + b"\0" + sealed.data).digest() + context
