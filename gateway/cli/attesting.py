"""Who outside attests the log's heads: started with the gateway, and demanded of its flows where that is configured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

import aiohttp
from prometheus_client import CollectorRegistry

from gateway.audit.timestamp import query, read_roots
from gateway.cli.house import AUDIT
from gateway.config import Settings
from gateway.ports import Append
from gateway.proxy.logs import Log
from gateway.witness.attended import Attended
from gateway.witness.counts import Counts
from gateway.witness.rounds import Rounds
from gateway.witness.stamping import trusted


def attended(settings: Settings, append: Append) -> tuple[Append, Callable[[], str]]:
    """Give the append port, and what says why new flows are refused ("": they aren't); any process may ask."""
    audit = settings.audit
    if not audit.witness.required and not (audit.timestamps and audit.timestamps.required):
        return append, lambda: ""
    port = Attended(append, settings.state / AUDIT, audit.witness, audit.timestamps, time.time)
    return port, port.stale


async def start_rounds(settings: Settings, registry: CollectorRegistry, log: Log, stack: AsyncExitStack) -> None:
    """Have heads cosigned and stamped from now on, in one process of a gateway; `stack` ends it.

    Raises `NoTimestamps` where what makes and checks stamps isn't there, and `BrokenLog` for roots that are none.
    """
    audit = settings.audit
    if not audit.witness.asked and audit.timestamps is None:
        return
    if audit.timestamps is not None:
        query(b"is the extra installed?")
        read_roots(trusted(audit.timestamps))
    session = await stack.enter_async_context(
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False)
    )
    rounds = Rounds(settings.state / AUDIT, session, audit.witness, audit.timestamps, Counts(registry), log, time.time)
    task = asyncio.create_task(rounds.keep(), name="rounds to those who attest the log")

    async def end() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)
