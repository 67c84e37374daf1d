"""A system whose messages hold two protected values in every format, and a gate in front of it that redacts them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from random import Random

from evasion_kit import Message
from evasion_messages import JSON, MAIL, NAME, WORDS, messages
from evasion_reader import shows
from gate_kit import NOW, ORDERING, SALES, Bench, written
from stream_kit import Source, drained

from gateway.audit.entry import encode
from gateway.errors import Unreadable
from gateway.flow import Flow, Request, Response
from gateway.regime import establish

_PATHS = (
    "json", "listed", "ndjson", "csv", "form", "multipart", "xml", "soap", "xmlrpc", "sse", "edifact", "x12", "holder",
    "zip", "xlsx",
)  # fmt: skip
_OPERATIONS = "".join(
    f"  {path}: {{request: GET /{path}, response: {path}}}\n  send-{path}: {{request: POST /{path}, body: {path}}}\n"
    for path in _PATHS
)
CATALOGUE = f"""
version: 1
catalog: erp
operations:
{_OPERATIONS}
  batch: {{request: "POST /odata/$batch", batch: odata}}
  item: {{request: "GET /odata/Items({{item}})", response: item}}
  make: {{request: POST /odata/Items, body: item, response: item}}
  secret: {{request: "DELETE /odata/Secrets({{item}})"}}
  calls: {{request: POST /rpc, batch: json-rpc}}
  call-item: {{request: {{method: POST, path: /rpc, body: {{$.method: read}}}}, body: call, response: result}}
  call-secret: {{request: {{method: POST, path: /rpc, body: {{$.method: secret}}}}, body: call, response: result}}
  composite: {{request: POST /services/data/v60.0/composite, batch: composite}}
  record: {{request: "GET /services/data/v60.0/sobjects/Item/{{item}}", response: item}}
  record-secret: {{request: "DELETE /services/data/v60.0/sobjects/Secret/{{item}}"}}
  head:
    request: GET /head
    response: item
    response_headers: {{X-Email: user.contact.email, X-Name: user.name}}
    unlisted_response_headers: remove
  upload: {{request: POST /upload, body: blob}}
  people:
    request: GET /people
    response: people
    query: {{$filter: {{language: odata}}}}
  soql: {{request: GET /query, response: people, query: {{q: {{language: soql}}}}}}
  person:
    request: GET /person/{{name}}
    response: item
    path: {{name: user.name}}
    query: {{email: user.contact.email, "tag[]": user.name}}
    headers: {{X-Email: user.contact.email}}
"""
MESSAGES_OF_CATALOGUE = """
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
  table: {format: csv, customer: who, fields: {who: user.unique_id, email: user.contact.email}}
  form: {format: form, customer: who, fields: {who: user.unique_id, email: user.contact.email, note: {contains: inner}}}
  multipart:
    format: multipart
    fields: {email: user.contact.email, note: {contains: inner}, file: {contains: inner, encoded: base64}}
  xml:
    format: xml
    customer: /a/@who
    fields: {/a/@who: user.unique_id, /a/email: user.contact.email, /a/p/@name: user.name, /a/note: {contains: inner}}
  soap:
    format: soap
    namespaces: {o: "urn:o", x: "http://schemas.xmlsoap.org/soap/envelope/"}
    fields:
      /x:Envelope/x:Body/o:order/o:email: user.contact.email
      /x:Envelope/x:Body/o:order/o:name: user.name
  xmlrpc:
    format: xmlrpc
    fields: {"//member[name='email']": user.contact.email, "//member[name='name']": user.name,
      /methodCall/methodName: business.order}
  sse: {format: sse, fields: {data: {contains: inner}, name.data: user.name}}
  edifact:
    format: edifact
    fields: {BGM/1: user, BGM/2: user, BGM/3: user, NAD/1: user, NAD/2: user.unique_id, NAD/4: user.name,
      COM/1.1: user.contact.email, COM/1.2: user}
  x12:
    format: x12
    fields: {BEG/1: user, BEG/2: user, BEG/3: user, BEG/5: user, N1/1: user, N1/2: user.name, N1/3: user,
      N1/4: user.unique_id, PER/1: user, PER/3: user, PER/4: user.contact.email}
  holder:
    format: json
    fields:
      $.table: {contains: table}
      $.lines: {contains: ndjson}
      $.mark: {contains: xml}
      $.form: {contains: form}
      $.packed: {contains: inner, encoded: base64+gzip}
      $.url: {contains: inner, encoded: base64url}
      $.zip: {contains: zip, encoded: base64}
      $.edi: {contains: edifact}
      $.deep: {contains: json}
  zip: {format: zip, fields: {"in/*.json": {contains: inner}, name.txt: user.name}}
  xlsx: {format: xlsx, customer: who, fields: {who: user.unique_id, email: user.contact.email, name: user.name}}
  item:
    format: json
    customer: $.who
    fields: {$.who: user.unique_id, $.email: user.contact.email, $.Attributes: business.order}
  people: {format: json, records: "$.value[*]", each: asked}
  asked: {format: json, fields: {$.Id: business.order, $.Zqemail: user.contact.email}}
  blob: {format: bytes, class: business.drawing}
  call: {format: json, unlisted: keep, fields: {$.method: business.order}}
  result: {format: json, fields: {$.jsonrpc: business.order, $.id: business.order, $.result.email: user.contact.email}}
"""
ALLOWED = (
    f"[{', '.join(name for path in _PATHS for name in (path, f'send-{path}'))}, batch, item, make, calls, call-item"
)
POLICY = f"""
version: 1
policy: p
scope: {{to: erp, operations: {ALLOWED}, composite, record, head, person, people, soql, upload]}}
allow: true
protect:
  - {{classes: [user], treatment: redact, constant: XX}}
"""
ANSWERS = messages(unlisted=True)
"""Good answers by the path of what they answer."""
SENT = messages(unlisted=False)
"""Good requests by their path: they hold nothing unlisted, since that would be refused."""
ITEM = {"who": 4711, "email": MAIL, "more": NAME}
_ONE = json.dumps(ITEM)


def _part(content: str) -> str:
    return f"--b1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{content}\r\n"


_ITEM_PART = _part(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_ONE)}\r\n\r\n{_ONE}")
BATCHED = {
    "odata-mime": ("multipart/mixed; boundary=b1", _ITEM_PART * 2 + "--b1--\r\n"),
    "odata-json": (
        JSON,
        json.dumps({"responses": [{"id": one, "status": 200, "headers": {}, "body": ITEM} for one in "12"]}),
    ),
    "rpc": (JSON, json.dumps([{"jsonrpc": "2.0", "id": one, "result": ITEM} for one in (1, 2)])),
    "composite": (
        JSON,
        json.dumps(
            {
                "compositeResponse": [
                    {"body": ITEM, "httpHeaders": {}, "httpStatusCode": 200, "referenceId": one} for one in "ab"
                ]
            }
        ),
    ),
}
ANSWERS |= {name: Message(text.encode(), kind, WORDS) for name, (kind, text) in BATCHED.items()}
_GET = "GET /odata/Items(1) HTTP/1.1\r\nAccept: */*\r\n\r\n"
COMPOSITE = "/services/data/v60.0/composite"


def _asking(secret: str) -> dict[str, tuple[str, str, str]]:
    """Give good batches: target, type, body. `secret` is the method of the second request, and what it is about."""
    method, kind = secret.split(" ")
    sobject = f"/services/data/v60.0/sobjects/{kind}/2"
    line = f"{method} /odata/{kind}s(2) HTTP/1.1\r\nAccept: */*\r\n\r\n"
    name = "secret" if kind == "Secret" else "read"
    both = [{"id": "1", "method": "GET", "url": "Items(1)"}, {"id": "2", "method": method, "url": f"{kind}s(2)"}]
    calls = [{"jsonrpc": "2.0", "id": at, "method": one, "params": [at]} for at, one in ((1, "read"), (2, name))]
    composite = [
        {"method": "GET", "url": "/services/data/v60.0/sobjects/Item/1", "referenceId": "a"},
        {"method": method, "url": sobject, "referenceId": "b"},
    ]
    return {
        "odata-mime": (
            "/odata/$batch",
            "multipart/mixed; boundary=b1",
            _part(_GET) + _part(line) + "--b1--\r\n",
        ),
        "odata-json": ("/odata/$batch", JSON, json.dumps({"requests": both})),
        "rpc": ("/rpc", JSON, json.dumps(calls)),
        "composite": (COMPOSITE, JSON, json.dumps({"compositeRequest": composite})),
    }


BATCHES = _asking("GET Item")
FORBIDDEN = _asking("DELETE Secret")
"""Batches with a request in them that no policy allows."""
_INLINE, _BLOCK = re.compile(r"\{format: (?!bytes)(\w+)"), re.compile(r"(?m)^    format: (\w+)$")
KEPT_UNLISTED = _BLOCK.sub(
    r"    format: \1\n    unlisted: keep", _INLINE.sub(r"{format: \1, unlisted: keep", MESSAGES_OF_CATALOGUE)
).replace("call: {format: json, unlisted: keep, unlisted: keep", "call: {format: json, unlisted: keep")


def _bench(messages_: str) -> Bench:
    return Bench(written(catalog_erp=CATALOGUE + messages_, catalog_crm="version: 1\ncatalog: crm", p=POLICY))


BENCH = _bench(MESSAGES_OF_CATALOGUE)
KEEPING = _bench(KEPT_UNLISTED)
"""The same, with a catalogue that lets pass what nobody labelled."""
SAID: list[str] = []
"""What errors said; see `overhear`."""


def overhear(error: Unreadable, refusal: str, message: str) -> None:
    """Stand in for what makes an error, and remember what it says."""
    error.refusal = refusal
    SAID.append(message)
    Exception.__init__(error, message)


def told(word: str) -> bool:
    """Tell whether audit entries or errors hold a word; both are forgotten."""
    entries = [*BENCH.log.entries, *KEEPING.log.entries]
    everything = b"\n".join(map(encode, entries)) + "\n".join(SAID).encode()
    BENCH.log.entries.clear()
    KEEPING.log.entries.clear()
    SAID.clear()
    return shows(everything, word, depth=0)


def forget() -> None:
    """Make both gates forget what shapes they learned: a body may be read in one way at first, and later in another."""
    for bench in (BENCH, KEEPING):
        bench.gate = replace(bench.gate, regime=establish(bench.policies))


async def answered(path: str, message: Message) -> bytes:
    """Give all that a caller gets when the system answers with a message."""
    BENCH.answer = Response(200, message.all_headers(), message.body)
    if path in BATCHES:
        target, kind, body = BATCHES[path]
        response = await BENCH.ask("POST", target, body.encode(), (("Content-Type", kind),))
    else:
        response = await BENCH.ask("GET", f"/{path}")
    return await _all(response)


async def answered_keeping(path: str, message: Message) -> bytes:
    """Give all that a caller gets where what nobody labelled may pass."""
    KEEPING.answer = Response(200, message.all_headers(), message.body)
    return await _all(await KEEPING.ask("GET", f"/{path}"))


async def answered_in_pieces(path: str, message: Message, random: Random) -> bytes:
    """Give what a caller gets when the system answers piece by piece, cut anywhere."""
    BENCH.answer = Response(200, message.all_headers(), stream=Source(*pieces(random, message.body)))
    return await _all(await BENCH.ask("GET", f"/{path}"))


async def sent(path: str, message: Message, random: Random | None = None) -> tuple[bytes, bytes]:
    """Give all that a system gets when a caller sends a message, and what the caller gets; in pieces with `random`."""
    BENCH.asked.clear()
    BENCH.answer = Response(204)
    request = Request("POST", f"/{path}", message.all_headers(), message.body)
    if random is not None:
        request = Request("POST", f"/{path}", message.all_headers(), stream=Source(*pieces(random, message.body)))
    return await forwarded(request)


async def forwarded(request: Request) -> tuple[bytes, bytes]:
    """Give all that a system gets of a request, and what the caller gets."""
    BENCH.asked.clear()
    flow = Flow("f1", NOW, "erp", request, SALES, ORDERING, "192.0.2.7", "t1")
    got: list[bytes] = []

    async def send(asked: Request, *, streamed: bool = False) -> Response:
        del streamed
        got.append(asked.body if asked.stream is None else (await drained(asked.stream))[0])
        got.append(f"\n{asked.method} {asked.target} {asked.headers!r}".encode())
        return Response(204)

    response = await BENCH.gate.handle(flow, send)
    return b"".join(got), await _all(response)


async def _all(response: Response) -> bytes:
    body = response.body
    if response.stream is not None:
        body += (await drained(response.stream))[0]
        await response.stream.aclose()
    alarms = [*BENCH.alarms, *KEEPING.alarms]
    BENCH.alarms.clear()
    KEEPING.alarms.clear()
    assert alarms == []
    return body + repr(response.headers).encode()


def pieces(random: Random, body: bytes) -> list[bytes]:
    """Cut a body anywhere, into few pieces or many."""
    count = min(random.choice((1, 2, 5, 40)), max(len(body) - 1, 0))
    cuts = sorted(random.sample(range(1, len(body)), count)) if count else []
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True) if start < end]
