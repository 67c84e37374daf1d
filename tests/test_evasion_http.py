"""Tricks of HTTP itself, one by one: answers that hide a value beside their body, requests that hide another."""

from __future__ import annotations

import json

import pytest
from evasion_reader import shows
from evasion_socket import house
from evasion_world import ANSWERS, BENCH, MAIL, NAME
from proxy_kit import get, parse, talk
from test_evasion_twice import bench

BODY = ANSWERS["json"].body
TYPE = b"Content-Type: application/json\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + TYPE
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
WORD = MAIL.encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ONE_CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)

PASSES = {
    "words in the reason": b"HTTP/1.1 200 %b\r\n" % WORD + TYPE + LENGTH + b"\r\n" + BODY,
    "words in an interim answer": b"HTTP/1.1 103 %b\r\nLink: <%b>\r\n\r\n" % (WORD, WORD)
    + OK
    + LENGTH
    + b"\r\n"
    + BODY,
    "a trailer": OK + CHUNKED + b"Trailer: X-Mail\r\n\r\n" + ONE_CHUNK + b"0\r\nX-Mail: %b\r\n\r\n" % WORD,
    "the extension of a chunk": OK
    + CHUNKED
    + b"\r\n"
    + ONE_CHUNK.replace(b"\r\n", b";x=%b\r\n" % WORD, 1)
    + b"0\r\n\r\n",
    "a field that Connection names": OK + LENGTH + b"Connection: close, X-Mail\r\nX-Mail: %b\r\n\r\n" % WORD + BODY,
    "fields between neighbours": OK
    + LENGTH
    + b"Server: %b\r\nAlt-Svc: h2=%b\r\nKeep-Alive: %b\r\nProxy-Authenticate: %b\r\n\r\n" % (WORD, WORD, WORD, WORD)
    + BODY,
    "a range on a whole answer": OK + LENGTH + b"Content-Range: bytes 0-9/99\r\n\r\n" + BODY,
    "another status that has a body": b"HTTP/1.1 226 IM Used\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
    "an answer without a length": OK + b"\r\n" + BODY,
    "line ends without CR": (OK + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + BODY,
    "a folded line": OK + LENGTH + b"X-Long: a\r\n b\r\n\r\n" + BODY,
}
EMPTY = {
    "an error page": b"HTTP/1.1 500 X\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
    "a redirect with a body": b"HTTP/1.1 302 X\r\nLocation: /json\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
    "several choices": b"HTTP/1.1 300 X\r\n" + TYPE + LENGTH + b"\r\n" + BODY,
}
REFUSED = {
    "a part": (b"HTTP/1.1 206 X\r\n" + TYPE + LENGTH + b"\r\n" + BODY, "upstream-broken"),
    "parts that say they are the whole": (
        OK.replace(b"application/json", b"multipart/byteranges; boundary=b") + LENGTH + b"\r\n" + BODY,
        "body-wrong-type",
    ),
    "length and chunks": (OK + LENGTH + CHUNKED + b"\r\n" + BODY, "upstream-broken"),
    "chunks that are nearly told": (OK + b"Transfer-Encoding: xchunked\r\n\r\n" + ONE_CHUNK, "upstream-broken"),
    "an upgrade that nobody asked for": (b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n" + BODY, "upstream-broken"),
    "a second answer behind": (OK + LENGTH + b"\r\n" + BODY + OK + b"\r\n" + BODY, "upstream-broken"),
    "nothing but a body": (BODY, "upstream-broken"),
    "two content types": (OK + b"Content-Type: text/html\r\n" + LENGTH + b"\r\n" + BODY, "body-wrong-type"),
    "a coding that is not there": (OK + b"Content-Encoding: gzip\r\n" + LENGTH + b"\r\n" + BODY, "body-coding"),
}


async def answered(raw: bytes) -> bytes:
    async with house() as (odd, made):
        odd.answer = [raw]
        got = await talk(made.address, get("/erp/json"), wait=20)
        assert not any(word in made.log.getvalue() for word in (WORD, NAME.encode()))
    return got


@pytest.mark.parametrize("trick", PASSES)
async def test_what_stands_beside_an_answer_is_kept_out_and_its_body_is_treated(trick):
    got = await answered(PASSES[trick])
    assert got.startswith((b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 226 IM Used\r\n"))
    assert json.loads(parse(got).body)["email"] == "XX"
    for word in (MAIL, NAME):
        assert not shows(got, word)


@pytest.mark.parametrize("trick", EMPTY)
async def test_a_body_that_nobody_catalogued_is_kept_out(trick):
    got = parse(await answered(EMPTY[trick]))
    assert (got.status, got.body) == (int(EMPTY[trick][9:12]), b"")


@pytest.mark.parametrize("trick", REFUSED)
async def test_an_answer_that_could_be_read_in_two_ways_is_refused(trick):
    raw, refusal = REFUSED[trick]
    got = parse(await answered(raw))
    assert json.loads(got.body)["type"] == f"urn:sovgate:refusal:{refusal}"
    for word in (MAIL, NAME):
        assert not shows(got.body, word)


HIDDEN = get("/erp/hidden", close=False)
PLAIN = b"POST /erp/upload HTTP/1.1\r\nHost: gw.test\r\nContent-Type: application/octet-stream\r\n"
SMUGGLED = {
    "length first, chunks to the system (CL.TE)": (
        PLAIN + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(HIDDEN)) + HIDDEN,
        [400],
    ),
    "chunks first, length to the system (TE.CL)": (
        PLAIN
        + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n%x\r\n" % len(HIDDEN)
        + HIDDEN
        + b"\r\n0\r\n\r\n",
        [400],
    ),
    "chunks that one side does not see (TE.TE)": (
        PLAIN + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + HIDDEN,
        [400],
    ),
    "a length that the system does not see (CL.0)": (
        PLAIN + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        [204],
    ),
    "a length that the gateway does not see (0.CL)": (PLAIN + b"Content_Length: 5\r\n\r\n" + HIDDEN, [400, 403]),
    "a length behind a blank": (PLAIN + b"Content-Length : 5\r\n\r\n" + HIDDEN, [400]),
    "a body where methods have none": (
        PLAIN.replace(b"POST /erp/upload", b"GET /erp/json") + b"Content-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        [415],
    ),
    "behind an upload (pipelining)": (PLAIN + b"Content-Length: 1\r\n\r\nx" + get("/erp/hidden"), [204, 403]),
    "behind an expectation": (
        PLAIN + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        [204],
    ),
    "in the extension of a chunk": (
        PLAIN + b"Transfer-Encoding: chunked\r\n\r\n1;x=\n0\r\n\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
        [400],
    ),
    "behind a length in a trailer": (
        PLAIN + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n" + HIDDEN,
        [400],
    ),
    "behind an offer of HTTP/2": (
        get("/erp/json", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x", close=False)
        + HIDDEN,
        [200],
    ),
}


@pytest.mark.parametrize("trick", SMUGGLED)
async def test_a_hidden_request_is_decided_by_itself_or_is_none(trick):
    raw, statuses = SMUGGLED[trick]
    async with house() as (odd, made):
        odd.answer = [OK + LENGTH + b"\r\n" + BODY if b"json" in raw else b"HTTP/1.1 204 X\r\n\r\n"]
        got = await talk(made.address, raw, wait=20, eof=len(statuses) == 1 or statuses[0] == 400)
    final = [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:] if not part.startswith(b"100")]
    assert final == statuses
    assert not any(came.startswith((b"GET /hidden", b"POST /hidden")) for came in odd.came)
    assert all(b"hidden" not in came.partition(b"\r\n\r\n")[0] for came in odd.came)


@pytest.mark.parametrize("name", ["Range", "range", "If-Range", "Request-Range", "X-Range"])
async def test_a_part_is_never_given_whatever_it_is_asked_by(name):
    async with house() as (odd, made):
        odd.answer = [
            b"HTTP/1.1 206 X\r\nContent-Range: bytes 0-9/99\r\n" + TYPE + b"Content-Length: 9\r\n\r\n" + BODY[:9]
        ]
        got = parse(await talk(made.address, get("/erp/json", f"{name}: bytes=0-9"), wait=20))
    assert got.status == 502
    assert (b"\r\n%b:" % name.encode() in odd.came[0]) == (name in {"Request-Range", "X-Range"})


async def test_a_header_that_names_the_customer_does_not_go_missing_on_the_way():
    """Named in `Connection`, it would tell the gateway whose consent counts, and the system nothing."""
    made_by = bench()
    async with house(made_by.gate) as (odd, made):
        odd.answer = [OK + b'Content-Length: %d\r\n\r\n{"email":"%b"}' % (len(WORD) + 12, WORD)]
        kept = await talk(made.address, get("/erp/by-header", "X-Customer: A"), wait=20)
        hidden = await talk(
            made.address, get("/erp/by-header", "X-Customer: A", "Connection: close, X-Customer", close=False), wait=20
        )
    assert WORD in kept
    assert b"X-Customer: A" in odd.came[0]
    assert WORD not in hidden
    assert b"X-Customer" not in odd.came[1]
    assert BENCH.alarms == []
