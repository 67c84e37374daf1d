"""An answer in pieces on its way to the client: counted, and reported once, however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from gateway.errors import StreamCut
from gateway.steps import source


class Passing:
    """Gives on what it gets. `over` is told the number of bytes at the end, `failed` of errors that nobody foresaw."""

    def __init__(
        self, stream: AsyncIterator[bytes], over: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        """Take what is passed on."""
        self._stream = stream
        self._over = over
        self._failed = failed
        self._size = 0
        self._ended = False

    def __aiter__(self) -> Passing:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._stream)
        except (StopAsyncIteration, StreamCut):
            self._end()
            raise
        except Exception as error:  # noqa: BLE001 - fail closed: nothing of an error is released
            self._failed(error)
            self._end()
            raise StreamCut("internal") from None
        self._size += len(piece)
        return piece

    async def aclose(self) -> None:
        """Stop reading: the client has gone, or has all of it."""
        try:
            await source.close(self._stream)
        finally:
            self._end()

    def cut(self, refusal: str) -> None:
        """End at once, also where nothing comes and it is waited for."""
        source.cut(self._stream, refusal)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._over(self._size)
