"""Requests that could be read in two ways are refused, with no echo, and never reach a system."""

import json

import pytest
from proxy_kit import Desk, System, gateway, get, ok, parse, running, talk

from gateway.proxy.settings import Route

HOST = b"Host: gw.test\r\n"
POST = b"POST /erp/a HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SECRET = b"S3cret"

UNREADABLE = {
    "length and chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "a negative length": POST + b"Content-Length: -4\r\n\r\nabcd",
    "a hexadecimal length": POST + b"Content-Length: 0x4\r\n\r\nabcd",
    "an empty length": POST + b"Content-Length: \r\n\r\nabcd",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\nabcd",
    "a folded line": b"GET /erp/a HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "a fold before all": b"GET /erp/a HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n\r\n",
    "bare line feeds": b"GET /erp/a HTTP/1.1\nHost: gw.test\n\n",
    "one bare line feed": b"GET /erp/a HTTP/1.1\r\nHost: gw.test\nX: y\r\n\r\n",
    "a bare carriage return": b"GET /erp/a HTTP/1.1\r\n" + HOST + b"X: y\rz\r\n\r\n",
    "a NUL": b"GET /erp/a HTTP/1.1\r\n" + HOST + b"X: y\0z\r\n\r\n",
    "a control character": b"GET /erp/a HTTP/1.1\r\n" + HOST + b"X: y\x01z\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n",
    "a header without name": POST + b": x\r\n\r\n",
    "another transfer coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "two transfer codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two lines": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in the middle": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "nearly chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a vertical tab before chunked": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /erp/a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET /erp/a HTTP/1.1\r\n\r\n",
    "an empty host": b"GET /erp/a HTTP/1.1\r\nHost:\r\n\r\n",
    "two hosts": b"GET /erp/a HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a host with a path": b"GET /erp/a HTTP/1.1\r\nHost: gw.test/erp\r\n\r\n",
    "a host with a user": b"GET /erp/a HTTP/1.1\r\nHost: a@gw.test\r\n\r\n",
    "another host in the target": b"GET http://evil.test/erp/a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target that is an authority": b"GET gw.test:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target that is a star": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with a fragment": b"GET /erp/a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target beyond ASCII": b"GET /erp/\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab in the target": b"GET /erp/a\tb HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown method": b"FOO /erp/a HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/2.0": b"GET /erp/a HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/1.2": b"GET /erp/a HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/0.9 that says so": b"GET /erp/a HTTP/0.9\r\n" + HOST + b"\r\n",
    "another protocol": b"GET /erp/a ICE/1.0\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an override of the method": POST + b"X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n\r\n",
    "an override with underscores": POST + b"X_HTTP_Method: DELETE\r\nContent-Length: 0\r\n\r\n",
    "an override of the path": b"GET /erp/a HTTP/1.1\r\n" + HOST + b"X-Original-URL: /admin\r\n\r\n",
}

BROKEN_BODIES = {
    "a chunk size that is none": CHUNKED + b"zz\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": CHUNKED + b"fffffffffffffffff\r\na\r\n0\r\n\r\n",
    "a bare line feed after a chunk size": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "a bare line feed in a chunk extension": CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n",
    "a space after a chunk size": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "no line end after a chunk": CHUNKED + b"1\r\naXX0\r\n\r\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
async def test_a_request_that_reads_two_ways_is_refused_and_goes_nowhere(name):
    desk, system = Desk(), System(ok())
    raw = UNREADABLE[name].replace(b"\r\n\r\n", b"\r\nX-Secret: " + SECRET + b"\r\n\r\n", 1)
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        answer = parse(await talk(house.address, raw))
    assert answer.status == 400
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:ambiguous-request"
    assert SECRET not in answer.body
    assert SECRET not in house.log.getvalue()
    assert (system.requests, desk.flows, desk.refused) == ([], [], [])


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("name", BROKEN_BODIES)
async def test_a_body_that_breaks_is_refused_and_recorded(name, pieces):
    desk, system = Desk(), System(ok())
    raw = BROKEN_BODIES[name]
    sent = (raw,) if pieces == 1 else (CHUNKED, raw[len(CHUNKED) :])
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        answer = parse(await talk(house.address, *sent))
    assert answer.status == 400
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:ambiguous-request"
    assert system.requests == []
    if pieces == 2 and desk.seen:  # once the head was taken as a flow, its end is recorded
        assert [name for _, name in desk.refused] == ["ambiguous-request"]


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
async def test_methods_that_are_for_other_proxies_are_refused(method):
    async with gateway(Route("erp", "http://127.0.0.1:1", prefix="/erp")) as house:
        target = "gw.test:80" if method == "CONNECT" else "/erp/a"
        answer = parse(await talk(house.address, get(target, method=method, close=False)))
    assert answer.status == 405
    assert ("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS") in answer.headers


async def test_an_absolute_target_is_taken_where_it_names_the_same_host():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        answer = parse(await talk(house.address, get("http://GW.test/erp/a?b=%27")))
    assert answer.status == 200
    assert system.requests[0].startswith(b"GET /a?b=%27 HTTP/1.1\r\n")


async def test_trailers_go_nowhere():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        raw = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"1\r\na\r\n0\r\nX-Trailer: b\r\n\r\n"
        assert parse(await talk(house.address, raw)).status == 200
    assert b"X-Trailer" not in system.requests[0]
    assert system.requests[0].endswith(b"Content-Length: 1\r\n\r\na")


async def test_what_follows_a_refused_request_is_not_read_as_another():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        answer = await talk(house.address, UNREADABLE["length and chunked"] + get("/erp/second"))
    assert answer.count(b"HTTP/1.1") == 1
    assert system.requests == []


async def test_an_unread_body_is_not_read_as_another_request():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        hidden = get("/erp/hidden")
        raw = b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 5000\r\n\r\n" + hidden
        answer = parse(await talk(house.address, raw))
    assert answer.status == 404
    assert system.requests == []


async def test_pipelined_requests_are_answered_in_their_order():
    count = 40
    system = System(*[ok(b"%d" % number) for number in range(count)])
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        raw = b"".join(get(f"/erp/{number}", close=number == count - 1) for number in range(count))
        answers = await talk(house.address, raw)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"%d" % number for number in range(count)]


async def test_heads_and_bodies_may_come_in_any_pieces():
    system = System(ok())
    raw = POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        answer = parse(await talk(house.address, *[raw[at : at + 1] for at in range(len(raw))]))
    assert answer.status == 200
    assert system.requests[0].endswith(b"\r\n\r\nabcde")


async def test_http_1_0_is_answered_and_the_connection_closed():
    system = System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp")) as house:
        answer = parse(await talk(house.address, b"GET /erp/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
    assert (answer.status, answer.body) == (200, b"hello")
