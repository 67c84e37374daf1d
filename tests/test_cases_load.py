"""Case files are read strictly: everything that is wrong, at once, with its place and what was meant."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from cases_kit import HEAD, ORDER, POLICIES, READ, reading, suites
from gate_kit import SHIPPED
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from test_schemas import plain

from gateway.cases import load
from gateway.cases.bodies import as_json
from gateway.errors import FaultyFiles, Problem
from gateway.policy.schemas import shipped
from gateway.workbench.values import parse as parse_body
from gateway.yamlsource import Reader, parse

SCHEMA = Draft202012Validator(json.loads(shipped("cases")))


def faults(text: str, **given: object) -> list[str]:
    with pytest.raises(FaultyFiles) as raised:
        suites(text, **given)
    return [f"{p.place.line}:{p.place.column} {p.code} {p.message}" for p in raised.value.problems]


ONE = "    flow: {" + READ + "}\n    response: {body: " + ORDER + "}\n"


REFUSED = "the flow is expected to be refused: nothing of this is there to be seen"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\ncases: c\nlist: []", "3:7 SG601 there is no case in this list"),
        ("version: 1\ncases: c", '1:1 SG102 the key "list" is missing'),
        ("version: 2\ncases: c\nlist: [{case: a}]", "1:10 SG106 2 is out of range"),
        ("version: 1\ncases: My cases\nlist: [{case: a}]", '2:8 SG110 "My cases" is no name'),
        (HEAD + "  - case: a\n" + ONE, "4:11 SG602 this case expects nothing, so it would always pass"),
        (HEAD + "  - case: a\n    expect: {verdict: allow}", "4:11 SG102 the case has no flow"),
        (HEAD + "  - flow: {}\n", '4:5 SG102 the key "case" is missing'),
        (reading("{verdict: alow}"), '7:23 SG107 unknown verdict "alow"'),
        (reading("{verdit: allow}"), '7:14 SG101 unknown key "verdit"'),
        (reading("{refusal: forbidden}"), '7:23 SG107 unknown refusal "forbidden"'),
        (
            reading("{verdict: allow, refusal: denied}"),
            "7:39 SG614 a flow that is allowed is refused on no leg and for no reason",
        ),
        (reading("{verdict: refuse, fields: {$.id: keep}}"), f"7:46 SG614 {REFUSED}"),
        (reading("{verdict: refuse, unlisted: redact}"), f"7:41 SG614 {REFUSED}"),
        (reading("{refusal: denied, body: {id: 1}}"), f"7:37 SG614 {REFUSED}"),
        (reading("{verdict: refuse, leg: request, fields: {$.id: refuse}}"), f"7:60 SG614 {REFUSED}"),
        (reading("{verdict: refuse, leg: request, forwarded: {body: {id: 1}}}"), f"7:63 SG614 {REFUSED}"),
        (reading("{requests: {}}"), "7:24 SG105 nothing is expected here"),
        (reading("{requests: {'#0': {verdict: allow}}}"), '7:25 SG615 "#0" counts no request'),
        (reading("{requests: {first: {verdict: allow}}}"), '7:25 SG615 "first" counts no request'),
        (reading("{requests: {'#1': {}}}"), "7:31 SG105 nothing is expected here"),
        (reading("{requests: {'#1': {requests: {'#1': {verdict: allow}}}}}"), '7:32 SG101 unknown key "requests"'),
        (reading("{operation: read-ordr}"), '7:25 SG305 unknown operation in erp: "read-ordr"'),
        (reading("{operation: photo-*}"), "7:25 SG614 a flow is one operation"),
        (reading("{rules: sales-reads}"), '7:21 SG613 unknown rule "sales-reads"'),
        (reading('{rules: "production/protect[9]"}'), '7:21 SG613 unknown rule "production/protect[9]"'),
        (reading("{status: 999}"), "7:22 SG106 999 is out of range"),
        (reading("{fields: {}}"), "7:22 SG105 nothing is expected here"),
        (reading("{fields: {$.id: hash}}"), '7:29 SG107 unknown treatment "hash"'),
        (reading("{fields: {$.id: {}}}"), "7:29 SG105 nothing is expected here"),
        (reading("{fields: {$.id: {treatment: mask, keep: 4}}}"), '7:47 SG101 unknown key "keep"'),
        (reading("{fields: {$.id: {treatment: mask, keep_last: x}}}"), "7:58 SG316 keep_last must be a whole number"),
        (
            reading("{fields: {$.id: {becomes: yes}}}"),
            '7:39 SG104 "yes" is text here, and true or false to some YAML readers',
        ),
        (reading("{fields: {'$.': keep}}"), "7:23 SG204 "),
        (reading("{fields: {customer.id: keep}}"), '7:23 SG612 "customer.id" is neither a selector nor a class'),
        (
            reading("{fields: {user.contact.emial: keep}}"),
            '7:23 SG612 "user.contact.emial" is neither a selector nor a class',
        ),
        (reading("{unlisted: mask}"), '7:24 SG107 unknown unlisted "mask"'),
        (reading("{watermark: no-mark}"), '7:25 SG107 unknown watermark "no-mark"'),
        (reading("{watermark: {}}"), "7:25 SG105 nothing is expected here"),
        (reading("{watermark: {visibel: x}}"), '7:26 SG101 unknown key "visibel"'),
        (reading("{body: {a: 1}, file: a.json}"), "7:34 SG604 a body is written out or in a file, not both"),
        (reading("{file: ../../etc/passwd}"), "7:20 SG605 a case's file stands in tests/, beside the case or below"),
        (reading("{file: /etc/passwd}"), "7:20 SG605 a case's file stands in tests/, beside the case or below"),
        (reading("{observed: {fields: {$.id: {becomes: 1}}}}"), "7:40 SG614 what only would be becomes nothing"),
        (reading("{headers: {'a b': c}}"), "7:24 SG112 "),
        (reading("{verdict: allow}", flow="from: crm, to: erp"), '5:11 SG102 the key "request" is missing'),
        (reading("{verdict: allow}", flow="from: crm, to: epr, request: GET /"), '5:27 SG304 unknown system "epr"'),
        (reading("{verdict: allow}", flow=READ + ", request2: x"), "5:90 SG101 "),
        (
            reading("{verdict: allow}", flow="from: crm, to: erp, request: /api"),
            "5:41 SG201 a request is a method and a path",
        ),
        (reading("{verdict: allow}", flow=READ + ", at: 2026-01-05"), '5:94 SG609 "2026-01-05" is no moment'),
        (
            reading("{verdict: allow}", flow=READ + ", at: 2026-01-05T09:00"),
            '5:94 SG609 "2026-01-05T09:00" is no moment',
        ),
        (reading("{verdict: allow}", flow=READ + ", at: 9999-12-31T23:59-23:00"), "5:94 SG609 "),
        (reading("{verdict: allow}", flow=READ + ", peer: crm"), '5:96 SG608 "crm" is no address'),
        (reading("{verdict: allow}", flow=READ + ", operator: {name: a}"), '5:101 SG101 unknown key "name"'),
        (
            reading("{verdict: allow}", flow=READ + ", headers: {X-A: 北京}"),
            "5:105 SG112 no header can have this value",
        ),
        (reading("{verdict: allow}", body="{a: 0x1F}"), "6:26 SG607 0x1F is no number that can stand here"),
        (
            reading("{verdict: allow}", body="{a: yes}"),
            '6:26 SG104 "yes" is text here, and true or false to some YAML readers',
        ),
        (
            reading("{verdict: allow}", more="    customers: {C-1: {consents: contct}}\n"),
            '7:33 SG307 unknown consent "contct"',
        ),
        (
            reading("{verdict: allow}", more="    customers: {C-1: {consent: contact}}\n"),
            '7:23 SG101 unknown key "consent"',
        ),
        (reading("{verdict: allow}", more="    customers: {C-1: {attributes: {region: 1}}}\n"), "7:44 SG103 "),
    ],
)
def test_a_fault_is_told_at_its_place(text, told):
    found = faults(text)
    assert [line for line in found if line.startswith(told)], found


def table(columns: str, *rows: str) -> str:
    listed = "".join(f"        - {row}\n" for row in rows)
    return f"{HEAD}  - case: a\n{ONE}    table:\n      columns: {columns}\n      rows:\n{listed}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table("[consent, verdict]", "[~, allow]"), '8:17 SG610 unknown column "consent"'),
        (table("[consents, verdict]", "[~]"), "10:11 SG611 expected 2 cells, one for each column; found 1 cells"),
        (table("[consents, verdict]", "allow"), "10:11 SG611 expected 2 cells, one for each column; found no list"),
        (table("[consents, verdict]", "[~, allow]", "[~, refuse]"), "11:11 SG603 this row is the same situation"),
        (table("[role, role]", "[a, b]"), '8:23 SG109 "role" stands twice in this list'),
        (table("[role, verdict]", "[a, ~]"), "10:11 SG602 this case expects nothing"),
        (table("[role, $.id]", "[a, hash]"), '10:15 SG107 unknown treatment "hash"'),
        (table("[user.contct, role]", "[keep, a]"), '8:17 SG612 "user.contct" is neither a selector nor a class'),
        (table("[consents, verdict]", "[[contact, nothing], allow]"), '10:22 SG307 unknown consent "nothing"'),
        (HEAD + f"  - case: a\n{ONE}    table: {{columns: [role, verdict], rows: []}}", "7:45 SG103 a table has rows"),
        (HEAD + f"  - case: a\n{ONE}    table: {{columns: [role]}}", '7:12 SG102 the key "rows" is missing'),
    ],
)
def test_a_fault_of_a_table_is_told_at_its_cell(text, told):
    found = faults(text)
    assert [line for line in found if line.startswith(told)], found


def test_everything_that_is_wrong_with_every_file_is_told_at_once():
    files = {"tests/a.yaml": reading("{verdict: alow}"), "tests/sub/b.yml": "version: 1\ncases: c\nlist: 7"}
    with pytest.raises(FaultyFiles) as raised:
        load({name: text.encode() for name, text in files.items()}, POLICIES)
    assert {(p.place.file, p.code) for p in raised.value.problems} == {
        ("tests/a.yaml", "SG107"),
        ("tests/sub/b.yml", "SG601"),
        ("tests/sub/b.yml", "SG111"),
    }


def test_a_fault_of_what_rows_share_is_told_once():
    text = table("[role, verdict]", "[a, allow]", "[b, allow]", "[c, allow]").replace("erp", "epr")
    assert len([line for line in faults(text) if "SG304" in line]) == 1


def test_two_cases_of_one_name_are_told():
    text = reading("{verdict: allow}") + reading("{verdict: allow}").removeprefix(HEAD)
    assert faults(text) == ['8:11 SG111 the case "An order is read" is there twice; first on line 4']


def test_a_body_whose_file_is_missing_is_told_only_where_files_can_be_looked_for():
    text = reading("{verdict: allow}").replace(f"{{body: {ORDER}}}", "{file: order.json}")
    assert faults(text, attached={}) == ["6:22 SG606 there is no file tests/order.json"]
    (suite,) = load({"tests/c.yaml": text.encode()}, POLICIES)
    assert len(suite.cases) == 1


def test_a_row_is_laid_over_its_case_and_a_case_over_the_defaults():
    text = """
version: 1
cases: c
defaults:
  flow: {from: tms, to: erp, purpose: shipping, operator: {role: driver, subject: bo}, file: order.json}
  customers: {C-1: {consents: contact, attributes: {tier: gold}}}
  response: {status: 201, headers: {X-A: "1", X-B: "2"}}
list:
  - case: a
    flow: {from: crm, request: POST /api/orders, operator: {role: clerk}, body: {id: 7}}
    customers: {C-1: {attributes: {region: eu}}, C-2: {consents: invoices}}
    response: {headers: {X-B: "3"}}
    table:
      columns: [role, purpose, consents, customer.tier, region, verdict]
      rows:
        - [boss, order-fulfilment, [contact, invoices], silver, cn, allow]
        - [~, ~, ~, ~, ~, refuse]
"""
    boss, clerk = suites(text, attached={})[0].cases
    assert (boss.flow.operator.system, boss.flow.operator.role, boss.flow.operator.subject) == ("crm", "boss", "bo")
    assert (boss.flow.purpose.name, boss.flow.purpose.source) == ("order-fulfilment", "claim")
    assert (boss.flow.request.method, boss.flow.request.body) == ("POST", b'{"id":7}')
    assert boss.answer.status == 201
    assert boss.answer.headers == (("X-A", "1"), ("X-B", "3"))
    named = boss.customers.named
    assert (named["C-1"].consents, named["C-1"].attributes) == ({"contact"}, {"tier": "gold", "region": "eu"})
    assert named["C-2"].consents == {"invoices"}
    assert boss.customers.others.consents == {"contact", "invoices"}
    assert boss.customers.others.attributes == {"tier": "silver", "region": "cn"}
    assert (clerk.flow.operator.role, clerk.flow.purpose.name, clerk.customers.others) == ("clerk", "shipping", None)
    assert (
        boss.name
        == "a: role boss, purpose order-fulfilment, consents contact and invoices, customer.tier silver, region cn"
    )
    assert (boss.place.line, clerk.place.line) == (16, 17)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("12345678901234567.890", "12345678901234567.890"),
        ("1.50", "1.50"),
        ("+3", "3"),
        ("~", "null"),
        ('"007"', '"007"'),
        ("2026-01-05T09:30Z", '"2026-01-05T09:30Z"'),
        ("[true, {b: }]", '[true,{"b":null}]'),
        ('{"a\\n": "\\u00e9"}', '{"a\\n":"é"}'),
    ],
)
def test_a_body_keeps_its_digits_and_its_text(written, sent):
    (suite,) = suites(reading("{verdict: allow}", body=f"{{x: {written}}}"))
    assert suite.cases[0].answer.body.decode() == f'{{"x":{sent}}}'


scalars = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text("aZ0 :{}[],-'\"\\\n#ü北")
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc$ü"), inner), max_leaves=8)


@given(values)
def test_json_is_read_as_yaml_to_the_same_json(value):
    text = json.dumps(value, ensure_ascii=False)
    node = parse("f.yaml", f'{{"x": {text}}}'.encode())
    written = as_json(Reader(), node)
    assert parse_body(written.encode()) == {"x": parse_body(text.encode())}


def test_what_is_not_a_case_is_passed_over():
    data = reading("{verdict: allow}").encode()
    names = ("tests/a.json", "tests/.a.yaml", "tests/.git/a.yaml", "test/a.yaml", "a.yaml", "catalog/tests/a.yaml")
    assert load(dict.fromkeys(names, data), POLICIES) == ()


SHIPPED_CASES = [path.read_text(encoding="utf-8") for path in sorted((SHIPPED / "tests").glob("*.yaml"))]
WORD = re.compile(r"[\w$.\[\]*/~-]+")
WORDS = [
    *sorted({word for text in SHIPPED_CASES for word in WORD.findall(text)}),
    "",
    "~",
    "[]",
    "{}",
    "1e5",
    '"x"',
    "\u202e",
]


def told_of(text: str) -> tuple[Problem, ...]:
    try:
        suites(text)
    except FaultyFiles as error:
        return error.problems
    return ()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SHIPPED_CASES), st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(WORDS)), max_size=4))
def test_a_mangled_file_gives_cases_or_its_faults_and_nothing_else(text, changes):
    for where, word in changes:
        found = list(WORD.finditer(text))
        at = found[int(where * len(found))]
        text = text[: at.start()] + word + text[at.end() :]
    told = told_of(text)
    assert all(problem.code and problem.place.line for problem in told)


GOOD = [
    "{verdict: allow}",
    "{verdict: refuse, leg: response, refusal: not-allowed}",
    "{operation: erp.read-order, rules: [production], status: 200}",
    "{fields: {$.id: keep, /id: {treatment: keep}, user.contact: {treatment: mask, keep_last: 4, becomes: ~}}}",
    "{fields: {$.id: {treatment: redact, constant: 0.5}}, records: {C-1: {$.id: keep}}, unlisted: redact}",
    "{forwarded: {fields: {$.id: drop}, unlisted: keep, headers: {A: b}, body: [1]}}",
    "{headers: {ETag: ~, Cache-Control: no-store}, body: {a: [1, 2.5, null]}}",
    "{watermark: none}",
    '{watermark: {visible: ["{mark}"], permissions: {print: false, copy: true}}}',
    "{watermark: {placement: [footer, corner], hidden: true, view_only: false, bilevel: true}}",
    "{watermark: {attachments: mark, signed: drop, pdfa: keep}}",
    "{observed: {verdict: refuse, fields: {$.id: keep}, rules: [production]}}",
]
BAD = [
    "{}",
    "[]",
    "{verdict: yes}",
    "{leg: both}",
    "{status: 99}",
    "{status: '200'}",
    "{fields: {}}",
    "{fields: [$.id]}",
    "{fields: {$.id: hash}}",
    "{fields: {$.id: {}}}",
    "{fields: {$.id: {treatment: mask, band: 4}}}",
    "{fields: {$.id: {becomes: [1]}}}",
    "{records: {C-1: {}}}",
    "{unlisted: mask}",
    "{forwarded: {}}",
    "{forwarded: {status: 200}}",
    "{watermark: some}",
    "{watermark: {visible: ''}}",
    "{watermark: {placement: middle}}",
    "{watermark: {hidden: 1}}",
    "{watermark: {signed: keep}}",
    "{watermark: {permissions: {edit: false}}}",
    "{observed: {}}",
    "{observed: {verdict: maybe}}",
    "{headers: {'a b': c}}",
    "{rules: []}",
]


def schema_takes(text: str) -> bool:
    return SCHEMA.is_valid(plain(parse("f.yaml", text.encode())))


@pytest.mark.parametrize("expect", GOOD)
def test_what_the_loader_takes_the_schema_takes(expect):
    assert suites(reading(expect))
    assert schema_takes(reading(expect))


@pytest.mark.parametrize("expect", BAD)
def test_what_the_schema_refuses_the_loader_refuses(expect):
    assert not schema_takes(reading(expect))
    assert faults(reading(expect))


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\ncases: c\nlist: []",
        "version: 1\ncases: C\nlist: [{case: a, flow: {}, expect: {verdict: allow}}]",
        HEAD + "  - case: a\n" + ONE,
        HEAD + "  - case: a\n    flow: {to: []}\n    expect: {verdict: allow}",
        HEAD + "  - case: a\n    flow: {operator: {kind: robot}}\n    expect: {verdict: allow}",
        HEAD + "  - case: a\n    customers: {C-1: {consents: 7}}\n    expect: {verdict: allow}",
        HEAD + "  - case: a\n    response: {status: 1}\n    expect: {verdict: allow}",
        HEAD + "  - case: a\n    table: {columns: [verdict], rows: []}",
        "version: 1\ncases: c\ndefaults: {expect: {}}\nlist: [{case: a, expect: {verdict: allow}}]",
    ],
)
def test_schema_and_loader_refuse_the_same_around_it(text):
    assert not schema_takes(text)
    assert faults(text)


def test_numbers_that_selectors_compare_are_not_what_bodies_hold():
    assert parse_body(b"[1.50, 7]") == [Decimal("1.50"), 7]
