"""What tests of several worker processes share: a house with them, and callers that keep what they got."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path

import aiohttp
from aiohttp import web
from audit_logs import payload
from live import House, Running, make_house, running, system, token

from gateway.audit.reading import published_size, stored_entries
from gateway.audit.verify import Verified, verify
from gateway.storage.folder import Folder

POLICIES = Path(__file__).parent.parent / "policies"
AUTH = {"Authorization": "Bearer " + token()}
_NUMBERS = count()


async def _order(request: web.Request) -> web.Response:
    """Answer with an order that nobody else ever gets, so that its digest names it."""
    lines = [{"sku": f"A-{next(_NUMBERS)}"}]
    return web.json_response({"id": "1", "customer": {"id": "C-1", "email": "a@example.com"}, "lines": lines})


@asynccontextmanager
async def house(folder: Path, extra: str = "workers: 2\n") -> AsyncIterator[House]:
    """Make a house with an ERP behind it."""
    shutil.copytree(POLICIES, folder / "policies")
    async with system(_order) as url:
        yield make_house(folder, folder / "policies", url, extra)


def family(gateway: Running, module: str) -> list[int]:
    """Give the ids of the gateway's processes that run a module."""
    found = []
    for children in Path(f"/proc/{gateway.process.pid}/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            with suppress(OSError):
                if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
    return sorted(found)


def workers(gateway: Running) -> list[int]:
    """Give the workers' process ids."""
    return family(gateway, "serve_worker")


def sequencer(gateway: Running) -> list[int]:
    """Give the sequencer's process id."""
    return family(gateway, "storage.sequencer")


def kill(pids: list[int], dice: random.Random) -> None:
    """Kill one of some processes, if there is one."""
    if pids:
        with suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)


@dataclass
class Got:
    """What callers got: the digests of whole answers, how many were refused, how many broke off."""

    released: set[str] = field(default_factory=set)
    refused: int = 0
    broken: int = 0


async def call(gateway: Running, got: Got, until: Callable[[], bool], session: aiohttp.ClientSession) -> None:
    """Ask again and again, and keep what was released."""
    while not until():
        try:
            async with session.get(gateway.data + "/erp/api/orders/1", headers=AUTH) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            got.broken += 1
            await asyncio.sleep(0.02)
            continue
        if answer.status == 200:
            got.released.add(sha256(body).hexdigest())
        else:
            got.refused += 1
        await asyncio.sleep(0.01)


@asynccontextmanager
async def load(gateway: Running, callers: int = 4) -> AsyncIterator[Got]:
    """Keep callers busy for as long as the block lasts."""
    got, done = Got(), asyncio.Event()
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20)) as session:
        tasks = [asyncio.create_task(call(gateway, got, done.is_set, session)) for _ in range(callers)]
        try:
            yield got
        finally:
            done.set()
            await asyncio.gather(*tasks)


def check(folder: Path) -> Verified:
    """Verify a log with the keys beside it."""
    return verify(Folder(folder))


def recorded(folder: Path) -> set[str]:
    """Give the digests of all bodies that the log says were released."""
    said = (payload(jws) for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder))))
    bodies = [entry["body"] for entry in said if entry["kind"] == "outcome" and "body" in entry]
    return {body.get("after") or body["before"] for body in bodies}  # type: ignore[attr-defined]


async def ready(gateway: Running, wanted: Callable[[dict], bool] = lambda _: True) -> dict:
    """Wait until the gateway is ready as wanted, and give what it says."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with session.get(gateway.admin + "/readyz") as answer:
                    said = await answer.json()
                    if answer.status == 200 and wanted(said):
                        return said
            await asyncio.sleep(0.05)


__all__ = ["House", "call", "check", "family", "house", "kill", "load", "ready", "recorded", "running"]
