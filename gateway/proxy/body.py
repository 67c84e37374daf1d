"""The body of an answer as it comes in: held only as far as it must be, the system held back when that is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.errors import StreamCut

HIGH = 256 * 1024
"""From so many bytes on that wait to be taken, the system's connection isn't read any more."""


class Body:
    """What was received is given on in order, and then the end, or the error that it broke off with.

    `settled` is waited for before the end is told; `resume` is called when there is room again, `leave` when whoever
    reads has gone before the end.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settled: Callable[[], Awaitable[None]],
        resume: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        """Begin empty."""
        self._loop = loop
        self._settled = settled
        self._resume = resume
        self._leave = leave
        self._held: list[bytes] = []
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def full(self) -> bool:
        """Tell whether it is time to hold the system back."""
        return self._size >= HIGH

    def put(self, data: bytes) -> None:
        """Take what was received."""
        self._held.append(data)
        self._size += len(data)
        self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Note that nothing more will come; with an error, that it should have."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()

    def cut(self, refusal: str) -> None:
        """End at once, whatever is held or to come."""
        self._ended, self._error = True, StreamCut(refusal)
        self._held.clear()
        self._size = 0
        self._wake()
        self._leave()

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        while not self._held:
            if self._ended:
                await self._settled()
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = b"".join(self._held)  # all there is: the slower it is taken, the more goes on together
        self._held.clear()
        self._size = 0
        if not self._ended:
            self._resume()
        return data

    async def aclose(self) -> None:
        """Stop reading: unless all has come, the connection is of no use any more."""
        if not self._ended:
            self.cut("client-left")
        await self._settled()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
