"""Bodies in pieces over real sockets: held back both ways, broken off where they break, never ended well by mistake."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import socket
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from proxy_kit import QUICK, Desk, System, gateway, get, ok, running, until
from stream_kit import Source, drained

from gateway.capture import Unusable, open_capture
from gateway.capture.keep import Keeper, packed
from gateway.capture.seal import END
from gateway.errors import StreamCut
from gateway.flow import Flow, Operator, Request, Response
from gateway.proxy.capturer import Capturer
from gateway.proxy.settings import Route, Timeouts
from gateway.steps import source

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
POST = b"POST /erp/a HTTP/1.1\r\nHost: a\r\n"
MIB = 1 << 20
KEY = X25519PrivateKey.from_private_bytes(b"k" * 32)
USUAL = Timeouts()
SHORT = replace(QUICK, body_seconds=0.2, body_rate=50_000_000, linger_seconds=0.2)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass
class Streams(Desk):
    """Doors through which every body passes in pieces; `ends` tells how each answer ended, `live` what they are."""

    def __init__(self, *, live: bool = False, spoil: bytes = b"") -> None:
        super().__init__()
        self.live = live
        self.spoil = spoil
        self.ends: list[str] = []

    def streams(self, _flow) -> bool:
        return True

    async def handle(self, flow, send):
        self.flows.append(flow)
        request = flow.request
        if request.stream is not None:
            request = replace(request, stream=Watched(request.stream, self, "request "))
        try:
            answer = await send(request, streamed=True)
        except StreamCut as cut:
            return Response(400, (), cut.refusal.encode())
        if answer.stream is None:
            return answer
        return replace(answer, stream=Watched(answer.stream, self), live=self.live)


class Watched:
    """What the gate makes of a body, as far as the proxy sees it."""

    def __init__(self, stream, desk: Streams, name: str = "") -> None:
        self.stream, self.desk, self.name, self.refusal = stream, desk, name, ""

    def __aiter__(self):
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self.stream)
        except StopAsyncIteration:
            self._end("whole")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, its name is what matters
            self._end(getattr(error, "refusal", "?"))
            raise StreamCut(getattr(error, "refusal", "?")) from None
        if self.desk.spoil and self.desk.spoil in piece:
            self._end("spoilt")
            await source.close(self.stream)
            raise StreamCut("denied")
        return piece

    async def aclose(self) -> None:
        await asyncio.sleep(0.01)  # the end is recorded
        self._end("left")
        await source.close(self.stream)

    def cut(self, refusal: str) -> None:
        source.cut(self.stream, refusal)

    def _end(self, how: str) -> None:
        if not self.refusal:
            self.refusal = how
            self.desk.ends.append(self.name + how)


def scripted(*steps):
    """A system that writes bytes, waits for events, and ends as told."""

    async def behave(reader, writer):
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif step == "hang":
                await reader.read()
            elif step == "close":
                writer.close()
            elif step == "reset":
                linger = struct.pack("ii", 1, 0)  # closing resets
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            else:
                await step.wait()

    return behave


@asynccontextmanager
async def through(*steps, desk: Desk | None = None, limits=QUICK, times: Timeouts = USUAL, system=None):
    """A gateway before a system, and a client connected to it."""
    system = system or System(scripted(*steps))
    async with running(system):
        route = Route("erp", system.url, prefix="/erp", timeouts=times)
        async with gateway(route, desk=desk or Streams(), limits=limits) as house:
            reader, writer = await asyncio.open_connection(*house.address)
            try:
                yield house, reader, writer, system
            finally:
                writer.close()


async def head_of(reader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


async def rest_of(reader) -> bytes:
    """Read until the connection ends, in whatever way."""
    got = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65536), 5):
            got += piece
    except ConnectionError:
        got += b"<reset>"
    return got


def access(house) -> list[dict]:
    return [line for line in map(json.loads, house.log.getvalue().splitlines()) if line["event"] == "flow"]


async def test_each_piece_is_there_before_the_next_is_sent():
    gates = [asyncio.Event() for _ in range(3)]
    steps = [part for n, gate in enumerate(gates) for part in (chunk(b"data: %d\n\n" % n), gate)]
    desk = Streams(live=True)
    async with through(CHUNKED, *steps, b"0\r\n\r\n", desk=desk) as (house, reader, writer, system):
        writer.write(get(close=False))
        assert b"Transfer-Encoding: chunked" in await head_of(reader)
        for n, gate in enumerate(gates):
            assert await asyncio.wait_for(reader.readexactly(14), 5) == chunk(b"data: %d\n\n" % n)
            assert house.gateway.server.in_flight == 1
            gate.set()
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        assert desk.ends == ["whole"]
        assert [(line["status"], line["response_bytes"]) for line in access(house)] == [(200, 27)]
        system.answers = [ok(b"again")]
        writer.write(get())
        assert (await rest_of(reader)).endswith(b"again")
        assert (system.connections, house.gateway.server.in_flight) == (1, 0)


async def test_the_head_goes_before_the_first_piece():
    async with through(CHUNKED, "hang", desk=Streams(live=True)) as (_, reader, writer, _system):
        writer.write(get())
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("steps", "how"),
    [
        ((CHUNKED, chunk(b"data: a\n\n"), "close"), "body-incomplete"),
        ((CHUNKED, chunk(b"data: a\n\n"), b"5\r\nab", "close"), "body-incomplete"),
        ((CHUNKED, chunk(b"data: a\n\n"), "reset"), "body-incomplete"),
        ((CHUNKED, chunk(b"data: a\n\n"), b"zz\r\n", "hang"), "upstream-broken"),
        ((CHUNKED, chunk(b"data: a\n\n"), b"0\r\n\r\nHTTP/1.1 200 OK\r\n", "hang"), "upstream-broken"),
        ((HEAD + b"Content-Length: 50\r\n\r\n", b"data: a\n\n", "close"), "body-incomplete"),
        ((HEAD + b"\r\n", b"data: a\n\n", "reset"), "body-incomplete"),
        ((CHUNKED, chunk(b"data: a\n\n"), "hang"), "upstream-timeout"),
    ],
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_a_system_that_breaks_off_is_passed_on_as_broken_and_never_as_an_end(steps, how, version):
    pause = asyncio.Event()
    desk = Streams()
    times = Timeouts(stream=0.3)
    async with through(*steps[:2], pause, *steps[2:], desk=desk, times=times) as (house, reader, writer, _):
        writer.write(get(close=False).replace(b"1.1", version))
        await head_of(reader)
        first = await asyncio.wait_for(reader.readuntil(b"data: a\n\n"), 5)
        pause.set()
        got = first + await rest_of(reader)
        await until(lambda: desk.ends and access(house))
        assert desk.ends == [how]
        assert b"0\r\n\r\n" not in got
        assert got.endswith(b"<reset>") == (version == b"1.0")


async def test_a_body_that_lasts_until_the_connection_ends_is_whole_then():
    desk = Streams()
    async with through(HEAD + b"\r\n", b"data: a\n\n", "close", desk=desk) as (_, reader, writer, _system):
        writer.write(get())
        assert (await rest_of(reader)).endswith(chunk(b"data: a\n\n") + b"0\r\n\r\n")
        assert desk.ends == ["whole"]


async def test_a_client_of_http_1_0_gets_no_chunks_and_the_end_of_the_connection():
    go = asyncio.Event()
    steps = (CHUNKED, chunk(b"data: a\n\n"), go, chunk(b"data: b\n\n"), b"0\r\n\r\n")
    async with through(*steps, desk=Streams()) as (_, reader, writer, _system):
        writer.write(get(close=False).replace(b"1.1", b"1.0"))
        head = await head_of(reader)
        go.set()
        assert (b"Transfer-Encoding" in head, b"Content-Length" in head, b"Connection: close" in head) == (0, 0, 1)
        assert await rest_of(reader) == b"data: a\n\ndata: b\n\n"


async def test_head_has_no_body_and_lets_go_of_none():
    async with through(desk=Streams(), system=System(CHUNKED + b"")) as (_, reader, writer, _system):
        writer.write(get(method="HEAD"))
        assert (await rest_of(reader)).count(b"\r\n\r\n") == 1


async def test_a_cut_in_the_gate_breaks_off_both_sides():
    desk = Streams(spoil=b"secret")
    steps = (CHUNKED, chunk(b"data: a\n\n"), chunk(b"data: secret\n\n"), chunk(b"data: c\n\n"), "hang")
    async with through(*steps, desk=desk) as (house, reader, writer, _):
        writer.write(get(close=False))
        got = await rest_of(reader)
        assert (b"secret" in got, b"data: c" in got, got.endswith(b"0\r\n\r\n")) == (False, False, False)
        assert len(house.gateway._upstreams[0][1]._wires) == 0


@pytest.mark.parametrize("how", ["close", "reset", "half"])
async def test_a_client_that_leaves_ends_a_stream_of_events_although_nothing_comes(how):
    desk = Streams(live=True)
    async with through(CHUNKED, chunk(b"data: a\n\n"), "hang", desk=desk) as (house, reader, writer, _):
        writer.write(get(close=False))
        await reader.readuntil(b"data: a\n\n")
        {"close": writer.close, "reset": writer.transport.abort, "half": writer.write_eof}[how]()
        await until(lambda: not house.gateway.server.in_flight)
        assert desk.ends == ["client-left"]
        assert len(house.gateway._upstreams[0][1]._wires) == 0
        assert len(access(house)) == 1


async def test_a_client_that_only_closed_its_side_still_gets_a_table():
    go = asyncio.Event()
    async with through(CHUNKED, chunk(b"a,b\n"), go, chunk(b"1,2\n"), b"0\r\n\r\n") as (_, reader, writer, _system):
        writer.write(get(close=False))
        await reader.readuntil(b"a,b\n")
        writer.write_eof()
        await asyncio.sleep(0.05)
        go.set()
        assert (await rest_of(reader)).endswith(b"1,2\n\r\n0\r\n\r\n")


async def test_a_client_that_takes_nothing_holds_the_system_back_and_is_cut_in_time():
    sent = 0

    async def pours(_, writer):
        nonlocal sent
        writer.write(CHUNKED)
        while not writer.transport.is_closing():
            writer.write(chunk(b"x" * 65536))
            await writer.drain()
            sent += 65536

    desk = Streams()
    async with through(desk=desk, limits=SHORT, system=System(pours)) as (house, _reader, writer, _):
        writer.transport.pause_reading()
        writer.write(get(close=False))
        await until(lambda: house.gateway.server.in_flight)
        await until(lambda: not house.gateway.server.in_flight)
    assert desk.ends == ["left"]
    assert sent < 40 * MIB  # what fits into the buffers of two sockets, and no more


@pytest.mark.parametrize("leg", ["response", "request"])
async def test_memory_stays_flat_over_two_hundred_megabytes(leg):
    total, block = 200 * MIB, b"".join(b"data: %06d\n\n" % n for n in range(18_000))
    times = total // len(block)

    async def pours(_, writer):
        writer.write(CHUNKED)
        for _ in range(times):
            writer.write(chunk(block))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    taken = 0

    async def takes(reader, writer):
        nonlocal taken
        while (size := int(await reader.readline(), 16)) > 0:
            taken += len(await reader.readexactly(size + 2)) - 2
        await reader.readline()
        writer.write(ok(b"taken"))

    system = Takes(takes) if leg == "request" else System(pours)
    async with through(system=system) as (_, reader, writer, _system):
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if leg == "response":
            writer.write(get(close=False))
            await head_of(reader)
            while (size := int(await reader.readline(), 16)) > 0:
                taken += len(await reader.readexactly(size + 2)) - 2
        else:
            writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(times):
                writer.write(chunk(block))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            assert (await head_of(reader)).startswith(b"HTTP/1.1 200")
        assert taken == times * len(block)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024  # KiB


class Takes(System):
    """A system that reads bodies by itself."""

    def __init__(self, body) -> None:
        super().__init__()
        self.body = body

    async def converse(self, reader, writer):
        self.connections += 1
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await self.body(reader, writer)
        await writer.drain()


async def test_a_request_in_pieces_is_sent_on_as_it_comes():
    seen, pieces = [], asyncio.Queue()

    async def takes(reader, writer):
        while line := await reader.readline():
            seen.append(await reader.readexactly(int(line, 16) + 2))
            await pieces.put(len(seen))
            if line == b"0\r\n":
                break
        writer.write(ok(b"taken"))

    desk = Streams()
    async with through(desk=desk, system=Takes(takes)) as (house, reader, writer, system):
        writer.write(POST + b"Content-Length: 6\r\nExpect: 100-continue\r\n\r\n")
        assert await head_of(reader) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for n in range(1, 4):
            writer.write(b"%d\n" % n)
            assert await asyncio.wait_for(pieces.get(), 5) == n
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200")
        assert (seen, desk.ends) == ([b"1\n\r\n", b"2\n\r\n", b"3\n\r\n", b"\r\n"], ["request whole"])
        assert b"Transfer-Encoding: chunked" in system.requests[0]
        assert b"Content-Length" not in system.requests[0]
        assert b"Expect" not in system.requests[0]
        await reader.readexactly(5)
        assert [line["request_bytes"] for line in access(house)] == [6]


@pytest.mark.parametrize(
    ("last", "how"),
    [
        (b"zz\r\n", "request ambiguous-request"),
        ("eof", "request body-incomplete"),
        ("reset", "request body-incomplete"),
        ("slow", "request request-too-slow"),
        (chunk(b"secret\n"), "request spoilt"),
    ],
)
async def test_a_request_that_breaks_off_never_ends_well_at_the_system(last, how):
    got = bytearray()
    ended = asyncio.Event()

    async def takes(reader, _):
        try:
            while piece := await reader.read(65536):
                got.extend(piece)
        except ConnectionError:
            pass
        ended.set()

    desk = Streams(spoil=b"secret")
    limits = SHORT if last == "slow" else QUICK
    async with through(desk=desk, limits=limits, system=Takes(takes)) as (_, reader, writer, _system):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"first\n"))
        await until(lambda: b"first" in got)
        if isinstance(last, bytes):
            writer.write(last)
        elif last == "eof":
            writer.write_eof()
        elif last == "reset":
            writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 5)
        await until(lambda: desk.ends)
        assert (desk.ends, bytes(got)) == ([how], chunk(b"first\n"))
        if last != "reset":
            assert (await head_of(reader)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("closes", [True, False])
async def test_a_system_that_answers_early_is_heard_and_gets_no_more(closes):
    async def refuses(reader, writer):
        await reader.readline()
        writer.write(ok(b"too much", *([b"Connection: close"] if closes else []), status=b"413 Too Large"))
        await writer.drain()
        await reader.read()

    desk = Streams()
    async with through(desk=desk, system=Takes(refuses)) as (house, reader, writer, _):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"first\n"))
        head = await head_of(reader)
        assert head.startswith(b"HTTP/1.1 413")
        assert b"Connection: close" in head
        await until(lambda: desk.ends)
        assert desk.ends == ["request left"]
        await until(lambda: not house.gateway._upstreams[0][1]._wires)


async def test_a_system_that_dies_while_it_is_sent_to_is_no_answer():
    async def dies(reader, writer):
        await reader.readline()
        writer.transport.abort()

    class Fails(Streams):
        async def handle(self, flow, send):
            try:
                return await super().handle(flow, send)
            except Exception as error:  # noqa: BLE001 - whatever it is, its name is what matters
                return Response(502, (), getattr(error, "refusal", "?").encode())

    desk = Fails()
    async with through(desk=desk, system=Takes(dies)) as (_, reader, writer, system):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"first\n"))
        assert b"502" in await head_of(reader)
        assert await reader.read(100) == b"upstream-broken"
        assert (desk.ends, system.connections) == (["request left"], 1)


async def test_both_bodies_may_be_on_their_way_at_once():
    async def echoes(reader, writer):
        writer.write(CHUNKED)
        while (size := int(await reader.readline(), 16)) > 0:
            writer.write(chunk((await reader.readexactly(size + 2))[:-2]))
        await reader.readline()
        writer.write(b"0\r\n\r\n")

    desk = Streams()
    async with through(desk=desk, system=Takes(echoes)) as (_, reader, writer, _system):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        await head_of(reader)
        for n in range(3):
            writer.write(chunk(b"%d\n" % n))
            assert await asyncio.wait_for(reader.readexactly(7), 5) == chunk(b"%d\n" % n)
        writer.write(b"0\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(5), 5) == b"0\r\n\r\n"
        assert desk.ends == ["request whole", "whole"]


async def test_an_answer_that_ends_first_ends_the_request_and_that_is_told_first():
    async def stops(reader, writer):
        await reader.readline()
        writer.write(CHUNKED)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(chunk(b"enough\n") + b"0\r\n\r\n")
        await writer.drain()
        await reader.read()

    desk = Streams()
    async with through(desk=desk, system=Takes(stops)) as (_, reader, writer, _system):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"first\n"))
        assert (await rest_of(reader)).endswith(chunk(b"enough\n") + b"0\r\n\r\n")
        assert desk.ends == ["request left", "whole"]


async def test_a_request_whose_pieces_become_nothing_is_not_ended_by_that():
    class Empties(Streams):
        async def handle(self, flow, send):
            async def pieces():
                yield b""
                async for piece in flow.request.stream:
                    yield b""
                    yield piece
                yield b""

            return await send(replace(flow.request, stream=pieces()))

    got = []

    async def takes(reader, writer):
        while size := int(await reader.readline(), 16):
            got.append((await reader.readexactly(size + 2))[:-2])
        await reader.readline()
        writer.write(ok(b"taken"))

    async with through(desk=Empties(), system=Takes(takes)) as (_, reader, writer, _system):
        writer.write(POST + b"Content-Length: 6\r\n\r\nfirst\n")
        assert (await head_of(reader)).startswith(b"HTTP/1.1 200")
    assert got == [b"first\n"]


async def test_live_streams_end_as_soon_as_the_gateway_stops_and_tables_get_their_time():
    ends = {}
    for live in (True, False):
        desk = Streams(live=live)
        async with through(CHUNKED, chunk(b"a\n"), "hang", desk=desk) as (house, reader, writer, _):
            writer.write(get(close=False))
            await reader.readuntil(b"a\n")
            finished = await house.gateway.stop(0.3)
            ends[live] = (finished, desk.ends, b"0\r\n\r\n" in await rest_of(reader))
    assert ends == {True: (True, ["draining"], False), False: (False, ["draining"], False)}


async def test_the_total_time_of_an_answer_doesn_t_cut_a_stream():
    async def drips(_, writer):
        writer.write(CHUNKED)
        for n in range(8):
            writer.write(chunk(b"%d\n" % n))
            await asyncio.sleep(0.15)
        writer.write(b"0\r\n\r\n")

    times = Timeouts(answer=20, idle=0.6, total=0.6, stream=20)
    async with through(desk=Streams(), times=times, system=System(drips)) as (_, reader, writer, _system):
        writer.write(get())
        assert (await rest_of(reader)).endswith(b"7\n\r\n0\r\n\r\n")


async def test_empty_pieces_are_never_written_as_the_end():
    class Empties(Streams):
        async def handle(self, flow, send):
            async def pieces():
                yield b""
                yield b"a"
                yield b""
                yield b"b"

            return Response(200, (), stream=pieces())

    async with through(desk=Empties()) as (_, reader, writer, _system):
        writer.write(get())
        assert (await rest_of(reader)).endswith(chunk(b"a") + chunk(b"b") + b"0\r\n\r\n")


async def test_a_stream_that_fails_in_an_unforeseen_way_is_cut_and_only_its_type_is_logged():
    class Breaks(Streams):
        async def handle(self, flow, send):
            async def pieces():
                yield b"a"
                raise ZeroDivisionError("planted")

            return Response(200, (), stream=pieces())

    async with through(desk=Breaks()) as (house, reader, writer, _):
        writer.write(get())
        assert not (await rest_of(reader)).endswith(b"0\r\n\r\n")
        assert b"ZeroDivisionError" in house.log.getvalue()
        assert b"planted" not in house.log.getvalue()


@pytest.mark.parametrize(
    ("live", "pieces", "body", "repairs"),
    [
        (False, [b"a", b"b"], b"ab", ()),
        (False, [b"a", StreamCut("client-left")], None, ("no-answer-body",)),
        (False, [b"a" * MIB, b"b"], None, ("no-answer-body",)),
        (True, [b"a", StreamCut("client-left")], b"a", ()),
    ],
)
async def test_a_capture_keeps_bodies_in_pieces_as_far_as_they_are_short_and_whole(live, pieces, body, repairs):
    kept = []
    capturer = Capturer(kept.append)
    flow = Flow("f1", 0, "erp", Request("POST", "/a", stream=Source(b"x", b"y")), Operator("crm"))

    async def send(request, *, streamed=False):
        assert await source.whole(request.stream, 10) == b"xy"
        return Response(200, (), stream=Source(*pieces))

    async def handle(flow, send):
        answer = await send(flow.request, streamed=True)
        return replace(answer, live=live)

    answer = await capturer.handle(handle, flow, send)
    assert kept == []
    await drained(answer.stream)
    await answer.stream.aclose()
    assert [(one.request.body, one.response and one.response.body, one.repairs) for one in kept] == [
        (b"xy", body, repairs)
    ]


async def test_a_captured_request_that_was_too_long_to_keep_is_said_to_be_missing():
    kept = []
    flow = Flow("f1", 0, "erp", Request("POST", "/a", stream=Source(b"x" * MIB, b"y")), Operator("crm"))

    async def handle(flow, send):
        await source.whole(flow.request.stream, 2 * MIB)
        return await send(flow.request)

    async def send(_request, *, streamed=False):
        return Response(204)

    await Capturer(kept.append).handle(handle, flow, send)
    keeper = Keeper(KEY.public_key(), b"s" * 32)
    file = keeper.start + keeper.seal(packed(kept[0])) + keeper.seal(END)
    assert list(open_capture(BytesIO(file), "x", [KEY])) == [Unusable(1, "no-request-body")]
