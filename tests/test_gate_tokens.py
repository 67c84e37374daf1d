"""Tokens in every format: each record's under its own customer, all in the evidence, and back without a trace."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from hashlib import sha256
from html import unescape
from io import BytesIO
from urllib.parse import parse_qsl, unquote_plus
from zipfile import ZipFile

import pytest
from edi_kit import ORDERS
from gate_kit import SALES, Bench, written
from lxml import etree
from multipart_kit import FORM, body, field
from test_x12 import ORDER as X12_ORDER
from xlsx_kit import KIND, cell, inline, row, sheet, workbook

from gateway.flow import Response
from gateway.tokens import shapes

CATALOGUE = """
version: 1
catalog: erp
operations:
  json: {request: GET /json, response: json}
  ndjson: {request: GET /ndjson, response: ndjson}
  csv: {request: GET /csv, response: csv}
  xml: {request: GET /xml, response: xml}
  form: {request: GET /form, response: form}
  multipart: {request: GET /multipart, response: multipart}
  edifact: {request: GET /edifact, response: edifact}
  x12: {request: GET /x12, response: x12}
  xlsx: {request: GET /xlsx, response: xlsx}
  box: {request: GET /box, response: box}
messages:
  order:
    format: json
    customer: $.who
    unlisted: keep
    fields:
      $.email: user.contact.email
      $.name: user.name
      $.phone: user.contact.phone_number
      $.price: business.price
  json: {format: json, records: "$.value[*]", each: order}
  ndjson:
    format: ndjson
    customer: $.who
    unlisted: keep
    fields:
      $.email: user.contact.email
      $.name: user.name
      $.phone: user.contact.phone_number
      $.price: business.price
  csv:
    format: csv
    customer: who
    unlisted: keep
    fields: {email: user.contact.email, name: user.name, phone: user.contact.phone_number, price: business.price}
  xml: {format: xml, records: /orders/order, each: xml-order, unlisted: keep}
  xml-order:
    format: xml
    customer: "@who"
    unlisted: keep
    fields: {email: user.contact.email, name/@is: user.name, phone: user.contact.phone_number, price: business.price}
  form:
    format: form
    customer: who
    unlisted: keep
    fields: {email: user.contact.email, name: user.name, phone: user.contact.phone_number, price: business.price}
  multipart:
    format: multipart
    customer: who
    unlisted: keep
    fields:
      email: user.contact.email
      name: user.name
      phone: user.contact.phone_number
      price: business.price
      doc: {contains: order}
  edifact: {format: edifact, records: UNH, each: edifact-order, unlisted: keep}
  edifact-order:
    format: edifact
    customer: NAD[1=BY]/2.1
    unlisted: keep
    loops: {NAD: CTA COM}
    fields:
      NAD[1=BY]/4.1: user.name
      "NAD[1=BY] > COM[1.2=TE]/1.1": user.contact.phone_number
      "NAD[1=BY] > COM[1.2=EM]/1.1": user.contact.email
      "MOA/1.2": business.price
  x12: {format: x12, records: ST, each: x12-order, unlisted: keep}
  x12-order:
    format: x12
    customer: N1[1=BY]/4
    unlisted: keep
    loops: {N1: N2 N3 N4 PER}
    fields:
      N1[1=BY]/2: user.name
      PER/4: user.contact.phone_number
      PER/6: user.contact.email
      PO1/4: business.price
  xlsx:
    format: xlsx
    sheet: People
    header_row: 1
    customer: who
    unlisted: keep
    fields: {email: user.contact.email, name: user.name, phone: user.contact.phone_number, price: business.price}
  box: {format: json, unlisted: keep, fields: {$.inner: {contains: order}, $.lines: {contains: ndjson}}}
"""
POLICY = """
version: 1
policy: p
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: user.contact.email, leg: response, operator: {role: sales}, treatment: encrypt}
  - {classes: user.name, leg: response, operator: {role: sales}, treatment: tokenise}
  - {classes: user.contact.phone_number, leg: response, operator: {role: sales}, treatment: tokenise, shape: phone}
  - {classes: business.price, leg: response, operator: {role: sales}, treatment: tokenise, shape: digits}
reveal:
  - {classes: [user.contact, user.name, business.price], leg: response, operator: {role: auditor}}
"""
AUDITOR = replace(SALES, role="auditor")

# JSON is written anew where something in it changes: these are written as that is.
JSON = (
    '{"value":['
    '{"who":"C-1","email":"anna@x.test","name":"Anna \\"A\\" Lü","phone":"+49 170 1","price":12345678901234.50},'
    '{"price":1E+2,"who":"C-2","name":"李伟","email":"li@x.test","phone":"+49 170 1"},'
    '{"who":"C-1","email":"","name":"Anna \\"A\\" Lü","phone":null,"price":-0.10}]}'
)
LINES = (
    '{"who":"C-1","email":"anna@x.test","name":"Anna","phone":"+49 170 1","price":12.50}\n'
    '{"who":"C-2","name":"李伟","email":"li@x.test","phone":"+49 170 1","price":7}\n'
)
TABLE = 'who,email,name,phone,price\r\nC-1,anna@x.test,"Anna ""A"", L",+49 170 1,12.50\r\nC-2,li@x.test,李伟,"1",7\r\n'
XML = (
    "<?xml version='1.0'?>\n<orders>\n"
    "<order who='C-1'><email>anna@x.test</email><name is='Anna &amp; L'/><phone>+49 170 1</phone>"
    "<price>12.50</price></order>\n"
    "<order who='C-2'><email>li@x.test</email><name is='李伟'/><phone/><price>7</price></order></orders>"
)
PARTS = body(
    field("who", "C-1"),
    field("email", "anna@x.test"),
    field("name", "Anna & L"),
    field("phone", "+49 170 1"),
    field("price", "12.50"),
    field("doc", '{"who":"C-2","email":"li@x.test","price":7}', "Content-Type: application/json"),
)
COLUMNS = ("who", "email", "name", "phone", "price")


def written_row(number, price, *texts):
    """Write a row of a sheet, with its price as a number where there is one."""
    cells = [inline(f"{column}{number}", text) for column, text in zip("ABCDE", texts, strict=False)]
    return row(number, *cells, *([cell(f"E{number}", price)] if price else []))


PEOPLE = sheet(
    written_row(1, "", *COLUMNS),
    written_row(2, "12.5", "C-1", "anna@x.test", "Anna", "+49 170 1"),
    written_row(3, "7", "C-2", "li@x.test", "李伟", "1"),
)
SHEET = "xl/worksheets/sheet1.xml"
BOX = {
    "inner": '{"who":"C-1","email":"anna@x.test","price":12.50}',
    "lines": LINES,
}
BODIES = {
    "json": ("application/json", JSON.encode()),
    "ndjson": ("application/x-ndjson", LINES.encode()),
    "csv": ("text/csv", TABLE.encode()),
    "xml": ("application/xml", XML.encode()),
    "form": (
        "application/x-www-form-urlencoded",
        b"who=C-1&email=anna%40x.test&name=Anna+L&phone=%2B49&price=12.50&x=y",
    ),
    "multipart": (FORM, PARTS),
    "edifact": ("application/EDIFACT", ORDERS.encode("latin-1")),
    "x12": ("application/EDI-X12", X12_ORDER if isinstance(X12_ORDER, bytes) else X12_ORDER.encode()),
    "xlsx": (KIND, workbook(PEOPLE)),
}
LEAST = {"multipart": 6, "form": 4, "edifact": 5, "x12": 4}
TOKEN = re.compile(
    r"eyJ[\w-]+\.\.[\w-]{16}\.[\w-]*\.[\w-]{22}|tk_[0-9A-Za-z]{24}|\+999[0-9]{12}|(?<![0-9])79[0-9]{14}(?![0-9])"
)


def bench(name, data=None):
    kind, usual = BODIES[name]
    answer = Response(200, (("Content-Type", kind),), usual if data is None else data)
    return Bench(written(catalog_erp=CATALOGUE, catalog_crm="version: 1\ncatalog: crm", p=POLICY), answer)


def texts(name, data):
    """What is written in a body, as a reader of the format would have it."""
    if name == "xlsx":
        with ZipFile(BytesIO(data)) as book:
            return "\n".join(book.read(member).decode() for member in book.namelist() if member.endswith(".xml"))
    text = data.decode("latin-1" if name == "edifact" else "utf-8")
    return {"form": unquote_plus(text), "edifact": text.replace("?", "")}.get(name, text)


def cells(data):
    """What a sheet shows: the texts and numbers of its cells."""
    with ZipFile(BytesIO(data)) as book:
        return [unescape(text) for text in re.findall("<(?:t|v)[^>]*>([^<]*)", book.read(SHEET).decode())]


def tokens(name, data):
    return [one for one in TOKEN.findall(texts(name, data)) if shapes.is_token(one)]


def proven(gate, entries, found):
    """The law of the evidence: what an entry tells of each customer is what really stands in what was released."""
    told = {use.customer: (use.made, use.digest) for entry in entries for use in entry.keys if use.made}
    there = {}
    for token in found:
        there.setdefault(gate.names.customer(gate.custody.owner(token)), []).append(token)
    assert told == {who: (len(made), digest(made)) for who, made in there.items()}


def digest(made):
    return sha256("".join(f"{token}\n" for token in sorted(made)).encode()).hexdigest()


@pytest.mark.parametrize("name", BODIES)
async def test_whatever_the_format_tokens_are_told_of_and_come_back(name):
    gate = bench(name)
    response = await gate.ask("GET", f"/{name}")
    assert response.status == 200, response.body
    found = tokens(name, response.body)
    assert len(found) >= LEAST.get(name, 7)
    proven(gate, gate.entries[-1:], found)
    assert {gate.custody.owner(token) for token in found} <= {"C-1", "C-2", "C-017", "C-018"}
    for value in ("anna@", "li@x", "李伟", "ann@buyer", "Lin Wei"):
        assert value not in texts(name, response.body)
    gate.answer = Response(200, response.headers, response.body)
    back = await gate.ask("GET", f"/{name}", operator=AUDITOR)
    assert back.status == 200, back.body
    if name == "xlsx":
        assert cells(back.body) == cells(BODIES[name][1])
    elif name == "xml":  # which may write a character as its number
        assert etree.tostring(etree.fromstring(back.body), method="c14n") == etree.tostring(
            etree.fromstring(BODIES[name][1]), method="c14n"
        )
    elif name == "form":
        assert parse_qsl(back.body) == parse_qsl(BODIES[name][1])
    else:
        assert back.body == BODIES[name][1]
    assert sum(use.opened for use in gate.entries[-1].keys) == len(found)
    assert sum(use.refused for use in gate.entries[-1].keys) == 0


@pytest.mark.parametrize("name", ["ndjson", "csv"])
async def test_in_a_stream_each_piece_has_its_own_evidence(name):
    head, rows = ("", LINES) if name == "ndjson" else TABLE.split("\r\n", 1)
    whole = (f"{head}\r\n" if head else "").encode() + rows.encode() * 6000
    gate = bench(name)
    kind = BODIES[name][0]

    async def pieces(data):
        for at in range(0, len(data), 50_000):
            yield data[at : at + 50_000]

    async def through(data, operator=SALES):
        """Give the pieces that come out."""
        gate.answer = lambda _: Response(200, (("Content-Type", kind),), stream=pieces(data))
        response = await gate.ask("GET", f"/{name}", operator=operator)
        return [piece async for piece in response.stream]

    arrived = await through(whole)
    entries = [entry for entry in gate.entries if entry.kind == "piece"]
    assert len(entries) > 1
    assert len(arrived) == len(entries)
    for piece, entry in zip(arrived, entries, strict=True):
        proven(gate, [entry], tokens(name, piece))
    assert b"".join(await through(b"".join(arrived), AUDITOR)) == whole


async def test_the_same_value_has_one_token_for_its_customer_wherever_it_stands():
    gate = bench("json")
    response = await gate.ask("GET", "/json")
    names = re.findall(r'"name":"(tk_\w+)"', response.body.decode())
    phones = re.findall(r'"phone":"(\+999\d+)"', response.body.decode().replace(": ", ":"))
    assert len(names) == 3
    assert len(set(names)) == 2
    assert len(set(phones)) == 2  # the same number of two customers


async def test_messages_in_messages_count_once_with_those_around_them():
    kind, data = "application/json", json.dumps({**BOX, "more": "Ünïcode"}).encode()
    gate = bench("json", data)
    gate.answer = Response(200, (("Content-Type", kind),), data)
    response = await gate.ask("GET", "/box")
    assert response.status == 200, response.body
    told = json.loads(response.body)
    found = [token for text in told.values() for token in TOKEN.findall(text)]
    assert len(found) == 2 + 8
    proven(gate, gate.entries[-1:], found)
    gate.answer = Response(200, (("Content-Type", kind),), response.body)
    back = await gate.ask("GET", "/box", operator=AUDITOR)
    assert json.loads(back.body) == json.loads(data)
