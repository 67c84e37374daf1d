"""Clients that take their time, or leave, cost little: each phase has its limit, and a flow in hand still ends well."""

import asyncio
import json
from dataclasses import replace

import pytest
from proxy_kit import QUICK, Desk, System, gateway, get, ok, parse, running, talk, until

from gateway.proxy.settings import Route

NOWHERE = Route("erp", "http://127.0.0.1:1", prefix="/erp")
SHORT = replace(QUICK, head_seconds=0.15, body_seconds=0.15, keepalive_seconds=0.15, body_rate=1_000_000)


def refusal(answer):
    return json.loads(parse(answer).body)["type"].removeprefix("urn:sovgate:refusal:")


async def drip(address, first: bytes, piece: bytes, every: float = 0.02):
    """Send a piece again and again until the other side has had enough; gives what it said."""
    reader, writer = await asyncio.open_connection(*address)
    answer = asyncio.create_task(reader.read())
    try:
        writer.write(first)
        while not answer.done():
            writer.write(piece)
            await asyncio.sleep(every)
        return await answer
    except ConnectionError:
        return await answer
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("first", "piece"),
    [(b"GET /erp/a HT", b""), (b"GET /erp/a HTTP/1.1\r\n", b"a"), (b"", b"\r\n"), (b"GET /erp/a\r\n", b"")],
    ids=["stops in the first line", "a byte at a time", "only empty lines", "HTTP/0.9"],
)
async def test_a_head_that_does_not_come_is_answered_and_cut(first, piece):
    async with gateway(NOWHERE, limits=SHORT) as house:
        assert refusal(await drip(house.address, first, piece)) == "request-too-slow"


async def test_a_second_head_has_its_limit_too():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), limits=SHORT) as house:
        got = await drip(house.address, get(close=False), b"G")
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"400" in got or b"408" in got


@pytest.mark.parametrize("head", [b"Content-Length: 100000", b"Transfer-Encoding: chunked"])
async def test_a_body_that_drips_is_answered_recorded_and_cut(head):
    desk = Desk()
    first = b"POST /erp/a HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n"
    piece = b"1\r\na\r\n" if b"chunked" in head else b"a"
    async with gateway(NOWHERE, desk=desk, limits=SHORT) as house:
        assert refusal(await drip(house.address, first, piece)) == "request-too-slow"
    assert [name for _, name in desk.refused] == ["request-too-slow"]


async def test_a_body_that_comes_steadily_may_take_longer_than_the_first_limit():
    system = System(ok())
    limits = replace(SHORT, body_rate=10)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), limits=limits) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(b"POST /erp/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50\r\n\r\n")
        for _ in range(10):
            writer.write(b"abcde")
            await asyncio.sleep(0.03)
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_an_idle_connection_is_closed_without_a_word():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), limits=SHORT) as house:
        got = await talk(house.address, get(close=False))
        assert parse(got).body == b"hello"
        assert await talk(house.address) == b""


async def test_a_client_that_does_not_take_its_answer_is_cut():
    system = System(ok(b"x" * 8_000_000))
    limits = replace(SHORT, body_rate=1_000_000_000)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), limits=limits) as house:
        _, writer = await asyncio.open_connection(*house.address, limit=1024)
        writer.write(get(close=False))
        await until(lambda: house.gateway.server.in_flight)
        await until(lambda: not house.gateway.server.in_flight)
        writer.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /erp/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /erp/a HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /erp/a HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: %s\r\n" % (n, b"a" * 1000) for n in range(100)),
    ],
    ids=["line", "field", "together"],
)
async def test_a_head_beyond_the_limit_is_refused(raw):
    async with gateway(NOWHERE) as house:
        answer = await talk(house.address, *[raw[at : at + 9000] for at in range(0, len(raw), 9000)])
    assert parse(answer).status == 431
    assert refusal(answer) == "headers-too-large"


async def test_more_fields_than_the_limit_are_refused():
    raw = b"GET /erp/a HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(201)) + b"\r\n"
    async with gateway(NOWHERE) as house:
        assert parse(await talk(house.address, raw)).status == 431


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /erp/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2001\r\n\r\n",
        b"POST /erp/a HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n" + b"x" * 3000,
        b"POST /erp/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2001\r\n\r\n" + b"x" * 2001,
        get(method="POST")[:-2] + b"Transfer-Encoding: chunked\r\n\r\n7d1\r\n" + b"x" * 2001 + b"\r\n0\r\n\r\n",
    ],
    ids=["announced", "absurd", "sent", "chunked"],
)
async def test_a_body_beyond_the_limit_is_refused_and_recorded(raw):
    desk = Desk()
    async with gateway(NOWHERE, desk=desk, limits=replace(QUICK, body=2000)) as house:
        answer = await talk(house.address, raw)
    assert parse(answer).status == 413
    assert ("Connection", "close") in parse(answer).headers
    assert [name for _, name in desk.refused] == ["body-too-large"]


async def test_a_body_of_just_the_limit_passes():
    system = System(ok())
    limits = replace(QUICK, body=2000)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), limits=limits) as house:
        raw = get(method="POST")[:-2] + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000
        assert parse(await talk(house.address, raw)).status == 200


async def test_a_client_that_waits_for_a_word_before_its_body_gets_it():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        reader, writer = await asyncio.open_connection(*house.address)
        writer.write(get(method="POST")[:-2] + b"Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abcd")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
    assert b"Expect" not in system.requests[0]


async def test_a_client_that_waits_is_refused_before_it_sends_too_much():
    async with gateway(NOWHERE) as house:
        raw = get(method="POST", close=False)[:-2] + b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
        assert parse(await talk(house.address, raw)).status == 413


async def test_another_expectation_is_refused():
    async with gateway(NOWHERE) as house:
        assert parse(await talk(house.address, get("/erp/a", "Expect: tea"))).status == 417


async def test_a_flow_goes_to_its_end_when_the_client_leaves():
    done = asyncio.Event()

    class Slow(Desk):
        async def handle(self, flow, send):
            self.flows.append(flow)
            response = await send(flow.request)
            await asyncio.sleep(0.05)
            done.set()
            return response

    desk, system = Slow(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        _, writer = await asyncio.open_connection(*house.address)
        writer.write(get(method="DELETE"))
        await until(lambda: desk.flows)
        writer.transport.abort()
        await asyncio.wait_for(done.wait(), 5)


async def test_a_body_that_the_client_breaks_off_is_recorded():
    desk = Desk()
    async with gateway(NOWHERE, desk=desk) as house:
        raw = get(method="POST")[:-2] + b"Content-Length: 9\r\n\r\nabc"
        assert refusal(await talk(house.address, raw, eof=True)) == "body-incomplete"
        _, writer = await asyncio.open_connection(*house.address)
        writer.write(raw)
        await until(lambda: not len(desk.seen) < 2)
        writer.transport.abort()
        await until(lambda: not len(desk.refused) < 2)
    assert [name for _, name in desk.refused] == ["body-incomplete"] * 2


async def test_a_client_that_ends_its_side_early_still_gets_its_answer():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        assert parse(await talk(house.address, get(close=False), eof=True)).body == b"hello"


async def test_more_at_once_than_the_limit_is_turned_away():
    gate = asyncio.Event()

    class Slow(Desk):
        async def handle(self, flow, send):
            self.flows.append(flow)
            await gate.wait()
            return await send(flow.request)

    desk, system = Slow(), System(ok())
    limits = replace(QUICK, in_flight=2)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk, limits=limits) as house:
        first = [asyncio.create_task(talk(house.address, get())) for _ in range(2)]
        await until(lambda: not len(desk.flows) < 2)
        answer = await talk(house.address, get())
        gate.set()
        assert [parse(await task).status for task in first] == [200, 200]
    assert parse(answer).status == 503
    assert ("Retry-After", "1") in parse(answer).headers
    assert refusal(answer) == "overloaded"


async def test_more_connections_than_the_limit_are_closed():
    async with gateway(NOWHERE, limits=replace(QUICK, connections=1)) as house:
        _, writer = await asyncio.open_connection(*house.address)
        await asyncio.sleep(0.02)
        assert await talk(house.address, get()) == b""
        writer.close()
