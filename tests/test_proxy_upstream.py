"""Systems that misbehave: each way gets its refusal, none hangs, and nothing of one answer gets into another."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import replace

import pytest
from proxy_kit import QUICK, System, ok, running

from gateway.errors import UpstreamFailed
from gateway.flow import Request, Response
from gateway.proxy.settings import Route, Timeouts
from gateway.proxy.upstream import Upstream

PATIENT = Timeouts(connect=20, answer=20, idle=20, total=60, keepalive=5)  # a busy machine is no fault of the system
HASTY = Timeouts(connect=20, answer=1, idle=1, total=2, keepalive=5)
LIMITS = replace(QUICK, body=10_000)
GET = Request("GET", "/a")


@contextlib.asynccontextmanager
async def client(system, times=PATIENT, limits=LIMITS, base=""):
    upstream = Upstream(Route("erp", system.url + base, timeouts=times), limits)
    try:
        yield upstream
    finally:
        await upstream.close()


def then_close(*pieces: bytes, pause: float = 0.0):
    async def behave(_, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        writer.close()

    return behave


def then_hang(*pieces: bytes):
    async def behave(reader, writer):
        for piece in pieces:
            writer.write(piece)
        await reader.read()

    return behave


def then_reset(*pieces: bytes):
    async def behave(_, writer):
        for piece in pieces:
            writer.write(piece)
        await asyncio.sleep(0.02)
        linger = struct.pack("ii", 1, 0)  # closing resets
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    return behave


def for_ever(piece: bytes, first: bytes = b"", pause: float = 0.0):
    async def behave(_, writer):
        writer.write(first)
        while not writer.transport.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

FAULTS = {
    "never answers": (then_hang(), "upstream-timeout"),
    "hangs in its headers": (then_hang(OK), "upstream-timeout"),
    "hangs in its body": (then_hang(OK + b"Content-Length: 5\r\n\r\nab"), "upstream-timeout"),
    "hangs between chunks": (then_hang(CHUNKED + b"1\r\na\r\n"), "upstream-timeout"),
    "drips for ever": (for_ever(b"1\r\na\r\n", CHUNKED, 0.05), "upstream-timeout"),
    "closes at once": (then_close(), "upstream-broken"),
    "resets at once": (then_reset(), "upstream-broken"),
    "closes in its headers": (then_close(OK + b"X: a"), "upstream-broken"),
    "resets in its headers": (then_reset(OK + b"X: a"), "upstream-broken"),
    "announces too much": (then_close(OK + b"Content-Length: 5\r\n\r\nab"), "body-incomplete"),
    "resets in its body": (then_reset(OK + b"Content-Length: 5\r\n\r\nab"), "body-incomplete"),
    "resets a body without length": (then_reset(OK + b"\r\nab"), "body-incomplete"),
    "ends within chunks": (then_close(CHUNKED + b"5\r\nab"), "body-incomplete"),
    "ends before the last chunk": (then_close(CHUNKED + b"2\r\nab\r\n"), "body-incomplete"),
    "announces too little": (ok(b"ab") + b"cd", "upstream-broken"),
    "sends two answers": (ok(b"ab") + ok(b"cd"), "upstream-broken"),
    "begins a second answer": (ok(b"ab") + b"HTTP/1.1 2", "upstream-broken"),
    "length and chunked": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "upstream-broken"),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", "upstream-broken"),
    "another transfer coding": (then_close(OK + b"Transfer-Encoding: gzip\r\n\r\nab"), "upstream-broken"),
    "two transfer codings": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "upstream-broken"),
    "a chunk size that is none": (CHUNKED + b"zz\r\n", "upstream-broken"),
    "a chunk without end": (CHUNKED + b"1\r\naXX0\r\n\r\n", "upstream-broken"),
    "endless headers": (for_ever(b"X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", OK), "upstream-broken"),
    "an endless header": (for_ever(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", OK + b"X: "), "upstream-broken"),
    "endless interim answers": (for_ever(b"HTTP/1.1 103 Early Hints\r\n\r\n"), "upstream-broken"),
    "an endless body": (for_ever(b"a" * 1000, OK + b"\r\n"), "body-too-large"),
    "endless chunks": (for_ever(b"3e8\r\n" + b"a" * 1000 + b"\r\n", CHUNKED), "body-too-large"),
    "too much announced": (OK + b"Content-Length: 10001\r\n\r\n", "body-too-large"),
    "an absurd length": (OK + b"Content-Length: 18446744073709551615\r\n\r\n", "body-too-large"),
    "status 000": (ok(status=b"000 X"), "upstream-broken"),
    "status 99": (ok(status=b"99 X"), "upstream-broken"),
    "status 600": (ok(status=b"600 X"), "upstream-broken"),
    "status 1000": (ok(status=b"1000 X"), "upstream-broken"),
    "a part nobody asked for": (ok(b"hel", b"Content-Range: bytes 0-2/5", status=b"206 Partial"), "upstream-broken"),
    "an upgrade nobody asked for": (b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "upstream-broken"),
    "HTTP/0.9": (then_close(b"hello"), "upstream-broken"),
    "HTTP/2.0": (ok().replace(b"1.1", b"2.0"), "upstream-broken"),
    "a control character": (ok(b"", b"X: a\x01b"), "upstream-broken"),
    "a bare carriage return": (ok(b"", b"X: a\rSet-Cookie: b"), "upstream-broken"),
    "TLS": (then_close(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "upstream-broken"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_system_that_misbehaves_gets_a_refusal(fault):
    answer, refusal = FAULTS[fault]
    system = System(answer)
    times = HASTY if refusal == "upstream-timeout" else PATIENT
    async with running(system), client(system, times) as upstream:
        with pytest.raises(UpstreamFailed) as failed:
            await upstream.send(Request("POST", "/a", (), b"x"))
        assert failed.value.refusal == refusal
        assert len(system.requests) == 1
        system.answers[:] = [ok(b"fresh")]
        assert (await upstream.send(GET)).body == b"fresh"


@pytest.mark.parametrize("fault", ["never answers", "drips for ever", "an endless body", "hangs in its body"])
async def test_a_read_that_was_begun_is_not_repeated(fault):
    system = System(FAULTS[fault][0])
    async with running(system), client(system, HASTY) as upstream:
        with pytest.raises(UpstreamFailed):
            await upstream.send(GET)
    assert len(system.requests) == 1


GOOD = {
    "a length": (ok(b"abc"), 200, b"abc"),
    "chunks": (CHUNKED + b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, b"abc"),
    "until the end": (then_close(OK + b"\r\n", b"abc", pause=0.02), 200, b"abc"),
    "HTTP/1.0": (then_close(b"HTTP/1.0 200 OK\r\n\r\nabc"), 200, b"abc"),
    "pieces": (then_close(*[bytes([byte]) for byte in ok(b"abc")]), 200, b"abc"),
    "interim answers first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: 1\r\n\r\n" + ok(b"abc"),
        200,
        b"abc",
    ),
    "no content": (b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", 204, b""),
    "not modified": (b"HTTP/1.1 304 No\r\nContent-Length: 99999999\r\n\r\n", 304, b""),
    "a redirect": (ok(b"", b"Location: /b", status=b"302 Found"), 302, b""),
    "an error": (ok(b"no", status=b"500 X"), 500, b"no"),
    "no reason": (ok(b"abc", status=b"200"), 200, b"abc"),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", 200, b"abc"),
    "a body of just the limit": (ok(b"x" * 10_000), 200, b"x" * 10_000),
}


@pytest.mark.parametrize("kind", GOOD)
async def test_an_answer_comes_whole(kind):
    raw, status, body = GOOD[kind]
    system = System(raw)
    async with running(system), client(system) as upstream:
        for _ in range(2):
            response = await upstream.send(GET)
            assert (response.status, response.body) == (status, body)


async def test_a_head_has_no_body_whatever_its_length_says():
    system = System(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", ok(b"abc"))
    async with running(system), client(system) as upstream:
        assert (await upstream.send(Request("HEAD", "/a"))).body == b""
        assert (await upstream.send(GET)).body == b"abc"
    assert system.connections == 1


async def test_header_bytes_order_and_repetition_survive_both_ways():
    system = System(ok(b"", b"x-b: \xe9\xff", b"Set-Cookie: a=1", b"X-A: 1", b"Set-Cookie: b=2"))
    async with running(system), client(system) as upstream:
        sent = (("x-b", "\xe9\xff"), ("Cookie", "1"), ("X-A", ""), ("Cookie", "2"))
        response = await upstream.send(Request("GET", "/a%27b?x=%40&%zz", sent))
        head = system.requests[0].split(b"\r\n")
    assert head[0] == b"GET /a%27b?x=%40&%zz HTTP/1.1"
    assert head[2:6] == [b"x-b: \xe9\xff", b"Cookie: 1", b"X-A: ", b"Cookie: 2"]
    assert response.headers[1:] == (("x-b", "\xe9\xff"), ("Set-Cookie", "a=1"), ("X-A", "1"), ("Set-Cookie", "b=2"))


async def test_nothing_is_added_that_nobody_sent():
    system = System(ok())
    async with running(system), client(system, base="/base/") as upstream:
        await upstream.send(Request("GET", "/a"))
        await upstream.send(Request("POST", "/a"))
        await upstream.send(Request("DELETE", "/a"), "other.test")
    host = f"Host: {system.address[0]}:{system.address[1]}".encode()
    assert system.requests == [
        b"GET /base/a HTTP/1.1\r\n" + host + b"\r\n\r\n",
        b"POST /base/a HTTP/1.1\r\n" + host + b"\r\nContent-Length: 0\r\n\r\n",
        b"DELETE /base/a HTTP/1.1\r\nHost: other.test\r\n\r\n",
    ]


async def test_connections_are_reused_and_grow_with_what_is_asked_at_once():
    async def slowly(_, writer):
        await asyncio.sleep(0.05)
        writer.write(ok())

    system = System(slowly)
    async with running(system), client(system) as upstream:
        await asyncio.gather(*[upstream.send(GET) for _ in range(5)])
        await asyncio.gather(*[upstream.send(GET) for _ in range(5)])
    assert (system.connections, len(system.requests)) == (5, 10)


@pytest.mark.parametrize(("method", "tries"), [("GET", 3), ("HEAD", 3), ("PUT", 2), ("POST", 2), ("DELETE", 2)])
async def test_only_a_read_is_repeated_when_a_reused_connection_turns_out_dead(method, tries):
    system = System(ok(b""), then_close(), ok(b""))
    async with running(system), client(system) as upstream:
        await upstream.send(GET)
        if tries == 3:
            assert (await upstream.send(Request(method, "/a"))).status == 200
        else:
            with pytest.raises(UpstreamFailed, match="before an answer"):
                await upstream.send(Request(method, "/a"))
    assert len(system.requests) == tries


async def test_a_read_is_repeated_once_only():
    system = System(ok(b""), then_close(), then_close(), ok(b""))
    async with running(system), client(system) as upstream:
        await upstream.send(GET)
        with pytest.raises(UpstreamFailed):
            await upstream.send(GET)
    assert len(system.requests) == 3


async def test_bytes_that_come_between_requests_never_answer_the_next():
    poisoned = asyncio.Event()

    async def late(_, writer):
        writer.write(ok(b"good"))
        await writer.drain()
        await asyncio.sleep(0.03)
        writer.write(ok(b"poison"))
        poisoned.set()

    system = System(late, ok(b"own"))
    async with running(system), client(system) as upstream:
        assert (await upstream.send(GET)).body == b"good"
        await poisoned.wait()
        await asyncio.sleep(0.1)  # on its way
        assert (await upstream.send(GET)).body == b"own"
    assert system.connections == 2


async def test_a_connection_that_idles_too_long_is_closed():
    system = System(ok())
    async with running(system), client(system, replace(PATIENT, keepalive=0.05)) as upstream:
        await upstream.send(GET)
        await asyncio.sleep(0.2)
        await upstream.send(GET)
    assert system.connections == 2


async def test_an_answer_before_the_whole_request_was_taken_ends_the_connection():
    class Deaf(System):
        async def converse(self, reader, writer):
            self.connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ok(status=b"413 No"))
            await asyncio.sleep(60)

    system = Deaf(b"")
    async with running(system), client(system) as upstream:
        assert (await upstream.send(Request("POST", "/a", (), b"x" * 9_000_000))).status == 413
        assert (await upstream.send(GET)).status == 413
    assert system.connections == 2


async def test_a_system_that_is_not_there_is_told_apart():
    system = System(ok())
    async with running(system):
        pass
    async with client(system) as upstream:
        with pytest.raises(UpstreamFailed) as failed:
            await upstream.send(GET)
    assert failed.value.refusal == "upstream-unreachable"


@pytest.mark.parametrize("bad", ["a\r\nX: 1", "a\nb", "\u4e2d"])
async def test_a_header_that_would_be_two_is_not_sent(bad):
    system = System(ok())
    async with running(system), client(system) as upstream:
        with pytest.raises(UpstreamFailed) as failed:
            await upstream.send(Request("GET", "/a", (("X", bad),)))
    assert failed.value.refusal == "internal"
    assert system.requests == []


@pytest.mark.parametrize("url", ["ftp://a", "http://", "http://a/?b", "http://a/#b", "http://me:pw@a/", "a"])
async def test_an_address_that_is_none_is_an_error_at_start(url):
    with pytest.raises(ValueError, match="no http or https address"):
        Upstream(Route("erp", url), LIMITS)


async def test_answers_of_many_at_once_never_mix():
    class Echo(System):
        async def converse(self, reader, writer):
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await asyncio.sleep(0.001 * (head[6] % 7))
                    writer.write(ok(head.split(b" ")[1]))
            except (asyncio.IncompleteReadError, ConnectionError):
                pass

    system = Echo(b"")

    async def ask(upstream, number):
        return await upstream.send(Request("GET", f"/{number}"))

    async with running(system), client(system) as upstream:
        answers = await asyncio.gather(*[ask(upstream, number) for number in range(200)])
    assert [answer.body for answer in answers] == [b"/%d" % number for number in range(200)]
    assert all(isinstance(answer, Response) for answer in answers)
