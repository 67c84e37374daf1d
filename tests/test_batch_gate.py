"""Batches through the gate: each request an operation and a decision of its own, all of them or none."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace

import pytest
from batch_kit import changeset, http, mixed, multipart, part
from click.testing import CliRunner
from dryrun_kit import ASSUMED, ERP, Traffic, har, inline, judge
from gate_kit import JSON, NOW, SALES, Bench, written
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.entry import encode
from gateway.audit.show import Filter, fits
from gateway.capture.exchange import Exchange
from gateway.cli.explain import command
from gateway.dryrun.against import Comparison
from gateway.dryrun.as_json import flow_line
from gateway.dryrun.run import DryRun
from gateway.dryrun.tally import Tally
from gateway.errors import NotRecorded, UpstreamFailed
from gateway.flow import CustomerFacts, Flow, Leg, Request, Response
from gateway.formats.limits import BodyLimits
from gateway.proxy.addresses import RouteAddresses
from gateway.proxy.capturer import Capturer
from gateway.proxy.metrics import Metrics
from gateway.proxy.settings import Route
from gateway.storage.recovery import OpenFlows
from gateway.workbench import Workbench

CATALOGUE = """
version: 1
catalog: erp
operations:
  batch: {request: "POST /odata/$batch", batch: odata}
  read: {request: "GET /odata/Orders({order})", response: order, errors: error}
  list: {request: GET /odata/Orders, response: orders}
  make: {request: POST /odata/Orders, body: order, response: order}
  change: {request: "PUT /odata/Orders({order})", body: order, errors: error}
  line: {request: "POST /odata/Orders({order})/Lines", body: line, response: line}
  drop: {request: "DELETE /odata/Orders({order})"}
  sheet: {request: "GET /odata/Orders({order})/Sheet", response: sheet}
  calls: {request: POST /rpc, batch: json-rpc}
  rpc-read: {request: {method: POST, path: /rpc, body: {$.method: orders.read}}, body: call, response: result}
  rpc-drop: {request: {method: POST, path: /rpc, body: {$.method: orders.drop}}, body: call, response: result}
messages:
  order:
    format: json
    customer: $.customer
    fields: {$.id: business.order, $.customer: business.customer, $.email: user.contact.email, $.price: business.price}
  line:
    format: json
    customer: {path: order}
    fields: {$.email: user.contact.email}
  orders: {format: json, records: "$.value[*]", each: order}
  error: {format: json, fields: {$.code: business.order}}
  sheet: {format: bytes, class: business.drawing}
  call:
    format: json
    customer: $.params.customer
    fields:
      $.jsonrpc: system.operations
      $.id: system.operations
      $.method: system.operations
      $.params: business.order
  result:
    format: json
    customer: $.result.customer
    fields:
      $.jsonrpc: system.operations
      $.id: system.operations
      $.result.customer: business.customer
      $.result.email: user.contact.email
"""
POLICY = """
version: 1
policy: p
scope: {from: crm, to: erp, operations: [batch, read, list, make, change, line, sheet, calls, rpc-read]}
allow: true
deny:
  - {operations: [sheet], leg: response}
protect:
  - {classes: [user.contact], leg: response, treatment: mask, keep_last: 4, unless: {consent: contact}}
  - {classes: [business.price], leg: response, treatment: remove}
"""
CONSENTS = """
version: 1
consents:
  contact: {wording: "You may show my contact data."}
"""
CRM = "version: 1\ncatalog: crm\noperations:\n  read: {request: GET /odata/Contacts}\n"


def policies(policy=POLICY):
    return written(catalog_erp=CATALOGUE, catalog_crm=CRM, p=policy, consents=CONSENTS)


POLICIES = policies()


def bench(answer=None, **more):
    return Bench(more.pop("policies", POLICIES), answer=answer or Response(204), **more)


DESK = bench()
"""For laws: made once, and cleared by `fresh`."""


def fresh(answer):
    """Give the desk with another answer and nothing on it."""
    DESK.answer = answer
    DESK.log.entries.clear()
    DESK.asked.clear()
    return DESK


def ask(desk, *parts, headers=(), body=None):
    content = mixed(*parts) if body is None else body
    return asyncio.run(desk.ask("POST", "/odata/$batch", content, (*multipart(), *headers)))


def line(start, body=None, headers=""):
    content = b"" if body is None else json.dumps(body).encode()
    kind = "" if body is None else "Content-Type: application/json"
    return part(http(f"{start} HTTP/1.1", "|".join(text for text in (kind, headers) if text), content))


def reply(status, body=None, headers=""):
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    kind = "" if body is None else "Content-Type: application/json"
    return part(http(f"HTTP/1.1 {status}", "|".join(text for text in (kind, headers) if text), content))


def replies(*parts, status=200, headers=()):
    return Response(status, (*multipart("r"), *headers), mixed(*parts, boundary="r"))


def said(desk):
    return [(entry.kind, entry.flow, entry.operation, entry.refusal, entry.status) for entry in desk.entries]


def fields(entry):
    return {field.pointer: field.treatment for decided in entry.decided for field in decided.fields}


def refusal(response):
    return json.loads(response.body)["type"].rpartition(":")[2] if response.status >= 400 else ""


ANN = {"id": 7, "customer": "c1", "email": "ann@customer.org", "price": 9.90}
BOB = {"id": 8, "customer": "c2", "email": "bob@customer.org"}
READ = line("GET Orders(7)")


# -- all of them -----------------------------------------------------------------------------------------------------


def test_each_request_is_decided_recorded_and_answered_as_its_own_operation():
    desk = bench(replies(reply("200 OK", ANN), changeset(reply("201 Created", BOB), reply("204 No Content"))))
    desk.grant("c2", "contact")
    body = mixed(READ, changeset(line("POST Orders", {"id": 8}), line("PUT Orders(9)", {"id": 9})))
    response = ask(desk, body=body)
    assert desk.asked[0].body is body
    assert said(desk) == [
        ("intent", "f1", "erp.batch", "", None),
        ("intent", "f1.1", "erp.read", "", None),
        ("intent", "f1.2", "erp.make", "", None),
        ("intent", "f1.3", "erp.change", "", None),
        ("outcome", "f1.1", "erp.read", "", 200),
        ("outcome", "f1.2", "erp.make", "", 201),
        ("outcome", "f1.3", "erp.change", "", 204),
        ("outcome", "f1", "erp.batch", "", 200),
    ]
    assert [entry.intent for entry in desk.entries[4:]] == [1, 2, 3, 0]
    assert fields(desk.entries[4]) == {"/email": "mask", "/price": "remove"}
    assert fields(desk.entries[5]) == {}
    assert b'{"id":7,"customer":"c1","email":"************.org"}' in response.body
    assert b"bob@customer.org" in response.body
    assert ("Cache-Control", "private, no-store") in response.headers


def test_an_answer_that_nothing_changes_is_the_very_same():
    answer = replies(reply("204 No Content"), status=202)
    assert ask(bench(answer), line("PUT Orders(9)", {"id": 9})).body is answer.body


def test_a_compressed_batch_stays_compressed():
    inside = mixed(reply("200 OK", ANN), boundary="r")
    answer = Response(200, (*multipart("r"), ("Content-Encoding", "gzip")), gzip.compress(inside))
    desk = bench(answer)
    response = ask(desk, body=gzip.compress(mixed(READ)), headers=(("Content-Encoding", "gzip"),))
    assert b"ann@customer" not in gzip.decompress(response.body)
    assert gzip.decompress(desk.asked[0].body) == mixed(READ)


def test_a_list_is_decided_record_by_record():
    desk = bench(replies(reply("200 OK", {"value": [ANN, BOB]})))
    desk.grant("c2", "contact")
    response = ask(desk, line("GET Orders"))
    assert b"ann@customer.org" not in response.body
    assert b"bob@customer.org" in response.body


def test_error_bodies_that_the_catalogue_does_not_name_are_withheld():
    secret = {"code": 7, "message": "ann@customer.org"}
    desk = bench(replies(reply("404 Not Found", secret), reply("404 Not Found", secret)))
    response = ask(desk, READ, line("GET Orders"))
    assert response.body.count(b"ann@customer.org") == 0
    assert response.body.count(b"HTTP/1.1 404 Not Found") == 2
    assert response.body.count(b'"code":7') == 1


def test_a_changeset_that_failed_is_shown_only_as_all_its_requests_would_be():
    secret = {"code": 7, "message": "x"}
    desk = bench(replies(reply("400 Bad Request", secret)))
    both = changeset(line("PUT Orders(1)", {"id": 1}), line("PUT Orders(2)", {"id": 2}))
    assert b'"code":7' in ask(desk, both).body
    assert [entry.status for entry in desk.entries[3:]] == [400, 400, 200]
    mixture = changeset(line("PUT Orders(1)", {"id": 1}), line("POST Orders", {"id": 2}))
    assert b'"code"' not in ask(desk, mixture).body


def test_where_the_system_stopped_the_rest_has_no_status():
    desk = bench(replies(reply("404 Not Found")))
    ask(desk, READ, READ, READ)
    assert [(entry.flow, entry.status, entry.verdict) for entry in desk.entries[4:]] == [
        ("f1.1", 404, "allow"),
        ("f1.2", None, "allow"),
        ("f1.3", None, "allow"),
        ("f1", 200, "allow"),
    ]


def test_addresses_in_the_headers_of_parts_are_turned():
    class Turning:
        def turned(self, flow, leg, address):
            return address.replace("http://erp.internal", "https://gate") if "erp" in address else None

        def left(self, flow, body):
            pass

    desk = bench(replies(reply("204 x", None, "Location: http://erp.internal/o/7|OData-EntityId: http://mes/1")))
    object.__setattr__(desk.gate.ports, "addresses", Turning())
    body = ask(desk, line("PUT Orders(7)", {"id": 7})).body
    assert b"Location: https://gate/o/7" in body
    assert b"mes" not in body


# -- or none ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "name", "operation"),
    [
        (line("DELETE Orders(7)"), "not-allowed", "erp.drop"),
        (line("GET Customers(7)"), "unknown-operation", ""),
        (line("GET /odata/../admin"), "ambiguous-path", ""),
        (line("GET Orders%2f7"), "ambiguous-path", ""),
        (line("GET /odata/%4frders(7)/%2e%2e"), "ambiguous-path", ""),
        (line("POST /odata/$batch", {}), "batch-unsafe", ""),
        (line("GET /odata/Contacts"), "unknown-operation", ""),
        (line("POST Orders", {"secret": 1}), "unlisted-field", "erp.make"),
        (line("POST Orders"), "body-missing", "erp.make"),
        (line("GET Orders(7)", {"id": 1}), "body-unexpected", "erp.read"),
        (part(http("POST Orders HTTP/1.1", "Content-Type: text/xml", b"{}")), "body-wrong-type", "erp.make"),
        (line("PUT Orders(7)", {"email": "************.org"}), "masked-write-back", "erp.change"),
    ],
)
def test_one_refused_request_refuses_the_batch_and_its_entry_says_so(bad, name, operation):
    desk = bench()
    response = ask(desk, READ, bad, READ)
    assert (refusal(response), desk.asked) == (name, [])
    assert said(desk) == [
        ("refusal", "f1", "erp.batch", name, None),
        ("refusal", "f1.1", "erp.read", "batch-refused", None),
        ("refusal", "f1.2", operation, name, None),
        ("refusal", "f1.3", "erp.read", "batch-refused", None),
    ]


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((line("GET https://evil.example/odata/Orders(7)"),), "batch-unsafe"),
        ((line("POST Orders", {"id": 1}, "X-HTTP-Method-Override: DELETE"),), "batch-unsafe"),
        ((READ + b"\r\n--b",), "body-ambiguous"),
        ((READ,) * 5, "body-too-large"),
    ],
)
def test_a_batch_that_cannot_be_taken_apart_is_refused_as_a_whole(parts, name):
    desk = bench(limits=BodyLimits(calls=4))
    assert refusal(ask(desk, *parts)) == name
    assert (said(desk), desk.asked) == ([("refusal", "f1", "erp.batch", name, None)], [])


def test_an_empty_batch_is_refused():
    assert refusal(ask(bench(), body=b"")) == "body-missing"


def test_a_batch_that_no_policy_allows_is_refused_whatever_is_in_it():
    desk = bench(policies=policies(POLICY.replace("[batch, ", "[")))
    assert refusal(ask(desk, READ)) == "not-allowed"
    assert (said(desk), desk.asked) == ([("refusal", "f1", "erp.batch", "not-allowed", None)], [])


@pytest.mark.parametrize(
    ("answer", "name", "parts"),
    [
        (replies(reply("200 OK", ANN)), "body-malformed", ["body-malformed", "body-malformed"]),
        (replies(*[reply("200 OK", ANN)] * 3), "body-malformed", ["body-malformed", "body-malformed"]),
        (replies(reply("200 OK", ANN), reply("200 OK", [1])), "", ["", ""]),
        (
            replies(reply("200 OK", ANN), part(http("HTTP/1.1 200 OK", "Content-Type: application/json", b"{"))),
            "body-not-json",
            ["batch-refused", "body-not-json"],
        ),
        (Response(200, JSON, b"{}"), "body-wrong-type", ["body-wrong-type", "body-wrong-type"]),
        (Response(202), "body-wrong-type", ["body-wrong-type", "body-wrong-type"]),
        (UpstreamFailed("upstream-timeout", "x"), "upstream-timeout", ["upstream-timeout", "upstream-timeout"]),
        (ValueError("x"), "internal", ["internal", "internal"]),
    ],
)
def test_one_refused_answer_refuses_all_of_them(answer, name, parts):
    desk = bench(answer)
    response = ask(desk, READ, READ)
    assert refusal(response) == name
    assert [(entry.kind, entry.refusal) for entry in desk.entries[3:]] == [
        *(("outcome", one) for one in parts),
        ("outcome", name),
    ]
    assert b"ann@customer" not in response.body


def test_a_denial_of_one_operations_answers_refuses_the_batchs():
    desk = bench(replies(reply("200 OK", ANN), part(http("HTTP/1.1 200 OK", "", b"%drawing"))))
    assert refusal(ask(desk, READ, line("GET Orders(7)/Sheet"))) == "denied"
    assert [entry.refusal for entry in desk.entries[3:]] == ["batch-refused", "denied", "denied"]


def test_an_answer_with_an_error_status_is_told_by_its_status_alone():
    desk = bench(Response(500, JSON, b'{"message": "ann@customer.org"}'))
    response = ask(desk, READ)
    assert (response.status, response.body) == (500, b"")
    assert [(entry.flow, entry.status) for entry in desk.entries[2:]] == [("f1.1", 500), ("f1", 500)]


# -- recorded before anything leaves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("good", range(6))
def test_what_cannot_be_recorded_goes_nowhere_and_leaves_nothing_open(good):
    desk = bench(replies(reply("200 OK", ANN), reply("200 OK", ANN)))
    append, calls = desk.log.append, []

    async def failing(entry):
        calls.append(entry)
        if len(calls) == good + 1:
            raise NotRecorded("once")
        return await append(entry)

    object.__setattr__(desk.gate.ports, "append", failing)
    response = ask(desk, READ, READ)
    assert refusal(response) == "not-recorded"
    assert len(desk.asked) == (good >= 3)
    if not desk.asked:
        left = OpenFlows()
        for counter, entry in enumerate(desk.entries):
            left.note(entry.kind, entry.flow, counter)
        assert left.flows == {}


def test_nothing_is_forwarded_before_every_intent_is_durable():
    seen = []
    desk = bench(lambda _: seen.append(len(desk.entries)) or replies(reply("204 x"), reply("204 x")))
    ask(desk, READ, READ)
    assert seen == [3]


# -- whose it is -----------------------------------------------------------------------------------------------------


def test_an_id_that_nobody_knows_yet_names_no_customer():
    policy = POLICY.replace("leg: response, treatment: mask, keep_last: 4", "leg: request, treatment: refuse")
    desk = bench(replies(changeset(reply("204 x"), reply("204 x"))), policies=policies(policy))
    desk.grant("'$1'", "contact")
    desk.grant("7", "contact")
    make = part(http("POST Orders HTTP/1.1", "Content-Type: application/json", b'{"id":1}'), "Content-ID: 1")
    known = changeset(line("PUT Orders(8)", {"id": 1}), line("POST Orders(7)/Lines", {"email": "a@b.org"}))
    assert refusal(ask(desk, known)) == ""
    made = changeset(make, line("POST $1/Lines", {"email": "a@b.org"}))
    assert refusal(ask(desk, made)) in {"denied", "customer-unknown"}
    assert desk.entries[-1].flow == "f1.2"
    assert desk.entries[-1].operation == "erp.line"


# -- JSON-RPC --------------------------------------------------------------------------------------------------------


def call(number, method="orders.read", **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def result(number, **held):
    return {"jsonrpc": "2.0", "id": number, "result": held}


def rpc(desk, body):
    return asyncio.run(desk.ask("POST", "/rpc", body))


def test_calls_are_told_by_their_method_and_answered_by_their_id():
    answer = [result(2, customer="c2", email="bob@customer.org"), result(1, customer="c1", email="ann@customer.org")]
    desk = bench(Response(200, JSON, json.dumps(answer).encode()))
    desk.grant("c2", "contact")
    response = rpc(desk, [call(1), call(2)])
    assert json.loads(response.body) == [answer[0], result(1, customer="c1", email="************.org")]
    assert [entry.operation for entry in desk.entries[:3]] == ["erp.calls", "erp.rpc-read", "erp.rpc-read"]


def test_a_single_call_to_the_same_address_is_no_batch():
    desk = bench(Response(200, JSON, json.dumps(result(1, customer="c1", email="ann@customer.org")).encode()))
    assert b"ann@" not in rpc(desk, call(1)).body
    assert [entry.operation for entry in desk.entries] == ["erp.rpc-read"] * 2


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ([call(1), call(2, "orders.drop")], "not-allowed"),
        ([call(1), call(2, "orders.unknown")], "unknown-operation"),
        (call(1, "orders.unknown"), "body-malformed"),
        ([call(1), [call(2)]], "body-malformed"),
        ([call(1), {"method": "orders.drop", "params": {}}], "not-allowed"),
    ],
)
def test_no_call_hides_behind_another(body, name):
    desk = bench()
    assert (refusal(rpc(desk, body)), desk.asked) == (name, [])


# -- laws ------------------------------------------------------------------------------------------------------------


REQUESTS = st.sampled_from([
    ("GET", "Orders(7)", None),
    ("GET", "/odata/Orders", None),
    ("POST", "Orders", {"id": 1, "customer": "c1"}),
    ("PUT", "Orders(7)", {"id": 1, "email": "new@customer.org"}),
    ("PUT", "Orders(7)", {"email": "************.org"}),
    ("POST", "Orders", {"secret": 1}),
    ("POST", "Orders", None),
    ("DELETE", "Orders(7)", None),
    ("GET", "Nothing", None),
    ("GET", "./Orders", None),
    ("GET", "Orders(7)%00", None),
    ("GET", "Orders(7)?a=%", None),
    ("POST", "$batch", {}),
    ("GET", "Orders(7)/Sheet", None),
])  # fmt: skip


@settings(max_examples=60)
@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_what_would_be_refused_alone_is_never_forwarded_in_a_batch(requests):
    alone = []
    for method, address, body in requests:
        desk = fresh(Response(204))
        target = address if address.startswith("/") else f"/odata/{address}"
        asyncio.run(desk.ask(method, target, b"" if body is None else body))
        alone.append(bool(desk.asked) and address != "$batch")
    desk = fresh(replies(*[reply("204 x")] * len(requests)))
    ask(desk, *(line(f"{method} {address}", body) for method, address, body in requests))
    assert bool(desk.asked) is all(alone)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([ANN, BOB, {"x": 1}, {}]), st.sampled_from([200, 404, 204])), min_size=1))
def test_each_answer_is_treated_as_it_would_be_alone(answers):
    DESK.grant("c2", "contact")
    alone = []
    for body, status in answers:
        desk = fresh(Response(status, JSON, b"" if status == 204 else json.dumps(body, separators=(",", ":")).encode()))
        alone.append(asyncio.run(desk.ask("GET", "/odata/Orders(7)")).body)
    desk = fresh(replies(*(reply(f"{status} x", None if status == 204 else body) for body, status in answers)))
    parts = ask(desk, *[READ] * len(answers)).body.split(b"\r\n--r")[:-1]
    assert [one.split(b"\r\n\r\n", 2)[2] for one in parts] == alone


# -- on the workbench ------------------------------------------------------------------------------------------------


def tried(policies, body, answer):
    async def offload(function, *arguments):
        return function(*arguments)

    flow = Flow("1", 0, "erp", Request("POST", "/odata/$batch", multipart(), body), SALES)
    return asyncio.run(Workbench(policies, offload, known=CustomerFacts).put(flow, answer))


def test_a_trial_has_each_request_as_a_trial_by_itself():
    answer = replies(reply("200 OK", ANN), reply("200 OK", {"value": [BOB]}))
    trial = tried(POLICIES, mixed(READ, line("GET Orders")), answer)
    assert (trial.operation, trial.refusal, len(trial.entries)) == ("erp.batch", "", 2)
    assert [(one.operation, one.refusal, len(one.entries)) for one in trial.parts] == [
        ("erp.read", "", 2),
        ("erp.list", "", 2),
    ]
    first = trial.parts[0]
    assert first.sight(Leg.RESPONSE).customers == ["c1"]
    assert first.forwarded.target == "/odata/Orders(7)"
    assert json.loads(first.answer.body) == ANN
    assert b"ann@" not in first.released.body


def test_a_refused_batch_tells_of_every_request():
    trial = tried(POLICIES, mixed(READ, line("GET Nothing")), None)
    assert trial.refusal == "unknown-operation"
    assert [(one.operation, one.refusal) for one in trial.parts] == [
        ("erp.read", "batch-refused"),
        ("", "unknown-operation"),
    ]
    assert trial.parts[1].flow.request.target == "/odata/Nothing"


def test_a_dry_run_counts_each_request_under_its_own_operation():
    exchange = Exchange(
        1,
        ERP,
        Request("POST", "/odata/$batch", multipart(), mixed(READ, READ, line("GET Orders"))),
        replies(reply("200 OK", ANN), reply("404 x", {"message": "x"}), reply("200 OK", {"value": [ANN, BOB]})),
        NOW,
    )
    report, (taken,) = asyncio.run(judge([exchange], POLICIES, assumed=ASSUMED))
    assert (report.flows, report.refused) == (1, 0)
    rows = {row.operation: (row.flows, row.records, row.treated) for row in report.operations.rows}
    assert rows == {"erp.batch": (1, 0, 0), "erp.read": (2, 2, 3), "erp.list": (1, 2, 3)}
    assert [str(one.where) for one in taken.parts] == ["week.har#1.1", "week.har#1.2", "week.har#1.3"]
    assert [flow_line(one).get("part") for one in (taken, *taken.parts)] == [None, 1, 2, 3]


@pytest.mark.parametrize(
    "old", [POLICY.replace("[batch, ", "["), POLICY.replace("treatment: mask, keep_last: 4", "treatment: redact")]
)
def test_what_a_batch_newly_shows_is_told(old):
    bench_, old_bench = Workbench(POLICIES, inline), Workbench(policies(old), inline)
    against = Comparison()
    run = DryRun(bench_, ASSUMED, Tally(POLICIES), old=old_bench, comparison=against)
    request = Request("POST", "/odata/$batch", multipart(), mixed(READ))
    asyncio.run(run.take("week.har", Exchange(1, ERP, request, replies(reply("200 OK", ANN)), NOW)))
    assert against.changes().exposed


def test_the_log_shows_a_batch_with_its_requests():
    desk = bench(replies(reply("204 x"), reply("204 x")))
    ask(desk, READ, READ)
    payloads = [json.loads(encode(entry)) for entry in desk.entries]
    assert sum(fits(one, Filter(flow="f1")) for one in payloads) == 6
    assert sum(fits(one, Filter(flow="f1.2")) for one in payloads) == 2
    assert sum(fits(one, Filter(flow="f")) for one in payloads) == 0


def test_a_capture_knows_the_customers_of_a_batchs_requests():
    kept = []
    capturer = Capturer(kept.append, operations=frozenset({"erp.read"}))
    desk = bench(replies(reply("200 OK", ANN)))
    object.__setattr__(desk.gate, "watch", capturer.watch)
    flow = Flow("f1", NOW, "erp", Request("POST", "/odata/$batch", multipart(), mixed(READ)), SALES)
    asyncio.run(capturer.handle(desk.gate.handle, flow, desk._send))
    assert set(kept[0].said.customers) == {"c1"}


ERP_ROUTE = Route("erp", "http://erp.internal:8080/base", "/erp")


def test_a_path_becomes_the_one_that_the_system_itself_knows():
    desk = bench(replies(*[reply("204 x")] * 3))
    object.__setattr__(desk.gate.ports, "addresses", RouteAddresses((ERP_ROUTE,), Metrics("1")))
    body = mixed(
        line("GET /erp/odata/Orders(7)"), line("GET https://gate.example/erp/odata/Orders(7)"), line("GET Orders(7)")
    )
    request = Request("POST", "/odata/$batch", multipart(), body)
    flow = Flow("f1", NOW, "erp", request, SALES, root="https://gate.example/erp")
    asyncio.run(desk.gate.handle(flow, desk._send))
    asked = [row for row in desk.asked[0].body.split(b"\r\n") if row.startswith(b"GET")]
    assert asked == [b"GET /base/odata/Orders(7) HTTP/1.1"] * 2 + [b"GET Orders(7) HTTP/1.1"]
    assert [entry.operation for entry in desk.entries[1:4]] == ["erp.read"] * 3


def test_a_batch_that_wants_to_be_answered_later_is_refused_before_it_is_forwarded():
    desk = bench()
    assert refusal(ask(desk, READ, headers=(("Prefer", "odata.continue-on-error, Respond-Async"),))) == "batch-unsafe"
    assert desk.asked == []


def test_explain_tells_of_one_request_of_a_batch(tmp_path):
    items = Traffic().ask("/odata/$batch", replies(reply("200 OK", ANN)), "POST", mixed(READ)).items
    one = replace(items[0], request=replace(items[0].request, headers=multipart()))
    (tmp_path / "b.har").write_bytes(har([one]).replace(b'"application/json"', b'"multipart/mixed; boundary=b"', 1))
    (tmp_path / "p" / "catalog").mkdir(parents=True)
    for name, text in (("catalog/erp", CATALOGUE), ("catalog/crm", CRM), ("p", POLICY), ("consents", CONSENTS)):
        (tmp_path / "p" / f"{name}.yaml").write_text(text)
    known = ["--policies", str(tmp_path / "p"), "--system", f"erp={ERP}", "--from", "crm", "--flow", "1"]
    asked = CliRunner().invoke(command, [str(tmp_path / "b.har"), *known])
    assert "a batch of 1" in asked.output
    asked = CliRunner().invoke(command, [str(tmp_path / "b.har"), *known, "--part", "1"])
    assert "erp.read" in asked.output
    assert CliRunner().invoke(command, [str(tmp_path / "b.har"), *known, "--part", "2"]).exit_code == 2
