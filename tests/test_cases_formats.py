"""Cases about batches, about one record of many, and about bodies of every format, charset and coding."""

from __future__ import annotations

import gzip
import json

import pytest
from cases_kit import failures, run, suites
from discover_bodies import archive, book, edifact, events, field, lines, multipart, returned, soap, table, x12, xml
from xlsx_kit import KIND

from gateway.cases.coverage import Coverage
from gateway.cases.golden import Goldens
from gateway.policy.load import load

POLICY = """
version: 1
policy: all
scope: {from: crm, to: erp, operations: [SCOPE]}
allow: true
protect:
  - {classes: user.contact.email, leg: response, treatment: mask, keep_last: 2, character: "#"}
"""
HEAD = "version: 1\ncases: c\nlist:\n"


def policies(catalogue: str, scope: str = "get-all"):
    files = {"catalog/crm.yaml": "version: 1\ncatalog: crm\n", "catalog/erp.yaml": catalogue,
             "p.yaml": POLICY.replace("SCOPE", scope)}  # fmt: skip
    return load({name: text.encode() for name, text in files.items()})


# -- batches

BATCH = """
version: 1
catalog: erp
operations:
  batch: {request: "POST /odata/$batch", batch: odata}
  read: {request: "GET /odata/Orders({order})", response: order}
  change: {request: "PATCH /odata/Orders({order})", body: order, response: order}
  drop: {request: "DELETE /odata/Orders({order})"}
messages:
  order:
    format: json
    customer: $.customer
    fields: {$.id: business.order, $.customer: user.unique_id, $.email: user.contact.email}
"""
ORDER = {"id": 7, "customer": "C-1", "email": "ann@pumps.example"}
BODY = 'body: {id: 7, customer: C-1, email: "###############le"}'
TREATED = f'{{requests: {{"#2": {{operation: change, forwarded: {{body: {{id: 7}}}}, {BODY}}}}}}}'


def batch(expect: str, calls=("GET", "PATCH")) -> str:
    told = {"content-type": "application/json"}
    sent = {"body": {"id": 7}, "headers": told}
    asked = [{"id": str(n), "method": method.lower(), "url": "Orders(7)", **(sent if method == "PATCH" else {})}
             for n, method in enumerate(calls, 1)]  # fmt: skip
    replies = [{"id": str(n), "status": 200, "headers": told, "body": ORDER} for n in range(1, len(calls) + 1)]
    flow = {"from": "crm", "to": "erp", "request": "POST /odata/$batch", "body": {"requests": asked}}
    answer = {"body": {"responses": replies}}
    made = f"  - case: A batch\n    flow: {json.dumps(flow)}\n    response: {json.dumps(answer)}\n"
    return f"{HEAD}{made}    expect: {expect}\n"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ('{verdict: allow, requests: {"#1": {operation: read, fields: {$.email: mask, $.id: keep}}}}', []),
        (TREATED, []),
        ('{requests: {"#1": {status: 200, rules: all, records: {C-1: {$.email: mask}}}}}', []),
        ('{requests: {"#1": {fields: {$.email: {becomes: "###############le"}}}}}', []),
        ('{requests: {"#1": {fields: {$.email: keep}}}}',
         ["7:50 $.email: expected keep, but /email meets mask (keep_last: 2, character: #) [SG634]"]),
        ('{requests: {"#1": {operation: change}}}',
         ["7:43 expected the operation erp.change, but it is erp.read [SG633]"]),
        ('{requests: {"#3": {verdict: allow}}}', ["7:25 the batch has no request 3 [SG631]"]),
        ('{requests: {"#2": {verdict: refuse}}}', ["7:41 expected the flow to be refused, but it is allowed [SG632]"]),
    ],
)  # fmt: skip
def test_what_is_expected_of_one_request_of_a_batch_is_held_against_that_one(expect, told):
    assert failures(batch(expect), policies=policies(BATCH, "batch, read, change")) == told


def test_a_request_that_is_refused_is_expected_so_and_so_are_the_others():
    expect = (
        '{verdict: refuse, requests: {"#1": {refusal: batch-refused}, '
        '"#2": {verdict: refuse, leg: request, refusal: not-allowed}}}'
    )
    assert failures(batch(expect, ("GET", "DELETE")), policies=policies(BATCH, "batch, read, change")) == []


def test_a_flow_that_is_no_batch_has_no_requests():
    flow = "  - case: a\n    flow: {from: crm, to: erp, request: GET /odata/Orders(7)}\n    response: {body: {id: 7}}\n"
    text = f'{HEAD}{flow}    expect: {{requests: {{"#1": {{verdict: allow}}}}}}\n'
    assert failures(text, policies=policies(BATCH, "batch, read, change")) == [
        "7:25 the flow is no batch: it has no requests [SG631]"
    ]


def test_a_golden_body_of_one_request_is_written_anew():
    text = batch('{requests: {"#2": {file: second.json}}}')
    (result,) = run(text, policies(BATCH, "batch, read, change"), {"tests/second.json": b'{"id": 8}'})
    assert [problem.code for problem in result.failures]
    goldens = Goldens()
    assert goldens.take(result).failures == ()
    held = json.loads(goldens.files["tests/second.json"].data)
    assert held == {**ORDER, "email": "###############le"}


def test_the_cases_of_a_batch_reach_what_its_requests_reach():
    known = policies(BATCH, "batch, read, change")
    (result,) = run(batch('{requests: {"#1": {verdict: allow}}}'), known)
    coverage = Coverage(known)
    coverage.add(result.outcome)
    assert {one.message for one in coverage.missed()} == {"no case reaches erp.drop"}


# -- one record of many

FORMATS = {
    "csv": ("text/csv", "{format: csv, customer: id, fields: {id: user.unique_id, email: user.contact.email}}", table),
    "ndjson": ("application/x-ndjson",
               "{format: ndjson, customer: $.id, fields: {$.id: user.unique_id, $.email: user.contact.email}}", lines),
    "xlsx": (KIND, "{format: xlsx, customer: id, fields: {id: user.unique_id, email: user.contact.email}}", book),
    "xml": ("application/xml",
            "{format: xml, namespaces: {o: 'urn:example:orders'}, records: /o:Orders/o:Order, each: one}", xml),
    "sse": ("text/event-stream", "{format: sse, fields: {order-created.data: {contains: row}}}", events),
    "json": ("application/json", "{format: json, records: '$[*]', each: row}", lambda rows: json.dumps(rows).encode()),
}  # fmt: skip
HELD = """
  one:
    format: xml
    namespaces: {o: 'urn:example:orders'}
    customer: o:id
    fields: {o:id: user.unique_id, o:email: user.contact.email}
  row: {format: json, customer: $.id, fields: {$.id: user.unique_id, $.email: user.contact.email}}
"""
PEOPLE = [
    {"id": "C-1", "email": "ann@pumps.example"},
    {"id": "C-1", "email": "cut.short"},
    {"id": "C-2", "email": "lin@x.example"},
]
SELECT = {"csv": "email", "xlsx": "email", "xml": "o:email"}


def catalogue(message: str, more: str = "") -> str:
    return (f"version: 1\ncatalog: erp\noperations:\n  get-all: {{request: GET /all, response: all}}\n"
            f"messages:\n  all: {message}{more}\n")  # fmt: skip


def answered(kind: str, expect: str, more: str = "", name: str = "answer.bin") -> str:
    flow = "flow: {from: crm, to: erp, request: GET /all}"
    response = f"response: {{headers: {{Content-Type: '{kind}'{more}}}, file: {name}}}"
    return f"{HEAD}  - case: a\n    {flow}\n    {response}\n    expect: {expect}\n"


@pytest.mark.parametrize("name", FORMATS)
def test_one_record_of_many_is_told_by_its_number(name):
    kind, message, made = FORMATS[name]
    known, files = policies(catalogue(message, HELD)), {"tests/answer.bin": made(PEOPLE)}
    selector = SELECT.get(name, "$.email")
    for number, becomes in ((1, "###############le"), (2, "#######rt"), (3, "###########le")):
        expect = f'{{records: {{"#{number}": {{{selector}: {{treatment: mask, becomes: "{becomes}"}}}}}}}}'
        assert failures(answered(kind, expect), policies=known, attached=files) == []
    wrong = f'{{records: {{"#2": {{{selector}: {{becomes: "###############le"}}}}}}}}'
    assert failures(answered(kind, wrong), policies=known, attached=files)[0].endswith("[SG635]")
    (told,) = failures(answered(kind, f'{{records: {{"#4": {{{selector}: mask}}}}}}'), policies=known, attached=files)
    assert told.endswith("the response holds no record #4 [SG631]")


# -- golden bodies, charsets and codings

EVERY = {
    **FORMATS,
    "form": ("application/x-www-form-urlencoded", "{format: form, fields: {email: user.contact.email}}",
             lambda rows: b"a=1&email=ann%40pumps.example"),
    "multipart": ("multipart/form-data; boundary=b7", "{format: multipart, fields: {email: user.contact.email}}",
                  lambda rows: multipart([field("email", b"ann@pumps.example")])),
    "zip": ("application/zip", "{format: zip, fields: {'*.txt': user.contact.email}}",
            lambda rows: archive({"a.txt": b"ann@pumps.example"})),
    "edifact": ("application/edifact", "{format: edifact, unlisted: keep, fields: {COM/1.1: user.contact.email}}",
                lambda rows: edifact(["COM+ann(a)pumps.example:EM"])),
    "x12": ("application/edi-x12", "{format: x12, unlisted: keep, fields: {PER/4: user.contact.email}}",
            lambda rows: x12(["PER*IC**EM*ann(a)pumps.example"])),
    "soap": ("text/xml", "{format: soap, fields: {soap:Body/Email: user.contact.email}}",
             lambda rows: soap("<Email>ann@pumps.example</Email>")),
    "xmlrpc": ("text/xml",
               "{format: xmlrpc, unlisted: keep, fields: {\"//member[name='email']\": user.contact.email}}", returned),
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_a_golden_body_of_every_format_is_written_and_then_met(name):
    kind, message, made = EVERY[name]
    known, body = policies(catalogue(message, HELD)), made(PEOPLE)
    text = answered(kind, "{file: golden.bin}")
    (result,) = run(text, known, {"tests/answer.bin": body})
    assert [problem.code for problem in result.failures] == ["SG606"]
    goldens = Goldens()
    goldens.take(result)
    written = goldens.files["tests/golden.bin"].data
    assert written != body
    assert b"ann@pumps" not in written
    assert failures(text, policies=known, attached={"tests/answer.bin": body, "tests/golden.bin": written}) == []
    assert failures(text, policies=known, attached={"tests/answer.bin": body, "tests/golden.bin": body}) != []


TABLE = "id,email,名\nC-1,ann@pumps.example,王\n"


@pytest.mark.parametrize(
    ("kind", "coding", "body"),
    [
        ("text/csv; charset=gbk", "", TABLE.encode("gbk")),
        ("text/csv; charset=utf-16", "", TABLE.encode("utf-16")),
        ("text/csv", "gzip", gzip.compress(TABLE.encode())),
        ("text/csv; charset=shift_jis", "gzip", gzip.compress(TABLE.encode("shift_jis"))),
    ],
)
def test_a_body_in_a_file_comes_in_the_charset_and_coding_that_its_headers_name(kind, coding, body):
    known = policies(catalogue(FORMATS["csv"][1].replace("}}", ", 名: business.note}}")))
    more = f", Content-Encoding: {coding}" if coding else ""
    expect = '{fields: {email: mask, 名: keep}, body: "id,email,名\\nC-1,###############le,王\\n"}'
    assert failures(answered(kind, expect, more), policies=known, attached={"tests/answer.bin": body}) == []


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_a_body_that_is_written_out_is_put_into_the_coding_that_its_header_names(coding):
    known = policies(catalogue(FORMATS["csv"][1]))
    text = (f"{HEAD}  - case: a\n    flow: {{from: crm, to: erp, request: GET /all}}\n    response:\n"
            f"      headers: {{Content-Type: text/csv, Content-Encoding: '{coding}'}}\n"
            '      body: "id,email\\nC-1,ann@pumps.example\\n"\n'
            '    expect: {body: "id,email\\nC-1,###############le\\n"}\n')  # fmt: skip
    assert failures(text, policies=known) == []
    body = suites(text, known)[0].cases[0].answer.body
    assert b"ann@pumps" not in body or coding == "br"


def test_a_coding_that_nobody_reads_is_left_to_the_gate():
    known = policies(catalogue(FORMATS["csv"][1]))
    text = (f"{HEAD}  - case: a\n    flow: {{from: crm, to: erp, request: GET /all}}\n    response:\n"
            "      headers: {Content-Type: text/csv, Content-Encoding: lzma}\n      body: x\n"
            "    expect: {verdict: refuse, leg: response, refusal: body-coding}\n")  # fmt: skip
    assert failures(text, policies=known) == []
