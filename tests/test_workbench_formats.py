"""Every format on the workbench: cases pass and fail rightly, dry runs count, `--against` finds, `explain` names."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache

import pytest
from cases_kit import failures
from dryrun_kit import Traffic, judge
from edi_kit import ORDERS
from gate_kit import NOW, ORDERING, SALES, written

from gateway.cases.texts import line_differences, sent
from gateway.dryrun.against import Comparison
from gateway.dryrun.chosen import chosen
from gateway.dryrun.explain import explain
from gateway.flow import Flow, Request, Response
from gateway.workbench import Workbench
from gateway.workbench.listing import common
from gateway.workbench.values import values

ALLOW = "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"
MASK = f"{ALLOW}protect: [{{classes: user.contact, treatment: mask, keep_last: 2}}]\n"
OPERATIONS = 'operations: {read: {request: GET /r, response: m}, write: {request: "POST /w", body: m}}\n'
HELD = "  d: {format: json, fields: {$.email: user.contact.email}}\n"
EDI = ORDERS.replace("\n", "").replace("Müller", "Mueller").replace("Köln", "Koeln").replace("Zoë", "Zoe").encode()
INNER = b64encode(b'{"email":"ann@x.example","n":1}').decode()
PARTS = (
    b'--b1\r\nContent-Disposition: form-data; name="id"\r\n\r\nC-1\r\n'
    b'--b1\r\nContent-Disposition: form-data; name="email"\r\n\r\nann@x.example\r\n'
    b'--b1\r\nContent-Disposition: form-data; name="doc"\r\nContent-Type: application/json\r\n\r\n'
    b'{"email":"bob@x.example"}\r\n--b1--\r\n'
)


@dataclass(frozen=True)
class Sort:
    """A format with one body: its places as a dry run counts them, what is newly exposed without the mask.

    `masked` are the names of places that are masked, `kept` of those that aren't, in the words of a case.
    """

    message: str
    type: str
    body: bytes
    counts: dict[tuple[str, str], int]
    exposed: dict[str, int]
    masked: tuple[str, ...]
    kept: tuple[str, ...]
    field: str
    fields: dict[str, int] = field(default_factory=dict)


SORTS = {
    "csv": Sort(
        "  m: {format: csv, customer: Id, fields: {Id: user.unique_id, E mail: user.contact.email}}\n",
        "text/csv",
        b'Id,E mail,Note\r\nC-1,ann@x.example,hi\r\nC-2,bob@x.example,"a,b"\r\n',
        {("/*/Id", "keep"): 2, ("/*/E mail", "mask"): 2, ("/*/?", "redact"): 2},
        {"/*/E mail": 2},
        ("E mail", "/*/E mail", "user.contact"),
        ("Id", "/*/Id", "user.unique_id"),
        "E mail",
    ),
    "ndjson": Sort(
        "  m: {format: ndjson, customer: $.id, fields: {$.id: user.unique_id, $.email: user.contact.email}}\n",
        "application/x-ndjson",
        b'{"id":"C-1","email":"ann@x.example","n":1}\n{"id":"C-2","email":"bob@x.example"}\n',
        {("/*/id", "keep"): 2, ("/*/email", "mask"): 2, ("/*/n", "redact"): 1},
        {"/*/email": 2},
        ("$.email", "/*/email", "/0/email", "user.contact"),
        ("$.id", "/1/id"),
        "$.email",
    ),
    "names": Sort(
        "  m: {format: json, customer: $.id,"
        " fields: {$.id: user.unique_id, $.by.*: {name: user.contact.email}, $.by.*.n: business.order}}\n",
        "application/json",
        b'{"id":"C-1","by":{"ann@x.example":{"n":1},"bob@x.example":{"n":2}}}',
        {("/id", "keep"): 1, ("/by/?", "mask"): 2, ("/by/*/n", "keep"): 2},
        {"/by/?": 2},
        ("$.by.* (name)", "user.contact"),
        ("$.id", "$.by.*.n", "/by/*/n"),
        "$.by.* (name)",
    ),
    "xml": Sort(
        "  m: {format: xml, records: /Orders/Order, each: o}\n"
        '  o: {format: xml, customer: "@id", fields: {"@id": user.unique_id, Email: user.contact.email}}\n',
        "application/xml",
        b'<Orders n="2"><Order id="C-1"><Email>ann@x.example</Email><A b="c">d</A></Order>'
        b'<Order id="C-2"><Email>bob@x.example</Email></Order></Orders>',
        {
            ("/Orders/Order/@id", "keep"): 2,
            ("/Orders/Order/Email", "mask"): 2,
            ("/Orders/Order/?", "redact"): 2,
            ("/Orders/?", "redact"): 1,
        },
        {"/Orders/Order/Email": 2},
        ("Email", "/Orders/Order/Email", "user.contact.email"),
        ('"@id"', "/Orders/Order/@id"),
        "Email",
    ),
    "form": Sort(
        "  m: {format: form, customer: id, fields: {id: user.unique_id, email: user.contact.email}}\n",
        "application/x-www-form-urlencoded",
        b"id=C-1&email=ann%40x.example&x=1",
        {("/id", "keep"): 1, ("/email", "mask"): 1, ("/?", "redact"): 1},
        {"/email": 1},
        ("email", "/email", "user.contact"),
        ("id", "/id"),
        "email",
    ),
    "multipart": Sort(
        "  m: {format: multipart, customer: id, fields: {id: user.unique_id, email: user.contact.email, "
        f"doc: {{contains: d}}}}}}\n{HELD}",
        'multipart/form-data; boundary="b1"',
        PARTS,
        {("/id", "keep"): 1, ("/email", "mask"): 1, ("/doc/email", "mask"): 1},
        {"/email": 1, "/doc/email": 1},
        ("email", "/doc/email", "$.email", "doc", "user.contact"),
        ("id",),
        "doc",
    ),
    "sse": Sort(
        f"  m: {{format: sse, fields: {{data: {{contains: d}}}}}}\n{HELD}".replace(
            "json, fields: {", "json, customer: $.id, fields: {$.id: user.unique_id, "
        ),
        "text/event-stream",
        b'data: {"id":"C-1","email":"ann@x.example"}\n\nevent: x\ndata: {"id":"C-2","email":"bob@x.example","n":1}\n\n',
        {("/data/id", "keep"): 2, ("/data/email", "mask"): 2, ("/data/n", "redact"): 1, ("/?", "redact"): 1},
        {"/data/email": 2},
        ("$.email", "/data/email", "user.contact"),
        ("$.id",),
        "$.email",
    ),
    "edifact": Sort(
        "  m: {format: edifact, records: UNH, each: o}\n"
        '  o: {format: edifact, unlisted: keep, customer: "NAD[1=BY]/2.1", fields: {"NAD[1=BY]/2.1": user.unique_id, '
        '"NAD[1=BY]/4.1": user.name, COM/1.1: user.contact}}\n',
        "application/edifact",
        EDI,
        {("/NAD/4/1", "keep"): 1, ("/COM/1/1", "mask"): 2, ("/NAD/10", "keep"): 1, ("/?/1/3", "keep"): 3},
        {"/COM/1/1": 2},
        ("COM/1.1", "/COM/1/1", "user.contact"),
        ('"NAD[1=BY]/2.1"', '"NAD[1=BY]/4.1"', "user.name"),
        "COM/1.1",
    ),
    "json": Sort(
        '  m: {format: json, records: "$.value[*]", each: o}\n'
        "  o: {format: json, customer: $.id, fields: {$.id: user.unique_id, $.doc: {contains: d, encoded: base64}, "
        f"$.txt: {{contains: d}}}}}}\n{HELD}",
        "application/json",
        json.dumps(
            {"value": [{"id": "C-1", "doc": INNER, "txt": '{"email":"zed@x.example"}'}, {"id": "C-2", "doc": INNER}]}
        ).encode(),
        {
            ("/value/*/id", "keep"): 2,
            ("/value/*/doc/email", "mask"): 2,
            ("/value/*/txt/email", "mask"): 1,
            ("/value/*/doc/n", "redact"): 2,
        },
        {"/value/*/doc/email": 2, "/value/*/txt/email": 1},
        ('"$.value[*].txt"', "/value/*/doc/email", "$.email", "/value/0/txt/email", "user.contact"),
        ('"$.value[*].id"',),
        "$.email",
    ),
}
SORTED = pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS.keys())


@cache
def policies(message, policy=MASK):
    erp = f"version: 1\ncatalog: erp\n{OPERATIONS}messages:\n{message}"
    return written(catalog_crm="version: 1\ncatalog: crm\n", catalog_erp=erp, p=policy)


def case(sort, expect, leg="response"):
    """Write a case whose answer, or whose request, is in a file."""
    sending = f"{{file: body, headers: {{Content-Type: '{sort.type}'}}"
    flow = "from: crm, to: erp, purpose: order-fulfilment"
    if leg == "response":
        made = f"    flow: {{{flow}, request: GET /r}}\n    response: {sending}}}\n"
    else:
        made = f"    flow: {sending}, {flow}, request: POST /w}}\n"
    return f"version: 1\ncases: c\nlist:\n  - case: a\n{made}    expect: {expect}\n"


def failing(sort, expect, leg="response", policy=MASK):
    return failures(
        case(sort, expect, leg), policies=policies(sort.message, policy), attached={"tests/body": sort.body}
    )


async def inline(function, *arguments):
    return function(*arguments)


async def tried(sort, policy=MASK, message=""):
    flow = Flow("f", NOW, "erp", Request("GET", "/r", (), b""), SALES, ORDERING, "192.0.2.7")
    answer = Response(200, (("Content-Type", sort.type),), sort.body)
    return await Workbench(policies(message or sort.message, policy), inline).put(flow, answer)


async def changes(old, new):
    comparison = Comparison("main", "mine")
    comparison.add(1, old, new)
    return comparison.changes()


@SORTED
def test_a_case_names_places_by_selector_pointer_and_class(sort):
    masked = dict.fromkeys(sort.masked, "{treatment: mask, keep_last: 2}")
    fields = ", ".join(f"{name}: {met}" for name, met in {**masked, **dict.fromkeys(sort.kept, "keep")}.items())
    assert failing(sort, f"{{fields: {{{fields}}}}}") == []


@SORTED
def test_a_case_fails_where_another_treatment_is_met(sort):
    for name in sort.masked:
        (told,) = failing(sort, f"{{fields: {{{name}: keep}}}}")
        assert "expected keep, but" in told
        assert "meets mask (keep_last: 2)" in told
    for name in sort.kept:
        assert any("expected mask" in told for told in failing(sort, f"{{fields: {{{name}: mask}}}}"))


@SORTED
def test_a_case_that_meets_nothing_is_told(sort):
    (told,) = failing(sort, "{fields: {/no/such/place: keep}}")
    assert "there is no such value in the response" in told


@SORTED
def test_what_values_become_is_compared(sort):
    if sort.field == "doc":
        sort = SORTS["multipart"]
        assert failing(sort, "{fields: {/doc/email: {becomes: '***********le'}}}") == []
    elif sort.field != "COM/1.1":
        assert failing(sort, f"{{fields: {{{sort.field}: {{becomes: '***********le'}}}}}}") == []
    (told,) = failing(sort, f"{{fields: {{{sort.field}: {{becomes: 'x'}}}}}}")
    assert 'expected to become "x", but /' in told


@SORTED
async def test_a_dry_run_counts_every_place_and_names_what_no_field_does(sort):
    answer = Response(200, (("Content-Type", sort.type),), sort.body)
    report, _ = await judge(Traffic().ask("/r", answer).items, policies(sort.message), values=True)
    found = {}
    for row in report.fields.rows:
        if row.leg == "response":
            found[row.pointer, row.treatment] = found.get((row.pointer, row.treatment), 0) + row.count
            assert row.example is not None
    unnamed = {(row.pointer, row.treatment): row.count for row in report.unnamed_fields.rows}
    for key, count in sort.counts.items():
        assert unnamed.get(key, found.get(key)) == count, key
    assert sum(found.values()) == len(values((await tried(sort)).sights[-1]))


@SORTED
async def test_what_is_newly_exposed_is_found_and_nothing_else(sort):
    masked, bare = await tried(sort), await tried(sort, ALLOW)
    found = await changes(masked, bare)
    assert {one.pointer: one.places for one in found.fields} == sort.exposed
    assert {(one.kind, one.old.treatment, one.new.treatment) for one in found.fields} == {
        ("exposed", "mask keep_last 2", "keep")
    }
    hidden = await changes(bare, masked)
    assert {one.kind for one in hidden.fields} == {"hidden"}
    assert (await changes(masked, await tried(sort))).fields == ()


@SORTED
async def test_an_explanation_names_the_rule_and_the_field(sort):
    story = explain(await tried(sort), policies(sort.message))
    fields = [one for leg in story.legs for one in leg.fields]
    assert {one.pointer: one.values for one in fields if one.treatment != "keep" and one.classes} == sort.exposed
    assert {rule.name for one in fields if one.classes and one.treatment != "keep" for rule in one.rules} == {
        "p/protect[0]"
    }
    names = {named.name for one in fields for named in one.fields}
    wanted = "$.email" if sort.field == "doc" else sort.field
    assert [one for one in map(chosen(wanted, names), fields) if one is not None]


@pytest.mark.parametrize(
    ("name", "label", "exposed"),
    [
        ("csv", ", E mail: user.contact.email", {"/*/E mail": 2, "/*/?": 2}),
        ("form", ", email: user.contact.email", {"/email": 1, "/?": 1}),
        (
            "xml",
            ", Email: user.contact.email",
            {"/Orders/Order/Email": 2, "/Orders/Order/?": 2},
        ),
    ],
)
async def test_values_belong_together_under_two_catalogues_that_cut_a_body_in_two_ways(name, label, exposed):
    sort = SORTS[name]
    other = sort.message.replace(label, "").replace("customer:", "unlisted: keep, customer:")
    found = await changes(await tried(sort), await tried(sort, MASK, other))
    assert {one.pointer: one.places for one in found.fields if one.kind == "exposed"} == exposed
    assert {one.kind for one in found.fields} == {"exposed"}


@pytest.mark.parametrize("name", ["csv", "form"])
async def test_a_value_that_has_another_pointer_under_the_new_catalogue_is_no_new_value(name):
    sort, place = SORTS[name], {"csv": "/*/E mail", "form": "/email"}[name]
    other = sort.message.replace({"csv": ", E mail", "form": ", email"}[name] + ": user.contact.email", "")
    found = await changes(await tried(sort), await tried(sort, MASK, other))
    assert {(one.kind, one.pointer, one.new.treatment) for one in found.fields} == {("hidden", place, "redact")}


def test_a_column_that_is_named_like_a_class_is_that_column():
    message = "  m: {format: csv, fields: {user: business.note, Email: user.contact}}\n"
    sort = Sort(**{**vars(SORTS["csv"]), "message": message, "body": b"user,Email\nx,ann@x.example\n"})
    assert failing(sort, "{fields: {user: keep, user.contact: mask}}") == []


async def test_a_body_that_is_one_value_is_held_against_each_value_of_it():
    sort, whole = SORTS["csv"], "  m: {format: bytes, class: business.note}\n"
    found = await changes(await tried(sort, ALLOW, whole), await tried(sort))
    assert {(one.kind, one.pointer): one.places for one in found.fields} == {
        ("hidden", "/*/E mail"): 2,
        ("hidden", "/*/?"): 2,
    }
    exposed = await changes(await tried(sort), await tried(sort, ALLOW, whole))
    assert {one.kind for one in exposed.fields} == {"exposed"}


async def test_two_readings_in_two_formats_are_told_as_exposed_and_hidden():
    """Neither can be held against the other, so what the new one shows counts as exposed: nothing is passed over."""
    sort = Sort(**{**vars(SORTS["csv"]), "type": "text/plain", "body": b'{"id":"C-1","email":"ann@x.example"}\n'})
    lines = "  m: {format: ndjson, fields: {$.email: user.contact.email, $.id: user.unique_id}}\n"
    whole = lines.replace("ndjson", "json")
    other = await changes(await tried(sort, MASK, lines), await tried(sort, ALLOW, whole))
    assert "exposed" in {one.kind for one in other.fields}


def test_texts_are_written_out_and_compared_line_by_line():
    text = """version: 1
cases: c
list:
  - case: a
    flow: {from: crm, to: erp, request: GET /r, purpose: order-fulfilment}
    response:
      headers: {Content-Type: text/csv}
      body: |
        Id,E mail
        C-1,ann@x.example
        C-2,bob@x.example
    expect:
      body: |
        Id,E mail
        C-1,***********le
        C-2,bob@x.example
"""
    (told,) = failures(text, policies=policies(SORTS["csv"].message))
    assert told == '13:13 line 3: expected "C-2,bob@x.example", but it is "C-2,***********le" [SG635]'
    right = text.replace("C-2,bob@x.example\n", "C-2,***********le\n").replace(
        "C-2,***********le", "C-2,bob@x.example", 1
    )
    assert failures(right, policies=policies(SORTS["csv"].message)) == []


def test_a_file_is_compared_with_its_line_ends():
    sort = SORTS["csv"]
    wanted = b'Id,E mail,Note\r\nC-1,***********le,[redacted]\r\nC-2,***********le,"[redacted]"\r\n'
    text = case(sort, "{file: wanted.csv}")
    given = {"tests/body": sort.body, "tests/wanted.csv": wanted}
    assert failures(text, policies=policies(sort.message), attached=given) == []
    given["tests/wanted.csv"] = wanted.replace(b"\r", b"")
    (told,) = failures(text, policies=policies(sort.message), attached=given)
    assert "tests/wanted.csv: line 1: expected to end with LF, but it ends with CR LF" in told


def test_a_multipart_body_and_a_form_are_written_out_as_they_are_sent():
    assert sent("--b\nA: b\n\nx\n--b--\n", "multipart/mixed; boundary=b") == b"--b\r\nA: b\r\n\r\nx\r\n--b--\r\n"
    assert sent("a=b\n", "application/x-www-form-urlencoded") == b"a=b"
    assert sent("é", "text/csv; charset=latin1") == b"\xe9"
    with pytest.raises(ValueError, match="gbk has no"):
        sent("é😀", "text/csv; charset=gbk")
    with pytest.raises(ValueError, match="is no charset"):
        sent("a", "text/csv; charset=utf-7")


def test_lines_that_are_missing_or_too_many_are_told():
    assert list(line_differences("a\nb\nc", "a\nc\nd", ends=False)) == [
        'line 2: expected "b", but it is not there',
        'line 3: not expected, but there is "d"',
    ]


@pytest.mark.parametrize(
    ("pointers", "sure"),
    [(["/a/1", "/a/2"], "/a/?"), (["/a", "/a/b"], "/a/?"), (["/a", "/b/c"], "/?"), (["/a/?", "/b/?"], "/?/?")],
)
def test_of_several_pointers_only_what_is_certain_is_told(pointers, sure):
    assert common(pointers) == sure


@pytest.mark.parametrize("name", ["csv", "ndjson", "form", "multipart"])
def test_requests_that_write_masks_back_are_refused_in_every_format(name):
    sort = SORTS[name]
    message = sort.message.replace("{format", "{unlisted: keep, format")
    body = sort.body.replace(b"ann%40x.example", b"***********le").replace(b"ann@x.example", b"***********le")
    masked = Sort(**{**vars(sort), "message": message, "body": body})
    policy = MASK.replace("contact, treatment", "contact, leg: response, treatment")
    assert failing(masked, "{refusal: masked-write-back}", "request", policy) == []


async def test_gathering_values_leaves_no_trace_in_what_was_counted():
    trial = await tried(SORTS["json"])
    case_ = trial.sights[-1].case
    before = dict(case_.met)
    values(trial.sights[-1])
    explain(trial, policies(SORTS["json"].message))
    assert case_.met == before
