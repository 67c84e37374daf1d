"""OData batches in multipart: taken apart in the one way that all readers agree on, and put together byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from batch_kit import (
    LIMITS,
    SAMPLES,
    answered,
    changeset,
    http,
    mixed,
    multipart,
    part,
    refusal,
    rewritten,
    taken,
    told,
    unanswered,
    untouched,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.flow import Flow, Operator, Request, Response
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES
from gateway.formats.limits import BodyLimits

GET = part(http("GET Orders(7) HTTP/1.1", "Accept: application/json"))
POST = part(http("POST Orders HTTP/1.1", "Content-Type: application/json", b'{"id":7}'), "Content-ID: 1")
SET = changeset(POST, part(http("PUT $1 HTTP/1.1", "Content-Type: application/json", b"{}"), "Content-ID: 2"))


def take(*parts, **more):
    return taken("odata", mixed(*parts), multipart(), **more)


def refused(*parts, **more):
    return refusal("odata", mixed(*parts), multipart(), **more)


def line(start, headers="", body=b""):
    return part(http(start, headers, body))


# -- requests ------------------------------------------------------------------------------------------------------


def test_each_part_and_each_part_of_a_changeset_is_a_request():
    asked = take(GET, SET, GET)
    assert [(call.method, call.target, call.body) for call in asked.calls] == [
        ("GET", "/odata/Orders(7)", b""),
        ("POST", "/odata/Orders", b'{"id":7}'),
        ("PUT", "/odata/Orders('$1')", b"{}"),
        ("GET", "/odata/Orders(7)", b""),
    ]


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("Orders(7)?$select=id", "/odata/Orders(7)?$select=id"),
        ("/odata/Orders(7)", "/odata/Orders(7)"),
        ("/other/Orders(7)", "/other/Orders(7)"),
        ("../Orders(7)", "/odata/../Orders(7)"),
        ("$metadata", "/odata/$metadata"),
    ],
)
def test_addresses_are_resolved_against_the_batchs_own(address, target):
    assert [call.target for call in take(line(f"GET {address} HTTP/1.1")).calls] == [target]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("https://gate.example/erp/odata/Orders(7)", b"GET /odata/Orders(7) HTTP/1.1"),
        ("HTTPS://GATE.example:443/erp/odata/Orders(7)", b"GET /odata/Orders(7) HTTP/1.1"),
        ("/erp/odata/Orders(7)", b"GET /odata/Orders(7) HTTP/1.1"),
        ("Orders(7)", b"GET Orders(7) HTTP/1.1"),
    ],
)
def test_an_address_of_the_gateways_own_becomes_the_systems(address, written):
    asked = take(line(f"GET {address} HTTP/1.1"), root="https://gate.example/erp")
    assert [call.target for call in asked.calls] == ["/odata/Orders(7)"]
    assert written in asked.written(untouched(asked))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/erp/odata/Orders(7)",
        "https://gate.example:8443/erp/odata/Orders(7)",
        "https://gate.example/crm/Contacts",
        "https://user@gate.example/erp/odata/Orders(7)",
        "//evil.example/odata/Orders(7)",
        "/crm/Contacts",
        "/erpx/odata/Orders",
        "\\\\evil\\Orders",
        "ftp://gate.example/erp/odata/Orders",
        "urn:x",
        "?x=1",
        "#x",
    ],
)
def test_no_request_leaves_its_system(address):
    assert refused(line(f"GET {address} HTTP/1.1"), root="https://gate.example/erp") == "batch-unsafe"


def test_where_nobody_knows_the_gateways_name_no_address_may_name_a_host():
    assert refused(line("GET https://gate.example/odata/Orders HTTP/1.1")) == "batch-unsafe"


def test_a_host_beside_a_path_is_the_batchs_own_and_is_not_passed_on():
    asked = take(line("GET /erp/odata/Orders HTTP/1.1", "Host: gate.example"), root="https://gate.example/erp")
    assert b"Host" not in asked.written(untouched(asked))
    assert refused(line("GET /o HTTP/1.1", "Host: evil.example"), root="https://gate.example") == "batch-unsafe"


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer x",
        "Cookie: a=b",
        "X-HTTP-Method-Override: DELETE",
        "X_HTTP_Method: MERGE",
        "X-Original-URL: /admin",
        "X-Forwarded-Host: evil",
        "Transfer-Encoding: chunked",
        "Connection: X-Customer",
        "Upgrade: websocket",
        "Range: bytes=0-1",
        "Content-Encoding: gzip",
        "Prefer: return=minimal, respond-async",
    ],
)
def test_headers_that_only_the_batch_may_have_are_refused_in_it(header):
    assert refused(line("POST Orders HTTP/1.1", header, b"{}")) == "batch-unsafe"


@pytest.mark.parametrize(("said", "taken_"), [("Bearer me", True), ("Bearer other", False), ("bearer me", False)])
def test_a_request_may_repeat_who_calls_and_it_goes_no_further(said, taken_):
    body = mixed(line("GET Orders(7) HTTP/1.1", f"Accept: a/b|authorization: {said}"))
    headers = (*multipart(), ("Authorization", "Bearer me"))
    if not taken_:
        assert refusal("odata", body, headers) == "batch-unsafe"
        return
    asked = taken("odata", body, headers)
    assert asked.calls[0].headers == (("Accept", "a/b"),)
    assert asked.calls[0].request.headers == (("Accept", "a/b"),)
    assert b"authorization" not in asked.written(untouched(asked))


def test_a_proof_that_went_no_further_is_known_again_by_its_flow():
    body = mixed(line("GET Orders(7) HTTP/1.1", "X_Token: t1|Accept: a/b"))
    request = Request("POST", "/odata/$batch", multipart(), body)
    flow = Flow("f", 0, "erp", request, Operator("crm"), repeats=lambda name, value: (name, value) == ("X_Token", "t1"))
    asked = BATCHES["odata"].asked(request, Base.of(flow), LIMITS)
    assert asked.calls[0].headers == (("Accept", "a/b"),)


def test_conditions_and_all_other_headers_are_its_own():
    call = take(line("PUT Orders(7) HTTP/1.1", 'If-Match: "7"|X-Customer: c1', b"{}")).calls[0]
    assert call.headers == (("If-Match", '"7"'), ("X-Customer", "c1"))


def test_headers_of_the_batch_hold_for_its_requests_unless_these_say_otherwise():
    headers = (*multipart(), ("X-Customer", "c1"), ("X-Tenant", "t1"), ("Content-Length", "9"), ("If-Match", "*"))
    call = taken("odata", mixed(line("GET Orders HTTP/1.1", "x-customer: c2")), headers).calls[0]
    assert call.request.headers == (("x-customer", "c2"), ("X-Tenant", "t1"))


# -- references ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "target", "refers"),
    [
        ("POST Orders", "PUT $1", "/odata/Orders('$1')", ("$1",)),
        ("POST Orders", "POST $1/Lines", "/odata/Orders('$1')/Lines", ("$1",)),
        ("PUT Orders(7)", "POST $1/Lines", "/odata/Orders(7)/Lines", ()),
        ("GET Orders(7)?$select=id", "GET $1?$expand=Lines", "/odata/Orders(7)?$expand=Lines", ()),
        ("POST Orders", "PUT $9", "/odata/$9", ()),
        ("POST Orders", "PUT /odata/$1", "/odata/$1", ()),
    ],
)
def test_a_reference_stands_for_what_an_earlier_request_makes(first, second, target, refers):
    asked = take(changeset(part(http(f"{first} HTTP/1.1"), "Content-ID: 1"), line(f"{second} HTTP/1.1")))
    call = asked.calls[1]
    assert (call.target, call.refers) == (target, refers)
    body = asked.written(untouched(asked))
    assert f"{second} HTTP/1.1".encode() in body


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((changeset(POST, POST),), "body-ambiguous"),
        ((changeset(POST), changeset(POST, boundary="d"), line("PUT $1 HTTP/1.1")), "body-ambiguous"),
        ((changeset(POST, line("GET $1x HTTP/1.1")),), ""),
        ((changeset(POST, line("GET $1(2) HTTP/1.1")),), "body-ambiguous"),
        ((part(http("GET Orders HTTP/1.1"), "Content-ID: metadata"),), "body-ambiguous"),
        ((part(http("GET Orders HTTP/1.1", "Content-ID: 2"), "Content-ID: 1"),), "body-ambiguous"),
        ((part(http("GET Orders HTTP/1.1"), "Content-ID: a b"),), "body-malformed"),
    ],
)
def test_a_reference_to_one_of_two_is_refused(parts, name):
    assert refused(*parts) == name


# -- what two readers would take apart in two ways -------------------------------------------------------------------


GOOD = mixed(GET, POST)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "body-malformed"),
        (b"--b--\r\n", "body-malformed"),
        (b"preamble\r\n" + GOOD, "body-malformed"),
        (GOOD + b"epilogue", "body-malformed"),
        (GOOD + GOOD, "body-malformed"),
        (GOOD.replace(b"--b--", b"--b"), "body-incomplete"),
        (GOOD.replace(b"--b--\r\n", b"--b\r\n"), "body-incomplete"),
        (GOOD.replace(b"--b\r\n", b"--b \r\n"), "body-ambiguous"),
        (GOOD.replace(b"--b\r\n", b"--bb\r\n", 1), "body-ambiguous"),
        (mixed(GET, line("POST Orders HTTP/1.1", "", b"x--b")), "body-ambiguous"),
        (mixed(GET, line("POST Orders HTTP/1.1", "", b"\n--b\nContent-Type: application/http\n\n")), "body-ambiguous"),
        (mixed(GET, line("POST Orders HTTP/1.1", "", b"\r\n--bx")), "body-ambiguous"),
        (GOOD.replace(b"\r\n--b", b"\n--b"), "body-ambiguous"),
        (GOOD.replace(b"Accept: ", b"Accept : "), "body-malformed"),
        (GOOD.replace(b"Accept: ", b" Accept: "), "body-malformed"),
        (GOOD.replace(b"HTTP/1.1\r\nAccept", b"HTTP/1.1\nAccept"), "body-malformed"),
        (GOOD.replace(b"GET Orders(7)", b"GET  Orders(7)"), "body-malformed"),
        (GOOD.replace(b"GET Orders(7)", b"GET Orders (7)"), "body-malformed"),
        (GOOD.replace(b"GET Orders(7)", "GET Ördérs".encode()), "body-malformed"),
        (GOOD.replace(b" HTTP/1.1\r\nAccept", b" HTTP/2\r\nAccept"), "body-malformed"),
        (GOOD.replace(b"GET Orders(7)", b"HTTP/1.1 200 OK"), "body-malformed"),
        (GOOD.replace(b"application/http", b"text/plain", 1), "body-malformed"),
        (GOOD.replace(b"application/http", b"application/http; msgtype=response", 1), "body-malformed"),
        (GOOD.replace(b"binary", b"base64", 1), "body-coding"),
        (GOOD.replace(b"Content-ID: 1", b"X-Secret: 1"), "unlisted-field"),
        (GOOD.replace(b"Content-ID: 1", b"Content-Length: 3"), "body-ambiguous"),
        (GOOD.replace(b"Content-ID: 1", b"Content-Type: application/http"), "body-ambiguous"),
        (mixed(line("POST Orders HTTP/1.1", "Content-Length: 1", b"{}")), "body-ambiguous"),
        (mixed(line("POST Orders HTTP/1.1", "Content-Length: 3", b"{}")), "body-ambiguous"),
        (mixed(line("POST Orders HTTP/1.1", "Content-Length: +2", b"{}")), "body-malformed"),
        (mixed(line("POST O HTTP/1.1", "Content-Length: 2|content-length: 2", b"{}")), "ambiguous-request"),
        (mixed(line("POST O HTTP/1.1", "Content-Type: a/b|Content-Type: c/d", b"{}")), "ambiguous-request"),
        (mixed(changeset(GET, boundary="b2")), "body-ambiguous"),
        (mixed(changeset(changeset(GET, boundary="d"))), "body-malformed"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(body, name):
    assert refusal("odata", body, multipart()) == name


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed; boundary=c",
        "multipart/mixed; boundary=b; boundary=c",
        "multipart/mixed; boundary=b; boundary*=c",
        "multipart/form-data; boundary=b",
        'multipart/mixed; boundary="b\r\n"',
    ],
)
def test_the_content_type_tells_the_one_boundary(content_type):
    assert refusal("odata", GOOD, (("Content-Type", content_type),))


def test_as_many_requests_as_the_limit_and_no_more():
    limits = BodyLimits(calls=3)
    assert refused(GET, GET, GET, limits=limits) == ""
    assert refused(GET, GET, GET, GET, limits=limits) == "body-too-large"
    assert refused(GET, changeset(POST, GET, GET), limits=limits) == "body-too-large"


@given(st.binary(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 60))
def test_whatever_the_bytes_there_is_one_error(junk, at, gone):
    for body in (junk, GOOD[:at] + junk + GOOD[at + gone :]):
        try:
            asked = taken("odata", body, multipart())
            assert asked.written(untouched(asked)) is body
        except Unreadable:
            pass


# -- what is written again -------------------------------------------------------------------------------------------


NAMES = st.sampled_from(["Accept", "If-Match", "X-Customer", "DataServiceVersion"])
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=10)
BODIES = st.binary(max_size=30).filter(lambda body: b"--" not in body)
MESSAGES = st.builds(
    lambda method, address, fields, body: http(
        f"{method} {address} HTTP/1.1", "|".join(f"{name}: {text}" for name, text in fields if "|" not in text), body
    ),
    st.sampled_from(["GET", "POST", "PUT", "MERGE"]),
    st.sampled_from(["Orders", "/odata/Orders(7)", "Orders('a%20b')?$top=1&x", "$metadata"]),
    st.lists(st.tuples(NAMES, TEXTS), max_size=3),
    BODIES,
)
SINGLES = st.builds(part, MESSAGES, st.sampled_from(["", "Content-ID: 7"]))
PARTS = st.lists(
    st.one_of(SINGLES, st.lists(st.builds(part, MESSAGES), min_size=1, max_size=3).map(lambda p: changeset(*p))),
    min_size=1,
    max_size=4,
)


@given(PARTS)
def test_an_untouched_batch_is_the_very_same(parts):
    body = mixed(*parts)
    asked = taken("odata", body, multipart())
    assert asked.written(untouched(asked)) is body


@given(PARTS, st.data())
def test_a_changed_request_changes_no_other(parts, data):
    body = mixed(*parts)
    asked = taken("odata", body, multipart())
    at = data.draw(st.integers(0, len(asked.calls) - 1))
    written = rewritten(asked, at, body=b'{"other":1}')
    again = taken("odata", written, multipart())
    wanted = [call.request for call in asked.calls]
    wanted[at] = replace(wanted[at], body=b'{"other":1}')
    assert untouched(again) == wanted


def test_lengths_are_counted_anew_where_they_were_told():
    message = http("POST Orders HTTP/1.1", "Content-Length: 8|Accept: a/b", b'{"id":7}')
    inner = part(message, f"Content-Length: {len(message)}")
    outer = changeset(inner)
    content = outer.partition(b"\r\n\r\n")[2]
    outer = outer.replace(b"\r\n\r\n", f"\r\nContent-Length: {len(content)}\r\n\r\n".encode(), 1)
    asked = take(outer, GET)
    written = rewritten(asked, 0, body=b'{"id":12345}')
    assert b"Content-Length: 12\r\n\r\n{" in written
    assert f"Content-Length: {len(message) + 5}\r\n".encode() in written
    assert f"Content-Length: {len(content) + 5}\r\n".encode() in written
    assert refusal("odata", written, multipart()) == ""
    assert written.endswith(mixed(GET))


def test_a_treated_address_is_written_as_the_old_one_was():
    asked = take(GET, line("GET /odata/Orders(8) HTTP/1.1"))
    assert b"GET Orders('x') HTTP/1.1" in rewritten(asked, 0, target="/odata/Orders('x')")
    assert b"GET /odata/Orders('x') HTTP/1.1" in rewritten(asked, 1, target="/odata/Orders('x')")
    with pytest.raises(Unreadable):
        rewritten(asked, 0, target="/elsewhere")


def test_what_is_treated_cannot_end_its_part():
    asked = take(POST, GET)
    for inside in (b"--b", b"\r\n--b--", b'{"x":"--bcd"}'):
        with pytest.raises(Unreadable, match="boundary"):
            rewritten(asked, 0, body=inside)


def test_lines_may_all_end_with_a_line_feed():
    message = http("PUT Orders(7) HTTP/1.1", "Content-Type: application/json", b'{"id":7}\n', eol="\n")
    body = mixed(part(message, eol="\n"), changeset(part(message, eol="\n"), eol="\n"), eol="\n")
    asked = taken("odata", body, multipart())
    assert [call.body for call in asked.calls] == [b'{"id":7}\n'] * 2
    assert asked.written(untouched(asked)) is body
    assert b"\r" not in rewritten(asked, 1, body=b"{}")
    assert refusal("odata", body.replace(b"\n--b", b"\r\n--b"), multipart()) == "body-ambiguous"


# -- answers ---------------------------------------------------------------------------------------------------------


def reply(start, body=b"", headers="", outer=""):
    return part(http(f"HTTP/1.1 {start}", headers, body), outer)


OK = reply("200 OK", b'{"id":7}', "Content-Type: application/json")
GONE = reply("404 Not Found", b"{}", "Content-Type: application/json")
MADE = reply("201 Created", b'{"id":8}', "", "Content-ID: 1")
CHANGED = reply("204 No Content", outer="Content-ID: 2")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((OK, changeset(MADE, CHANGED), OK), [(0, 200), (1, 201), (2, 204), (3, 200)]),
        ((OK, changeset(CHANGED, MADE), OK), [(0, 200), (2, 204), (1, 201), (3, 200)]),
        ((OK, changeset(reply("201 Created"), reply("204 x")), OK), [(0, 200), (1, 201), (2, 204), (3, 200)]),
        ((OK, GONE, OK), [(0, 200), ((1, 2), 404), (3, 200)]),
        ((GONE, changeset(MADE, CHANGED), OK), [(0, 404), (1, 201), (2, 204), (3, 200)]),
        ((GONE,), [(0, 404)]),
        ((OK, GONE), [(0, 200), ((1, 2), 404)]),
    ],
)
def test_answers_are_matched_with_requests(parts, expected):
    found = answered(take(GET, SET, GET), mixed(*parts, boundary="r"), multipart("r"))
    calls = [(calls, status) for calls, status, _ in told(found)]
    assert calls == [((at,) if isinstance(at, int) else at, status) for at, status in expected]


@pytest.mark.parametrize(
    "parts",
    [
        (OK,),
        (OK, changeset(MADE, CHANGED)),
        (OK, changeset(MADE, CHANGED), OK, OK),
        (OK, changeset(MADE), OK),
        (OK, changeset(MADE, MADE), OK),
        (OK, changeset(MADE, reply("204 x", outer="Content-ID: 3")), OK),
        (OK, changeset(CHANGED, reply("201 x")), OK),
        (OK, OK, OK),
        (changeset(MADE, CHANGED), changeset(MADE, CHANGED), OK),
        (part(http("GET Orders HTTP/1.1")), changeset(MADE, CHANGED), OK),
        (reply("100 Continue"), changeset(MADE, CHANGED), OK),
        (reply("999 x"), changeset(MADE, CHANGED), OK),
    ],
)
def test_other_answers_than_those_to_the_requests_are_refused(parts):
    assert unanswered(take(GET, SET, GET), mixed(*parts, boundary="r"), multipart("r")) == "body-malformed"


@pytest.mark.parametrize("coding", ["Transfer-Encoding: chunked", "Content-Encoding: gzip"])
def test_no_answer_has_a_coding_of_its_own(coding):
    assert unanswered(take(GET), mixed(reply("200 OK", b"x", coding)), multipart()) == "body-coding"


@given(st.lists(st.tuples(st.sampled_from([200, 204, 404]), BODIES), min_size=1, max_size=4))
def test_an_untouched_answer_is_the_very_same(parts):
    body = mixed(*(reply(f"{status}", body) for status, body in parts))
    found = answered(take(*[GET] * len(parts)), body, multipart())
    assert found.written([one.response for one in found.replies]) is body


def test_a_wrong_length_in_an_answer_is_put_right():
    wrong = mixed(reply("200 OK", b'{"id":7}', "Content-Length: 4", "Content-Length: 9999"))
    found = answered(take(GET), wrong, multipart())
    assert told(found) == [((0,), 200, b'{"id":7}')]
    written = found.written([one.response for one in found.replies])
    assert refusal_of_lengths(written) == []


def refusal_of_lengths(body):
    """Give the lengths that are not those of what follows them."""
    parts = body.split(b"--b")[1:-1]
    wrong = []
    for one in parts:
        head, _, message = one.strip(b"\r\n").partition(b"\r\n\r\n")
        inner, _, content = message.partition(b"\r\n\r\n")
        for said, held in ((head, message), (inner, content)):
            told = [line for line in said.split(b"\r\n") if line.startswith(b"Content-Length")]
            wrong += [line for line in told if int(line[15:]) != len(held)]
    return wrong


def test_a_reason_in_words_of_the_systems_own_is_not_passed_on():
    found = answered(take(GET, GET), mixed(reply("404 No ann@customer.org"), reply("404 not found")), multipart())
    written = found.written([one.response for one in found.replies])
    assert b"customer.org" not in written
    assert b"HTTP/1.1 404 Not Found\r\n" in written
    assert b"HTTP/1.1 404 not found\r\n" in written


def test_a_treated_answer_keeps_the_lines_that_did_not_change():
    body = mixed(reply("200 OK", b'{"id":7}', "X-Odd:   two  spaces|Content-Length: 8"), OK)
    found = answered(take(GET, GET), body, multipart())
    first, second = (one.response for one in found.replies)
    written = found.written([replace(first, body=b'{"id":null}'), second])
    assert b"X-Odd:   two  spaces\r\nContent-Length: 11\r\n\r\n" in written
    assert written.endswith(mixed(OK))


def test_a_header_cannot_become_two():
    found = answered(take(GET), mixed(OK), multipart())
    with pytest.raises(Unreadable):
        found.written([Response(200, (("X", "a\r\nY: b"),), b"{}")])


# -- samples of others -----------------------------------------------------------------------------------------------


def sample(name):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no sample {name}")
    return path.read_bytes()


def test_a_batch_of_olingos():
    body = sample("odata_v4_basicBatchPost.batch")
    asked = taken("odata", body, multipart("batch_8194-cf13-1f56"), "/svc/$batch")
    assert [(call.method, call.target) for call in asked.calls] == [
        ("GET", "/svc/ESAllPrim(32767)"),
        ("PUT", "/svc/ESAllPrim(32767)"),
        ("GET", "/svc/ESAllPrim(32767)/PropertyString"),
    ]
    assert asked.written(untouched(asked)) is body


def test_an_answer_of_saps():
    body = sample("odata_v2_batch_response.multipart")
    found = answered(take(GET), body, multipart("16804F9C063D8720EACA19F7DFB3CD4A0"), 202)
    [(calls, status, content)] = told(found)
    assert (calls, status, content[:6], content[-4:]) == ((0,), 200, b'{"d": ', b"}]}}")
    assert len(BATCHES) == 3
