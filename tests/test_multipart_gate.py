"""Multipart bodies through the gate: each part is decided and treated by itself, in both directions."""

from __future__ import annotations

import email
from base64 import b64encode
from dataclasses import replace
from email.policy import HTTP
from io import BytesIO

import pytest
from gate_kit import Bench, answering, written
from multipart_kit import FORM, body, field, part
from PIL import Image

from gateway.flow import Response
from gateway.workbench.survey import Survey

CATALOGUE = """
version: 1
catalog: erp
title: Uploads
region: eu-central
operations:
  upload: {request: POST /upload, body: upload, response: answer}
  fetch: {request: GET /fetch, response: answer}
messages:
  upload:
    format: multipart
    customer: customer
    unlisted: refuse
    fields:
      customer: business.order
      email: user.contact.email
      scan: {contains: scan}
      meta: {contains: order}
      "*;filename": business.order
  answer:
    format: multipart
    customer: {request-header: X-Customer}
    fields:
      "#1": {contains: order}
      "cid:more": {contains: inner}
      image/png: {contains: picture}
      text/csv: {contains: order, class: user.biometric}
  inner:
    format: multipart
    fields:
      "#1": {contains: order}
      "application/octet-stream": {contains: order, encoded: base64}
  order: {format: json, unlisted: keep, fields: {$.email: user.contact.email}}
  scan: {format: pdf, class: business.drawing}
  picture: {format: png, class: business.drawing}
"""
POLICY = """
version: 1
policy: p
title: P
scope: {to: erp, operations: [upload, fetch]}
allow: true
protect:
  - {classes: [user.contact], treatment: mask, keep_last: 4}
"""


def bench(answer=None, policy=POLICY):
    return Bench(written(catalog_erp=CATALOGUE, p=policy), answer=answer or Response(204))


def mixed(*parts, boundary="b1"):
    return answering(
        body(*parts, boundary=boundary), headers=(("Content-Type", f"multipart/mixed; boundary={boundary}"),)
    )


JSON_PART = '{"email":"ann@example.com","n":1.0}'
MASKED = '{"email":"***********.com","n":1.0}'


async def test_parts_of_a_request_are_treated_each_by_itself():
    gate = bench()
    data = body(
        field("customer", "c-1"),
        field("email", "ann@example.com"),
        field("meta", JSON_PART.encode("utf-16"), "Content-Type: application/json; charset=utf-16"),
        part(
            b"%PDF-1.7",
            'Content-Disposition: form-data; name="scan"; filename="7.pdf"',
            "Content-Type: application/pdf",
        ),
    )
    answer = await gate.ask("POST", "/upload", data, (("Content-Type", FORM),))
    assert (answer.body, gate.alarms) == (b"", [])
    sent = gate.asked[0].body
    assert sent == data.replace(b"ann@example.com\r\n", b"***********.com\r\n").replace(
        JSON_PART.encode("utf-16"), MASKED.encode("utf-16")
    )
    assert gate.entries[0].decided[0].fields


@pytest.mark.parametrize(
    ("one", "refusal"),
    [
        (field("other", "x"), "unlisted-field"),
        (field("email", "x", "X-Note: ann"), "unlisted-field"),
        (field("meta", "{", "Content-Type: application/json"), "body-not-json"),
        (field("meta", "{}", "Content-Type: application/xml"), "body-wrong-type"),
        (field("meta", "{}", "Content-Type: application/json; charset=utf-16"), "body-encoding"),
        (field("scan", "no pdf", "Content-Type: application/pdf"), "body-wrong-type"),
        (field("scan", "%PDF-1.7", "Content-Type: text/html"), "body-wrong-type"),
        (field("email", b64encode(b"ann@example.com"), "Content-Transfer-Encoding: base64"), "body-ambiguous"),
        (field("email", "[redacted]"), "masked-write-back"),
        (field("email", "****.com", "Content-Type: text/plain; charset=utf-8"), "masked-write-back"),
        (field("email", "****.com".encode("utf-16"), "Content-Type: text/plain; charset=utf-16"), "masked-write-back"),
    ],
)
async def test_parts_that_are_not_what_the_catalogue_says_are_refused(one, refusal):
    gate = bench()
    answer = await gate.ask("POST", "/upload", body(field("customer", "c-1"), one), (("Content-Type", FORM),))
    assert not gate.asked
    assert f"urn:sovgate:refusal:{refusal}".encode() in answer.body


def json_in(encoding, text=JSON_PART):
    content = {
        "base64": b64encode(text.encode()),
        "quoted-printable": "".join(f"={byte:02X}" for byte in text.encode()).encode(),
    }.get(encoding, text.encode())
    return part(content, "Content-Type: application/json", f"Content-Transfer-Encoding: {encoding}")


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "binary", "base64", "quoted-printable"])
async def test_a_planted_value_does_not_survive_in_any_transfer_encoding(encoding):
    nested = body(
        json_in(encoding), part(b64encode(JSON_PART.encode()), "Content-Type: application/octet-stream"), boundary="in"
    )
    inner = part(nested, "Content-Type: multipart/mixed; boundary=in", "Content-ID: <more>")
    gate = bench(mixed(json_in(encoding), inner, part("who@else.com", "Content-Type: text/plain")))
    answer = await gate.ask("GET", "/fetch", headers=(("X-Customer", "c-1"),))
    assert answer.status == 200
    message = email.message_from_bytes(b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n" + answer.body, policy=HTTP)
    leaves = [one.get_payload(decode=True) for one in message.walk() if not one.is_multipart()]
    assert leaves[:2] == [MASKED.encode()] * 2
    assert leaves[2:] == [b64encode(MASKED.encode()), b"[redacted]"]
    assert b"ann@example" not in answer.body
    pointers = {told.pointer for entry in gate.entries for one in entry.decided for told in one.fields}
    assert "/cid:more/#1/email" in pointers


async def test_a_class_of_the_part_itself_comes_before_what_it_holds():
    policy = POLICY + "  - {classes: [user.biometric], treatment: redact}\n"
    held = CATALOGUE.replace("text/csv:", "application/json:")
    came = mixed(part("{}"), part(JSON_PART, "Content-Type: application/json"))
    gate = Bench(written(catalog_erp=held, p=policy), answer=came)
    answer = await gate.ask("GET", "/fetch")
    assert answer.body == body(part("{}"), part("[redacted]", "Content-Type: application/json"))


async def test_an_answer_with_nothing_to_treat_is_the_same_bytes():
    same = mixed(part('{"n":1.0}', "Content-Type: application/json"))
    gate = bench(same)
    assert (await gate.ask("GET", "/fetch")).body is same.body


async def test_pictures_in_parts_are_marked():
    held = BytesIO()
    Image.new("RGB", (600, 600), "white").save(held, "PNG")
    picture = part(held.getvalue(), "Content-Type: image/png")
    gate = bench(mixed(json_in("8bit"), picture), POLICY + 'watermark: {visible: "{mark}", hidden: false}\n')
    answer = await gate.ask("GET", "/fetch", headers=(("X-Customer", "c-1"),))
    assert answer.status == 200
    assert held.getvalue() not in answer.body
    assert gate.entries[-1].marks


MTOM_CATALOGUE = """
version: 1
catalog: erp
title: SOAP with attachments
region: eu-central
operations:
  put: {request: POST /soap, body: put}
  get: {request: GET /soap, response: got}
messages:
  put:
    format: multipart
    unlisted: keep
    fields: {application/xop+xml: {contains: order}, "cid:scan@*": {contains: scan}}
  got: {format: multipart, fields: {"#1": {contains: order}, "cid:photo@*": user.biometric}}
  order:
    format: soap
    unlisted: keep
    namespaces: {o: "urn:orders"}
    fields: {"//o:Email": user.contact.email, "//o:Photo": business.product}
  scan: {format: pdf, class: business.drawing}
"""
MTOM_POLICY = POLICY.replace("[upload, fetch]", "[put, get]") + "  - {classes: [user.biometric], treatment: redact}\n"
MTOM = 'multipart/related; boundary=b1; type="application/xop+xml"; start="<root>"; start-info="text/xml"'
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><o:Order xmlns:o="urn:orders">'
    "<o:Email>ann@example.com</o:Email><o:Photo>"
    '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:photo@x"/>'
    "</o:Photo></o:Order></s:Body></s:Envelope>"
)
ROOT = ('Content-Type: application/xop+xml; charset=UTF-8; type="text/xml"', "Content-ID: <root>")


def related(*attached, before=b"\r\n"):
    return body(part(ENVELOPE, *ROOT), *attached, before=before)


async def test_parts_of_mtom_are_treated_by_labels_of_their_own():
    policies = written(catalog_erp=MTOM_CATALOGUE, p=MTOM_POLICY)
    photo = part(b"\xff\xd8\xff face", "Content-ID: <photo@x>", "Content-Transfer-Encoding: binary")
    other = part("ann", "Content-ID: <other@x>")
    gate = Bench(policies, answer=answering(related(photo, other), headers=(("Content-Type", MTOM),)))
    answer = await gate.ask("GET", "/soap")
    assert gate.alarms == []
    assert answer.status == 200
    assert b"ann" not in answer.body
    assert b"face" not in answer.body
    assert answer.body.count(b"[redacted]") == 2
    assert b'href="cid:photo@x"' in answer.body


@pytest.mark.parametrize(
    ("attached", "refusal"),
    [
        (part(b"%PDF-1.7", "Content-ID: <scan@x>", "Content-Type: application/pdf"), None),
        (part(b"face", "Content-ID: <photo@x>"), "unlisted-field"),
    ],
)
async def test_a_part_that_the_xml_includes_does_not_pass_for_being_in_no_element(attached, refusal):
    gate = Bench(written(catalog_erp=MTOM_CATALOGUE, p=MTOM_POLICY), answer=Response(204))
    answer = await gate.ask("POST", "/soap", related(attached), (("Content-Type", MTOM),))
    if refusal is None:
        assert gate.asked[0].body == related(attached).replace(b"ann@example.com", b"***********.com")
    else:
        assert f"urn:sovgate:refusal:{refusal}".encode() in answer.body
        assert not gate.asked


async def test_the_workbench_sees_every_place():
    seen = []
    gate = bench(mixed(json_in("base64"), part("x", "X-Note: y", 'Content-Disposition: inline; filename="Ann.txt"')))
    gate.gate = replace(gate.gate, watch=seen.append)
    assert (await gate.ask("GET", "/fetch")).status == 200
    places = {one.pointer for sight in seen for one in Survey().places(sight)}
    assert places == {"/#1/email", "/#1/?", "/?", "/?/?", "/?/filename"}
