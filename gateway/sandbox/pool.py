"""A small pool of long-lived worker processes. A worker that crashes, hangs or is interrupted is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from gateway.errors import Unreadable
from gateway.sandbox import wire
from gateway.sandbox.hand import Hand

T = TypeVar("T")

_PRELOAD = ("gateway.watermark.pdf.marking", "gateway.watermark.image.marking")
_REPLY_MOST = 256 << 20  # bytes
_HIRE_SECONDS = 30.0
_COPIES = 4  # of a call that a worker holds at a time, with what it needs beside them


class Sandbox:
    """Runs pure functions on untrusted bytes elsewhere.

    `workers` processes at most, started when they are needed; `seconds` of time and `memory` bytes of address space for
    each call; `waiting` calls in the queue before more are refused as `overloaded`; after `jobs` calls a worker is
    replaced, whatever it may have gathered; `preload` are modules that a worker imports before its first call. `files`
    are handed in before it gives up reading: each is a function, as `module:name`, and a path, and the function gets
    the file's bytes and its name without the ending.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        seconds: float = 20.0,
        memory: int = 1 << 30,
        waiting: int = 64,
        jobs: int = 500,
        preload: tuple[str, ...] = _PRELOAD,
        files: Iterable[tuple[str, Path]] = (),
    ) -> None:
        self._seconds, self._memory, self._most_waiting, self._jobs = seconds, memory, waiting, jobs
        self._preload = (*preload, *(f"{function}:{path.absolute()}" for function, path in files))
        self._workers, self._slots = workers, asyncio.Semaphore(workers)
        self._waiting = 0
        self._idle: list[Hand] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._open = False

    async def start(self) -> None:
        """Take calls from now on. No process is started yet: a gateway that marks nothing stays small."""
        self._open = True

    async def close(self) -> None:
        """Take no more calls, let those that run come to their end, and end the workers."""
        self._open = False
        for _ in range(self._workers):
            await self._slots.acquire()
        for _ in range(self._workers):
            self._slots.release()
        while self._idle:
            self._fire(self._idle.pop())
        while self._leaving:
            await asyncio.gather(*self._leaving)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Give what a function gives for these arguments.

        The function stands at the top of a module; its parameters and result are annotated with what MessagePack
        carries (dataclasses, bytes, text, numbers, collections). One that takes a `watch` has a few seconds of
        processor time while it doubts its file, and all of them when it trusts it. Raises `Unreadable`: the
        function's own refusal, or `body-unmarkable` with `timeout`, `crash`, `too-large` (memory) or `failed`;
        `overloaded`; `draining`.
        """
        if not self._open:
            raise Unreadable("draining", "draining")
        if self._waiting >= self._most_waiting:
            raise Unreadable("overloaded", "overloaded")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            if not self._open:
                raise Unreadable("draining", "draining")
            message = wire.call(function, args, self._seconds)
            if len(message) * _COPIES > self._memory:
                raise Unreadable("body-unmarkable", "too-large")
            reply = await self._ask(message)
        finally:
            self._slots.release()
        return wire.read_reply(function, reply)

    async def _ask(self, message: bytes) -> bytes:
        hand = self._rested() or await self._hire()
        try:
            async with asyncio.timeout(self._seconds):
                reply = await hand.ask(message, _REPLY_MOST)
        except TimeoutError as error:
            self._fire(hand)
            raise Unreadable("body-unmarkable", "timeout") from error
        except (EOFError, OSError) as error:
            await asyncio.wait([self._fire(hand)])
            raise Unreadable("body-unmarkable", "timeout" if hand.overstayed else "crash") from error
        except BaseException:
            self._fire(hand)  # cancelled: it is still at work on what nobody waits for
            raise
        if self._open and hand.jobs < self._jobs:
            self._idle.append(hand)
        else:
            self._fire(hand)
        return reply

    def _rested(self) -> Hand | None:
        while self._idle:
            hand = self._idle.pop()
            if hand.alive:
                return hand
            self._fire(hand)
        return None

    async def _hire(self) -> Hand:
        hand = await Hand.hire(self._memory, self._preload)
        try:
            async with asyncio.timeout(_HIRE_SECONDS):
                await hand.ready()
        except (TimeoutError, EOFError, OSError) as error:
            self._fire(hand)
            raise Unreadable("body-unmarkable", "crash") from error
        except BaseException:
            self._fire(hand)
            raise
        return hand

    def _fire(self, hand: Hand) -> asyncio.Task[None]:
        task = hand.fire()
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task
