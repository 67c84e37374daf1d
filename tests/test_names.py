"""Names that are data: the keys of maps, by their labels, and those that nobody labelled."""

import json

import pytest
from gate_kit import Bench, answering, written

from gateway.errors import FaultyFiles
from gateway.flow import Response
from gateway.formats.names import HIDDEN, distinct, plain, together
from gateway.regime import establish
from gateway.treatments.redact import REDACTED

CATALOGUE = """
version: 1
catalog: erp
operations:
  read: {request: GET /read, response: one}
  listed: {request: GET /listed, response: customers}
  strict: {request: GET /strict, response: strict}
  lines: {request: GET /lines, response: lines}
  write: {request: POST /write, body: one}
  write-all: {request: POST /all, body: customers}
messages:
  one:
    format: json
    customer: $.who
    fields:
      $.who: user.unique_id
      $.by_mail.*: {name: user.contact.email}
      $.by_mail.*.total: business.price
      $.by_mail.*.name: user.name
      $.prices.*: {class: business.price, name: business.product}
      $.contact: user.contact
      $.wild.*.total: business.price
  customers:
    format: json
    records: $.customers.*
    each: customer
    fields: {$.count: business.order}
  customer:
    format: json
    customer: {name: $}
    fields:
      $: {name: user.unique_id}
      $.email: user.contact.email
  strict: {format: json, names: [note, A 1], fields: {$.total: business.price}}
  lines: {format: ndjson, fields: {$.by_mail.*: {name: user.contact.email, class: business.price}}}
"""
POLICY = """
version: 1
policy: p
scope: {to: erp}
allow: true
protect:
  - {classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {consent: contact}}
  - {classes: user.unique_id, leg: response, treatment: pseudonymise}
"""
CONSENTS = """
version: 1
consents:
  contact: {wording: Yes., version: 1, classes: [user.contact], days: 9}
"""


@pytest.fixture
def bench():
    return Bench(written(catalog_erp=CATALOGUE, catalog_crm="version: 1\ncatalog: crm", p=POLICY, consents=CONSENTS))


async def answered(bench, path, body, **more):
    bench.answer = answering(body)
    response = await bench.ask("GET", path, **more)
    return json.loads(response.body)


async def test_the_names_of_a_map_are_treated_as_their_class_says(bench):
    got = await answered(bench, "/read", {"who": "C-1", "by_mail": {"ann@x.example": {"total": 1.50, "name": "Ann"}}})
    assert got["by_mail"] == {"*********mple": {"total": 1.5, "name": "Ann"}}
    touched = [field for entry in bench.entries for one in entry.decided for field in one.fields]
    assert [(f.pointer, f.classes, f.treatment) for f in touched if "?" in f.pointer] == [
        ("/by_mail/?", ("user.contact.email",), "mask")
    ]
    assert "ann@" not in repr(bench.entries)


async def test_consents_and_classes_decide_on_names_as_on_values(bench):
    bench.grant("C-1", "contact")
    got = await answered(bench, "/read", {"who": "C-1", "by_mail": {"ann@x.example": {"total": 1}}})
    assert got["by_mail"] == {"ann@x.example": {"total": 1}}
    got = await answered(bench, "/read", {"prices": {"AB-1": 2, "Ann Lee": 3}})
    assert got == {"prices": {"AB-1": 2, "Ann Lee": 3}}  # no rule is about products


async def test_names_that_become_alike_are_told_apart_by_numbers(bench):
    body = {"by_mail": {"a@x.example": {"total": 1}, "b@x.example": {"total": 2}, "c@x.example": {"total": 3}}}
    got = await answered(bench, "/read", body)
    assert list(got["by_mail"].items()) == [
        ("*******mple", {"total": 1}),
        ("*******mple (2)", {"total": 2}),
        ("*******mple (3)", {"total": 3}),
    ]


async def test_each_record_of_a_map_is_decided_by_the_customer_that_is_its_name(bench):
    bench.grant("C-1", "contact")
    body = {"count": 2, "customers": {"C-1": {"email": "ann@x.example"}, "C-2": {"email": "bob@x.example"}}}
    got = await answered(bench, "/listed", body)
    ann, bob = got["customers"].items()
    assert got["count"] == 2
    assert ann[0].startswith("pn_")
    assert bob[0].startswith("pn_")
    assert ann[0] != bob[0]
    assert [ann[1], bob[1]] == [{"email": "ann@x.example"}, {"email": "*********mple"}]
    outcome = bench.entries[-1]
    assert {one for decided in outcome.decided for one in decided.customers} == {
        bench.names.customer("C-1"),
        bench.names.customer("C-2"),
    }
    assert "/customers/?" in {field.pointer for decided in outcome.decided for field in decided.fields}


@pytest.mark.parametrize(
    "name",
    [
        "ann@x.example",
        "C-017",
        "+49 221 5550",
        "4711",
        "Lin Wei",
        "林伟",
        "2026-01-14",
        "DE89370400440532013000",
        "anna.weber",
        "",
    ],
)
async def test_a_name_that_nobody_labelled_is_a_value_unless_it_is_written_like_a_name(bench, name):
    got = await answered(
        bench, "/read", {"who": "C-1", name: 1, "wild": {name: {"total": 2}}, "note": "x", "more": {name: 3}}
    )
    assert got["[redacted]"] is None
    assert got["wild"] == {"[redacted]": {"total": 2}}
    assert got["note"] == "[redacted]"
    assert got["more"] == {}


async def test_what_a_label_covers_it_covers_with_the_names_in_it(bench):
    got = await answered(bench, "/read", {"contact": {"mail": "ann@x.example", "bob@x.example": {"c@x.example": 1}}})
    assert got["contact"] == {"mail": "*********mple", "*********mple": {"*******mple": None}}


async def test_where_names_are_listed_no_other_stays(bench):
    got = await answered(bench, "/strict", {"total": 1, "note": "x", "A 1": "y", "annaweber": 1, "bobmueller": 2})
    assert got == {"total": 1, "note": "[redacted]", "A 1": "[redacted]", "[redacted]": None, "[redacted] (2)": None}


async def test_lines_of_json_have_names_too(bench):
    lines = b'{"by_mail":{"ann@x.example":1}}\n{"by_mail":{"ann@x.example":2,"x":3}}\n'
    bench.answer = Response(200, (("Content-Type", "application/x-ndjson"),), lines)
    got = await bench.ask("GET", "/lines")
    assert got.body == b'{"by_mail":{"*********mple":1}}\n{"by_mail":{"*********mple":2,"*":3}}\n'


@pytest.mark.parametrize(
    ("target", "body", "refusal"),
    [
        ("/write", {"by_mail": {"ann@x.example": {"total": 1}}}, ""),
        ("/write", {"by_mail": {"*********mple": {"total": 1}}}, "masked-write-back"),
        ("/write", {"by_mail": {"*********mple (2)": {"total": 1}}}, "masked-write-back"),
        ("/write", {"wild": {"x": {"total": 1}}}, ""),
        ("/write", {"wild": {"[redacted]": {"total": 1}}}, "unlisted-field"),
        ("/write", {"wild": {"C-17": {"total": 1}}}, "unlisted-field"),
        ("/all", {"customers": {"C-1": {"email": "ann@x.example"}}}, ""),
        ("/all", {"customers": {"pn_abcdefghijklmnopqrstuQ": {"email": "ann@x.example"}}}, "masked-write-back"),
    ],
)
async def test_a_treated_name_is_not_written_back(bench, target, body, refusal):
    got = await bench.ask("POST", target, body)
    assert (json.loads(got.body)["type"].rpartition(":")[2] if got.body else "") == refusal
    assert len(bench.asked) == (not refusal)
    if not refusal:
        assert bench.asked[0].body == json.dumps(body).encode()


async def test_a_body_without_odd_names_is_passed_on_as_it_came(bench):
    body = b'{ "prices": {"AB-1": 1.50, "AB-2":2 }, "wild": {} }'
    for _ in range(3):
        bench.answer = Response(200, (("Content-Type", "application/json"),), body)
        assert (await bench.ask("GET", "/read")).body == body


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("format: json, fields: {$.a: {name: user.name}}", "SG238"),
        ("format: json, fields: {'$..a.*': {name: user.name}}", "SG238"),
        ("format: csv, fields: {A: {name: user.name}}", "SG238"),
        ("format: json, customer: {name: $.a}", "SG238"),
        ("format: csv, customer: {name: $}, fields: {A: user}", "SG238"),
        ("format: ndjson, customer: {name: $}, fields: {$.a: user}", "SG238"),
        ("format: json, customer: {name: $}, fields: {$.a: user}", "SG221"),
        ("format: pdf, customer: {name: $}", "SG101"),
        ("format: json, fields: {$.a.*: {name: user.nam}}", "SG207"),
        ("format: form, names: [a], fields: {A: user}", "SG211"),
    ],
)
def test_what_is_said_of_names_where_there_are_none_is_a_fault(said, code):
    catalogue = (
        f"version: 1\ncatalog: erp\noperations: {{a: {{request: GET /a, response: a}}}}\nmessages: {{a: {{{said}}}}}"
    )
    with pytest.raises(FaultyFiles) as error:
        establish(written(catalog_erp=catalogue))
    assert {problem.code for problem in error.value.problems} == {code}


def test_names_are_told_apart_in_their_order():
    assert distinct({"a": "x", "b": "x", "c": "x (2)", "d": "y"}, ["x", "q"]) == {
        "a": "x (2)", "b": "x (3)", "c": "x (2) (2)", "d": "y",
    }  # fmt: skip
    many = distinct({str(one): "x" for one in range(50_000)}, [])
    assert len(set(many.values())) == 50_000
    assert {together(one) for one in many.values()} == {"x"}


def test_what_stands_for_a_hidden_name_is_what_stands_for_a_hidden_value():
    assert HIDDEN == REDACTED
    assert not plain(HIDDEN)


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "internal_note",
        "address2",
        "line1",
        "@odata.type",
        "Email@odata.type",
        "$ref",
        "_links",
        "x-request-id",
        "gs1:qty",
        "#text",
    ],
)
def test_names_that_programs_have_stay(name):
    assert plain(name)


TABLES = """
version: 1
catalog: erp
operations:
  table: {request: GET /table, response: table}
  strict: {request: GET /strict, response: strict}
  none: {request: GET /none, response: none}
  write: {request: POST /write, body: table}
messages:
  table: {format: csv, customer: Id, fields: {Id: user.unique_id}}
  strict: {format: csv, names: [Remark], fields: {Id: business.order}}
  none: {format: csv, unlisted: remove, names: [], fields: {Id: business.order}}
"""
CSV_TYPE = (("Content-Type", "text/csv"),)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (
            "/table",
            "Id,Preis [EUR],ann@x.example\r\nC-1,2,3\r\n",
            "Id,Preis [EUR],[redacted]\r\nC-1,[redacted],[redacted]\r\n",
        ),
        (
            "/table",
            '"Id","a@x","b@x","Total 2025"\n"C-1","2","","x"\n',
            '"Id","[redacted]","[redacted] (2)","Total 2025"\n"C-1","[redacted]","[redacted]","[redacted]"\n',
        ),
        ("/table", "Id,2026-01-14,+49 221 5550,12345\r\n", "Id,[redacted],[redacted] (2),[redacted] (3)\r\n"),
        ("/table", "Id\r\nC-1\r\n", "Id\r\nC-1\r\n"),
        ("/strict", "Id,Remark,Ann Lee\r\n1,,\r\n", "Id,Remark,[redacted]\r\n1,[redacted],[redacted]\r\n"),
        ("/none", "Id,Remark,Ann Lee\r\n1,2,3\r\n", "Id,,\r\n1,,\r\n"),
    ],
)  # fmt: skip
async def test_names_of_columns_that_could_be_data_are_unlisted(path, body, expected):
    bench = Bench(written(catalog_erp=TABLES, catalog_crm="version: 1\ncatalog: crm", p=POLICY.partition("protect")[0]))
    bench.answer = Response(200, CSV_TYPE, body.encode())
    assert (await bench.ask("GET", path)).body.decode() == expected
    got = await bench.ask("POST", "/write", body.encode(), CSV_TYPE)
    if expected != body:
        assert (got.status, json.loads(got.body)["type"].rpartition(":")[2]) == (422, "unlisted-field")
