"""A witness that runs: its listener, and the signals that end it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from gateway.proxy.logs import Log
from gateway.proxy.server import Server
from gateway.proxy.settings import Limits
from gateway.witness.heads import Heads
from gateway.witness.server import Service
from gateway.witness.settings import ServedSettings
from gateway.witness.submission import LONGEST

LIMITS = Limits(
    body=LONGEST,
    head=16 * 1024,
    body_seconds=10.0,
    head_seconds=10.0,
    in_flight=64,
    connections=256,
    linger_seconds=1.0,
)
_LAST = 10.0
"""Seconds for requests under way at the end."""


async def serve_witness(
    settings: ServedSettings,
    heads: Heads,
    log: Log,
    wall: Callable[[], float],
    started: Callable[[tuple[str, int]], None],
) -> bool:
    """Serve until SIGTERM or SIGINT. Gives False where requests were cut off. Raises `OSError`."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    service = Service(heads, settings.logs, log, wall)
    server = Server(service.serve, LIMITS, unserved=lambda refusal: _told(log, refusal), wall=wall)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    try:
        started(await server.start(settings.listener))
        await asked.wait()
        return await server.stop(_LAST)
    finally:
        await service.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _told(log: Log, refusal: str) -> None:
    """Write down a refusal of something that never became a request."""
    log.info("refused", why=refusal)
