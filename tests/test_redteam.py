"""What an insider, a lying system and a careless officer tried, and what must come of it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from gate_kit import JSON, Bench, answering, written
from proxy_kit import System, gateway, get, ok, running, talk

from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.json import layout, read
from gateway.formats.limits import BodyLimits
from gateway.formats.selector import parse
from gateway.gate import Gate
from gateway.proxy.settings import Credential, Route
from gateway.regime import MessagePlan, Regime
from gateway.steps.edit import Editor

CRM = "version: 1\ncatalog: crm\n"
ERP = """
version: 1
catalog: erp
operations:
  read: {request: GET /a, response: thing}
  replace: {request: PUT /a, body: thing}
  note: {request: PUT /note, body: note}
  call: {request: POST /call, body: call}
messages:
  thing:
    format: json
    customer: $.id
    fields:
      $.id: user.unique_id
      $.name: user.name
      $.phone: user.contact.phone_number
      "$.phones[*]": user.contact.phone_number
      "$.people[*].phone": user.contact.phone_number
  note: {format: json, fields: {$.id: user.unique_id, $.note: business.contract}}
  call: {format: json, unlisted: keep}
"""
POLICY = """
version: 1
policy: p
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: user.contact, leg: response, treatment: mask, keep_last: 4%s}
  - {classes: user.name, leg: response, treatment: pseudonymise}
"""


def bench(more: str = "", **options: Any) -> Bench:
    return Bench(written(catalog_crm=CRM, catalog_erp=ERP, p=POLICY % more), **options)


def refusal(answer: Any) -> str:
    return str(json.loads(answer.body)["type"]).rpartition(":")[2] if answer.body else ""


@pytest.mark.parametrize(
    ("target", "body", "refused"),
    [
        ("/note", {"note": "[redacted]"}, True),  # labelled for writing alone: reading hid it as unlisted
        ("/note", {"note": None}, False),  # an honest null: the field is not hidden by any rule
        ("/note", {"note": "called back"}, False),
        ("/call", {"params": [{"tel": "*************5678"}]}, True),  # nobody labelled it here, but who reads knows it
        ("/call", {"params": ["pn_AAAAAAAAAAAAAAAAAAAAAA"]}, True),
        ("/call", {"params": ["[redacted]"]}, True),
        ("/call", {"params": ["*", "5678", "a*b", "1988", 150, "%wei%"]}, False),
    ],
)
async def test_what_was_read_under_one_name_is_not_written_back_under_another(
    target: str, body: object, refused: bool
) -> None:
    gate = bench()
    answer = await gate.ask("POST" if target == "/call" else "PUT", target, body)
    assert (refusal(answer), len(gate.asked)) == (("masked-write-back", 0) if refused else ("", 1))


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"id": "1", "phone": "****5678"}, {"id": "1"}),
        ({"id": "1", "people": [{"phone": "****5678", "id": 1}]}, None),  # `id` is unlisted there
        ({"id": "1", "people": [{"phone": "****5678"}]}, {"id": "1", "people": [{}]}),
        ({"id": "1", "phones": ["****5678", "+49 30 1234567"]}, None),
        ({"id": "1", "phones": ["****5678"]}, None),
        ({"id": "1", "phone": ["****5678"]}, None),
    ],
)
async def test_a_list_never_loses_an_element_that_was_only_masked(body: object, sent: object) -> None:
    gate = bench(", write_back: drop")
    for _ in range(3):  # the shape is learned by then
        gate.asked.clear()
        await gate.ask("PUT", "/a", body)
        assert [json.loads(asked.body) for asked in gate.asked] == ([] if sent is None else [sent])


@pytest.mark.parametrize("records", [None, "$[*]", "$.a[*]"])
def test_what_is_no_member_is_refused_where_it_would_be_dropped(records: str | None) -> None:
    drop = Edits(lambda _spot: Edit(lambda _value, _customer: Signal.DROP))
    plan = layout([parse("$")], None, parse(records) if records else None)
    body = {None: b'"x"', "$[*]": b'["x"]', "$.a[*]": b'{"a":["x"]}'}[records]
    written_ = read(body, plan).write([drop], Edits(lambda _spot: None))
    assert len(written_.refused) == 1


async def test_an_error_before_the_operation_is_known_is_recorded_too() -> None:
    gate = bench()
    answer = await gate.ask("GET", "/a", headers=None)
    assert (refusal(answer), gate.asked, len(gate.alarms)) == ("internal", [], 1)
    assert [(entry.kind, entry.refusal) for entry in gate.entries] == [("refusal", "internal")]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b'{"phones":[' + b",".join([b'"1"'] * 98) + b"]}", ""),
        (b'{"phones":[' + b",".join([b'"1"'] * 99) + b"]}", "body-too-large"),
        (b'{"phones":[' + b",".join([b"[]"] * 50) + b"]}", "body-too-large"),
        (b'{"phone":"' + b",[{" * 500 + b'\\""}', ""),  # marks within a text are no values
        (b'{"phone":"' + b"," * 500, "body-not-json"),
    ],
)
async def test_a_body_of_countless_values_is_refused_before_it_keeps_everyone_waiting(
    body: bytes, refused: str
) -> None:
    gate = bench(limits=BodyLimits(values=100))
    assert refusal(await gate.ask("PUT", "/a", body, JSON)) == refused


async def test_a_caller_cannot_put_a_credential_of_their_own_beside_the_gateways() -> None:
    async with running(System(ok())) as system:
        route = Route("erp", system.url, credential=Credential("X-Api-Key", "ours"))
        async with gateway(route) as house:
            await talk(house.address, get("/a", "X_Api_Key: theirs", "x-api-key: theirs"))
    assert b"theirs" not in system.requests[0]
    assert b"X-Api-Key: ours\r\n" in system.requests[0]


# What was learned of earlier bodies must never change what happens to a later one.

LISTS = """
version: 1
catalog: erp
operations:
  list: {request: GET /l, response: orders}
  replace: {request: PUT /l, body: orders}
messages:
  order:
    format: json
    customer: $.customer.id
    unlisted: UNLISTED
    fields:
      $.id: business.order
      $.customer.id: user.unique_id
      $.customer.name: user.name
      $.customer.phone: user.contact.phone_number
      $.customer.address: user.contact.address
      $.customer.address.zip: user.contact.address.postal_code
      "$.lines[*].price": business.price
      "$.lines[0].note": business.contract
      $.tags: business.photo
  orders: {format: json, unlisted: UNLISTED, records: "$.value[*]", each: order, fields: {$.count: business.order}}
"""
CONSENTS = """
version: 1
consents:
  contact: {wording: w, version: 1, classes: [user.contact], days: 9}
  all: {wording: w, version: 1, days: 9}
"""
TREATMENTS = ["mask, keep_last: 2", "redact", "redact, constant: 0", "remove", "pseudonymise", "generalise, into: year"]
CLASSES = ["user.name", "user.contact", "user.contact.address", "business.price", "business.contract", "business.photo"]
TEXTS = [
    "Lin",
    "",
    "},{",
    '"',
    "\\",
    '],"value":[',
    "é",
    "\u2028",
    "😀",
    "**",
    "[redacted]",
    "1988-04-12",
    "a,b:c",
    "null",
]
NUMBERS = ["0", "7", "-0", "12.50", "12345678901234567.89", "1e3", "9" * 25]


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class Author:
    """Writes bodies that are mostly alike."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.odd = chance.choice([0.01, 0.05, 0.3])
        self.space = chance.choice(["", "", " ", "\n  "])

    def scalar(self) -> object:
        if self.chance.random() < self.odd:
            return self.chance.choice([None, True, [], {}, ["x"], {"a": "x"}])
        return self.chance.choice(TEXTS) if self.chance.random() < 0.7 else Number(self.chance.choice(NUMBERS))

    def some(self, members: dict[str, object], optional: dict[str, object]) -> dict[str, object]:
        found = list((members | {name: one for name, one in optional.items() if self.chance.random() < 0.4}).items())
        if self.chance.random() < self.odd:
            self.chance.shuffle(found)
        return dict(found[: self.chance.randrange(1, 9)] if self.chance.random() < self.odd else found)

    def order(self) -> object:
        address = self.chance.choice(
            [{"zip": self.scalar(), "street": self.scalar()}, {"zip": self.scalar()}, None, {}]
        )
        who = self.chance.choice(["C-1", "C-2", "C-3", Number("7"), "7", None])
        customer = self.some({"id": who, "name": self.scalar()}, {"phone": self.scalar(), "address": address})
        lines = [{"price": self.scalar(), "note": self.scalar()} for _ in range(self.chance.randrange(3))]
        members = {"id": self.scalar(), "customer": customer, "lines": lines}
        return self.some(members, {"tags": [self.scalar()], "stray": self.scalar()})

    def body(self) -> bytes:
        orders = [self.order() for _ in range(self.chance.randrange(7))]
        return self.text(self.some({"value": orders, "count": self.scalar()}, {"stray": self.scalar()})).encode()

    def text(self, value: object) -> str:
        space = self.space
        if isinstance(value, Number):
            return str(value)
        if isinstance(value, dict):
            members = (f"{json.dumps(name)}:{space}{self.text(inner)}" for name, inner in value.items())
            return "{" + space + f",{space}".join(members) + space + "}"
        if isinstance(value, list):
            return "[" + space + f",{space}".join(map(self.text, value)) + space + "]"
        return json.dumps(value, ensure_ascii=self.chance.random() < 0.3)


def forgetful(regime: Regime) -> Regime:
    """The same regime, with nothing ever learned: every body is walked through."""

    def plan(message: MessagePlan | None) -> MessagePlan | None:
        if message is None or not message.format.BY_FIELDS:
            return message
        return replace(message, layout=replace(message.layout, former=None))

    operations = {
        name: replace(one, body=plan(one.body), response=plan(one.response)) for name, one in regime.operations.items()
    }
    return replace(regime, operations=operations)


def policy(chance: random.Random) -> str:
    rules = (
        f"  - {{classes: {chance.choice(CLASSES)}, leg: response, treatment: {chance.choice(TREATMENTS)}"
        + chance.choice(["", ", unless: {consent: contact}", ", unless: {consent: all}"])
        + chance.choice(["", ", write_back: drop"])
        + "}"
        for _ in range(chance.randrange(1, 6))
    )
    return "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\nprotect:\n" + "\n".join(rules) + "\n"


async def outcome(gate: Bench, method: str, body: bytes) -> object:
    gate.asked.clear()
    gate.entries.clear()
    gate.answer = answering(body, headers=JSON)
    answer = await gate.ask(method, "/l", *((body, JSON) if method == "PUT" else ()))
    said = [
        sorted(
            (sorted(d.customers), d.records, sorted((f.pointer, f.treatment, f.count) for f in d.fields)) for d in one
        )
        for one in (entry.decided for entry in gate.entries)
    ]
    released = [parsed(asked.body) for asked in gate.asked] if method == "PUT" else [parsed(answer.body)]
    assert not gate.alarms
    return answer.status, gate.entries[-1].refusal, released, said


def parsed(body: bytes) -> object:
    return json.loads(body, parse_int=Number, parse_float=Number) if body else None


async def test_a_body_that_is_wrong_in_two_ways_is_always_refused_by_the_same_name() -> None:
    gate = bench()
    for body in ({"id": "1", "phone": "1", "x": 1}, {"x": 1, "id": "1"}) * 3:
        assert refusal(await gate.ask("PUT", "/a", body)) == "unlisted-field"
    hidden = {"phone": "****5678"}
    for body in ({"x": 1, "id": "1", **hidden}, {**hidden, "x": 1}, {"x": 1, **hidden}) * 3:
        assert refusal(await gate.ask("PUT", "/a", body)) == "masked-write-back"


@pytest.mark.parametrize("seed", range(12))
async def test_what_was_learned_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    author = Author(chance)
    catalogue = LISTS.replace("UNLISTED", chance.choice(["keep", "redact", "remove"]))
    policies = written(catalog_crm=CRM, catalog_erp=catalogue, consents=CONSENTS, p=policy(chance))
    learning, walking = Bench(policies), Bench(policies)
    walking.gate = Gate(forgetful(walking.gate.regime), walking.gate.ports, Editor())
    for gate in (learning, walking):
        for customer, consent in (("C-1", "contact"), ("C-2", "all"), ("7", "contact")):
            gate.grant(customer, consent)
    for _ in range(40):
        method, body = chance.choice(["GET", "GET", "PUT"]), author.body()
        assert await outcome(learning, method, body) == await outcome(walking, method, body), body
