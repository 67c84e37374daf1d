"""Several processes that serve, and the one that keeps them: it owns the port, the admin port, the log and the reloads.

Workers are whole gateways that share the address (SO_REUSEPORT) and the audit log's sequencer. They get the
configuration and the policies from here, as bytes, so that one that is started later is as the others are.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from gateway.cli.attesting import start_rounds
from gateway.cli.capturing import Flags
from gateway.cli.house import load_files, open_journal, open_keys, served_log
from gateway.cli.retaining import keep_pruning
from gateway.cli.serve_house import told as problems_of
from gateway.cli.serve_orders import JUDGE, REPORT, SETUP, TAKE, Judged, Report, Setup
from gateway.config import Settings
from gateway.errors import FaultyFiles
from gateway.proxy.admin import Admin
from gateway.proxy.channel import Answer
from gateway.proxy.crew import UP, Crew, Program
from gateway.proxy.lifecycle import Told
from gateway.proxy.logs import Log, make_log, tame_libraries, tame_loop
from gateway.proxy.reload import Reloader
from gateway.proxy.settings import Listener
from gateway.proxy.totals import Totals
from gateway.storage.journal import Journal
from gateway.storage.policy_folder import read_folder

_WORKER = "gateway.cli.serve_worker"
_EVERY = 1.0  # seconds between two looks at the workers
_STUCK = 30.0  # seconds after which a worker that says nothing is ended

Started = Callable[[tuple[str, int], tuple[str, int] | None], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the gateway was called: what each worker needs to become the same gateway."""

    path: str
    data: bytes
    overrides: dict[str, str]
    flags: Flags

    def setup(self, number: int, policies: dict[str, bytes]) -> Setup:
        """Say it to a worker."""
        folder, key, mib, minutes = self.flags
        capture = (str(folder) if folder else None, str(key) if key else None, mib, minutes)
        return Setup(number, self.path, self.data, self.overrides, policies, capture)


@dataclass(slots=True, eq=False)
class _Supervisor:
    """What the workers are told, and what they tell."""

    settings: Settings
    plan: Plan
    journal: Journal
    log: Log
    policies: dict[str, bytes] = field(default_factory=dict)
    digest: str = ""
    good: bool = True
    draining: bool = False
    totals: Totals = field(default_factory=Totals)
    own: CollectorRegistry = field(default_factory=CollectorRegistry)
    reports: dict[int, Report] = field(default_factory=dict)
    heard: dict[int, float] = field(default_factory=dict)
    crew: Crew | None = None

    def load(self) -> tuple[dict[str, bytes], str]:
        """Read the policies as they stand, and their digest. Raises `FaultyFiles`."""
        files = read_folder(self.settings.policies)
        return files, load_files(self.settings.policies, files).digest

    def answers(self, number: int) -> Mapping[str, Answer]:
        """Give what a worker may ask."""

        async def setup(_: bytes) -> bytes:
            return msgspec.msgpack.encode(self.plan.setup(number, self.policies))

        async def up(body: bytes) -> bytes:
            if body.decode() != self.digest:  # policies were reloaded while it was starting
                return msgspec.msgpack.encode(self.policies)
            self.heard[number] = time.monotonic()
            self.log.info("worker-up", worker=number)
            return b""

        return {SETUP: setup, UP: up}

    def gone(self, number: int) -> None:
        """Take note that a worker ended."""
        self.totals.ended(number)
        self.reports.pop(number, None)

    async def reload(self) -> None:
        """Put the policies in force as they stand now in every worker, or in none and say why."""
        assert self.crew is not None
        try:
            files, digest = self.load()
        except FaultyFiles as error:
            self._refused(problems_of(error))
            return
        said = await self.crew.ask(JUDGE, msgspec.msgpack.encode(files))
        judged = [msgspec.msgpack.decode(one, type=Judged) for one in said.values()]
        for number in self.crew.up() - said.keys():
            self.crew.kill(number)  # it says nothing; its successor begins with what is in force then
        if any(one.digest != digest for one in judged):
            self._refused(sorted({problem for one in judged for problem in one.problems}))
            return
        self.policies, self.digest, self.good = files, digest, True
        taken = await self.crew.ask(TAKE, digest.encode())
        for number in self.crew.up():
            if taken.get(number) != digest.encode():
                self.crew.kill(number)
        self.log.info("reloaded", policies=digest)

    def _refused(self, problems: list[str]) -> None:
        self.good = False
        self.log.error("reload-refused", problems=problems)

    async def look(self) -> None:
        """Ask all workers how they are doing; end those that say nothing for long."""
        assert self.crew is not None
        said = await self.crew.ask(REPORT, patience=2.0)
        now = time.monotonic()
        for number, body in said.items():
            report = msgspec.msgpack.decode(body, type=Report)
            self.reports[number] = report
            self.totals.told(number, report.metrics)
            self.heard[number] = now
        for number in self.crew.up() - said.keys():
            if now - self.heard.get(number, now) > _STUCK:
                self.log.error("worker-stuck", worker=number)
                self.crew.kill(number)

    async def watch(self) -> None:
        """Look at the workers now and then: what they count is not lost with them."""
        while True:
            await asyncio.sleep(_EVERY)
            await self.look()

    async def readiness(self) -> tuple[bool, Mapping[str, object]]:
        """Tell whether traffic should come: one worker is enough."""
        assert self.crew is not None
        await self.look()
        up = self.crew.up()
        workers: dict[str, dict[str, Any]] = {
            str(number): {"ready": self.reports[number].ready, **orjson.loads(self.reports[number].details)}
            if number in up and number in self.reports
            else {"ready": False}
            for number in self.crew.numbers
        }
        told = (worker.get("audit", {}).get("failing", "") for worker in workers.values())
        failing = self.journal.failing or next(filter(None, told), "")  # one log: what one can't record, none can
        details = {
            "policies": {"digest": self.digest, "last_reload": "taken" if self.good else "refused"},
            "audit": {
                "entries": max(self.journal.entries, self.journal.published),
                "published": self.journal.published,
                "failing": failing,
            },
            "workers": workers,
            "restarts": self.crew.restarts,
            "draining": self.draining,
        }
        ready = any(worker["ready"] for worker in workers.values())
        return ready and not failing and not self.draining, details

    async def exposition(self) -> bytes:
        """Give the metrics of all workers as those of one gateway, and their number."""
        assert self.crew is not None
        await self.look()
        up, restarts = len(self.crew.up()), self.crew.restarts
        own = (
            "# HELP sovgate_workers Processes that serve\n# TYPE sovgate_workers gauge\n"
            f"sovgate_workers {up}\n"
            "# HELP sovgate_worker_restarts_total Workers that ended and were started again\n"
            "# TYPE sovgate_worker_restarts_total counter\n"
            f"sovgate_worker_restarts_total {restarts}\n"
        )
        return generate_latest(self.totals.registry()) + generate_latest(self.own) + own.encode()


async def serve_together(settings: Settings, plan: Plan, started: Started, *, kept_in: bool) -> bool:
    """Serve with several processes until told. Tells whether every flow came to its end.

    Raises `CanNotStart` where a worker can't start, and what opening the log and the policies raises.
    """
    log = make_log(sys.stderr.buffer)
    tame_libraries(log)
    tame_loop(asyncio.get_running_loop(), log)
    if not kept_in:
        log.warning("memory-can-be-dumped")
    async with AsyncExitStack() as stack:
        journal = open_journal(settings, open_keys(settings))
        stack.push_async_callback(journal.close)
        await journal.tend()
        doorway = _reserved(settings.proxy.listener)
        stack.callback(doorway.close)
        supervisor = _Supervisor(settings, plan, journal, log)
        await start_rounds(settings, supervisor.own, log, stack)
        supervisor.policies, supervisor.digest = supervisor.load()
        program = Program(_WORKER, lambda: _beside(doorway), supervisor.answers)
        crew = supervisor.crew = Crew(settings.workers, program, supervisor.gone, log)
        await crew.start()
        stack.push_async_callback(lambda: crew.end(forced=True))
        admin = Admin(supervisor.exposition, supervisor.readiness, served_log(settings))
        stack.push_async_callback(admin.stop)
        listener = settings.proxy.admin
        at = await admin.start(listener) if listener is not None else None
        reloader = Reloader(supervisor.reload, log)
        reloader.start((settings.policies,))
        stack.push_async_callback(reloader.stop)
        host, port = doorway.getsockname()[:2]
        log.info("started", data=(host, port), admin=at, workers=settings.workers)
        await keep_pruning(settings, journal, log, stack)
        watch = asyncio.create_task(supervisor.watch())
        stack.callback(watch.cancel)
        told = Told()
        with told.by_signals(reloader.ask):
            started((str(host), int(port)), at)
            await told.once.wait()
            supervisor.draining = True
            log.info("draining")
            crew.tell()
            ended = asyncio.create_task(crew.end())
            force = asyncio.create_task(told.twice.wait())
            await asyncio.wait({ended, force}, return_when=asyncio.FIRST_COMPLETED)
            force.cancel()
            finished = await ended if ended.done() else await crew.end(forced=True)
            log.info("stopped", finished=finished)
            return finished


def _reserved(listener: Listener) -> socket.socket:
    """Keep an address for the workers, without listening on it. Raises `OSError` where it is taken."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        listener.host, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    if listener.port:
        with socket.socket(family, kind, protocol) as alone:  # sharing it with someone else would go unnoticed
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind(address)
    return _sharing(family, address)


def _beside(doorway: socket.socket) -> socket.socket:
    """Make one more socket on an address: the kernel deals connections out among those that listen."""
    return _sharing(doorway.family, doorway.getsockname())


def _sharing(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
