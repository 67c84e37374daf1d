"""A system whose messages hold two protected values in every format, and a gate in front of it that redacts them."""

from __future__ import annotations

import json
from base64 import b64encode

from evasion_kit import Message
from gate_kit import Bench, written

from gateway.flow import Response

MAIL, NAME = "zqanna.weber", "Qxlindqvist"
CATALOGUE = """
version: 1
catalog: erp
operations:
  json: {request: GET /json, response: json}
  listed: {request: GET /listed, response: listed}
  ndjson: {request: GET /ndjson, response: ndjson}
  csv: {request: GET /csv, response: csv}
  form: {request: GET /form, response: form}
  multipart: {request: GET /multipart, response: multipart}
  xml: {request: GET /xml, response: xml}
  sse: {request: GET /sse, response: sse}
  edifact: {request: GET /edifact, response: edifact}
  send-json: {request: POST /json, body: json}
  send-listed: {request: POST /listed, body: listed}
  send-ndjson: {request: POST /ndjson, body: ndjson}
  send-csv: {request: POST /csv, body: csv}
  send-form: {request: POST /form, body: form}
  send-multipart: {request: POST /multipart, body: multipart}
  send-xml: {request: POST /xml, body: xml}
  send-sse: {request: POST /sse, body: sse}
  send-edifact: {request: POST /edifact, body: edifact}
messages:
  json:
    format: json
    customer: $.who
    fields:
      $.who: user.unique_id
      $.email: user.contact.email
      "$.people[*].name": user.name
      $.note: {contains: inner}
      $.file: {contains: inner, encoded: base64}
  inner: {format: json, fields: {$.email: user.contact.email}}
  listed: {format: json, records: "$.value[*]", each: record}
  record: {format: json, customer: $.who, fields: {$.who: user.unique_id, $.email: user.contact.email}}
  ndjson: {format: ndjson, customer: $.who, fields: {$.who: user.unique_id, $.email: user.contact.email}}
  csv: {format: csv, customer: who, fields: {who: user.unique_id, email: user.contact.email, note: {contains: inner}}}
  form: {format: form, customer: who, fields: {who: user.unique_id, email: user.contact.email, note: {contains: inner}}}
  multipart:
    format: multipart
    fields: {email: user.contact.email, note: {contains: inner}, file: {contains: inner, encoded: base64}}
  xml:
    format: xml
    customer: /a/@who
    fields: {/a/@who: user.unique_id, /a/email: user.contact.email, /a/p/@name: user.name, /a/note: {contains: inner}}
  sse: {format: sse, fields: {data: {contains: inner}, name.data: user.name}}
  edifact: {format: edifact, fields: {NAD/4: user.name, COM/1.1: user.contact.email}}
"""
POLICY = """
version: 1
policy: p
scope: {to: erp}
allow: true
protect:
  - {classes: [user], leg: response, treatment: redact}
"""
INNER = json.dumps({"email": MAIL, "other": [NAME, "Ünlu\u0308"]}, ensure_ascii=False)
PACKED = b64encode(INNER.encode()).decode()
WHOLE = {"who": 4711, "email": MAIL, "people": [{"name": NAME}], "note": INNER, "file": PACKED, "more": {"x": NAME}}
RECORD = {"who": 4711, "email": MAIL, "more": NAME}
QUOTED = '"' + INNER.replace('"', '""') + '"'
PARTS = "".join(
    f'--b1\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n{text}\r\n'
    for name, more, text in (
        ("email", "", MAIL),
        ("note", "Content-Type: application/json\r\n", INNER),
        ("file", "Content-Type: application/json\r\n", PACKED),
        ("more", "Content-Type: text/plain; charset=utf-8\r\n", NAME),
    )
)
EDIFACT = (
    "UNB+UNOC:3+A+B+260114:0830+77'UNH+1+ORDERS:D:96A:UN'BGM+220+4711+9'"
    f"NAD+BY+4711::9++{NAME}'COM+{MAIL}:EM'FTX+AAI+++{NAME}'UNT+6+1'UNZ+1+77'"
)
WORDS = ("email", "who", "name", "note", MAIL, NAME)
MESSAGES = {
    name: Message(text.encode(), kind, WORDS)
    for name, kind, text in (
        ("json", "application/json", json.dumps(WHOLE)),
        ("listed", "application/json", json.dumps({"count": 2, "value": [RECORD, RECORD]})),
        ("ndjson", "application/x-ndjson", f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}\n"),
        ("csv", "text/csv", f"who,email,note,more\r\n4711,{MAIL},{QUOTED},{NAME}\r\n4712,{MAIL},,{NAME}\r\n"),
        ("form", "application/x-www-form-urlencoded", f"who=4711&email={MAIL}&more={NAME}"),
        ("multipart", "multipart/form-data; boundary=b1", f"{PARTS}--b1--\r\n"),
        (
            "xml",
            "application/xml",
            f'<a who="4711"><email>{MAIL}</email><p name="{NAME}"/><note>{INNER}</note><more>{NAME}</more></a>',
        ),
        ("sse", "text/event-stream", f": {NAME}\n\ndata: {INNER}\n\nevent: name\ndata: {NAME}\n\n"),
        ("edifact", "application/edifact", EDIFACT),
    )
}
BENCH = Bench(written(catalog_erp=CATALOGUE, catalog_crm="version: 1\ncatalog: crm", p=POLICY))


async def answered(path: str, message: Message) -> bytes:
    """Give all that a caller gets when the system answers with a message."""
    BENCH.alarms.clear()
    BENCH.answer = Response(200, message.all_headers(), message.body)
    response = await BENCH.ask("GET", f"/{path}")
    BENCH.log.entries.clear()
    assert BENCH.alarms == []
    assert response.stream is None
    return response.body + repr(response.headers).encode()
