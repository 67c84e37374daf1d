"""Tables and lines of JSON through the gate, whole and in pieces: each row by its own customer, nothing by accident."""

import gzip
import json

import pytest
from gate_kit import Bench, written

from gateway.errors import StreamCut
from gateway.flow import Response
from gateway.formats.limits import BodyLimits

CATALOGUE = """
version: 1
catalog: erp
title: Exports
operations:
  read-csv: {request: GET /csv, response: people}
  send-csv: {request: POST /csv, body: people}
  read-lines: {request: GET /lines, response: lines}
  read-plain: {request: GET /plain, response: plain}
  read-report: {request: GET /report, response: report}
messages:
  people:
    format: csv
    customer: who
    fields: {who: business.customer, email: user.contact.email, city: user.location}
  lines:
    format: ndjson
    customer: $.who
    fields: {$.who: business.customer, $.email: user.contact.email, $.doc: {contains: people, class: business.order}}
  plain:
    format: csv
    header: false
    delimiter: ";"
    customer: "#1"
    fields: {"#1": business.customer, "#2": user.contact.email}
  report:
    format: csv
    delimiter: tab
    skip: 1
    fields: {email: user.contact.email}
"""
CALLER = "version: 1\ncatalog: crm\ntitle: Who asks\n"
CONSENTS = """
version: 1
consents:
  contact:
    wording: You may see how to reach me.
    version: 1
    purposes: [order-fulfilment]
    classes: [user.contact]
    recipients: [crm]
"""
POLICY = """
version: 1
policy: contacts
title: Contact data only where the customer agreed
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: [user.contact], leg: response, treatment: mask, keep_last: 1, unless: {consent: contact}}
"""
DENYING = POLICY.replace("to: erp}", "to: erp, operations: [read-lines]}")
SECRET = "anna@example"


def bench(answer=b"", kind="text/csv", *, streams=False, headers=(), policy=POLICY, limits=BodyLimits(), step=1000):  # noqa: B008
    policies = written(catalog_erp=CATALOGUE, catalog_crm=CALLER, contacts=policy, consents=CONSENTS)
    headers = (("Content-Type", kind), *headers)
    reply = (lambda _request: Response(200, headers, stream=pieces(answer, step))) if streams else None
    made = Bench(policies, reply or Response(200, headers, answer), limits=limits)
    made.grant("C-2", "contact")
    return made


async def pieces(body, step):
    for at in range(0, len(body), step):
        yield body[at : at + step]


async def got(response):
    """Give all that arrived, and whether it was cut."""
    if response.stream is None:
        return response.body, False
    arrived = bytearray()
    try:
        async for piece in response.stream:
            arrived += piece
    except StreamCut:
        return bytes(arrived), True
    return bytes(arrived), False


BODY = f'who,email,city\r\nC-1,{SECRET},"Köln"\r\n"C-2","{SECRET}",Ulm\r\n,{SECRET},\r\n'
MASKED = "*" * (len(SECRET) - 1) + "e"
SHOWN = f'who,email,city\r\nC-1,{MASKED},"Köln"\r\n"C-2","{SECRET}",Ulm\r\n,{MASKED},\r\n'


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "latin-1", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
async def test_each_row_is_treated_by_its_own_customer_in_any_charset(streams, codec, packed):
    text, shown = (one.replace("ö", "o") if codec == "gbk" else one for one in (BODY, SHOWN))
    text, shown = (one.replace("Ulm", "乌尔姆") if codec != "latin-1" else one for one in (text, shown))
    kind = f"text/csv; charset={codec.removesuffix('-sig')}"
    body, headers = text.encode(codec), ()
    if packed:
        body, headers = gzip.compress(body), (("Content-Encoding", "gzip"),)
    response = await bench(
        body,
        kind,
        streams=streams,
        headers=headers,
    ).ask("GET", "/csv")
    assert response.status == 200
    arrived, cut = await got(response)
    assert not cut
    assert (gzip.decompress(arrived) if packed else arrived) == shown.encode(codec)


async def test_the_entry_names_columns_and_counts_and_no_value():
    made = bench(BODY.encode())
    await made.ask("GET", "/csv")
    decided = made.entries[-1].decided
    fields = [[(field.pointer, field.treatment, field.count) for field in one.fields] for one in decided]
    assert sorted(fields) == [[], [("/*/email", "mask", 1)], [("/*/email", "mask", 1)]]
    assert SECRET not in repr(made.entries)


async def test_a_stream_is_recorded_piece_by_piece():
    rows = 20_000
    body = "who,email,city\n" + "".join(f"C-{row % 3},{row}@example,Ulm\n" for row in range(rows))
    made = bench(body.encode(), streams=True, step=70_001)
    arrived, cut = await got(await made.ask("GET", "/csv"))
    assert not cut
    lines = arrived.decode().splitlines()
    assert lines[0] == "who,email,city"
    assert len(lines) == rows + 1
    assert [line for line in lines[1:] if "@" in line] == [f"C-2,{row}@example,Ulm" for row in range(2, rows, 3)]
    parts = [entry for entry in made.entries if entry.kind == "piece"]
    assert len(parts) == -(-len(body) // (256 * 1024))
    assert sum(one.records for entry in parts for one in entry.decided) == rows
    assert made.entries[-1].pieces == len(parts)


@pytest.mark.parametrize(
    ("broken", "refusal"),
    [
        (b'C-1,"a@example,Ulm\n', "body-malformed"),
        (b"C-1,a@example\n", "body-malformed"),
        (b"C-1,a\rb,Ulm\n", "body-ambiguous"),
        (b"C-1,\xff,Ulm\n", "body-encoding"),
        (b"C-1,\x00,Ulm\n", "body-malformed"),
    ],
)
async def test_a_stream_that_breaks_halfway_is_cut_and_its_entry_says_why(broken, refusal):
    body = b"who,email,city\n" + b"C-2,b@example,Ulm\n" * 20_000 + broken
    made = bench(body, streams=True)
    arrived, cut = await got(await made.ask("GET", "/csv"))
    assert cut
    assert broken not in arrived
    assert arrived.count(b"\n") < 20_000
    assert made.entries[-1].refusal == refusal


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("body", "kind", "refusal"),
    [
        (b'who,email,city\nC-1,"a,Ulm\n', "text/csv", "body-malformed"),
        (b"who,email,who\nC-1,a,C-2\n", "text/csv", "body-ambiguous"),
        (b"who,email,E-Mail,EMAIL\nC-1,a,b,c\n", "text/csv", "body-ambiguous"),
        (b"who,email\nC-1,a\n", "text/csv; charset=utf-16", "body-encoding"),
        (b"who,email\nC-1,\xe4\n", "text/csv", "body-encoding"),
        ("\ufeffwho,email\nC-1,a\n".encode(), "text/csv; charset=latin-1", "body-encoding"),
        (b"who,email\nC-1,a\n", "application/json", "body-wrong-type"),
        (b"who,email\nC-1,a\n", "text/html", "body-wrong-type"),
    ],
)
async def test_bad_tables_are_refused_whole_and_streamed(body, kind, refusal, streams):
    made = bench(body, kind, streams=streams)
    response = await made.ask("GET", "/csv")
    assert json.loads(response.body)["type"] == f"urn:sovgate:refusal:{refusal}"
    assert made.entries[-1].refusal == refusal


@pytest.mark.parametrize("body", [b'{"a":1}', b"<a/>", b"PK\x03\x04", b"%PDF-1.7"])
async def test_what_says_no_type_and_looks_like_something_else_is_no_table(body):
    response = await bench(body, "application/octet-stream").ask("GET", "/csv")
    assert json.loads(response.body)["type"] == "urn:sovgate:refusal:body-wrong-type"


async def test_a_body_over_the_limit_is_refused_whole_and_passes_in_pieces():
    body = b"who,email,city\n" + b"C-1,a@example,Ulm\n" * 40_000
    limits = BodyLimits(size=300_000)
    whole = await bench(body, limits=limits).ask("GET", "/csv")
    assert json.loads(whole.body)["type"] == "urn:sovgate:refusal:body-too-large"
    arrived, cut = await got(await bench(body, streams=True, limits=limits).ask("GET", "/csv"))
    assert not cut
    assert b"@" not in arrived
    long = b'who,email,city\nC-1,"' + b"a" * 700_000 + b'",Ulm\n'
    response = await bench(long, streams=True, limits=limits).ask("GET", "/csv")
    arrived, cut = await got(response)
    assert cut or response.status == 502
    assert b"aaa" not in arrived


@pytest.mark.parametrize("streams", [False, True])
async def test_lines_of_json_are_treated_line_by_line(streams):
    lines = [{"who": "C-1", "email": SECRET}, {"who": "C-2", "email": SECRET}, {"email": SECRET, "note": "x"}]
    body = "\r\n".join(json.dumps(line) for line in lines).encode()
    arrived, cut = await got(await bench(body, "application/x-ndjson", streams=streams).ask("GET", "/lines"))
    assert not cut
    assert [json.loads(line) for line in arrived.split(b"\r\n")] == [
        {"who": "C-1", "email": MASKED},
        {"who": "C-2", "email": SECRET},
        {"email": MASKED, "note": "[redacted]"},
    ]


async def test_a_table_inside_of_a_line_is_treated_by_its_own_rows():
    inside = f"who,email,city\nC-1,{SECRET},Ulm\nC-2,{SECRET},Ulm\n"
    body = json.dumps({"who": "C-1", "doc": inside}).encode() + b"\n"
    arrived, _ = await got(await bench(body, "application/x-ndjson").ask("GET", "/lines"))
    assert json.loads(arrived)["doc"] == f"who,email,city\nC-1,{MASKED},Ulm\nC-2,{SECRET},Ulm\n"


@pytest.mark.parametrize("streams", [False, True])
async def test_a_broken_line_refuses(streams):
    made = bench(b'{"who":"C-1"}\n{"who":\n', "application/x-ndjson", streams=streams)
    response = await made.ask("GET", "/lines")
    assert json.loads(response.body)["type"] == "urn:sovgate:refusal:body-not-json"


async def test_options_of_a_message_reach_its_reader():
    response = await bench(b"C-1;a@example;x\r\nC-2;b@example;y\r\n").ask("GET", "/plain")
    assert response.body == b"C-1;********e;[redacted]\r\nC-2;b@example;[redacted]\r\n"


async def test_lines_before_a_table_are_hidden_as_unlisted():
    response = await bench(b"People of Miller Ltd\nemail\tn\na@example\t1\n", "text/tab-separated-values").ask(
        "GET", "/report"
    )
    assert response.body == b"[redacted]\nemail\tn\n********e\t[redacted]\n"


async def test_a_request_with_columns_that_nobody_listed_is_refused():
    made = bench()
    refused = await made.ask("POST", "/csv", b"who,email,note\nC-1,a,b\n", (("Content-Type", "text/csv"),))
    assert json.loads(refused.body)["type"] == "urn:sovgate:refusal:unlisted-field"
    assert made.asked == []
    body = b"who,email\nC-1,a\n"
    await made.ask("POST", "/csv", body, (("Content-Type", "text/csv"),))
    assert made.asked[-1].body == body


async def test_a_mask_is_never_written_back_over_the_truth():
    made = bench()
    refused = await made.ask("POST", "/csv", b"who,email\nC-1,****e\n", (("Content-Type", "text/csv"),))
    assert json.loads(refused.body)["type"] == "urn:sovgate:refusal:masked-write-back"


@pytest.mark.parametrize("body", [b"who,email\n", b"\n"])
async def test_a_table_without_rows_is_decided_on_as_well(body):
    made = bench(body, policy=DENYING)
    refused = await made.ask("POST", "/csv", body, (("Content-Type", "text/csv"),))
    assert json.loads(refused.body)["type"] == "urn:sovgate:refusal:not-allowed"
    assert made.asked == []
    assert (await bench(body).ask("GET", "/csv")).body == body


PLANTED = "Anna Müller-Geheim"


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("cell", ["{}", '"{}"', '"x, {}"', '"a ""{}"" b"', '"\n{}\r\n"'])
async def test_a_planted_value_survives_in_no_column_that_is_treated(cell, streams):
    planted = cell.format(PLANTED)
    body = f"who,email,note\nC-1,{planted},{planted}\n".encode() * 1
    arrived, _ = await got(await bench(body, streams=streams).ask("GET", "/csv"))
    for form in (PLANTED, "Geheim", "Anna"):
        for codec in ("utf-8", "latin-1", "utf-16-le"):
            assert form.encode(codec) not in arrived


async def test_rows_of_customers_who_are_alike_are_guarded_each_by_what_was_shown_of_it():
    rows = b"who,email\n" + b"".join(b"C-%d,%d@example\n" % (row, row) for row in range(500))
    made = bench()
    await made.ask("POST", "/csv", rows, (("Content-Type", "text/csv"),))
    assert made.asked[-1].body == rows
    assert sum(one.records for one in made.entries[0].decided) == 500
    refused = await made.ask("POST", "/csv", rows + b"C-2,*********e\n", (("Content-Type", "text/csv"),))
    assert json.loads(refused.body)["type"] == "urn:sovgate:refusal:masked-write-back"
