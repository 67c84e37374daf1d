"""Keys behind an address: fetched, rotated, kept while the address is down, and never a reason to wait."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from crafted_tokens import NOW, RULES, craft, key_set_bytes, public_jwk

from gateway.errors import NotAuthenticated
from gateway.identity.jwks import KeySet
from gateway.identity.verifier import Verifier
from gateway.proxy.keys_url import KeysUrl, check_keys_url


class Issuer:
    """A real HTTP server that answers with whatever the test says, and counts."""

    def __init__(self):
        self.body = key_set_bytes(public_jwk("ed25519"))
        self.status = 200
        self.headers = {}
        self.asked = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self.reached = asyncio.Event()

    async def answer(self, request):
        self.asked += 1
        self.reached.set()
        await self.hold.wait()
        return web.Response(body=self.body, status=self.status, headers=self.headers)


class Clock:
    """Seconds that pass when the test says so; sleepers are woken by hand."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []
        self.asleep = asyncio.Queue()
        self._woken = asyncio.Event()

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.asleep.put_nowait(seconds)
        await self._woken.wait()
        self._woken.clear()

    async def wake(self):
        self.now += self.slept[-1]
        self._woken.set()
        await self.asleep.get()


@asynccontextmanager
async def running(issuer):
    runner = web.AppRunner(app := web.Application())
    app.router.add_get("/keys", issuer.answer)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/keys"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def keys_of(issuer, **options):
    clock = Clock()
    async with running(issuer) as url, aiohttp.ClientSession() as session:
        verifier = Verifier(KeySet(), RULES)
        keys = KeysUrl(url, session, verifier, clock=clock, sleep=clock.sleep, **options)
        try:
            yield keys, verifier, clock
        finally:
            await keys.close()


def kids(verifier):
    return [key.kid for key in verifier.keys.keys]


async def started(keys, clock):
    await keys.start()
    await clock.asleep.get()


async def test_keys_are_fetched_at_the_start_and_by_the_schedule():
    issuer = Issuer()
    async with keys_of(issuer) as (keys, verifier, clock):
        assert keys.problem == "the keys were not fetched yet"
        await started(keys, clock)
        assert (kids(verifier), keys.problem, clock.slept) == (["ed25519"], None, [3600.0])
        assert (await keys.identify(craft(), NOW)).operator.subject == "u-17"
        issuer.body = key_set_bytes(public_jwk("ES256"))
        await clock.wake()
        assert (kids(verifier), issuer.asked) == (["ES256"], 2)
        with pytest.raises(NotAuthenticated):
            await keys.identify(craft(), NOW)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("max-age=7200", 7200),
        ("public, Max-Age=7200, immutable", 7200),
        ("max-age=0", 300),
        ("max-age=9999999999", 86400),
        ("no-store", 3600),
        ("s-maxage=7200", 3600),
        ("max-age=-5", 3600),
        ("max-age=99999999999999999999999", 3600),
    ],
)
async def test_the_issuer_says_how_long_within_bounds(header, seconds):
    issuer = Issuer()
    issuer.headers = {"Cache-Control": header}
    async with keys_of(issuer) as (keys, _, clock):
        await started(keys, clock)
        assert clock.slept == [seconds]


async def test_a_token_with_a_new_key_makes_us_look_once():
    issuer = Issuer()
    async with keys_of(issuer) as (keys, verifier, clock):
        await started(keys, clock)
        issuer.body = key_set_bytes(public_jwk("ed25519"), public_jwk("ES256"))
        assert (await keys.identify(craft("ES256", "ES256"), NOW)).operator.system == "crm"
        assert (kids(verifier), issuer.asked) == (["ed25519", "ES256"], 2)
        for seconds, asked in ((0, 2), (29, 2), (1, 3), (10, 3)):
            clock.now += seconds
            with pytest.raises(NotAuthenticated) as caught:
                await keys.identify(craft("RS256", "rsa"), NOW)
            assert caught.value.refusal == "identity-invalid"
            assert issuer.asked == asked


async def test_tokens_with_new_keys_share_one_look_and_known_keys_never_wait():
    issuer = Issuer()
    async with keys_of(issuer) as (keys, _, clock):
        await started(keys, clock)
        issuer.hold.clear()
        issuer.body = key_set_bytes(public_jwk("ed25519"), public_jwk("ES256"))
        waiting = [asyncio.create_task(keys.identify(craft("ES256", "ES256"), NOW)) for _ in range(5)]
        issuer.reached.clear()
        await issuer.reached.wait()
        assert (await keys.identify(craft(), NOW)).operator.system == "crm"  # while the issuer is silent
        waiting.pop().cancel()
        assert not any(task.done() for task in waiting)
        issuer.hold.set()
        assert [found.operator.system for found in await asyncio.gather(*waiting)] == ["crm"] * 4
        assert issuer.asked == 2


async def test_the_last_good_keys_stay_while_the_address_is_down_but_not_for_ever():
    issuer = Issuer()
    async with keys_of(issuer, grace=100) as (keys, verifier, clock):
        await started(keys, clock)
        issuer.status = 503
        for kept in (["ed25519"], ["ed25519"], []):  # due, 60 s after, 120 s after
            await clock.wake()
            assert kids(verifier) == kept
            assert keys.problem == "the keys can't be fetched: the answer's status is 503"
        issuer.status = 200
        await clock.wake()
        assert (kids(verifier), keys.problem) == (["ed25519"], None)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"body": b"<html>"}, "not strict JSON"),
        ({"body": b"x" * (256 * 1024 + 1)}, "too large"),
        ({"body": key_set_bytes(public_jwk("ed25519", d="AAAA"))}, "private key"),
        ({"body": key_set_bytes()}, "no usable key"),
        ({"status": 302, "headers": {"Location": "/other"}}, "status is 302"),
        ({"headers": {"Content-Encoding": "gzip"}}, "can't be fetched"),
    ],
)
async def test_an_answer_that_holds_no_keys_changes_nothing(change, problem):
    issuer = Issuer()
    async with keys_of(issuer) as (keys, verifier, clock):
        await started(keys, clock)
        vars(issuer).update(change)
        await clock.wake()
        assert kids(verifier) == ["ed25519"]
        assert problem in keys.problem
        assert clock.slept[-1] == 60


async def test_an_address_that_nobody_answers_at_identifies_nobody():
    issuer = Issuer()
    async with running(issuer) as url:
        pass
    clock = Clock()
    async with aiohttp.ClientSession() as session:
        keys = KeysUrl(url, session, Verifier(KeySet(), RULES), clock=clock, sleep=clock.sleep)
        await started(keys, clock)
        assert keys.problem == "the keys can't be fetched: ClientConnectorError"
        with pytest.raises(NotAuthenticated):
            await keys.identify(craft(), NOW)
        await keys.close()


@pytest.mark.parametrize(
    "url", ["https://issuer.example/keys", "http://127.0.0.1:8/k", "http://[::1]/k", "http://localhost/k"]
)
def test_addresses_of_keys_that_are_fine(url):
    assert check_keys_url(url) is None


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://issuer.example/keys", "over https"),
        ("http://localhost.evil.example/keys", "over https"),
        ("http://127.0.0.1.nip.io/keys", "over https"),
        ("https://user:pw@issuer.example/keys", "password"),
        ("file:///etc/keys", "no http"),
        ("keys.json", "no http"),
        ("https://", "no"),
        ("https://[::1", "no URL"),
    ],
)
def test_addresses_of_keys_that_are_not(url, complaint):
    assert complaint in check_keys_url(url)
    with pytest.raises(ValueError, match=r"the address|the keys"):
        KeysUrl(url, None, None)
