"""The public part of the audit log over HTTP: checkpoint and tiles as static files, as C2SP tlog-tiles says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from aiohttp import web

_LEVEL = r"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)"
_INDEX = r"(?:x[0-9]{3}/)*[0-9]{3}"
_PARTIAL = r"(?:\.p/(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
_TILE = re.compile(f"/tile/{_LEVEL}/{_INDEX}{_PARTIAL}")

_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_NAMED = {
    "/checkpoint": _TEXT,
    "/checkpoint.cosigned": _TEXT,
    "/log.vkey": _TEXT,
    "/keys.jwks": "application/jwk-set+json",
}
_FOR_EVER = "private, max-age=31536000, immutable"
"""A tile never changes; what is in it is for those who may read the log, not for shared caches."""


class Published:
    """Serves the log in a folder. Only names that the specification knows are looked up, so that no path leads out."""

    def __init__(self, folder: Path) -> None:
        """Take the log's folder."""
        self._folder = folder

    def routes(self) -> list[web.RouteDef]:
        """Give the routes to add."""
        return [*(web.get(name, self._serve) for name in _NAMED), web.get("/tile/{rest:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        tile = _TILE.fullmatch(path) is not None
        if not tile and path not in _NAMED:
            raise web.HTTPNotFound
        headers = {
            "Content-Type": _BYTES if tile else _NAMED[path],
            "Cache-Control": _FOR_EVER if tile else "no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        file = self._folder / path.removeprefix("/")
        if await asyncio.to_thread(file.is_symlink):
            raise web.HTTPNotFound
        return web.FileResponse(file, headers=headers)
