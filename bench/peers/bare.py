"""The floor: a reverse proxy on aiohttp, tuned, that does nothing else; or that parses, masks and writes with orjson.

Run it with `python bench/peers/bare.py PORT UPSTREAM_PORT pass|mask`. No identity, no policy, no record.
"""

from __future__ import annotations

import asyncio
import gzip
import sys
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
import uvloop
from aiohttp import web
from yarl import URL

KEEP = 4
_AUTO = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "host", "content-length", "date", "server",
})  # fmt: skip


def mask(text: str) -> str:
    return "*" * (len(text) - KEEP) + text[-KEEP:]


def treated(body: bytes) -> bytes:
    """Mask five texts of each order."""
    found = orjson.loads(body)
    for order in found.get("value", [found]):
        customer = order["customer"]
        for name in ("contact", "email", "phone", "government_id"):
            customer[name] = mask(customer[name])
        address = customer["address"]
        address["street"] = mask(address["street"])
    return orjson.dumps(found)


def answering(
    session: aiohttp.ClientSession, upstream: str, *, masks: bool
) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """Make the handler that `web.Server` calls."""

    async def answer(request: web.BaseRequest) -> web.Response:
        url = URL(upstream + request.raw_path, encoded=True)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP]
        async with session.request(request.method, url, headers=headers, allow_redirects=False) as got:
            body = await got.read()
        back = [(name, value) for name, value in got.headers.items() if name.lower() not in _HOP_BY_HOP]
        if masks and got.headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(treated(gzip.decompress(body)), 6, mtime=0)
        elif masks:
            body = treated(body)
        return web.Response(status=got.status, headers=back, body=body)

    return answer


async def main(port: int, upstream: int, what: str) -> None:
    """Serve until told to end."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None),
        skip_auto_headers=_AUTO,
        connector=aiohttp.TCPConnector(limit=0),
    ) as session:
        server = web.Server(answering(session, f"http://127.0.0.1:{upstream}", masks=what == "mask"), access_log=None)
        listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
        await listening.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
