"""Batches in JSON: OData's, JSON-RPC's, Salesforce's. Exact places in and out, and nothing that can be doubted."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from batch_kit import JSON, answered, refusal, rewritten, taken, told, unanswered, untouched
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.flow import Response
from gateway.formats import json_spans
from gateway.formats.limits import BodyLimits


def text(value):
    return json.dumps(value).encode()


def odata(*requests):
    return text({"requests": requests})


def asks(id="1", method="GET", url="Orders(7)", **more):  # noqa: A002 - the standard's own word
    return {"id": id, "method": method, "url": url, **more}


# -- OData -----------------------------------------------------------------------------------------------------------


def test_the_standards_own_example():
    body = odata(
        asks("0", "get", "/service/Customers('ALFKI')"),
        asks(
            "1", "patch", "/service/Customers('ALFKI')", atomicityGroup="group1", dependsOn=["0"],
            headers={"Prefer": "return=minimal"}, body={"name": "x"},
        ),
        asks("2", "post", "/service/Customers", atomicityGroup="group1", body={"id": 7}),
        asks("3", "get", "$2/Orders", dependsOn=["group1", "2"]),
    )  # fmt: skip
    asked = taken("odata", body, target="/service/$batch")
    assert [(call.method, call.target, call.body, call.headers) for call in asked.calls] == [
        ("GET", "/service/Customers('ALFKI')", b"", ()),
        ("PATCH", "/service/Customers('ALFKI')", b'{"name": "x"}', (("Prefer", "return=minimal"),)),
        ("POST", "/service/Customers", b'{"id": 7}', ()),
        ("GET", "/service/Customers('$2')/Orders", b"", ()),
    ]
    assert asked.written(untouched(asked)) is body


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("Orders?$filter=total gt 10&$top=2", "/odata/Orders?$filter=total%20gt%2010&$top=2"),
        ("Orders?$filter=name eq '林'", "/odata/Orders?$filter=name%20eq%20'%E6%9E%97'"),
        ("Orders?$filter=a%20eq%201", "/odata/Orders?$filter=a%20eq%201"),
        ("Orders?$filter=a+eq+1", "/odata/Orders?$filter=a+eq+1"),
    ],
)
def test_what_clients_leave_unescaped_in_a_query_goes_on_escaped(url, target):
    asked = taken("odata", odata(asks(url=url)))
    assert asked.calls[0].target == target
    sent = json.loads(asked.written(untouched(asked)))["requests"][0]["url"]
    assert sent == target.removeprefix("/odata/")


def test_half_a_character_in_an_address_is_refused():
    assert refusal("odata", b'{"requests":[{"id":"1","method":"GET","url":"Orders?$filter=\\ud800"}]}') in {
        "body-encoding", "body-not-json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "value", "body"),
    [
        ("application/json", {"a": 1.50}, b'{"a": 1.5}'),
        ("application/json;odata.metadata=full", "text", b'"text"'),
        ("text/plain", "a\nb", b"a\nb"),
        ("application/pdf", "JVBERg==", b"%PDF"),
        ("application/pdf", "JVBERg", b"%PDF"),
    ],
)
def test_json_holds_a_body_as_its_type_says(content_type, value, body):
    asked = taken("odata", odata(asks(method="POST", headers={"Content-Type": content_type}, body=value)))
    assert [call.body for call in asked.calls] == [body]
    again = json.loads(rewritten(asked, 0, body=body + b" "))["requests"][0]["body"]
    expected = {"text/plain": "a\nb ", "application/pdf": "JVBERiA=" if value != "JVBERg" else "JVBERiA"}
    assert again == expected.get(content_type, value)


BAD = [
    (b"[]", "body-malformed"),
    (b"{}", "body-malformed"),
    (odata(), "body-malformed"),
    (b'{"requests": 1}', "body-malformed"),
    (text({"requests": [asks()], "more": 1}), "unlisted-field"),
    (odata(asks(), asks()), "body-ambiguous"),
    (odata(asks("1"), asks("2", atomicityGroup="1")), "body-ambiguous"),
    (odata(asks(1), asks("1")), "body-ambiguous"),
    (odata(asks("metadata")), "body-ambiguous"),
    (odata(asks(None)), "body-malformed"),
    (odata(asks("")), "body-malformed"),
    (odata(asks("a b")), "body-malformed"),
    (odata(asks(1.5)), "body-malformed"),
    (odata({"id": "1", "method": "GET"}), "body-malformed"),
    (odata(asks(method="GET /x")), "body-malformed"),
    (odata(asks(method=7)), "body-malformed"),
    (odata(asks(url=7)), "body-malformed"),
    (odata(asks(url="https://evil.example/odata/Orders")), "batch-unsafe"),
    (odata(asks(url="")), "batch-unsafe"),
    (odata(asks(secret="x")), "unlisted-field"),
    (odata(asks(**{"if": "$1/email eq 'x'"})), "batch-unsafe"),
    (odata(asks(dependsOn=["2"])), "body-malformed"),
    (odata(asks(dependsOn="1")), "body-malformed"),
    (odata(asks(headers={"Authorization": "x"})), "batch-unsafe"),
    (odata(asks(headers={"X-HTTP-Method": "x"})), "batch-unsafe"),
    (odata(asks(headers={"X": "a\r\nY: b"})), "body-malformed"),
    (odata(asks(headers={"a b": "x"})), "body-malformed"),
    (odata(asks(headers={"X": 1})), "body-malformed"),
    (odata(asks(headers=["X"])), "body-malformed"),
    (odata(asks(headers={"Content-Type": "a/b", "content-type": "c/d"})), "ambiguous-request"),
    (odata(asks(headers={"Content-Type": "application/json; charset=utf-16"}, body={})), "body-ambiguous"),
    (odata(asks(headers={"Content-Type": "text/plain"}, body={})), "body-malformed"),
    (odata(asks(headers={"Content-Type": "image/png"}, body="#")), "body-coding"),
    (b'{"requests": [{"id": "1", "method": "GET", "url": "a", "url": "b"}]}', "body-duplicate-key"),
    (odata(asks()) + b"{}", "body-not-json"),
]


@pytest.mark.parametrize(("body", "name"), BAD)
def test_what_could_be_read_in_two_ways_is_refused(body, name):
    assert refusal("odata", body) == name


def test_as_many_requests_as_the_limit_and_no_more():
    body = odata(*(asks(str(number)) for number in range(3)))
    assert refusal("odata", body, limits=BodyLimits(calls=3)) == ""
    assert refusal("odata", body, limits=BodyLimits(calls=2)) == "body-too-large"


def answers(*responses):
    return text({"responses": responses})


FOUR = odata(asks("0"), asks("1", atomicityGroup="g"), asks("2", atomicityGroup="g"), asks("3"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            answers(*({"id": name, "status": 200, "body": {"n": name}} for name in "3120")),
            [((int(name),), 200, b'{"n": "%s"}' % name.encode()) for name in "3120"],
        ),
        (
            answers({"id": "0", "status": 204}, {"id": "g", "status": 409}, {"id": 3, "status": 200}),
            [((0,), 204, b""), ((1, 2), 409, b""), ((3,), 200, b"")],
        ),
        (answers({"id": "0", "status": 500, "body": None}), [((0,), 500, b"")]),
    ],
)
def test_answers_are_matched_by_id_in_any_order(body, expected):
    found = answered(taken("odata", FOUR), body)
    assert told(found) == expected
    assert found.written([one.response for one in found.replies]) is body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        answers(),
        answers({"id": "0", "status": 200}),
        answers(*({"id": name, "status": 200} for name in "01234")),
        answers(*({"id": name, "status": 200} for name in "0012")),
        answers(*({"id": name, "status": 200} for name in "01g3")),
        answers({"id": "1", "status": 409}, {"id": "g", "status": 409}, {"id": "g", "status": 409}),
        answers({"id": "0", "status": "200"}),
        answers({"id": "0", "status": 100}),
        answers({"id": "0", "status": 500, "reason": "ann@customer.org"}),
        answers({"id": "0", "status": 500, "atomicityGroup": "g"}),
        text({"responses": [{"id": "0", "status": 500}], "@nextLink": "http://x"}),
        answers({"id": "0", "status": 500, "headers": {"Transfer-Encoding": "chunked"}}),
    ],
)
def test_other_answers_than_those_to_the_requests_are_refused(body):
    assert unanswered(taken("odata", FOUR), body)


def test_a_withheld_body_is_null():
    found = answered(taken("odata", odata(asks())), answers({"id": "1", "status": 500, "body": {"secret": 1}}))
    assert json.loads(found.written([Response(500)])) == {"responses": [{"id": "1", "status": 500, "body": None}]}


# -- JSON-RPC --------------------------------------------------------------------------------------------------------


def call(id=1, method="orders.read", **more):  # noqa: A002 - the standard's own word
    return {"jsonrpc": "2.0", "method": method, "params": {}, "id": id, **more}


NOTE = {"jsonrpc": "2.0", "method": "orders.touch"}


def test_each_call_is_a_request_to_the_batchs_own_address():
    body = text([call(1), NOTE, call("a")])
    asked = taken("json-rpc", body, (*JSON, ("X-Customer", "c1")), "/rpc?db=x")
    assert [(one.method, one.target, one.silent, json.loads(one.body)) for one in asked.calls] == [
        ("POST", "/rpc?db=x", False, call(1)),
        ("POST", "/rpc?db=x", True, NOTE),
        ("POST", "/rpc?db=x", False, call("a")),
    ]
    assert asked.calls[0].request.headers == (("X-Customer", "c1"), *JSON)
    assert asked.written(untouched(asked)) is body


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (text(call()), "body-malformed"),
        (b"[]", "body-malformed"),
        (text([1]), "body-malformed"),
        (text([[call()]]), "body-malformed"),
        (text([{"id": 1}]), "body-malformed"),
        (text([call(None)]), "body-malformed"),
        (text([call(1.5)]), "body-malformed"),
        (text([call({})]), "body-malformed"),
        (text([call("")]), "body-malformed"),
        (text([call(1), call(1)]), "body-ambiguous"),
        (text([call(1), call("1")]), "body-ambiguous"),
        (b'[{"method": "a", "method": "b"}]', "body-duplicate-key"),
        (b'[{"method": "a", "\\u006dethod": "b"}]', "body-duplicate-key"),
        (text([call()])[:-1], "body-not-json"),
    ],
)
def test_calls_that_could_be_read_in_two_ways_are_refused(body, name):
    assert refusal("json-rpc", body) == name


@pytest.mark.parametrize(
    ("body", "order"),
    [
        (text([{"id": 1, "result": 1}, {"id": "a", "error": {"code": 1}}]), [0, 2]),
        (text([{"id": "a", "result": 1}, {"id": 1, "result": {}}]), [2, 0]),
    ],
)
def test_calls_are_answered_by_id(body, order):
    found = answered(taken("json-rpc", text([call(1), NOTE, call("a")])), body)
    assert [calls for calls, _, _ in told(found)] == [(at,) for at in order]
    assert found.written([one.response for one in found.replies]) is body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        text({"id": None, "error": {}}),
        text([{"id": 1}]),
        text([{"id": 1}, {"id": "a"}, {"id": None}]),
        text([{"id": 1}, {"id": 1}]),
        text([{"id": 1}, {"result": 1}]),
        text([{"id": 1}, {"id": "a"}, {"id": 7}]),
        text([1, 2]),
    ],
)
def test_calls_are_answered_once_each_and_nothing_else_is(body):
    assert unanswered(taken("json-rpc", text([call(1), NOTE, call("a")])), body)


def test_notifications_alone_are_answered_by_nothing():
    asked = taken("json-rpc", text([NOTE, NOTE]))
    assert answered(asked, b"", (), 204).replies == ()
    assert unanswered(asked, text([{"id": 1}])) == "body-malformed"


def test_the_id_of_a_call_stays():
    asked = taken("json-rpc", text([call(1), call(2)]))
    assert json.loads(rewritten(asked, 1, body=text(call(2, params=7)))) == [call(1), call(2, params=7)]
    with pytest.raises(Unreadable):
        rewritten(asked, 1, body=text(call(1)))
    with pytest.raises(Unreadable):
        rewritten(asked, 1, target="/elsewhere")


# -- Salesforce ------------------------------------------------------------------------------------------------------


ROOT = "/services/data/v60.0"


def composite(*requests, **more):
    return text({"compositeRequest": requests, **more})


def one(name="r1", method="GET", url=f"{ROOT}/sobjects/Account/001", **more):
    return {"method": method, "url": url, "referenceId": name, **more}


def test_a_composite_request():
    body = composite(
        one("a", "POST", f"{ROOT}/sobjects/Account", body={"Name": "x"}),
        one("b", "POST", f"{ROOT}/sobjects/Contact", body={"AccountId": "@{a.id}"}, httpHeaders={"If-Match": "1"}),
        allOrNone=True,
    )
    asked = taken("composite", body, target=f"{ROOT}/composite")
    assert [(call.method, call.target) for call in asked.calls] == [
        ("POST", f"{ROOT}/sobjects/Account"),
        ("POST", f"{ROOT}/sobjects/Contact"),
    ]
    assert asked.calls[1].headers == (("If-Match", "1"),)
    assert asked.written(untouched(asked)) is body
    answer = text({
        "compositeResponse": [
            {"body": {"id": "001"}, "httpHeaders": {"Location": "/x"}, "httpStatusCode": 201, "referenceId": "a"},
            {"body": None, "httpHeaders": {}, "httpStatusCode": 204, "referenceId": "b"},
        ]
    })  # fmt: skip
    assert told(answered(asked, answer)) == [((0,), 201, b'{"id": "001"}'), ((1,), 204, b"")]
    assert unanswered(asked, answer.replace(b'"b"', b'"a"')) == "body-malformed"


def test_a_batch_of_requests():
    batch = {
        "batchRequests": [
            {"method": "GET", "url": "v60.0/sobjects/Account/001"},
            {"method": "PATCH", "url": f"{ROOT}/sobjects/Account/001", "richInput": {"Name": "x"}},
        ],
        "haltOnError": False,
    }
    asked = taken("composite", text(batch), target=f"{ROOT}/composite/batch")
    assert [(call.method, call.target, call.body) for call in asked.calls] == [
        ("GET", f"{ROOT}/sobjects/Account/001", b""),
        ("PATCH", f"{ROOT}/sobjects/Account/001", b'{"Name": "x"}'),
    ]
    assert b'"url": "v60.0/sobjects/Account/002"' in rewritten(asked, 0, target=f"{ROOT}/sobjects/Account/002")
    results = [{"statusCode": 200, "result": {"Name": "x"}}, {"statusCode": 204, "result": None}]
    answer = {"hasErrors": False, "results": results}
    assert told(answered(asked, text(answer))) == [((0,), 200, b'{"Name": "x"}'), ((1,), 204, b"")]
    assert unanswered(asked, text({**answer, "results": results[:1]})) == "body-malformed"
    assert unanswered(asked, text({**answer, "hasErrors": "ann@customer.org"})) == "body-malformed"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"{}", "body-malformed"),
        (composite(), "body-malformed"),
        (composite(one(), allOrNone="x"), "body-malformed"),
        (composite(one(), haltOnError=True), "body-malformed"),
        (composite(one(), batchRequests=[]), "body-malformed"),
        (composite(one(), secret="x"), "unlisted-field"),
        (composite(one(), one()), "body-ambiguous"),
        (composite(one(binaryPartName="x")), "unlisted-field"),
        (composite(one(url=f"{ROOT}/sobjects/@{{a.Name}}")), "batch-unsafe"),
        (composite(one(url=f"{ROOT}/query?q=@{{a.id}}")), "batch-unsafe"),
        (composite(one(url="https://evil.example/services")), "batch-unsafe"),
        (composite(one(body={"Description": "@{a.Email}"})), "batch-unsafe"),
        (composite(one(body={"x": ["see @{a.id} and @{a.records[0].Email}"]})), "batch-unsafe"),
        (composite(one(body={"@{a.Email}": 1})), "batch-unsafe"),
        (composite(one(body={"x": "@{a.Email}"})).replace(b"@", b"\\u0040"), "batch-unsafe"),
    ],
)
def test_composite_requests_that_would_carry_values_past_the_gateway_are_refused(body, name):
    assert refusal("composite", body, target=f"{ROOT}/composite") == name


# -- laws ------------------------------------------------------------------------------------------------------------


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)
SPACE = st.text(" \n\t", max_size=2)


@given(st.lists(st.one_of(st.none(), VALUES), min_size=1, max_size=4), SPACE, SPACE, st.data())
def test_an_untouched_batch_is_the_very_same_and_a_changed_request_changes_no_other(bodies, colon, comma, data):
    requests = [asks(str(at), "POST", body=body) for at, body in enumerate(bodies)]
    separators = ("," + comma, ":" + colon)
    ascii_only = data.draw(st.booleans())
    body = json.dumps({"requests": requests}, separators=separators, ensure_ascii=ascii_only).encode()
    asked = taken("odata", body)
    assert [json.loads(call.body or b"null") for call in asked.calls] == bodies
    assert asked.written(untouched(asked)) is body
    at = data.draw(st.integers(0, len(bodies) - 1))
    again = taken("odata", rewritten(asked, at, body=b'{"other":1}'))
    wanted = untouched(asked)
    wanted[at] = replace(wanted[at], body=b'{"other":1}')
    assert untouched(again) == wanted


@given(VALUES, st.sampled_from([None, 1]), SPACE)
def test_every_value_stands_where_it_is_said_to(value, indent, before):
    body = (before + json.dumps(value, indent=indent)).encode()
    whole = json_spans.whole(body)
    assert json.loads(body[whole.start : whole.end]) == value
    if isinstance(value, dict):
        found = json_spans.members(body, whole)
        assert {name: json.loads(body[at.start : at.end]) for name, at in found.items()} == value
    if isinstance(value, list):
        assert [json.loads(body[at.start : at.end]) for at in json_spans.items(body, whole)] == value


@pytest.mark.parametrize("kind", ["odata", "json-rpc", "composite"])
@pytest.mark.parametrize("seed", [FOUR, text([call(1), NOTE]), composite(one())])
@settings(max_examples=30)
@given(data=st.data())
def test_whatever_the_bytes_there_is_one_error(kind, seed, data):
    at, gone = data.draw(st.integers(0, len(seed))), data.draw(st.integers(0, 20))
    body = seed[:at] + data.draw(st.binary(max_size=10)) + seed[at + gone :]
    try:
        asked = taken(kind, body)
        assert asked.written(untouched(asked)) is body
    except Unreadable:
        pass
    with suppress(Unreadable):
        answered(taken("odata", FOUR), body)
