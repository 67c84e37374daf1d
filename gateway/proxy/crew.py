"""The worker processes of a gateway: started, kept running, asked, ended. Which program they run is the caller's."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import gateway
from gateway.proxy.channel import Answer, Channel, ChannelLost
from gateway.proxy.logs import Log

UP, FAILED = "up", "failed"
"""What a worker asks once it is ready to listen, and what it says where it can't be."""

_PAUSES = (0.1, 5.0)  # seconds before a worker is started again: at first, and at most
_LONG = 10.0  # seconds after which a worker that ended had come up well
_STARTING = 120.0  # seconds for a worker to come up
_LAST = 5.0  # seconds for a worker that was told to end at once


class CanNotStart(Exception):
    """A worker said why it can't start, in words that may be shown."""


@dataclass(frozen=True, slots=True)
class Program:
    """What workers run: a module of ours, a socket to listen on for each, and what it may ask (given its number)."""

    module: str
    doorway: Callable[[], socket.socket]
    answers: Callable[[int], Mapping[str, Answer]]


class Crew:
    """Keeps `count` workers running. `gone` is told the number of each worker that ended."""

    def __init__(self, count: int, program: Program, gone: Callable[[int], None], log: Log) -> None:
        """Take what to run; nothing is started before `start`."""
        self._program, self._gone, self._log = program, gone, log
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._keepers: list[asyncio.Task[None]] = []
        self._ending = asyncio.Event()
        self.restarts = 0

    async def start(self) -> None:
        """Start all and wait until each is up; raises `CanNotStart` where one can't be."""
        self._keepers = [asyncio.create_task(self._keep(place)) for place in self._places]
        ups = [asyncio.ensure_future(place.up) for place in self._places]
        try:
            await asyncio.gather(*ups)
        except BaseException:
            await self.end(forced=True)
            raise

    @property
    def numbers(self) -> tuple[int, ...]:
        """Give the numbers of the workers, whether they run or not."""
        return tuple(place.number for place in self._places)

    async def ask(self, what: str, body: bytes = b"", *, patience: float = 30.0) -> dict[int, bytes]:
        """Ask all that are up, and give what those said who answered in time."""
        up = [(place.number, place.channel) for place in self._places if place.is_up and place.channel is not None]
        said = await asyncio.gather(
            *(channel.ask(what, body, patience=patience) for _, channel in up), return_exceptions=True
        )
        return {number: answer for (number, _), answer in zip(up, said, strict=True) if isinstance(answer, bytes)}

    def up(self) -> frozenset[int]:
        """Tell which are up."""
        return frozenset(place.number for place in self._places if place.is_up)

    def kill(self, number: int) -> None:
        """End a worker that is of no use any more; another one takes its place."""
        place = self._places[number - 1]
        place.is_up = False
        _signal(place.process, signal.SIGKILL)

    def tell(self) -> None:
        """Tell all to end: flows in flight may finish; told again, they end at once."""
        self._ending.set()
        for place in self._places:
            _signal(place.process, signal.SIGTERM)

    async def end(self, *, forced: bool = False) -> bool:
        """Wait until all have ended, by force if need be. Tells whether each came to a good end."""
        self._ending.set()
        if forced:
            for place in self._places:
                _signal(place.process, signal.SIGTERM)
                _signal(place.process, signal.SIGTERM)
            await asyncio.wait(self._keepers, timeout=_LAST)
            for place in self._places:
                _signal(place.process, signal.SIGKILL)
        await asyncio.gather(*self._keepers, return_exceptions=True)
        return all(place.code == 0 for place in self._places)

    async def _keep(self, place: _Place) -> None:
        """Run one worker after the other in a place, with pauses that grow while none comes up well."""
        loop = asyncio.get_running_loop()
        pause, most = _PAUSES
        while not self._ending.is_set():
            began = loop.time()
            await self._run(place)
            if self._ending.is_set():
                break
            if not place.up.done():  # the first of all: the gateway doesn't start
                place.up.set_exception(CanNotStart(place.failed or "a worker ended as it started"))
                place.up.exception()  # retrieved, should nobody wait for it
                return
            self.restarts += 1
            self._log.error("worker-ended", worker=place.number, code=place.code, told=place.failed or None)
            if loop.time() - began > _LONG:
                pause = _PAUSES[0]
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            pause = min(2 * pause, most)

    async def _run(self, place: _Place) -> None:
        """Run one worker until it ends."""
        ours, theirs = socket.socketpair()
        doorway = self._program.doorway()
        shared = [theirs.fileno(), doorway.fileno()]
        here = str(Path(gateway.__file__).parent.parent)
        with theirs, doorway:
            place.process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", self._program.module, *map(str, shared),
                pass_fds=shared,
                stdin=DEVNULL,
                stdout=DEVNULL,
                start_new_session=True,  # a Ctrl-C at the terminal is for the supervisor
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))},
            )  # fmt: skip
        place.failed, place.code = "", None
        answers = {**self._program.answers(place.number), UP: place.came_up(self._program), FAILED: place.can_not}
        place.channel = Channel(answers)
        try:
            await place.channel.open(ours)
            if self._ending.is_set():  # told while it was being made
                _signal(place.process, signal.SIGTERM)
            late = asyncio.get_running_loop().call_later(_STARTING, place.give_up)
            place.code = await place.process.wait()
            late.cancel()
        finally:
            if place.process.returncode is None:
                _signal(place.process, signal.SIGKILL)
            was_up, place.is_up = place.is_up, False
            await place.channel.close()
            place.channel = None
            if was_up or place.up.done():
                self._gone(place.number)


class _Place:
    """A worker's place, and the process that fills it now."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: Process | None = None
        self.channel: Channel | None = None
        self.is_up = False
        self.failed = ""
        self.code: int | None = None
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def came_up(self, program: Program) -> Answer:
        """Give the answer to `up`: what the program answers; an empty one means that the worker may listen."""
        more = program.answers(self.number).get(UP)

        async def answer(body: bytes) -> bytes:
            said = b"" if more is None else await more(body)
            if not said:
                self.is_up = True
                if not self.up.done():
                    self.up.set_result(None)
            return said

        return answer

    async def can_not(self, body: bytes) -> bytes:
        """Take why it can't start."""
        self.failed = body.decode()
        return b""

    def give_up(self) -> None:
        """End a worker that does not come up."""
        if not self.is_up:
            self.failed = "a worker did not come up in time"
            _signal(self.process, signal.SIGKILL)


def _signal(process: Process | None, number: int) -> None:
    if process is not None and process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(number)


__all__ = ["FAILED", "UP", "CanNotStart", "ChannelLost", "Crew", "Program"]
