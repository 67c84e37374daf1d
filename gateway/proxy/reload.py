"""When to load the policies anew: on request (SIGHUP), and when their folder changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from watchfiles import awatch

from gateway.proxy.logs import Log

Reload = Callable[[], Awaitable[None]]
"""Loads and swaps, or keeps the last good set; reports either itself."""

_SETTLE_MILLISECONDS = 300
"""Editors and `kubectl` write several files: one reload for all that changes within this time."""


class Reloader:
    """Runs reloads one after the other; asks that come while one runs become one more."""

    def __init__(self, reload: Reload, log: Log) -> None:
        """Take what to run."""
        self._reload = reload
        self._log = log
        self._asked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()

    def start(self, folders: tuple[Path, ...] = ()) -> None:
        """Begin; watch folders too. Kubernetes swaps a link in the folder, so folders are watched, not files."""
        self._tasks.append(asyncio.create_task(self._run()))
        if folders:
            self._tasks.append(asyncio.create_task(self._watch(folders)))

    def ask(self) -> None:
        """Ask for a reload; returns at once."""
        self._asked.set()

    async def stop(self) -> None:
        """End both loops; a reload that runs is cancelled."""
        self._stop.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await self._reload()
            except Exception as error:  # noqa: BLE001 - a reload that breaks must not end reloading
                self._log.error("reload-failed", error=type(error).__name__)

    async def _watch(self, folders: tuple[Path, ...]) -> None:
        try:
            async for _ in awatch(*folders, debounce=_SETTLE_MILLISECONDS, stop_event=self._stop, watch_filter=None):
                self._asked.set()
        except Exception as error:  # noqa: BLE001 - the gateway goes on without watching, and says so
            self._log.error("watch-failed", error=type(error).__name__)
