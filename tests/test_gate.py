"""The gate, from a request to an answer and its entries, over the policies that ship."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest
from gate_kit import NOW, SALES, UNREACHABLE, Bench, answering, shipped, written

from gateway.audit.entry import encode
from gateway.flow import Operator, Purpose, Request, Response, header
from gateway.formats.limits import BodyLimits

ORDER = {
    "id": "SO-1001",
    "customer": {
        "id": "C-017",
        "name": "Lin Wei",
        "email": "lin.wei@example.cn",
        "phone": "+86 139 1234 5678",
        "address": {"street": "Nanjing Rd 1", "postcode": "200001", "city": "Shanghai", "country": "CN"},
        "government_id": "310101198804121234",
    },
    "status": "confirmed",
    "ordered_at": "2026-10-03T08:15:00Z",
    "currency": "EUR",
    "lines": [{"sku": "A-1", "description": "Flange", "quantity": 3, "unit_price": 12.5, "drawing": "DRW-88"}],
    "total": 37.5,
    "internal_note": "pays late",
}


@pytest.fixture
def bench() -> Bench:
    return Bench(shipped(), answering(ORDER))


def read(answer: Response) -> object:
    return json.loads(answer.body)


async def test_sales_reads_an_order_with_contact_data_masked(bench: Bench) -> None:
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert answer.status == 200
    order = json.loads(answer.body)
    assert order["customer"]["phone"] == "*************5678"
    assert order["customer"]["email"] == "**************e.cn"
    assert "government_id" not in order["customer"]
    assert order["internal_note"] == "[redacted]"
    assert order["customer"]["name"] == "Lin Wei"
    assert order["lines"] == ORDER["lines"]


async def test_a_consent_changes_the_next_answer_and_a_revocation_the_one_after(bench: Bench) -> None:
    bench.grant("C-017", "contact")
    seen = json.loads((await bench.ask("GET", "/api/orders/SO-1001")).body)
    assert seen["customer"]["phone"] == "+86 139 1234 5678"
    bench.passports.revoke("C-017", "contact", at=NOW, by="test")
    hidden = json.loads((await bench.ask("GET", "/api/orders/SO-1001")).body)
    assert hidden["customer"]["phone"] == "*************5678"


async def test_each_record_of_a_list_is_decided_by_its_own_customer(bench: Bench) -> None:
    other = {**ORDER, "customer": {**ORDER["customer"], "id": "C-002"}}
    bench.answer = answering({"value": [ORDER, other], "count": 2})
    bench.grant("C-002", "contact")
    orders = json.loads((await bench.ask("GET", "/api/orders?limit=2")).body)
    assert [order["customer"]["phone"] for order in orders["value"]] == ["*************5678", "+86 139 1234 5678"]
    outcome = bench.entries[-1]
    assert sorted(len(decided.customers) for decided in outcome.decided) == [1, 1]


async def test_an_empty_list_passes(bench: Bench) -> None:
    bench.answer = answering({"value": [], "count": 0})
    answer = await bench.ask("GET", "/api/orders")
    assert (answer.status, read(answer)) == (200, {"value": [], "count": 0})


async def test_amounts_are_never_parsed_again(bench: Bench) -> None:
    bench.answer = answering(
        json.dumps(ORDER).replace("37.5", "12345678901234567.89").encode(),
        headers=(("Content-Type", "application/json"),),
    )
    assert b'"total":12345678901234567.89' in (await bench.ask("GET", "/api/orders/SO-1001")).body.replace(b" ", b"")


async def test_a_leg_with_nothing_to_treat_is_the_same_bytes() -> None:
    policies = written(
        catalog_crm="version: 1\ncatalog: crm\n",
        catalog_erp="version: 1\ncatalog: erp\noperations:\n  read: {request: GET /a, response: thing}\n"
        "messages:\n  thing: {format: json, unlisted: keep, fields: {$.id: business.order}}\n",
        open="version: 1\npolicy: open\nscope: {from: crm, to: erp}\nallow: true\n",
    )
    body = b'{ "id" : 1,  "x": [1.10, 2e5],\n "\\u0065": "\\u00e9" }'
    bench = Bench(policies, answering(body, headers=(("Content-Type", "application/json"), ("ETag", '"1"'))))
    answer = await bench.ask("GET", "/a")
    assert answer.body == body
    assert header(answer.headers, "etag") == '"1"'


@pytest.mark.parametrize(
    ("change", "refusal", "status"),
    [
        ({"method": "DELETE"}, "unknown-operation", 403),
        ({"target": "/api/secrets"}, "unknown-operation", 403),
        ({"target": "/api/orders/../orders/1"}, "ambiguous-path", 400),
        ({"target": "/api/orders/%2e%2e/x"}, "ambiguous-path", 400),
        ({"purpose": None}, "not-allowed", 403),
        ({"purpose": Purpose("marketing", "claim")}, "not-allowed", 403),
        ({"operator": Operator("mes")}, "not-allowed", 403),
        ({"to": "tms"}, "unknown-operation", 403),
        ({"body": b"{}"}, "body-unexpected", 415),
    ],
)
async def test_what_no_policy_covers_is_refused_and_never_forwarded(
    bench: Bench, change: dict, refusal: str, status: int
) -> None:
    answer = await bench.ask(**{"method": "GET", "target": "/api/orders/SO-1001", **change})
    assert answer.status == status
    assert json.loads(answer.body)["type"] == f"urn:sovgate:refusal:{refusal}"
    assert bench.asked == []
    assert [(entry.kind, entry.refusal) for entry in bench.entries] == [("refusal", refusal)]


async def test_a_masked_value_that_is_written_back_is_refused_and_never_stored(bench: Bench) -> None:
    order = json.loads((await bench.ask("GET", "/api/orders/SO-1001")).body)
    del order["internal_note"]
    bench.asked.clear()
    answer = await bench.ask("PUT", "/api/orders/SO-1001", order)
    assert answer.status == 422
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:masked-write-back"
    assert bench.asked == []


async def test_an_object_that_was_emptied_is_not_written_back(bench: Bench) -> None:
    policies = written(
        catalog_crm="version: 1\ncatalog: crm\n",
        catalog_erp="version: 1\ncatalog: erp\noperations:\n  read: {request: GET /a, response: thing}\n"
        "  write: {request: PUT /a, body: thing}\n"
        "messages:\n  thing: {format: json, fields: {$.id: business.order, $.secret: business.contract}}\n",
        open="version: 1\npolicy: open\nscope: {from: crm, to: erp}\nallow: true\n"
        "protect: [{classes: business.contract, leg: response, treatment: redact}]\n",
    )
    bench = Bench(policies, answering({"id": 1, "secret": {"a": [1, "x"]}}))
    seen = json.loads((await bench.ask("GET", "/a")).body)
    assert seen == {"id": 1, "secret": {}}
    refused = json.loads((await bench.ask("PUT", "/a", seen)).body)
    assert refused["type"] == "urn:sovgate:refusal:masked-write-back"


async def test_a_customer_named_by_the_path_has_their_values_pseudonymised() -> None:
    policies = written(
        catalog_crm="version: 1\ncatalog: crm\n",
        catalog_erp="version: 1\ncatalog: erp\noperations:\n  read: {request: 'GET /c/{who}', response: thing}\n"
        "messages:\n  thing: {format: json, customer: {path: who}, fields: {$.name: user.name}}\n",
        open="version: 1\npolicy: open\nscope: {from: crm, to: erp}\nallow: true\n"
        "protect: [{classes: user.name, leg: response, treatment: pseudonymise}]\n",
    )
    bench = Bench(policies, answering({"name": "Lin Wei"}))
    first, second = [json.loads((await bench.ask("GET", f"/c/{who}")).body)["name"] for who in ("a", "b")]
    assert first.startswith("pn_")
    assert first != second


async def test_a_true_value_is_written(bench: Bench) -> None:
    order = {key: value for key, value in ORDER.items() if key != "internal_note"}
    answer = await bench.ask("PUT", "/api/orders/SO-1001", order)
    assert answer.status == 200
    assert json.loads(bench.asked[0].body) == order


async def test_an_unlisted_field_in_a_request_is_refused(bench: Bench) -> None:
    answer = await bench.ask("PATCH", "/api/orders/SO-1001", {"surprise": 1})
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:unlisted-field"


BROKEN = [
    (b"{", "body-not-json"),
    (b'{"id":1}garbage', "body-not-json"),
    (b'{"id":1,"id":2}', "body-duplicate-key"),
    (b'{"status":"\xff"}', "body-encoding"),
    (b'{"id":' + b"[" * 5000 + b"]" * 5000 + b"}", "body-too-deep"),
    (b"<html>secret</html>", "body-not-json"),
]


@pytest.mark.parametrize(("body", "refusal"), BROKEN)
async def test_an_answer_that_cannot_be_read_is_refused(bench: Bench, body: bytes, refusal: str) -> None:
    bench.answer = answering(body, headers=(("Content-Type", "application/json"),))
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert answer.status == 502
    assert json.loads(answer.body)["type"] == f"urn:sovgate:refusal:{refusal}"
    assert [(entry.kind, entry.verdict) for entry in bench.entries] == [("intent", "allow"), ("outcome", "refuse")]


@pytest.mark.parametrize(("body", "refusal"), BROKEN)
async def test_a_request_that_cannot_be_read_is_refused(bench: Bench, body: bytes, refusal: str) -> None:
    answer = await bench.ask("POST", "/api/orders", body, (("Content-Type", "application/json"),))
    assert json.loads(answer.body)["type"] == f"urn:sovgate:refusal:{refusal}"
    assert bench.asked == []


async def test_a_page_in_place_of_json_is_refused(bench: Bench) -> None:
    bench.answer = answering(b'{"id":"x"}', headers=(("Content-Type", "text/html"),))
    assert (await bench.ask("GET", "/api/orders/SO-1001")).status == 502


async def test_compressed_answers_are_treated_and_stay_compressed(bench: Bench) -> None:
    body = gzip.compress(json.dumps(ORDER).encode())
    bench.answer = answering(body, headers=(("Content-Type", "application/json"), ("Content-Encoding", "gzip")))
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert header(answer.headers, "content-encoding") == "gzip"
    assert json.loads(gzip.decompress(answer.body))["customer"]["phone"] == "*************5678"


async def test_a_bomb_is_refused() -> None:
    bench = Bench(shipped(), limits=BodyLimits(size=1 << 20))
    bench.answer = answering(
        gzip.compress(b" " * (1 << 24)), headers=(("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    )
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert json.loads(answer.body)["type"] == "urn:sovgate:refusal:body-expands-too-much"


async def test_validators_do_not_survive_a_treatment(bench: Bench) -> None:
    bench.answer = answering(ORDER, headers=(("ETag", '"1"'), ("Digest", "x"), ("Cache-Control", "public, max-age=60")))
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert header(answer.headers, "etag") is None
    assert header(answer.headers, "digest") is None
    assert header(answer.headers, "cache-control") == "private, no-store"


async def test_an_untouched_answer_about_a_customer_is_not_to_be_stored(bench: Bench) -> None:
    body = {"id": "SO-1001", "customer": {"id": "C-017", "name": "Lin Wei"}}
    bench.answer = answering(body, headers=(("Cache-Control", "public, max-age=60"), ("ETag", '"1"')))
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert json.loads(answer.body) == body
    assert header(answer.headers, "cache-control") == "private, no-store"
    assert header(answer.headers, "etag") == '"1"'


async def test_the_body_of_an_error_page_is_withheld(bench: Bench) -> None:
    bench.answer = answering({"error": "no order for lin.wei@example.cn"}, status=404)
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert (answer.status, answer.body) == (404, b"")


async def test_head_gives_no_length_of_the_untreated_body(bench: Bench) -> None:
    bench.answer = Response(200, (("Content-Type", "application/json"), ("Content-Length", "512"), ("ETag", '"1"')))
    answer = await bench.ask("HEAD", "/api/orders/SO-1001")
    assert answer.status == 200
    assert header(answer.headers, "content-length") is None
    assert header(answer.headers, "etag") is None


async def test_nothing_is_forwarded_while_the_log_cannot_write(bench: Bench) -> None:
    bench.log.failing = "disk full"
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert answer.status == 503
    assert bench.asked == []


async def test_nothing_is_released_when_the_log_fails_between_the_legs(bench: Bench) -> None:
    def fail(_: Request) -> Response:
        bench.log.failing = "disk full"
        return answering(ORDER)

    bench.answer = fail
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert (answer.status, b"Lin" in answer.body) == (503, False)


async def test_an_unreachable_system_is_a_recorded_refusal(bench: Bench) -> None:
    bench.answer = UNREACHABLE
    assert (await bench.ask("GET", "/api/orders/SO-1001")).status == 502
    assert [(entry.kind, entry.refusal) for entry in bench.entries] == [
        ("intent", ""),
        ("outcome", "upstream-unreachable"),
    ]


async def test_an_unforeseen_error_refuses_and_shows_nothing(bench: Bench) -> None:
    bench.answer = RuntimeError("lin.wei@example.cn")
    answer = await bench.ask("GET", "/api/orders/SO-1001")
    assert (answer.status, b"lin.wei" in answer.body) == (500, False)
    assert bench.entries[-1].refusal == "internal"
    assert [type(alarm) for alarm in bench.alarms] == [RuntimeError]


async def test_entries_hold_no_value(bench: Bench) -> None:
    await bench.ask("GET", "/api/orders/SO-1001")
    await bench.ask("PUT", "/api/orders/SO-1001", ORDER)
    recorded = b"".join(encode(entry) for entry in bench.entries)
    for value in ("Lin Wei", "lin.wei", "5678", "C-017", "SO-1001", "pays late", "Nanjing", "ann@crm", "internal_note"):
        assert value.encode() not in recorded, value


async def test_an_entry_says_what_was_done_where_and_by_which_rule(bench: Bench) -> None:
    await bench.ask("GET", "/api/orders/SO-1001")
    intent, outcome = bench.entries
    assert (intent.kind, intent.operation, intent.from_, intent.to) == ("intent", "erp.read-order", "crm", "erp")
    (decided,) = outcome.decided
    done = {field.pointer: (field.treatment, field.rules) for field in decided.fields}
    assert done["/customer/phone"] == ("mask", ("sales-reads-orders/protect[0]",))
    assert done["/customer/government_id"] == ("remove", ("sales-reads-orders/protect[1]",))
    assert done["/?"] == ("redact", ("catalogue/unlisted",))
    assert outcome.intent == intent.counter
    assert outcome.body is not None
    assert outcome.body.before != outcome.body.after


async def test_a_policy_in_observe_mode_is_recorded_and_changes_nothing(bench: Bench) -> None:
    customer = {"id": "C-017", "name": "Lin Wei", "credit_limit": 25123}
    bench.answer = answering(customer)
    assert json.loads((await bench.ask("GET", "/api/customers/C-017")).body)["credit_limit"] == 25123
    assert [(one.rule, one.effect) for one in bench.entries[-1].observed] == [
        ("credit-limits-trial/protect[0]", "generalise")
    ]


async def test_a_stranger_cannot_be_pseudonymised(bench: Bench) -> None:
    bench.answer = answering({**ORDER, "customer": {"name": "Nobody"}})
    shipping = replace(SALES, system="tms")
    answer = await bench.ask("GET", "/api/orders/SO-1001", operator=shipping, purpose=Purpose("shipping", "claim"))
    assert b"Nobody" not in answer.body
