"""What the gateway does not stop: each row of docs/evasion.md that says so is tried, so that none goes on wrongly.

Whoever mends one of these sees a test fail here, and takes the row out.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest
from gate_kit import JSON, Bench, answering, written
from pdf_kit import blank, saved, texts, unstamped
from stream_kit import Source

from gateway.flow import Response

CATALOGUE = """
version: 1
catalog: erp
operations:
  read: {request: "GET /orders/{order}", response: order, errors: nothing}
  list: {request: GET /orders, response: orders, query: {$filter: {language: odata}}, unlisted_query: keep}
  search: {request: GET /search, response: orders}
  write: {request: "PUT /orders/{order}", body: order, response: order}
  kept: {request: GET /kept, response: kept}
  table: {request: GET /table, response: table}
  events: {request: GET /events, response: events}
  orders-edi: {request: GET /edi, response: edi}
  file: {request: GET /file, response: file}
  scan: {request: GET /scan, response: scan}
messages:
  order:
    format: json
    customer: $.who
    fields: {$.who: user.unique_id, $.email: user.contact.email, $.price: business.price, $.remark: business.order}
  orders: {format: json, records: "$.value[*]", each: order}
  kept: {format: json, unlisted: keep, fields: {$.email: user.contact.email}}
  table: {format: csv, customer: who, fields: {who: user.unique_id, email: user.contact.email, name: user.name}}
  events: {format: sse, fields: {data: user.contact.email}}
  edi: {format: edifact, fields: {"NAD[1=BY]/4": user.name}}
  nothing: {format: json, fields: {$.code: business.order}}
  file: {format: bytes, class: business.drawing}
  scan: {format: pdf, class: business.drawing}
"""
POLICY = """
version: 1
policy: p
scope: {to: erp}
allow: true
protect:
  - {classes: [user.contact], leg: response, treatment: redact, unless: {consent: contact}}
  - {classes: [user.name], leg: response, treatment: mask, character: "="}
  - {classes: [business.price], leg: response, treatment: remove}
"""
MARKS = """
version: 1
policy: marks
scope: {to: erp, operations: [scan]}
watermark: {visible: "{mark}"}
"""
CONSENTS = "version: 1\nconsents: {contact: {wording: You may show how to reach me.}}\n"
MAIL = "zqanna.weber@example.com"


def bench(answer=None, **more):
    files = {"catalog_erp": CATALOGUE, "catalog_crm": "version: 1\ncatalog: crm", "p": POLICY, "marks": MARKS}
    policies = written(**files, consents=CONSENTS)
    return Bench(policies, answering(answer) if isinstance(answer, dict | list) else answer or Response(204), **more)


async def shown(answer, path="/orders/7", headers=()) -> bytes:
    made = bench(Response(200, headers, answer) if isinstance(answer, bytes) else answer)
    response = await made.ask("GET", path)
    assert response.status == 200, response.body
    return response.body


async def test_a_value_that_was_cut_or_turned_around_passes_where_its_place_is_open():
    got = await shown({"remark": MAIL[::-1], "email": MAIL})
    assert MAIL[::-1].encode() in got
    assert MAIL.encode() not in got
    assert b"zqanna" in await shown({"remark": "zqanna"})


async def test_a_text_in_a_field_that_nobody_protects_is_not_searched():
    assert b"call 0228 5551234" in await shown({"remark": "call 0228 5551234"})


async def test_keys_that_look_alike_pass_where_unlisted_members_are_kept():
    got = await shown({"email": MAIL, "EMAIL": "other@example.com", "em\u0430il": 1}, "/kept")
    assert b"other@example.com" in got
    assert MAIL.encode() not in got


async def test_the_order_of_members_and_their_absence_tell_something():
    one, other = await shown({"who": "a", "email": MAIL}), await shown({"email": MAIL, "who": "a"})
    assert one != other
    assert b"email" not in await shown({"who": "a"})


async def test_the_length_of_a_mask_tells_the_length_of_the_value():
    csv = (("Content-Type", "text/csv"),)
    made = [len(await shown(f"who,email,name\r\n1,x,{name}\r\n".encode(), "/table", csv)) for name in ("Al", "Alfred")]
    assert made[1] - made[0] == 4


async def test_a_treated_value_can_begin_like_a_formula():
    """Where the policy's own character is one; a value that nobody treats stays as it came, too."""
    csv = (("Content-Type", "text/csv"),)
    assert await shown(b"who,email,name\r\n1,x,Al\r\n", "/table", csv) == b"who,email,name\r\n1,[redacted],==\r\n"


async def test_a_value_as_a_short_code_passes_where_qualifiers_are_asked_for():
    edi = "UNB+UNOC:3+A+B+260114:0830+77'UNH+1+ORDERS:D:96A:UN'NAD+LEE+x'UNT+3+1'UNZ+1+77'"
    got = await shown(edi.encode(), "/edi", (("Content-Type", "application/edifact"),))
    assert b"NAD+LEE+[redacted]" in got


async def test_archives_of_other_kinds_pass_whole_where_the_catalogue_lets_bytes_pass():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        made.addfile(tarfile.TarInfo("a"), io.BytesIO())
    for body in (packed.getvalue(), b"7z\xbc\xaf\x27\x1c" + MAIL.encode(), b"Rar!\x1a\x07" + MAIL.encode()):
        assert await shown(body, "/file", (("Content-Type", "application/octet-stream"),)) == body


async def test_when_events_come_and_how_many_is_not_hidden():
    events = [b"data: a\n\n", b"data: b\n\n", b"data: c\n\n"]
    made = bench(Response(200, (("Content-Type", "text/event-stream"),), stream=Source(*events)))
    response = await made.ask("GET", "/events")
    pieces = [piece async for piece in response.stream]
    assert pieces == [b"data: [redacted]\n\n"] * 3


async def test_what_a_document_says_passes_and_its_mark_can_be_cut_off():
    got = await shown(saved(blank()), "/scan", (("Content-Type", "application/pdf"),))
    assert "Invoice 4711" in texts(got)[0] != "Invoice 4711"
    assert texts(unstamped(got)) == ["Invoice 4711"]


@pytest.mark.parametrize("who", ["C-7", "07", "7.0", "c-7 ", "\uff43-7", "c\u2010-7", "7e0"])
async def test_ids_that_look_alike_are_others_and_share_no_consent(who):
    made = bench({"who": who, "email": MAIL})
    made.grant("c-7", "contact")
    made.grant("7", "contact")
    assert MAIL.encode() not in (await made.ask("GET", "/orders/7")).body
    for known in ("c-7", 7, "7"):
        made.answer = answering({"who": known, "email": MAIL})
        assert MAIL.encode() in (await made.ask("GET", "/orders/7")).body


async def test_composed_and_decomposed_letters_of_an_id_are_two_customers():
    made = bench({"who": "Zoe\u0308", "email": MAIL})
    made.grant("Zo\u00eb", "contact")
    assert MAIL.encode() not in (await made.ask("GET", "/orders/7")).body


async def test_numbers_that_are_no_whole_numbers_as_they_are_written_name_nobody():
    for text in (b"7.0", b"7e0", b"-0.0", b"true", b"null", b"[7]", b'{"id":7}'):
        made = bench(answering(b'{"who":%b,"email":"%b"}' % (text, MAIL.encode()), headers=JSON))
        for name in ("7", "7.0", "7e0", "True", "-0.0", "0"):
            made.grant(name, "contact")
        assert MAIL.encode() not in (await made.ask("GET", "/orders/7")).body


async def test_a_system_that_names_the_wrong_customer_is_believed():
    made = bench({"who": "agreed", "email": MAIL})
    made.grant("agreed", "contact")
    assert MAIL.encode() in (await made.ask("GET", "/orders/7")).body


async def test_a_member_that_was_removed_is_missed_in_a_full_replacement():
    made = bench({"who": "a", "price": 5})
    read = json.loads((await made.ask("GET", "/orders/7")).body)
    assert read == {"who": "a"}
    made.answer = Response(204)
    assert (await made.ask("PUT", "/orders/7", read)).status == 204
    assert json.loads(made.asked[-1].body) == {"who": "a"}


async def test_a_status_tells_whether_a_record_exists():
    for status in (404, 409, 412, 403):
        assert (await bench(Response(status)).ask("GET", "/orders/7")).status == status


async def test_a_language_that_no_catalogue_can_name_is_not_read():
    made = bench({"value": []})
    for target in ("/search?jql=email~'a*'", "/search?q=email:a*"):
        assert (await made.ask("GET", target)).status == 200
        assert made.asked[-1].target == target


async def test_header_fields_of_a_request_that_nobody_labelled_pass():
    made = bench({"who": "a"})
    await made.ask("GET", "/orders/7", headers=(("X-Mail", MAIL), ("Cookie", f"mail={MAIL}")))
    assert MAIL in repr(made.asked[-1].headers)


@pytest.mark.parametrize("name", ["Location", "Link", "Set-Cookie", "ETag", "WWW-Authenticate", "X-Any"])
async def test_header_fields_of_an_answer_that_nobody_labelled_pass(name):
    made = bench(answering({"remark": "x"}, headers=((name, f'"{MAIL}"'),)))
    assert MAIL in repr((await made.ask("GET", "/orders/7")).headers)


async def test_compression_tells_of_what_passes_and_never_of_what_was_treated():
    """As BREACH asks: a guess that the caller can place beside a value makes the body shorter where it is right."""

    async def size(guess, email, remark):
        body = gzip.compress(json.dumps({"email": email, "remark": f"{remark} {guess}"}).encode(), mtime=0)
        headers = (*JSON, ("Content-Encoding", "gzip"))
        return len((await bench(Response(200, headers, body)).ask("GET", "/orders/7")).body)

    secret, wrong = "zqanna.weber@example.com", "vbcdfg.hjklm@qponmlk.tsr"
    assert await size(secret, email=secret, remark="x") == await size(secret, email=wrong, remark="x")
    assert await size(secret, email="x", remark=secret) < await size(wrong, email="x", remark=secret)


async def test_a_brotli_stream_may_hold_what_no_reader_of_the_body_sees():
    """Metadata blocks (RFC 7932 section 9.2); of gzip and zstd such things are taken out."""
    plain = b'{"remark": "x"}'
    # window of 64 KiB, a metadata block of 24 bytes, then one stored block that is the last but for an empty one
    body = metadata(MAIL.encode()) + stored(plain) + b"\x03"
    headers = (*JSON, ("Content-Encoding", "br"))
    assert MAIL.encode() in (await bench(Response(200, headers, body)).ask("GET", "/orders/7")).body


def metadata(text: bytes) -> bytes:
    """Begin a stream with a metadata block: WBITS 0 in one bit, ISLAST 0, MNIBBLES 11, reserved 0, a byte of length."""
    bits = 0 | 0 << 1 | 0b11 << 2 | 0 << 4 | 1 << 5 | (len(text) - 1) << 7
    return bits.to_bytes(2, "little") + text


def stored(plain: bytes) -> bytes:
    """Write a block as it is: ISLAST 0, MNIBBLES 4, the length, ISUNCOMPRESSED 1."""
    bits = 0 | 0 << 1 | (len(plain) - 1) << 3 | 1 << 19
    return bits.to_bytes(3, "little") + plain
