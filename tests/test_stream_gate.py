"""Bodies in pieces through the gate: each is recorded before it goes; what goes wrong cuts the rest, on record."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from dataclasses import replace
from hashlib import sha256, sha512

import brotli
import pytest
import zstandard
from gate_kit import NOW, ORDERING, SALES, UNREACHABLE
from stream_kit import CATALOGUE, EVENTS, NEVER, POLICY, Source, desk, drained, hidden, order

from gateway.errors import UpstreamFailed
from gateway.flow import Flow, Request, Response, header
from gateway.formats.limits import BodyLimits
from gateway.steps.source import PORTION

TABLES = """
version: 1
catalog: erp
operations:
  list: {request: GET /list, response: rows}
  load: {request: POST /load, body: rows, response: done}
messages:
  rows: {format: csv, customer: customer, fields: {customer: business.order, email: user.contact.email}}
  done: {format: json, fields: {$.ok: business.order}}
"""
CSV = (("Content-Type", "text/csv"),)
OK = Response(200, (("Content-Type", "application/json"),), b'{"ok":1}')


def rows(first: int, count: int) -> str:
    return "".join(f"C-{n % 9},planted-{n}-{'x' * 40}@example.com\n" for n in range(first, first + count))


def table(size: int) -> bytes:
    """Give a table of at least so many bytes."""
    return ("customer,email\n" + rows(0, size // 60 + 1)).encode()


def cut_up(body: bytes, size: int = 30_000) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def refusal(answer: Response) -> str:
    return json.loads(answer.body)["type"].removeprefix("urn:sovgate:refusal:")


async def test_each_event_is_treated_by_its_own_customer_and_recorded_before_it_goes():
    bench = desk()
    bench.grant("C-2", "contact")
    answer = await bench.watch(order(1), order(2, "C-2"), b": ping\n", order(3)[:30], order(3)[30:])
    assert (answer.status, answer.live, header(answer.headers, "cache-control")) == (200, True, "private, no-store")
    assert bench.source.taken == 0  # the head goes before anything came
    recorded = []
    async for piece in answer.stream:
        recorded.append((piece, len(bench.entries)))  # noqa: PERF401 - the log is looked at in between
    assert recorded == [(hidden(1), 3), (order(2, "C-2"), 4), (b": ping\n", 5), (hidden(3), 6)]
    assert bench.told == [
        ("intent", None, None, None, ""),
        ("piece", "response", 0, None, ""),
        *[("piece", "response", number, None, "") for number in range(1, 5)],
        ("outcome", "response", None, 4, ""),
    ]
    assert bench.source.closed


async def test_the_last_entry_tells_the_digest_of_everything_before_and_after():
    bench = desk()
    answer = await bench.watch(order(1), order(2))
    got, _ = await drained(answer.stream)
    body = bench.entries[-1].body
    assert (body.before, body.before_size) == (sha256(order(1) + order(2)).hexdigest(), len(order(1) + order(2)))
    assert (body.after, body.after_size) == (sha256(got).hexdigest(), len(got))
    assert {bench.entries[at].intent for at in range(1, len(bench.entries))} == {0}


async def test_entries_of_pieces_name_customers_fields_and_rules_and_no_values():
    bench = desk()
    await drained((await bench.watch(order(1, "C-17"))).stream)
    piece = bench.entries[2]
    named = [one for one in piece.decided if one.customers]
    assert [(one.customers, one.records) for one in named] == [((bench.names.customer("C-17"),), 1)]
    assert [(one.pointer, one.treatment, one.count) for one in named[0].fields] == [("/order/data/email", "redact", 1)]
    assert b"C-17" not in repr(bench.entries).encode()


async def test_what_the_system_says_next_to_its_events_is_unlisted():
    bench = desk()
    got, _ = await drained((await bench.watch(b": for Lin Wei\ndata: Lin Wei\nfoo: Lin Wei\n\n")).stream)
    assert got == b": [redacted]\ndata: [redacted]\n: [redacted]\n\n"


async def test_json_in_a_json_string_in_an_event_is_treated_as_agents_tools_send_it():
    catalogue = CATALOGUE.replace("order.data: {contains: order}", "message.data: {contains: reply}").replace(
        "  done:",
        "  reply: {format: json, fields: {$.id: business.order, $.jsonrpc: business.order,"
        ' "$.result.content[*].type": business.order, "$.result.content[*].text": {contains: order}}}\n  done:',
    )
    bench = desk(catalogue)
    bench.grant("C-2", "contact")

    def reply(*texts: str) -> bytes:
        said = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": text} for text in texts]}}
        return b"event: message\ndata: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"

    def text(customer: str, email: str) -> str:
        return f'{{"id":7,"customer":"{customer}","email":"{email}"}}'

    came = reply(text("C-1", "a@example.com"), text("C-2", "b@example.com"))
    got, _ = await drained((await bench.watch(came)).stream)
    assert got == reply(text("C-1", "[redacted]"), text("C-2", "b@example.com"))


@pytest.mark.parametrize("ended", [False, True])
async def test_a_live_answer_without_an_event_is_decided_and_recorded(ended):
    bench = desk()
    answer = await bench.watch(*([] if ended else [b"data: cut short"]))
    assert await drained(answer.stream) == (b"", "")
    assert bench.told[1:] == [("piece", "response", 0, None, ""), ("outcome", "response", None, 0, "")]


async def test_a_live_answer_that_no_policy_allows_is_refused_at_its_head_and_let_go():
    bench = desk(policy=POLICY.replace("allow: true", "allow: true\ndeny: [{leg: response}]"))
    answer = await bench.watch(order(1))
    assert (answer.status, refusal(answer), answer.stream) == (403, "denied", None)
    assert bench.told[1:] == [("outcome", None, None, None, "denied")]
    assert (bench.source.taken, bench.source.closed) == (0, True)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (b"event: order\ndata: {broken\n\n", "body-not-json"),
        (b"event: order\ndata: \xff\n\n", "body-encoding"),
        (b"event: order\nevent: note\ndata: x\n\n", "body-ambiguous"),
        (b'event: order\ndata: {"id":1,"id":2}\n\n', "body-duplicate-key"),
        (UpstreamFailed("body-incomplete", "gone"), "body-incomplete"),
        (UpstreamFailed("upstream-timeout", "silent"), "upstream-timeout"),
        (b"data: " + b"x" * 60_000, "body-too-large"),
        (ZeroDivisionError("planted"), "internal"),
    ],
)
async def test_what_goes_wrong_in_the_middle_cuts_the_stream_and_is_recorded(second, why):
    bench = desk()
    bench.gate = replace(bench.gate, limits=BodyLimits(size=50_000))
    answer = await bench.watch(order(1), second, order(3))
    assert await drained(answer.stream) == (hidden(1), why)
    assert bench.told[2:] == [("piece", "response", 1, None, ""), ("outcome", "response", None, 1, why)]
    assert (bench.entries[-1].verdict, bench.source.closed) == ("refuse", True)
    assert [type(error) for error in bench.alarms] == ([ZeroDivisionError] if why == "internal" else [])


@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_nothing_goes_that_is_not_recorded(at):
    bench = desk()
    bench.fail_at = at
    answer = await bench.watch(order(1), order(2))
    if at == 1:
        assert refusal(answer) == "not-recorded"
    else:
        got, why = await drained(answer.stream)
        assert (got, why) == ((hidden(1) + hidden(2))[: (at - 2) * len(hidden(1))], "not-recorded")
    assert bench.source.closed


async def test_a_client_that_leaves_between_two_events_is_recorded():
    bench = desk()
    answer = await bench.watch(order(1), order(2))
    assert await anext(answer.stream) == hidden(1)
    await answer.stream.aclose()
    assert bench.told[-1] == ("outcome", "response", None, 1, "client-left")
    assert (bench.source.taken, bench.source.closed) == (1, True)
    await answer.stream.aclose()
    assert len(bench.entries) == 4


async def test_a_client_that_leaves_before_anything_was_read_is_recorded():
    bench = desk()
    await (await bench.watch(order(1))).stream.aclose()
    assert bench.told[-1] == ("outcome", "response", None, 0, "client-left")


@pytest.mark.parametrize("why", ["client-left", "draining"])
async def test_a_stream_that_is_waited_for_can_be_ended_from_aside(why):
    bench = desk()
    answer = await bench.watch(order(1), NEVER)
    assert await anext(answer.stream) == hidden(1)
    waiting = asyncio.create_task(drained(answer.stream))
    await asyncio.sleep(0.01)
    answer.stream.cut(why)
    assert await waiting == (b"", why)
    assert bench.told[-1] == ("outcome", "response", None, 1, why)


async def test_a_reader_that_is_cancelled_leaves_an_entry():
    bench = desk()
    answer = await bench.watch(order(1), NEVER)
    waiting = asyncio.create_task(drained(answer.stream))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert bench.told[-1] == ("outcome", "response", None, 1, "client-left")


@pytest.mark.parametrize(
    "headers", [(), (("Content-Type", "application/json"),), (*EVENTS, ("Content-Encoding", "lzw"))]
)
async def test_another_content_type_or_coding_is_refused_at_the_head(headers):
    bench = desk()
    answer = await bench.watch(order(1), headers=headers)
    assert refusal(answer) == ("body-coding" if len(headers) > 1 else "body-wrong-type")
    assert bench.source.closed


@pytest.mark.parametrize("status", [204, 304, 404, 302])
async def test_an_answer_that_may_have_no_body_lets_go_of_it(status):
    bench = desk()
    bench.answer = Response(status, EVENTS, stream=Source(order(1)))
    answer = await bench.ask("GET", "/watch")
    assert (answer.status, answer.stream, answer.body) == (status, None, b"")
    assert bench.answer.stream.closed


class Packed:
    """One coding, put on piece by piece, each readable at once."""

    def __init__(self, add, flush, end):
        self.piece = lambda data: add(data) + flush()
        self.end = end


def gzipped() -> Packed:
    made = zlib.compressobj(wbits=31)
    return Packed(made.compress, lambda: made.flush(zlib.Z_SYNC_FLUSH), made.flush)


def brotlied() -> Packed:
    made = brotli.Compressor()
    return Packed(made.process, made.flush, made.finish)


def zstded() -> Packed:
    made = zstandard.ZstdCompressor().compressobj()
    return Packed(made.compress, lambda: made.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), made.flush)


CODINGS = {
    "gzip": (gzipped, gzip.decompress),
    "br": (brotlied, brotli.decompress),
    "zstd": (zstded, lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body)),
}


@pytest.mark.parametrize("coding", CODINGS)
async def test_compressed_events_go_one_by_one_and_can_be_read_one_by_one(coding):
    make, unpack = CODINGS[coding]
    bench, packer = desk(), make()
    events = [packer.piece(order(n)) for n in range(3)]
    answer = await bench.watch(*events, packer.end(), headers=(*EVENTS, ("Content-Encoding", coding)))
    pieces = [piece async for piece in answer.stream]
    assert len(pieces) == 4  # three events, and what closes the coding
    assert unpack(b"".join(pieces)) == hidden(0) + hidden(1) + hidden(2)


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_compressed_stream_that_is_cut_short_is_never_closed(coding):
    make, _ = CODINGS[coding]
    bench = desk()
    answer = await bench.watch(make().piece(order(1)), headers=(*EVENTS, ("Content-Encoding", coding)))
    got, why = await drained(answer.stream)
    assert (bool(got), why) == (True, "body-incomplete")


async def test_a_bomb_is_cut():
    bench = desk()
    bomb = gzip.compress(b": " + b" " * 50_000_000)
    answer = await bench.watch(bomb, headers=(*EVENTS, ("Content-Encoding", "gzip")))
    assert (await drained(answer.stream))[1] in {"body-expands-too-much", "body-too-large"}


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_the_shortest_event_is_not_held_back(mark):
    bench = desk()
    answer = await bench.watch(mark + b":\n", b"\n", b"data\n\n", NEVER)
    assert [await anext(answer.stream) for _ in range(3)] == [mark + b":\n", b"\n", b"data\n\n"]
    await answer.stream.aclose()


async def test_a_second_byte_order_mark_is_refused():
    answer = await desk().watch(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n")
    assert await drained(answer.stream) == (b"", "body-encoding")


async def test_a_small_table_is_no_stream_whatever_it_came_as():
    bench = desk(TABLES)
    body = b"customer,email\nC-1,a@example.com\n"
    answer = await bench.watch(*cut_up(body, 7), headers=CSV, target="/list")
    assert (answer.stream, answer.body) == (None, b"customer,email\nC-1,[redacted]\n")
    assert bench.told[1:] == [("outcome", None, None, None, "")]
    assert bench.source.closed


@pytest.mark.parametrize("coding", [None, *CODINGS])
async def test_a_long_table_goes_on_portion_by_portion(coding):
    bench, body = desk(TABLES), table(4 * PORTION)
    headers, pieces, unpack = CSV, cut_up(body), bytes
    if coding:
        make, unpack = CODINGS[coding]
        packer = make()
        headers = (*CSV, ("Content-Encoding", coding))
        body = ("customer,email\n" + "".join(f"C-1,{sha512(b'%d' % n).hexdigest()}\n" for n in range(12_000))).encode()
        pieces = [*(packer.piece(piece) for piece in cut_up(body)), packer.end()]
    answer = await bench.watch(*pieces, headers=headers, target="/list")
    assert (answer.live, answer.stream is not None) == (False, True)
    got, why = await drained(answer.stream)
    lines = unpack(got).decode().splitlines()
    assert (why, lines[0], {line.partition(",")[2] for line in lines[1:]}) == ("", "customer,email", {"[redacted]"})
    assert len(lines) == body.count(b"\n")
    assert sum(one.records for entry in bench.entries for one in entry.decided) == len(lines) - 1
    assert bench.entries[-1].pieces == len(bench.entries) - 2


@pytest.mark.parametrize("charset", ["utf-16", "gbk", "shift_jis", "utf-8-sig"])
async def test_a_long_table_in_another_charset_comes_back_in_it(charset):
    bench = desk(TABLES.replace("email:", "邮件:") if charset != "shift_jis" else TABLES.replace("email:", "住所:"))
    name = "住所" if charset == "shift_jis" else "邮件"
    text = f"customer,{name}\n" + "".join(f"C-{n % 9},住所山田{n}\n" for n in range(20_000))
    declared = (("Content-Type", f"text/csv; charset={charset.removesuffix('-sig')}"),)
    answer = await bench.watch(*cut_up(text.encode(charset), 4_001), headers=declared, target="/list")
    got, why = await drained(answer.stream)
    assert why == ""
    lines = got.decode(charset).split("\n")
    assert (lines[0], {line.partition(",")[2] for line in lines[1:-1]}) == (f"customer,{name}", {"[redacted]"})
    assert got[:2] == text.encode(charset)[:2]


async def test_a_broken_character_in_the_middle_cuts_a_table():
    bench = desk(TABLES)
    body = table(2 * PORTION)[:-20] + b"\xff\xff\n" + table(PORTION)
    declared = (("Content-Type", "text/csv; charset=gbk"),)
    got, why = await drained((await bench.watch(*cut_up(body), headers=declared, target="/list")).stream)
    assert why == "body-encoding"
    assert b"planted" not in got


async def test_a_first_portion_that_is_wrong_is_a_proper_refusal():
    bench = desk(TABLES)
    answer = await bench.watch(*cut_up(b"customer,email\n" + b"a,b,c\n" * PORTION), headers=CSV, target="/list")
    assert (answer.status, answer.stream) == (502, None)
    assert (bench.told[-1][0], bench.told[-1][1], bench.source.closed) == ("outcome", None, True)


# the request's leg


async def test_events_are_sent_on_one_by_one_and_recorded_before_they_go():
    bench, got = desk(), []

    async def send(request: Request, *, streamed: bool = False) -> Response:
        assert (request.body, header(request.headers, "content-length"), streamed) == (b"", None, False)
        async for piece in request.stream:
            got.append((piece, len(bench.entries)))  # noqa: PERF401 - what came before a cut counts
        return OK

    bench._send = send
    answer = await bench.post(note(1), note(2), headers=(*EVENTS, ("Content-Length", "999")))
    assert answer.status == 200
    assert got == [(note(1), 1), (note(2), 2)]
    assert bench.told == [
        ("intent", "request", 1, None, ""),
        ("piece", "request", 2, None, ""),
        ("piece", "request", None, 2, ""),
        ("outcome", None, None, None, ""),
    ]


def note(number: int) -> bytes:
    return f'event: order\ndata: {{"id":{number}}}\n\n'.encode()


async def test_a_request_whose_first_piece_is_wrong_is_never_sent():
    bench = desk()
    answer = await bench.post(b"event: order\ndata: {broken\n\n")
    assert (answer.status, refusal(answer)) == (400, "body-not-json")
    assert (bench.asked, bench.source.closed) == ([], True)
    assert [one[0] for one in bench.told] == ["refusal"]


@pytest.mark.parametrize("pieces", [[], [b"", b""]])
async def test_a_request_without_a_body_where_one_is_needed_is_refused(pieces):
    bench = desk()
    assert refusal(await bench.post(*pieces)) == "body-missing"


async def test_a_request_that_goes_wrong_in_the_middle_is_the_callers_fault_and_never_ends_well():
    bench, got = desk(), []

    async def send(request: Request, *, streamed: bool = False) -> Response:
        async for piece in request.stream:
            got.append(piece)  # noqa: PERF401 - what came before a cut counts
        return OK

    bench._send = send
    answer = await bench.post(note(1), b"event: order\ndata: {broken\n\n", note(3))
    assert (answer.status, refusal(answer), got) == (400, "body-not-json", [note(1)])
    assert bench.told[1:] == [
        ("piece", "request", None, 1, "body-not-json"),
        ("outcome", None, None, None, "body-not-json"),
    ]


@pytest.mark.parametrize("reads", [0, 1])
async def test_a_system_that_answers_before_it_has_read_everything_is_recorded(reads):
    bench = desk()

    async def send(request: Request, *, streamed: bool = False) -> Response:
        for _ in range(reads):
            await anext(request.stream)
        return Response(413)

    bench._send = send
    answer = await bench.post(note(1), note(2))
    assert answer.status == 413
    assert bench.told[1:] == [("piece", "request", None, reads, "upstream-broken"), ("outcome", None, None, None, "")]
    assert bench.source.closed


async def test_a_system_that_can_t_be_reached_gets_nothing_and_that_is_recorded():
    bench = desk()
    bench.answer = UNREACHABLE
    answer = await bench.post(note(1), note(2))
    assert (answer.status, refusal(answer)) == (502, "upstream-unreachable")
    assert bench.told[1:] == [
        ("piece", "request", None, 0, "upstream-broken"), ("outcome", None, None, None, "upstream-unreachable")
    ]  # fmt: skip


async def test_both_legs_may_come_in_pieces():
    bench = desk()

    async def send(request: Request, *, streamed: bool = False) -> Response:
        assert streamed
        return Response(200, EVENTS, stream=request.stream)

    bench._send = send
    answer = await bench.post(note(1), note(2), target="/echo")
    assert await drained(answer.stream) == (note(1) + note(2), "")
    assert sorted(bench.told, key=repr) == sorted([
        ("intent", "request", 1, None, ""), ("piece", "request", 2, None, ""), ("piece", "request", None, 2, ""),
        ("piece", "response", 0, None, ""), ("piece", "response", 1, None, ""), ("piece", "response", 2, None, ""),
        ("outcome", "response", None, 2, ""),
    ], key=repr)  # fmt: skip


async def test_a_small_untouched_table_is_forwarded_as_it_came():
    bench = desk(TABLES)
    bench.answer = OK
    body = b"customer\nC-1\nC-2\n"
    await bench.post(*cut_up(body, 9), headers=(*CSV, ("Content-MD5", "abc")), target="/load")
    assert (bench.asked[0].body, bench.asked[0].stream) == (body, None)
    assert header(bench.asked[0].headers, "content-md5") == "abc"


@pytest.mark.parametrize("fail_at", [0, 1, 2])
async def test_a_request_that_can_t_be_recorded_is_not_sent_on(fail_at):
    bench, got = desk(), []
    bench.fail_at = fail_at

    async def send(request: Request, *, streamed: bool = False) -> Response:
        async for piece in request.stream:
            got.append(piece)  # noqa: PERF401 - what came before a cut counts
        return OK

    bench._send = send
    answer = await bench.post(note(1), note(2))
    assert (answer.status, refusal(answer)) == (503, "not-recorded")
    assert got == [note(1), note(2)][:fail_at]
    assert bench.source.closed


async def test_what_is_embedded_has_its_budget_for_each_piece_not_for_the_stream():
    bench = desk()
    bench.gate = replace(bench.gate, limits=BodyLimits(inner=3))
    got, why = await drained((await bench.watch(*(order(n) for n in range(20)))).stream)
    assert (why, got.count(b"[redacted]")) == ("", 20)
    got, why = await drained((await bench.watch(b"".join(order(n) for n in range(20)))).stream)
    assert (got, why) == (b"", "body-too-deep")


async def test_an_operation_that_hangs_on_its_body_never_takes_it_in_pieces():
    catalogue = TABLES.replace(
        "  load: {request: POST /load, body: rows, response: done}",
        "  load: {request: POST /load, body: rows, response: done}\n"
        "  drop: {request: {method: POST, path: /load, body: {$.drop: 'yes'}}, body: done, response: done}",
    )
    bench, plain = desk(catalogue), desk(TABLES)
    flow = Flow("f1", NOW, "erp", Request("POST", "/load", CSV), SALES, ORDERING)
    assert (bench.gate.streams(flow), plain.gate.streams(flow)) == (False, True)
    assert refusal(await bench.post(table(10), headers=CSV, target="/load")) == "unknown-operation"


@pytest.mark.parametrize("target", ["/nowhere", "/watch", "/a/../b", "%"])
async def test_what_takes_no_stream_is_read_whole(target):
    bench = desk()
    assert not bench.gate.streams(Flow("f1", NOW, "erp", Request("POST", target, EVENTS), SALES, ORDERING))
