"""The running proxy: everything started in order, signals heeded, stopped without dropping what is in flight."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.proxy.admin import Admin
from gateway.proxy.drive import Doors, Drive
from gateway.proxy.logs import AccessLog, Log
from gateway.proxy.memory import keep_freed_memory
from gateway.proxy.metrics import Metrics
from gateway.proxy.reload import Reload, Reloader
from gateway.proxy.server import Server
from gateway.proxy.settings import ProxySettings
from gateway.proxy.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Running:
    """What the proxy reports of the house behind it: `state` gives readiness without draining, and details.

    `log` is the folder of the audit log whose public part the admin port serves; None where it is not to be served.
    """

    state: Callable[[], tuple[bool, Mapping[str, object]]]
    reload: Reload
    watch: tuple[Path, ...] = ()
    log: Path | None = None


class Gateway:
    """One listener, one admin port, one client for each route."""

    def __init__(
        self,
        settings: ProxySettings,
        doors: Doors,
        running: Running,
        metrics: Metrics,
        log: Log,
        access: AccessLog,
        doorway: socket.socket | None = None,
    ) -> None:
        """Take everything; nothing is opened before `start`. Must be made inside the loop that runs it.

        `doorway` is a socket that is bound already: a worker's, which shares it with others and has no admin port.
        """
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._running = running
        self._draining = False
        self._upstreams = [(route, Upstream(route, settings.limits)) for route in settings.routes]
        drive = Drive(settings, self._upstreams, doors, metrics, access)
        self.server = Server(drive.serve, settings.limits, unserved=drive.unserved, wall=time.time)
        self._admin = Admin(self._exposition, self._readiness, running.log)
        self._doorway = doorway
        self.reloader = Reloader(running.reload, log)

    async def start(self) -> tuple[tuple[str, int], tuple[str, int] | None]:
        """Open the admin port, then the data port; gives both addresses. Raises OSError."""
        listener = self._settings.admin if self._doorway is None else None
        admin = await self._admin.start(listener) if listener is not None else None
        self.reloader.start(self._running.watch)
        try:
            data = await self.server.start(self._settings.listener, self._doorway)
        except BaseException:
            await self.stop(0.0)
            raise
        self._log.info("started", data=data, admin=admin)
        return data, admin

    async def drain(self) -> bool:
        """Fail readiness, wait for balancers to notice, then stop. Tells whether every flow came to its end."""
        self._draining = True
        self._log.info("draining", in_flight=self.server.in_flight)
        await asyncio.sleep(self._settings.shutdown.delay)
        return await self.stop(self._settings.shutdown.limit)

    async def stop(self, limit: float) -> bool:
        """Stop, giving flows in flight at most `limit` seconds."""
        self._draining = True
        finished = await self.server.stop(limit)
        await self.reloader.stop()
        for _, upstream in self._upstreams:
            await upstream.close()
        await self._admin.stop()
        self._log.info("stopped", finished=finished)
        return finished

    def state(self) -> tuple[bool, Mapping[str, object]]:
        """Tell whether traffic should come, and details."""
        ready, details = self._running.state()
        return ready and not self._draining, {**details, "draining": self._draining}

    async def _readiness(self) -> tuple[bool, Mapping[str, object]]:
        return self.state()

    async def _exposition(self) -> bytes:
        return self._metrics.exposition()


class Told:
    """Whether a process was told to stop: once, and flows in flight may end; twice, and it ends at once."""

    def __init__(self) -> None:
        """Begin untold."""
        self.once = asyncio.Event()
        self.twice = asyncio.Event()

    def __call__(self) -> None:
        """Tell."""
        (self.twice if self.once.is_set() else self.once).set()

    @contextmanager
    def by_signals(self, reload: Callable[[], None]) -> Iterator[None]:
        """Let SIGTERM and SIGINT tell, and SIGHUP ask for a reload."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self)
        loop.add_signal_handler(signal.SIGHUP, reload)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)


async def serve_until_told(
    gateway: Gateway,
    started: Callable[[tuple[str, int], tuple[str, int] | None], None],
    told: Told | None = None,
) -> bool:
    """Start and run until SIGTERM or SIGINT; SIGHUP reloads; a second SIGTERM or SIGINT ends at once.

    `started` is told the addresses. Gives False where flows were cut off.
    """
    told = Told() if told is None else told
    with told.by_signals(gateway.reloader.ask):
        started(*await gateway.start())
        await told.once.wait()
        drained = asyncio.create_task(gateway.drain())
        force = asyncio.create_task(told.twice.wait())
        await asyncio.wait({drained, force}, return_when=asyncio.FIRST_COMPLETED)
        force.cancel()
        if drained.done():
            return drained.result()
        drained.cancel()
        await asyncio.gather(drained, return_exceptions=True)
        await gateway.stop(0.0)
        return False


def run(main: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    """Run on uvloop where it can be imported, else on asyncio's own loop."""
    keep_freed_memory()
    try:
        import uvloop  # noqa: PLC0415 - it is missing on some platforms
    except ImportError:
        return asyncio.run(main())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
