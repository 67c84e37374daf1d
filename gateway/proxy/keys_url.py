"""An issuer's keys behind an address: fetched, kept while they are good, fetched anew when the issuer rotates them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import aiohttp
from yarl import URL

from gateway.errors import FaultyFiles, NotAuthenticated
from gateway.identity.identified import Identified
from gateway.identity.jwks import KeySet, read_key_set
from gateway.identity.verifier import Verifier

_LARGEST = 256 * 1024  # bytes of a key set
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_HEADERS = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
_SHORTEST_AGE, _USUAL_AGE, _LONGEST_AGE = 300.0, 3600.0, 86_400.0  # seconds
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=([0-9]{1,10})\s*(?:,|$)", re.IGNORECASE)  # RFC 9111 section 5.2.2.1
_RETRY = 60.0  # seconds until the next try after a failure
_PAUSE = 30.0  # seconds between fetches that tokens with unknown keys ask for


class _AnswerError(ValueError):
    """An answer that holds no keys, in our own words."""


class KeysUrl:
    """Keeps a verifier's keys up to date.

    A token whose key is known never waits. While the address doesn't answer, the last good keys stay for `grace`
    seconds after they should have been fetched anew; then nobody is identified any more. `clock` counts seconds and
    only goes forward.
    """

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        verifier: Verifier,
        *,
        grace: float = 86_400.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is fetched yet. Raises `ValueError` for an address that `check_keys_url` doesn't like."""
        complaint = check_keys_url(url)
        if complaint:
            raise ValueError(complaint)
        self._url = URL(url)
        self._session = session
        self._verifier = verifier
        self._grace = grace
        self._clock = clock
        self._sleep = sleep
        self._due = clock()  # when the schedule fetches next
        self._good_until = clock()
        self._asked = float("-inf")  # when an unknown key last made us fetch
        self._fetching: asyncio.Task[None] | None = None
        self._schedule: asyncio.Task[None] | None = None
        self.problem: str | None = "the keys were not fetched yet"

    async def start(self) -> None:
        """Fetch for the first time and go on by the schedule. A failure is told in `problem`, and tried again."""
        await self.fetch()
        self._schedule = asyncio.create_task(self._keep_fetching(), name="keys of the tokens' issuer")

    async def close(self) -> None:
        """Stop fetching."""
        tasks = [task for task in (self._schedule, self._fetching) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def identify(self, token: str, now: int) -> Identified:
        """Do what `Verifier.identify` does, and where the key is unknown look once whether the issuer has new ones."""
        try:
            return self._verifier.identify(token, now)
        except NotAuthenticated as error:
            if not error.unknown_key or not await self._look_again():
                raise
        return self._verifier.identify(token, now)

    async def fetch(self) -> None:
        """Fetch now, or wait for the fetch under way. Never raises; `problem` tells what went wrong, None: nothing."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)  # one caller who goes away takes nothing from the others

    async def _look_again(self) -> bool:
        """Fetch because of an unknown key, unless that was done a moment ago: anyone can invent names of keys."""
        under_way = self._fetching is not None and not self._fetching.done()
        if not under_way and self._clock() - self._asked < _PAUSE:
            return False
        if not under_way:
            self._asked = self._clock()
        await self.fetch()
        return True

    async def _keep_fetching(self) -> None:
        """Fetch whenever it is due."""
        while True:
            await self._sleep(max(0.0, self._due - self._clock()))
            if self._clock() >= self._due:  # an unknown key may have brought it forward
                await self.fetch()

    async def _fetch(self) -> None:
        """Fetch once, and put the keys in force or keep those of before."""
        try:
            keys, age = await self._download()
        except Exception as error:  # noqa: BLE001 - a schedule that died would keep old keys in force for ever
            known = isinstance(error, _AnswerError | FaultyFiles)
            self.problem = f"the keys can't be fetched: {error if known else type(error).__name__}"
            self._due = self._clock() + _RETRY
            if self._clock() >= self._good_until:
                self._verifier.replace(KeySet())
        else:
            self.problem = None
            self._due = self._clock() + age
            self._good_until = self._due + self._grace
            self._verifier.replace(keys)

    async def _download(self) -> tuple[KeySet, float]:
        """Get the key set, and for how many seconds it need not be fetched again."""
        async with self._session.get(self._url, headers=_HEADERS, timeout=_TIMEOUT, allow_redirects=False) as answer:
            if answer.status != 200:  # noqa: PLR2004 - OK
                raise _AnswerError(f"the answer's status is {answer.status}")
            body = b""
            async for chunk in answer.content.iter_chunked(_LARGEST):
                body += chunk
                if len(body) > _LARGEST:
                    raise _AnswerError("the answer is too large")
            found = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        age = float(found[1]) if found else _USUAL_AGE
        return read_key_set(body, str(self._url)), min(max(age, _SHORTEST_AGE), _LONGEST_AGE)


def check_keys_url(url: str) -> str | None:
    """Say what is wrong with an address of keys, None if nothing: keys come over https, or from this very machine."""
    try:
        parsed = URL(url)
        host = parsed.host or ""
    except ValueError:
        return "the address of the keys is no URL"
    if parsed.user is not None or parsed.password is not None:
        return "the address of the keys holds a name or a password"
    if parsed.scheme not in {"http", "https"} or not host:
        return "the address of the keys is no http or https URL"
    if parsed.scheme == "http" and not _loopback(host):
        return "the keys must be fetched over https"
    return None


def _loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
