"""One worker process as the gateway sees it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from gateway.sandbox import wire

_BOOT = (
    "import sys; at = sys.argv.index('--'); sys.path[:] = sys.argv[at + 1:]; "
    "from gateway.sandbox.worker import main; main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:at])"
)
_ENVIRONMENT = ("LD_LIBRARY_PATH", "SYSTEMROOT")  # what Python itself may need; nothing of ours, no secret
_BUFFER = 1 << 20


class Hand:
    """A process with a channel to it. `jobs` counts what it was asked."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self.jobs = 0

    @classmethod
    async def hire(cls, memory: int, preload: Sequence[str]) -> Hand:
        """Start a process of its own, not a copy of this one, with an empty environment and no open files of ours."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                path = [os.path.abspath(place) for place in sys.path if place]  # noqa: PTH100  plain strings both sides
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-B", "-c", _BOOT, str(theirs.fileno()), str(memory), *preload),
                    *("--", *path),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    env={
                        "LANG": "C.UTF-8",
                        "MALLOC_ARENA_MAX": "2",
                        **{key: os.environ[key] for key in _ENVIRONMENT if key in os.environ},
                    },
                )
            reader, writer = await asyncio.open_connection(sock=ours, limit=_BUFFER)
        except BaseException:
            ours.close()
            raise
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self._process.returncode is None and not self._reader.at_eof()

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
        with suppress(ProcessLookupError):
            self._process.kill()
        self._writer.close()
        return asyncio.ensure_future(self._gone())

    async def _gone(self) -> None:
        with suppress(OSError):
            await self._writer.wait_closed()
        await self._process.wait()
