"""Upgrades: refused unless the route and the gate allow them; then bytes pass both ways, untreated."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from proxy_kit import Desk, System, gateway, get, ok, parse, running, talk

from gateway.flow import Leg, header
from gateway.proxy.settings import Route
from gateway.refusals import problem

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA==")


@pytest.mark.parametrize("protocol", ["websocket", "foo/2", "WebSocket"])
async def test_an_upgrade_is_refused_where_the_route_does_not_allow_it(protocol):
    desk, system = Desk(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        raw = get("/erp/a", "Connection: Upgrade", f"Upgrade: {protocol}", close=False)
        answer = parse(await talk(house.address, raw + b"early bytes"))
    assert (answer.status, json.loads(answer.body)["type"]) == (403, "urn:sovgate:refusal:upgrade-refused")
    assert [name for _, name in desk.refused] == ["upgrade-refused"]
    assert system.requests == []


async def test_an_offer_of_http_2_is_left_unanswered():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        raw = get("/erp/a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x", close=False)
        answer = parse(await talk(house.address, raw + get("/erp/smuggled")))
    assert (answer.status, answer.body) == (200, b"hello")
    assert header(answer.headers, "connection") == "close"
    assert len(system.requests) == 1
    assert b"pgrade" not in system.requests[0]


async def test_an_upgrade_that_connection_does_not_name_is_no_upgrade():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        assert parse(await talk(house.address, get("/erp/a", "Upgrade: websocket"))).status == 200
    assert b"pgrade" not in system.requests[0]


async def test_an_allowed_upgrade_passes_messages_both_ways():
    async def echo(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data.upper())
        return socket

    app = web.Application()
    app.router.add_get("/chat", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk = Desk()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with gateway(Route("erp", url, prefix="/erp", upgrade=True), desk=desk) as house:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"http://127.0.0.1:{house.address[1]}/erp/chat") as socket,
            ):
                for text in ("hello", "x" * 1_000_000):
                    await socket.send_str(text)
                    assert (await socket.receive_str()) == text.upper()
            assert header(desk.flows[0].request.headers, "upgrade") == "websocket"
    finally:
        await runner.cleanup()


async def test_a_gate_that_refuses_after_the_system_agreed_closes_the_tunnel():
    ended = asyncio.Event()

    class Stern(Desk):
        async def handle(self, flow, send):
            assert (await send(flow.request)).status == 101
            return problem("upgrade-refused", Leg.REQUEST, flow.id)

    async def switch(reader, writer):
        writer.write(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert await reader.read() == b""
        ended.set()

    async with running(System(switch)) as system:
        route = Route("erp", system.url, prefix="/erp", upgrade=True)
        async with gateway(route, desk=Stern()) as house:
            answer = parse(await talk(house.address, get("/erp/a", *UPGRADE, close=False)))
            await asyncio.wait_for(ended.wait(), 5)
    assert answer.status == 403


@pytest.mark.parametrize("who", ["system", "client", "gateway"])
async def test_a_tunnel_ends_on_both_sides_when_one_ends(who):
    ended = asyncio.Event()

    async def switch(reader, writer):
        writer.write(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst")
        assert await reader.readexactly(4) == b"ping"
        writer.write(b"pong")
        if who == "system":
            writer.close()
        assert await reader.read() == b""
        ended.set()

    async with running(System(switch)) as system:
        route = Route("erp", system.url, prefix="/erp", upgrade=True)
        async with gateway(route) as house:
            reader, writer = await asyncio.open_connection(*house.address)
            writer.write(get("/erp/a", *UPGRADE, close=False))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")
            assert b"Connection: Upgrade\r\n" in head
            assert b"Upgrade: websocket\r\n" in head
            writer.write(b"ping")
            assert await reader.readexactly(9) == b"firstpong"
            if who == "client":
                writer.close()
            elif who == "gateway":
                await house.gateway.stop(0.0)
            await asyncio.wait_for(ended.wait(), 5)
            assert await reader.read() == b""
            writer.close()


async def test_a_system_that_declines_an_upgrade_gives_an_ordinary_answer():
    async with running(System(ok(b"no", status=b"400 No"))) as system:  # noqa: SIM117 - its address is known only then
        async with gateway(Route("erp", system.url, prefix="/erp", upgrade=True)) as house:
            answer = parse(await talk(house.address, get("/erp/a", *UPGRADE, close=False)))
    assert (answer.status, answer.body) == (400, b"no")
