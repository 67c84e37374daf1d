"""The gateway's connection to the sequencer of its log: entries go out in groups, answers come back in their order."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from gateway.errors import NotRecorded
from gateway.storage.wire import message, results

_GATHERING = 0.002  # seconds that an entry waits for others at the most, and only while the event loop is busy


class Line(asyncio.Protocol):
    """A connection to the sequencer: entries go out in the order of `waiting`, answers come in the same order."""

    def __init__(self, patience: float) -> None:
        """Start without a connection. A sequencer that says nothing for `patience` seconds has stalled."""
        self._patience = patience
        self._heard = 0.0  # when something moved last
        self._finished = False
        self._watch: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.waiting: deque[asyncio.Future[int]] = deque()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._seen = 0  # how many of those there were a turn of the event loop ago
        self._since = 0.0  # when the first of them came
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and an eye on the time."""
        self._transport = transport  # type: ignore[assignment]  # a stream's transport is a Transport
        self._look()

    def _look(self) -> None:
        """Tell everyone who waits when nothing moves any more, as on a disk that hangs: a refusal, never a hang."""
        if self._loop.time() - self._heard > self._patience:
            self._fail("the audit log's sequencer does not answer")
        self._watch = self._loop.call_later(self._patience / 4, self._look)

    def send(self, payload: bytes) -> asyncio.Future[int]:
        """Hand over an entry; those of turns of the event loop that follow each other go out in one write."""
        if self._transport is None:
            raise NotRecorded("the audit log's sequencer ended")
        if self._finished:
            raise NotRecorded("the audit log is closed")
        if not self._out:
            self._seen, self._since = 0, time.perf_counter()
            self._loop.call_soon(self._gather)
        self._out.append(message(payload))
        if not self.waiting:
            self._heard = self._loop.time()
        recorded: asyncio.Future[int] = self._loop.create_future()
        self.waiting.append(recorded)
        return recorded

    def _gather(self) -> None:
        """Let a busy event loop bring more entries first; one that has nothing else to do waits for nothing.

        A group costs the sequencer the same whether it is of one entry or of ten: being woken, a sync, an answer.
        """
        if len(self._out) > self._seen and time.perf_counter() - self._since < _GATHERING:
            self._seen = len(self._out)
            self._loop.call_soon(self._gather)
        else:
            self._flush()

    def _flush(self) -> None:
        if self._transport is not None and self._out:
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        """Take in answers."""
        self._heard = self._loop.time()
        self._buffer += data
        for result in results(self._buffer):
            recorded = self.waiting.popleft()
            if recorded.done():  # whoever waited was cancelled, or told that nothing moves
                continue
            if isinstance(result, int):
                recorded.set_result(result)
            else:
                recorded.set_exception(result)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Tell everyone who waits: their entries may or may not be in the log, so nothing may be released."""
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        self._fail("the audit log's sequencer ended")
        self.waiting.clear()
        self.lost.set_result(None)

    def _fail(self, why: str) -> None:
        for recorded in self.waiting:
            if not recorded.done():
                recorded.set_exception(NotRecorded(why))

    def finish(self) -> None:
        """Say that no more entries come."""
        self._flush()
        self._finished = True
        if self._transport is not None:
            self._transport.write_eof()

    def hang_up(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
