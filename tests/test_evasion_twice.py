"""What is said twice, in two spellings: one server goes by the first, another by the second."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from base64 import b64decode, b64encode

import pytest
import zstandard
from gate_kit import Bench, answering, written
from proxy_kit import Desk, System, gateway, get, ok, parse, running, talk

from gateway.flow import Response
from gateway.formats.codings import opened
from gateway.proxy.settings import Route

CATALOGUE = """
version: 1
catalog: erp
operations:
  plain: {request: GET /plain, response: plain}
  by-query: {request: GET /by-query, response: by-query}
  by-header: {request: GET /by-header, response: by-header}
  read: {request: {method: POST, path: /act, headers: {X-Op: read}}, response: plain}
  kill: {request: {method: POST, path: /act, headers: {X-Op: kill}}, response: plain}
  make: {request: POST /make, response: plain}
  post: {request: POST /post, body: form, response: plain}
  holds: {request: GET /holds, response: holder}
  owned: {request: GET /owned, response: owned}
  listed: {request: GET /listed, response: listed}
  lines: {request: GET /lines, response: lines}
  form-owned: {request: GET /form, response: form-owned}
  parts: {request: GET /parts, response: parts}
  rpc-read: {request: {method: POST, path: /rpc, body: {$.method: read}}, body: call, response: plain}
  rpc-kill: {request: {method: POST, path: /rpc, body: {$.method: kill}}, body: call, response: plain}
  soap-read:
    request:
      {method: POST, path: /soap, headers: {SOAPAction: read}, body: {"name(/soap:Envelope/soap:Body/*)": "o:Read"}}
    body: soap
    response: plain
  xml-read: {request: {method: POST, path: /xml, body: {/methodCall/methodName: read}}, body: xmlrpc, response: plain}
  form-read: {request: {method: POST, path: /form-rpc, body: {method: read}}, body: form-call, response: plain}
  part-read: {request: {method: POST, path: /part-rpc, body: {method: read}}, body: part-call, response: plain}
messages:
  plain: {format: json, fields: {$.email: user.contact.email, $.n: business.order}}
  by-query: {format: json, customer: {query: customer}, fields: {$.email: user.contact.email}}
  by-header: {format: json, customer: {request-header: X-Customer}, fields: {$.email: user.contact.email}}
  form: {format: form, unlisted: keep, fields: {a: business.order}}
  owned: {format: json, customer: $.who.id, unlisted: keep, fields: {$.email: user.contact.email}}
  listed: {format: json, records: "$.value[*]", each: owned, unlisted: keep}
  lines: {format: ndjson, customer: $.who.id, unlisted: keep, fields: {$.email: user.contact.email}}
  form-owned: {format: form, customer: who, unlisted: keep, fields: {email: user.contact.email}}
  parts: {format: multipart, customer: who, unlisted: keep, fields: {email: user.contact.email}}
  call: {format: json, unlisted: keep, fields: {$.x: business.order}}
  soap: {format: soap, unlisted: keep, namespaces: {o: "urn:o"}, fields: {//o:Id: business.order}}
  xmlrpc: {format: xmlrpc, unlisted: keep, fields: {"//member[name='x']": business.order}}
  form-call: {format: form, unlisted: keep, fields: {x: business.order}}
  part-call: {format: multipart, unlisted: keep, fields: {x: business.order}}
  holder: {format: json, fields: {$.file: {contains: plain, encoded: base64+gzip}}}
"""
POLICY = """
version: 1
policy: p
scope: {to: erp, operations: [plain, by-query, by-header, read, make, post, holds,
  owned, listed, lines, form-owned, parts, rpc-read, form-read, part-read, soap-read, xml-read]}
allow: true
protect:
  - {classes: [user], leg: response, treatment: redact, unless: {consent: contact}}
"""
CONSENTS = "version: 1\nconsents: {contact: {wording: You may show how to reach me.}}\n"
MAIL = "anna@example.com"


def bench(answer=None):
    made = Bench(
        written(catalog_erp=CATALOGUE, catalog_crm="version: 1\ncatalog: crm", p=POLICY, consents=CONSENTS),
        answer or answering({"email": MAIL}),
    )
    made.grant("A", "contact")
    return made


def refusal(answer: Response) -> str:
    return json.loads(answer.body)["type"].removeprefix("urn:sovgate:refusal:")


async def test_who_agreed_is_shown():
    """Else the next tests would prove nothing."""
    made = bench()
    assert MAIL.encode() in (await made.ask("GET", "/by-query?customer=A")).body
    assert MAIL.encode() in (await made.ask("GET", "/by-query?x=1;y=2&customer=A&custom=B")).body
    assert MAIL.encode() in (await made.ask("GET", "/by-header", headers=(("X-Customer", "A"),))).body


@pytest.mark.parametrize(
    "query",
    [
        "customer=A&customer=B",
        "customer=A&Customer=B",
        "customer=A&CUSTOMER=B",
        "customer=A&customer[]=B",
        "customer=A&customer%5Bx%5D=B",
        "customer=A&%20customer=B",
        "customer=A&customer+=B",
        "customer=A&%63ustomer=B",
        "customer=A&%EF%BD%83ustomer=B",
        "customer=A&x=1;customer=B",
        "x;customer=B&customer=A",
        "customer=A;customer=B",
    ],
)
async def test_nobodys_consent_is_borrowed_by_a_second_parameter(query):
    for one in (query, "&".join(reversed(query.split("&")))):
        assert (await bench().ask("GET", f"/by-query?{one}")).body == b'{"email":"[redacted]"}'


@pytest.mark.parametrize("name", ["X-Customer", "x-customer", "X_Customer", "x_CUSTOMER"])
async def test_nobodys_consent_is_borrowed_by_a_second_header(name):
    for headers in ((("X-Customer", "A"), (name, "B")), ((name, "B"), ("X-Customer", "A"))):
        assert (await bench().ask("GET", "/by-header", headers=headers)).body == b'{"email":"[redacted]"}'


WHO = '{"id": "A"}'
OTHER = '{"id": "B"}'
MEMBERS = (
    f'"who": {WHO}, "Who": {OTHER}',
    f'"WHO": {OTHER}, "who": {WHO}',
    f'"who": {WHO}, "\\uff57ho": {OTHER}',
    f'"who": {WHO}, " who": {OTHER}',
    f'"who": {WHO}, "who[]": {OTHER}',
    '"who": {"id": "A", "ID": "B"}',
    '"who": {"id": "A", "Id": null}',
)


@pytest.mark.parametrize("members", MEMBERS)
async def test_nobodys_consent_is_borrowed_by_a_second_member(members):
    made = bench()

    async def shown(path, body, kind="application/json"):
        made.answer = Response(200, (("Content-Type", kind),), body.encode())
        return (await made.ask("GET", path)).body.count(MAIL.encode())

    good = f'{{"who": {WHO}, "email": "{MAIL}"}}'
    bad = f'{{{members}, "email": "{MAIL}"}}'
    for _ in range(3):  # as they are read the first time, and once their shape is known
        assert await shown("/owned", good) == 1
        assert await shown("/owned", bad) == 0
        assert await shown("/listed", f'{{"value": [{good}, {bad}, {good}]}}') == 2
        assert await shown("/lines", f"{good}\n{bad}\n", "application/x-ndjson") == 1
    same = good.replace('"who"', f'"Who": {WHO}, "who"')
    assert await shown("/owned", same) == 1


@pytest.mark.parametrize("name", ["Who", "WHO", "who[]", "who[x]", "%EF%BD%97ho"])
async def test_nobodys_consent_is_borrowed_by_a_second_field(name):
    kind = "application/x-www-form-urlencoded"
    made = bench(Response(200, (("Content-Type", kind),), f"who=A&email={MAIL}".encode()))
    assert MAIL.encode() in (await made.ask("GET", "/form")).body
    made.answer = Response(200, (("Content-Type", kind),), f"who=A&{name}=B&email={MAIL}".encode())
    assert refusal(await made.ask("GET", "/form")) == "body-ambiguous"


def parts(*pairs):
    one = '--b1\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(one.format(*pair) for pair in pairs) + "--b1--\r\n").encode()


@pytest.mark.parametrize("name", ["Who", "WHO", "who[]"])
async def test_nobodys_consent_is_borrowed_by_a_second_part(name):
    kind = (("Content-Type", "multipart/form-data; boundary=b1"),)
    made = bench(Response(200, kind, parts(("who", "A"), ("email", MAIL))))
    assert MAIL.encode() in (await made.ask("GET", "/parts")).body
    made.answer = Response(200, kind, parts(("who", "A"), (name, "B"), ("email", MAIL)))
    assert refusal(await made.ask("GET", "/parts")) == "body-ambiguous"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/rpc", "application/json", '{"method": "read", "NAME": "VALUE"}'),
        ("/rpc", "application/json", '{"NAME": "VALUE", "method": "read"}'),
        ("/form-rpc", "application/x-www-form-urlencoded", "method=read&NAME=VALUE"),
        ("/part-rpc", "multipart/form-data; boundary=b1", parts(("method", "read"), ("NAME", "VALUE")).decode()),
    ],
)
async def test_a_second_member_is_no_other_operation(path, kind, body):
    made = bench()
    for name in ("Method", "METHOD", "method[]", "\uff4dethod"):
        sent = body.replace("NAME", name).replace("VALUE", "kill").encode()
        assert refusal(await made.ask("POST", path, sent, (("Content-Type", kind),))) == "unknown-operation"
    assert made.asked == []
    harmless = body.replace("NAME", "other").replace("VALUE", "kill").encode()
    assert (await made.ask("POST", path, harmless, (("Content-Type", kind),))).status == 200


SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:o="urn:o"><s:Body><o:{0}/></s:Body>'
    "</s:Envelope>"
)
CALL = "<methodCall><methodName>{0}</methodName><params>{1}</params></methodCall>"


@pytest.mark.parametrize(
    ("action", "element", "expected"),
    [
        ("read", "Read", ""),
        ('"read"', "Read", ""),
        ("kill", "Read", "unknown-operation"),
        ("read", "Kill", "unknown-operation"),
        ("read", "read", "unknown-operation"),
        ("READ", "Read", "unknown-operation"),
        ("", "Read", "unknown-operation"),
    ],
)
async def test_a_soap_action_that_says_another_operation_than_the_body_is_none(action, element, expected):
    made = bench()
    headers = (("Content-Type", "text/xml"), ("SOAPAction", action))
    answer = await made.ask("POST", "/soap", SOAP.format(element).encode(), headers)
    assert ("" if answer.status == 200 else refusal(answer)) == expected
    assert len(made.asked) == (not expected)


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/xml", "text/xml", CALL.format("system.multicall", "<param><value>read</value></param>")),
        ("/xml", "text/xml", CALL.format("Read", "")),
        ("/xml", "text/xml", CALL.format("read", "").replace("<params>", "<methodName>kill</methodName><params>")),
        ("/rpc", "application/json", '[{"method": "read"}, {"method": "kill"}]'),
        ("/rpc", "application/json", '{"method": ["read", "kill"]}'),
        ("/rpc", "application/json", '{"method": "read\\u0000"}'),
    ],
)
async def test_several_calls_in_one_are_no_call_that_is_known(path, kind, body):
    made = bench()
    assert refusal(await made.ask("POST", path, body.encode(), (("Content-Type", kind),))) == "unknown-operation"
    assert made.asked == []
    good = CALL.format("read", "") if kind == "text/xml" else '{"method": "read"}'
    assert (await made.ask("POST", path, good.encode(), (("Content-Type", kind),))).status == 200


@pytest.mark.parametrize("name", ["X-Op", "x-op", "X_Op", "X_OP"])
async def test_a_second_header_is_no_other_operation(name):
    made = bench()
    for headers in ((("X-Op", "read"), (name, "kill")), ((name, "kill"), ("X-Op", "read"))):
        assert refusal(await made.ask("POST", "/act", headers=headers)) == "ambiguous-request"
    assert refusal(await made.ask("POST", "/act", headers=((name, "kill"),))) == "not-allowed"
    assert made.asked == []


@pytest.mark.parametrize(
    "query", ["_method=DELETE", "_HttpMethod=PATCH", "a=1&%5Fmethod=PUT", "X-HTTP-Method-Override=GET", "_METHOD"]
)
async def test_a_parameter_is_no_other_method(query):
    made = bench()
    assert refusal(await made.ask("POST", f"/make?{query}")) == "ambiguous-request"
    assert made.asked == []
    assert (await made.ask("POST", "/make?method=x&x_method=y")).status == 200


@pytest.mark.parametrize("body", [b"a=1&_method=DELETE", b"%5Fmethod=PUT&a=1", b"a=1&_Method=x"])
async def test_a_field_of_a_form_is_no_other_method(body):
    made = bench()
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    assert refusal(await made.ask("POST", "/post", body, headers)) == "body-ambiguous"
    assert made.asked == []
    assert (await made.ask("POST", "/post", b"a=1&method=x", headers)).status == 200


@pytest.mark.parametrize("name", ["Content_Type", "content_encoding"])
async def test_a_body_does_not_say_twice_what_it_is(name):
    desk, system = Desk(), System(ok())
    async with running(system), gateway(Route("erp", system.url, prefix="/erp"), desk=desk) as house:
        answer = parse(await talk(house.address, get("/erp/a", "Content-Type: text/csv", f"{name}: text/xml")))
    assert (answer.status, refusal(answer), desk.flows) == (400, "ambiguous-request", [])


def gzipped(body: bytes, name: bytes = b"", comment: bytes = b"", extra: bytes = b"") -> bytes:
    """Compress, with what a header of gzip may say (RFC 1952 section 2.3)."""
    flags = (8 if name else 0) | (16 if comment else 0) | (4 if extra else 0)
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\x00" * 6
    head += struct.pack("<H", len(extra)) + extra if extra else b""
    head += b"".join(text + b"\x00" for text in (name, comment) if text)
    packed = zlib.compressobj(wbits=-15)
    tail = struct.pack("<II", zlib.crc32(body), len(body))
    return head + packed.compress(body) + packed.flush() + tail


PLAIN = b'{"n": 1}'
BESIDE = {
    "the name of a file": ("gzip", gzipped(PLAIN, name=MAIL.encode())),
    "a comment": ("gzip", gzipped(PLAIN, comment=MAIL.encode())),
    "an extra field": ("x-gzip", gzipped(PLAIN, extra=MAIL.encode())),
    "an empty member with a name": ("gzip", gzip.compress(PLAIN) + gzipped(b"", name=MAIL.encode())),
    "an empty member before": ("gzip", gzipped(b"", name=MAIL.encode()) + gzip.compress(PLAIN)),
    "a frame to be skipped": ("zstd", struct.pack("<II", 0x184D2A53, 16) + MAIL.encode() + zstandard.compress(PLAIN)),
    "one behind": ("zstd", zstandard.compress(PLAIN) + struct.pack("<II", 0x184D2A50, 16) + MAIL.encode()),
    "within another": ("gzip, deflate", zlib.compress(gzipped(PLAIN, name=MAIL.encode()))),
}


@pytest.mark.parametrize("trick", BESIDE)
async def test_what_stands_beside_a_compressed_body_does_not_pass(trick):
    """Nothing in the body changes, and still it is compressed anew: readers of the body never see what went."""
    coding, body = BESIDE[trick]
    headers = (("Content-Type", "application/json"), ("Content-Encoding", coding))
    answer = await bench(Response(200, headers, body)).ask("GET", "/plain")
    assert (answer.status, opened(answer.body, coding, 1 << 20, 200)) == (200, (PLAIN, True))
    plainly = answer.body if coding != "gzip, deflate" else zlib.decompress(answer.body)
    assert MAIL.encode() not in plainly


async def test_a_compressed_body_that_holds_nothing_else_stays_as_it_came():
    for coding, body in (("gzip", gzip.compress(PLAIN, 1)), ("zstd", zstandard.compress(PLAIN, 19))):
        headers = (("Content-Type", "application/json"), ("Content-Encoding", coding))
        assert (await bench(Response(200, headers, body)).ask("GET", "/plain")).body is body


async def test_what_stands_beside_a_compressed_value_does_not_pass():
    inner = b64encode(gzipped(PLAIN, name=MAIL.encode())).decode()
    answer = await bench(answering({"file": inner})).ask("GET", "/holds")
    packed = b64decode(json.loads(answer.body)["file"])
    assert gzip.decompress(packed) == PLAIN
    assert MAIL.encode() not in packed
    bare = b64encode(gzip.compress(PLAIN, 1)).decode()
    assert json.loads((await bench(answering({"file": bare})).ask("GET", "/holds")).body)["file"] == bare
