"""The same on real sockets: a system that answers oddly, a caller that hides a request in another; who sees what."""

from __future__ import annotations

import os
import re
from collections import Counter
from random import Random

import pytest
from evasion_reader import shows, structure_of
from evasion_socket import house
from evasion_world import ANSWERS, BENCH, MAIL, NAME, SENT, pieces, told
from proxy_kit import parse, talk

SEARCHING = os.environ.get("SOVGATE_EXAMPLES") == "search"
TIMES = int(os.environ.get("SOVGATE_EVASIONS", "0")) or (1500 if SEARCHING else 60)
FIRST = int(os.environ.get("SOVGATE_EVASIONS_SEED", "0"))
SEEDS = range(FIRST, FIRST + TIMES)
HIDDEN = b"GET /erp/hidden HTTP/1.1\r\nHost: gw.test\r\n\r\n"


def odd_answer(random: Random, kind: str, body: bytes) -> bytes:
    """Write an answer with tricks on how it is framed, and words where no reader of it should look."""
    word = random.choice((MAIL, NAME))
    status = "200 OK" if random.random() < 0.7 else random.choice(
        (f"200 {word}", "206 Partial Content", "203 X", "226 IM Used", "404 Not Found", "500 X", f"302 {word}", "304 X",
         "204 X", "207 Multi-Status", "100 Continue", "999 X", "200")
    )  # fmt: skip
    head = [f"HTTP/{random.choice(('1.1',) * 8 + ('1.0', '2.0', '0.9'))} {status}", f"Content-Type: {kind}"]
    chunked = b"".join(
        b"%x%b\r\n%b\r\n" % (len(piece), random.choice((b"", b"", f";x={word}".encode())), piece)
        for piece in pieces(random, body)
    )
    trailer = random.choice((b"", f"X-Trailer: {word}\r\n".encode()))
    ends = b"0\r\n" + trailer + b"\r\n"
    match random.randrange(9):
        case 0 | 1:
            head.append(f"Content-Length: {len(body)}")
        case 2 | 3:
            head.append("Transfer-Encoding: chunked")
            body = chunked + ends
        case 4:
            pass  # it lasts until the connection ends
        case 5:
            head += [f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"]
            body = random.choice((body, chunked + ends))
        case 6:
            head += [f"Content-Length: {len(body) + random.choice((-9, -1, 1, 9))}"]
        case 7:
            head.append(random.choice(_OBFUSCATED))
            body = chunked + ends
        case _:
            head += [f"Content-Length: {len(body)}", f"Content-Length: {len(body) + random.choice((0, 1, -5))}"]
    more = (
        f"Server: {word}",
        f"Connection: X-Own, close\r\nX-Own: {word}",
        "Trailer: X-Trailer",
        "Content-Range: bytes 0-9/99",
        f"Alt-Svc: h2={word}",
        f"Proxy-Authenticate: {word}",
        f"Keep-Alive: {word}",
        "X-Fold: a\r\n b",
        "X-Bare: a\nx: b",
        " X-Space: x",
    )
    if random.random() < 0.4:
        head.insert(random.randint(1, len(head)), random.choice(more))
    before = random.choice(
        (b"",) * 6
        + (
            f"HTTP/1.1 103 Early Hints\r\nLink: <{word}>\r\n\r\n".encode(),
            f"HTTP/1.1 100 {word}\r\n\r\n".encode(),
            b"\r\n",
            f"{word}\r\n".encode(),
        )
    )
    after = random.choice((b"",) * 6 + (word.encode(), f"HTTP/1.1 200 OK\r\n\r\n{word}".encode()))
    return before + "\r\n".join(head).encode() + b"\r\n\r\n" + body + after


_OBFUSCATED = (
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: gzip, chunked",
    "transfer-encoding: Chunked",
    "X: x\r\n\tTransfer-Encoding: chunked",
    "X: x\nTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: \x0bchunked",
    "Content-Length: 0x10",
    "Content-Length: 00",
    "Content_Length: 4",
    "Content-Length: 4\r\nContent-Length: 0",
    "Content-Length: -1",
    "Content-Length: 1e1",
)


@pytest.mark.parametrize("path", ["json", "csv", "sse", "xml", "multipart"])
async def test_no_odd_answer_shows_a_value_to_the_caller_or_in_the_gateways_own_words(path):
    message, passed = ANSWERS[path], Counter()
    async with house() as (odd, made):
        for seed in SEEDS:
            random = Random(f"socket {path} {seed}")
            raw = odd_answer(random, message.kind, message.body)
            odd.answer = pieces(random, raw)
            asked = f"GET /erp/{path} HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n".encode()
            got = await talk(made.address, asked, wait=20)
            passed[got.startswith(b"HTTP/1.1 200")] += 1
            for word in (MAIL, NAME):
                assert not shows(got, word, structure=structure_of(path)), f"seed {seed}: {raw!r} came out as {got!r}"
                assert not told(word), f"seed {seed}: {raw!r}"
        log = made.log.getvalue()
        assert b"flow" in log
        for word in (MAIL, NAME):
            assert not shows(log, word, depth=1)
    assert passed[True] > TIMES // 20
    assert BENCH.alarms == []


def odd_request(random: Random) -> bytes:
    """Hide a request in the body of another, or behind it, with tricks on how that is framed."""
    body = random.choice((b"x=1", b"0\r\n\r\n", b"", b"5\r\nhello\r\n0\r\n\r\n"))
    hidden = random.choice((HIDDEN, HIDDEN.replace(b"GET ", b"POST "), b"G" + HIDDEN, HIDDEN[:-2]))
    framing = random.choice(
        (
            *(f"Content-Length: {len(body)}", f"Content-Length: {len(body + hidden)}") * 8,
            *("Transfer-Encoding: chunked",) * 4,
            f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked",
            f"Transfer-Encoding: chunked\r\nContent-Length: {len(body + hidden)}",
            *_OBFUSCATED,
        )
    )
    lines = [framing, "Host: gw.test", "Content-Type: application/octet-stream"]
    more = (
        "Expect: 100-continue", "Expect: 100-Continue, x", "Connection: Content-Length",
        "Connection: Transfer-Encoding",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
        "Upgrade: websocket\r\nConnection: Upgrade", "Host: other.test", "X-Forwarded-Host: other.test",
        "X-Original-URL: /hidden", "X-HTTP-Method-Override: GET", "Range: bytes=0-5", "TE: trailers", "Trailer: Host",
        "Max-Forwards: 0", "Keep-Alive: x", "Proxy-Connection: keep-alive", "X-Fold: a\r\n b",
    )  # fmt: skip
    lines += [random.choice(more) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    random.shuffle(lines)
    method = random.choice(("POST",) * 12 + ("GET", "HEAD", "OPTIONS", "PUT"))
    target = random.choice(
        ("/erp/upload",) * 12
        + ("http://gw.test/erp/upload", "http://gw.test@other.test/erp/upload", "//gw.test/erp/upload", "/erp//upload")
    )
    raw = f"{method} {target} HTTP/{random.choice(('1.1',) * 5 + ('1.0',))}\r\n" + "\r\n".join(lines)
    end = random.choice(("\r\n\r\n",) * 8 + ("\n\n", "\r\n\n", "\r\r\n\r\n"))
    return (raw + end).encode() + body + hidden


CANONICAL = re.compile(
    rb"(?:POST|PUT|GET|HEAD|OPTIONS) /[!-~]* HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*\r\n)*\r\n"
)


async def test_no_hidden_request_reaches_a_system_and_each_that_does_is_framed_in_one_way():
    passed = Counter()
    async with house() as (odd, made):
        for seed in range(FIRST, FIRST + TIMES * 3):
            random = Random(f"smuggle {seed}")
            raw = odd_request(random)
            odd.came.clear()
            odd.answer = [b"HTTP/1.1 204 No Content\r\n\r\n"]
            cut = pieces(random, raw) if random.random() < 0.5 else [raw]
            got = await talk(made.address, *cut, wait=20, eof=True)
            passed[b" 204 " in got] += 1
            for came in filter(None, odd.came):
                head = CANONICAL.match(came)
                assert head, f"seed {seed}: {raw!r} went as {came!r}"
                assert head[0].split(b" ")[1] == b"/upload", f"seed {seed}: {raw!r} went as {came!r}"
                names = [line.partition(b":")[0].lower().replace(b"_", b"-") for line in head[0].split(b"\r\n")[1:-2]]
                framing = [name for name in names if name in {b"content-length", b"transfer-encoding"}]
                assert len(framing) <= 1, f"seed {seed}: {raw!r} went as {came!r}"
                assert names.count(b"host") == 1
                length = re.search(rb"(?i)\r\nContent-Length: (\d+)\r\n", head[0])
                assert len(came) - head.end() == (int(length[1]) if length else 0), f"seed {seed}: {came!r}"
        assert b"hidden" not in made.log.getvalue()
    assert passed[True] > TIMES // 20


async def test_a_value_in_a_request_body_meets_its_treatment_however_it_is_sent():
    message, passed = SENT["json"], Counter()
    async with house() as (odd, made):
        for seed in SEEDS:
            random = Random(f"sent {seed}")
            cut = pieces(random, message.body)
            odd.came.clear()
            odd.answer = [b"HTTP/1.1 204 No Content\r\n\r\n"]
            raw = (
                b"POST /erp/json HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n"
                + b"".join(b"%x;%b\r\n%b\r\n" % (len(one), MAIL.encode(), one) for one in cut)
                + f"0\r\nX-Trailer: {NAME}\r\n\r\n".encode()
            )
            answer = parse(await talk(made.address, *pieces(random, raw), wait=20))
            passed[answer.status] += 1
            for word in (MAIL, NAME):
                assert not shows(b"".join(odd.came), word), f"seed {seed}: {odd.came!r}"
                assert not told(word)
    assert passed == {204: TIMES}
