"""The port for those who run the gateway: is it alive, is it ready, how is it doing. Never on the data port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import orjson
from aiohttp import web

from gateway.proxy.metrics import CONTENT_TYPE
from gateway.proxy.published import Published
from gateway.proxy.settings import Listener
from gateway.proxy.tls import server_context

Readiness = Callable[[], Awaitable[tuple[bool, Mapping[str, object]]]]
"""Tells whether traffic should come, and the details: the policies' state, the audit log's, draining."""

Exposition = Callable[[], Awaitable[bytes]]
"""Gives all metrics in Prometheus' text format."""


class Admin:
    """Serves /livez, /readyz and /metrics; and the public part of the audit log, where that is asked for."""

    def __init__(self, exposition: Exposition, readiness: Readiness, log: Path | None = None) -> None:
        """Take what to report, and the folder of the log that is to be served."""
        self._log = log
        self._exposed = exposition
        self._readiness = readiness
        self._runner: web.AppRunner | None = None

    async def start(self, listener: Listener) -> tuple[str, int]:
        """Listen; gives the address taken. Raises OSError."""
        app = web.Application(client_max_size=1024)
        app.add_routes(
            [web.get("/livez", self._livez), web.get("/readyz", self._readyz), web.get("/metrics", self._exposition)]
        )
        if self._log is not None:
            app.add_routes(Published(self._log).routes())
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=75.0, shutdown_timeout=1.0)
        await self._runner.setup()
        context = server_context(listener.tls) if listener.tls is not None else None
        await web.TCPSite(self._runner, listener.host, listener.port, ssl_context=context).start()
        host, port = self._runner.addresses[0][:2]
        return str(host), int(port)

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _livez(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        ready, details = await self._readiness()
        body = orjson.dumps({"ready": ready, **details})
        return web.Response(status=200 if ready else 503, body=body, content_type="application/json")

    async def _exposition(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._exposed(), headers={"Content-Type": CONTENT_TYPE})
