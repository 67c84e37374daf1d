"""One worker process as the gateway sees it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from gateway.sandbox import wire
from gateway.sandbox.patience import ENDS

_BOOT = (
    "import sys; at = sys.argv.index('--'); sys.path[:] = sys.argv[at + 1:]; "
    "from gateway.sandbox.worker import main; main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:at])"
)
_ENVIRONMENT = ("LD_LIBRARY_PATH", "SYSTEMROOT")  # what Python itself may need; nothing of ours, no secret
_BUFFER = 1 << 20
_REAP_SECONDS = 0.005


class Hand:
    """A process with a channel to it. `jobs` counts what it was asked."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self.jobs = 0

    @classmethod
    async def hire(cls, memory: int, preload: Sequence[str]) -> Hand:
        """Start a process of its own, not a copy of this one, with an empty environment and no open files of ours.

        It is started from the thread of the event loop, because it dies with the thread that started it; and not by
        asyncio, whose own way of starting never ends when it is cancelled half-way.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER)
            except BaseException:
                ours.close()
                raise
            process = subprocess.Popen(  # noqa: S603, ASYNC220  this Python, and it takes a millisecond
                [
                    *(sys.executable, "-I", "-B", "-c", _BOOT, str(theirs.fileno()), str(memory), *preload),
                    *("--", *_path()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={
                    "LANG": "C.UTF-8",
                    "MALLOC_ARENA_MAX": "2",
                    "OPENBLAS_NUM_THREADS": "1",  # a worker is one processor's share
                    **{key: os.environ[key] for key in _ENVIRONMENT if key in os.environ},
                },
            )
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self._process.poll() is None and not self._reader.at_eof()

    @property
    def overstayed(self) -> bool:
        """Whether the process is gone because it used up its time."""
        return self._process.returncode == -ENDS

    async def ready(self) -> None:
        """Wait until the process is confined and takes calls. Raises `EOFError` or `OSError` where it died."""
        await self._receive(0)

    async def ask(self, message: bytes, most: int) -> bytes:
        """Send a call and give the reply of at most `most` bytes. Raises `EOFError` or `OSError` where it died."""
        self.jobs += 1
        self._writer.write(len(message).to_bytes(wire.LENGTH, "big"))
        self._writer.write(message)
        await self._writer.drain()
        return await self._receive(most)

    async def _receive(self, most: int) -> bytes:
        length = int.from_bytes(await self._reader.readexactly(wire.LENGTH), "big")
        if length > most:
            raise EOFError
        return await self._reader.readexactly(length)

    def fire(self) -> asyncio.Task[None]:
        """End the process at once; the task ends when it is gone."""
        self._process.kill()
        self._writer.close()
        return asyncio.ensure_future(self._gone())

    async def _gone(self) -> None:
        with suppress(OSError):
            await self._writer.wait_closed()
        while self._process.poll() is None:  # noqa: ASYNC110  a process gives no event without a thread or a signal
            await asyncio.sleep(_REAP_SECONDS)


def _path() -> list[str]:
    """Give where modules are found, for a process that starts in isolation and elsewhere."""
    return [os.path.abspath(place) for place in sys.path if place]  # noqa: PTH100  it is text that sys.path holds
