"""Calls to services of keys over HTTP: bounded in time and size, never redirected, safe to make from any thread.

A thread of its own has the connections. A call that fails because an idle connection was closed is made once more:
wrapping and unwrapping may be repeated.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread

import aiohttp
from yarl import URL

from gateway.errors import FaultyCustody, KeysUnavailable

LARGEST = 65_536
"""Bytes of an answer; what is expected has a few hundred."""
_CONNECTIONS = 8
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the whole body."""

    status: int
    body: bytes = field(repr=False)


class Calls:
    """Makes calls, each within `seconds`. `ca` is who issued the services' certificates; None: the machine's own."""

    def __init__(self, seconds: float, ca: Path | None = None) -> None:
        """Prepare; nothing is connected yet. Raises `FaultyCustody` where `ca` can't be used."""
        self._seconds = seconds
        try:
            self._tls = ssl.create_default_context(cafile=ca)
        except (OSError, ssl.SSLError):
            raise FaultyCustody(f"{ca}: can't be read, or holds no certificate") from None
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._session: aiohttp.ClientSession | None = None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make a call and give its answer. Raises `KeysUnavailable`."""
        return self._run("POST", url, headers, body)

    def get(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Make a call and give its answer. Raises `KeysUnavailable`."""
        return self._run("GET", url, headers, b"")

    def close(self) -> None:
        """Close the connections, and end the thread."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._leave(), loop)
        thread.join(_GRACE)

    def _run(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        asked = asyncio.run_coroutine_threadsafe(self._within(method, url, headers, body), self._running())
        try:
            return asked.result(self._seconds + _GRACE)
        except TooLong:
            asked.cancel()
            raise KeysUnavailable("didn't answer in time") from None

    async def _within(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make a call, once more where a connection was stale, and say in our words what goes wrong."""
        try:
            async with asyncio.timeout(self._seconds):
                try:
                    return await self._ask(method, url, headers, body)
                except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                    return await self._ask(method, url, headers, body)
        except TimeoutError:
            raise KeysUnavailable("didn't answer in time") from None
        except aiohttp.ClientConnectorCertificateError:
            raise KeysUnavailable("its certificate can't be trusted") from None
        except aiohttp.ClientSSLError:
            raise KeysUnavailable("no TLS connection can be made") from None
        except aiohttp.ClientConnectorError:
            raise KeysUnavailable("can't be reached") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise KeysUnavailable("gave no whole answer of HTTP") from None

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=self._tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(),
                skip_auto_headers=("Accept-Encoding", "User-Agent"),
            )
        async with self._session.request(
            method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            if 300 <= answer.status < 400:  # noqa: PLR2004 - RFC 9110 section 15.4
                raise KeysUnavailable("answered that it is somewhere else, where nothing is sent")
            found = bytearray()
            async for piece in answer.content.iter_any():
                found += piece
                if len(found) > LARGEST:
                    raise KeysUnavailable("answered more than can be")
            return Answer(answer.status, bytes(found))

    def _running(self) -> asyncio.AbstractEventLoop:
        """Give the loop of the thread, begun at the first call."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=_turn, args=(self._loop,), name="keys", daemon=True)
                self._thread.start()
            return self._loop

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        asyncio.get_running_loop().stop()


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
