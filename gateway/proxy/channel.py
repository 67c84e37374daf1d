"""Questions and answers between the supervisor and a worker, over a socket that only the two have.

A message is its length in 4 bytes, big-endian, and a msgpack array: number, what is asked (empty: this is the answer to
the question of that number), and a body that only the two ends of that question understand.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import msgspec

_LENGTH = struct.Struct(">I")
_LONGEST = 512 << 20  # bytes of a message: all policies go in one

Answer = Callable[[bytes], Awaitable[bytes]]
"""Answers one kind of question."""


class ChannelLost(Exception):
    """The other end is gone, or does not answer."""


class _Message(msgspec.Struct, frozen=True, array_like=True):
    number: int
    asked: str
    body: bytes


_READ = msgspec.msgpack.Decoder(_Message)
_WRITE = msgspec.msgpack.Encoder()


class Channel:
    """One end. `lost` is set once the other end is gone; `answers` says what is answered, by the name of the question.

    A question whose answer raises is never answered: whoever asked loses patience.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        """Take what is answered; nothing is read before `open`."""
        self.lost = asyncio.Event()
        self._answers = answers
        self._open: dict[int, asyncio.Future[bytes]] = {}
        self._asked = 0
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, end: socket.socket) -> None:
        """Begin to read."""
        reader, self._writer = await asyncio.open_unix_connection(sock=end)
        self._begin(self._read(reader))

    async def ask(self, what: str, body: bytes = b"", *, patience: float = 30.0) -> bytes:
        """Ask and give the answer; raises `ChannelLost` where none comes within `patience` seconds."""
        self._asked += 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        number = self._asked
        self._open[number] = answer
        try:
            self._write(_Message(number, what, body))
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            raise ChannelLost from None
        finally:
            del self._open[number]

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _write(self, message: _Message) -> None:
        if self._writer is None or self.lost.is_set():
            raise ChannelLost
        data = _WRITE.encode(message)
        self._writer.write(_LENGTH.pack(len(data)) + data)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                if length > _LONGEST:
                    break
                message = _READ.decode(await reader.readexactly(length))
                if message.asked:
                    self._begin(self._answer(message))
                elif (waiting := self._open.get(message.number)) is not None and not waiting.done():
                    waiting.set_result(message.body)
        except (OSError, EOFError, msgspec.DecodeError):
            pass
        finally:
            self.lost.set()
            for waiting in self._open.values():
                if not waiting.done():
                    waiting.set_exception(ChannelLost())

    async def _answer(self, message: _Message) -> None:
        answer = self._answers.get(message.asked)
        if answer is not None:
            body = await answer(message.body)
            with suppress(ChannelLost):
                self._write(_Message(message.number, "", body))

    def _begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
