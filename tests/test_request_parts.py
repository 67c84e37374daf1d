"""What is outside of bodies: variables of the path, parameters of the query, header fields of both legs."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote, unquote_plus

import pytest
from cases_kit import failures
from gate_kit import JSON, NOW, ORDERING, SALES, Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st

from gateway.cases.coverage import items
from gateway.dryrun.against import Comparison
from gateway.dryrun.chosen import chosen
from gateway.dryrun.explain import explain
from gateway.dryrun.explain_text import text
from gateway.errors import FaultyFiles, Unreadable
from gateway.flow import CustomerFacts, Flow, Leg, Request, Response
from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.head import Head, HeadLayout, Parameter, Variable, compared, read
from gateway.policy.load import load
from gateway.workbench import Workbench
from gateway.workbench.survey import Survey, fate

CATALOGUE = """
version: 1
catalog: erp
operations:
  read:
    request: GET /customers/{customer}
    response: customer
    path: {customer: user.unique_id}
    query: {email: user.contact.email, "tag[]": user.contact, page: business.order, a b: user.name}
    headers: {X-Customer-Email: user.contact.email}
    response_headers: {X-Customer-Phone: user.contact.phone_number, X-Order: business.order}
  write:
    request: PUT /customers/{customer}
    body: customer
    response: customer
    path: {customer: user.unique_id}
    query: {email: user.contact.email}
  list:
    request: GET /customers
    response: customers
    query: {email: user.contact.email}
    unlisted_query: keep
  tidy: {request: GET /tidy, response: customers, query: {q: business.order}, unlisted_query: remove}
  none: {request: GET /none, response: customers}
  bare: {request: GET /bare, response: customers, unlisted_query: refuse}
  strict: {request: GET /strict, response: customers, unlisted_response_headers: remove}
  stricter:
    request: GET /stricter
    response: customers
    response_headers: {X-Order: business.order}
    unlisted_response_headers: refuse
  key:
    request: "GET /C('{key}')/x"
    response: keyed
    path: {key: user.name}
  fixed: {request: GET /customers/export, response: customers}
messages:
  customer: {format: json, customer: {path: customer}, fields: {$.email: user.contact.email, $.phone: user.contact}}
  keyed: {format: json, customer: {path: key}, fields: {$.email: user.contact.email}}
  customers: {format: json, records: "$[*]", each: one}
  one: {format: json, customer: $.id, fields: {$.id: user.unique_id, $.email: user.contact.email}}
"""
POLICY = "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"
CONSENTS = (
    "version: 1\nconsents: {contact: {wording: x, purposes: [order-fulfilment], classes: [user.contact], "
    "recipients: [crm, erp], days: 9}}\n"
)


def policies(*rules):
    protect = "protect:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules) if rules else ""
    crm = "version: 1\ncatalog: crm\n"
    return written(catalog_erp=CATALOGUE, catalog_crm=crm, p=POLICY + protect, consents=CONSENTS)


def bench(*rules, headers=(), body=()):
    return Bench(policies(*rules), answering(list(body) if body == () else body, headers=headers))


def asking(treatment, class_="user.contact", **more):
    return f"classes: {class_}, leg: request, treatment: {treatment}" + "".join(f", {k}: {v}" for k, v in more.items())


async def forwarded(made, target, headers=(), **more):
    """Ask, and give what the system was asked; or the refusal."""
    answer = await made.ask(more.pop("method", "GET"), target, headers=headers, **more)
    if made.asked:
        return made.asked[-1].target, made.asked[-1].headers
    return json.loads(answer.body)["type"].removeprefix("urn:sovgate:refusal:")


@pytest.mark.parametrize(
    ("rule", "target", "expected"),
    [
        (asking("remove"), "/customers/C-1?email=a%40b&page=1", "/customers/C-1?page=1"),
        (asking("remove"), "/customers/C-1?page=1&email=a%40b", "/customers/C-1?page=1"),
        (asking("remove"), "/customers/C-1?email=a%40b", "/customers/C-1"),
        (asking("remove"), "/customers/C-1?email", "/customers/C-1"),
        (asking("remove"), "/customers/C-1?&email=a&&page=%31&", "/customers/C-1?&&page=%31&"),
        (asking("remove"), "/customers/C-1?em%61il=a&EMAIL=b&email=c", "/customers/C-1"),
        (asking("remove"), "/customers/C-1?tag[]=a&tag%5B%5D=b&page=2", "/customers/C-1?page=2"),
        (asking("remove", "user.name"), "/customers/C-1?a+b=1&a%20b=2&page=3", "/customers/C-1?page=3"),
        (asking("mask", keep_last=2), "/customers/C-1?email=a%40b%2Bc&page=1", "/customers/C-1?email=***%2Bc&page=1"),
        (asking("mask", keep_last=2), "/customers/C-1?email=%E6%9E%97%26%3D", "/customers/C-1?email=*%26%3D"),
        (asking("redact"), "/customers/C-1?email=", "/customers/C-1?email=%5Bredacted%5D"),
        (asking("redact", "user.unique_id"), "/customers/C-1?page=1", "/customers/%5Bredacted%5D?page=1"),
        (asking("redact", "user.unique_id", constant="a/b"), "/customers/C-1", "ambiguous-path"),
        (asking("redact", "user.unique_id", constant=".."), "/customers/C-1", "ambiguous-path"),
        (asking("redact", "user.unique_id", constant="export"), "/customers/C-1", "ambiguous-path"),
        (asking("redact", "user.unique_id", constant="'a;b'"), "/customers/C-1", "/customers/a%3Bb"),
        (asking("remove", "user.unique_id"), "/customers/C-1", "denied"),
        (asking("refuse"), "/customers/C-1?email=a", "denied"),
        (asking("refuse"), "/customers/C-1?page=1", "/customers/C-1?page=1"),
        (asking("redact", "user.name", constant="O'Neil"), "/C('a''b')/x", "/C('O''Neil')/x"),
        (asking("mask", "user.name", keep_first=2), "/C('a''b')/x", "/C('a'''*')/x".replace("'''*", "''*")),
        (asking("remove"), "/customers/C-1?email=a;page=1", "ambiguous-request"),
        (asking("remove"), "/customers/C-1?other=1", "unlisted-field"),
        (asking("remove"), "/customers/C-1?email%00=1", "ambiguous-path"),
        (asking("remove"), "/customers/C-1?email=%ff", "ambiguous-path"),
    ],
)
async def test_what_the_path_and_the_query_carry_is_treated(rule, target, expected):
    answer = await forwarded(bench(rule), target)
    assert (answer if isinstance(answer, str) else answer[0]) == expected


@pytest.mark.parametrize(
    "target",
    ["/customers/C%2D1?&email=a%40b&email=&email&page=%31+x&&", "/customers/C-1?", "/customers/C-1", "/none?x=%2561&;"],
)
async def test_what_nothing_treats_goes_on_byte_for_byte(target):
    made = bench(asking("remove", "user.demographic"))
    sent = (("x-customer-email", "  a@b "), ("X-Other", "1"))
    assert await forwarded(made, target, sent) == (target, sent)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/customers?email=a&other=1", "/customers?email=a&other=1"),
        ("/customers?other=********@x.example", "masked-write-back"),
        ("/customers?other=%5Bredacted%5D", "masked-write-back"),
        ("/tidy?q=1&other=2&third", "/tidy?q=1"),
        ("/none?anything=1", "/none?anything=1"),
        ("/bare", "/bare"),
        ("/bare?anything=1", "unlisted-field"),
    ],
)
async def test_parameters_that_nobody_labelled_meet_what_the_catalogue_says(target, expected):
    made = bench("classes: user.contact, leg: response, treatment: mask, keep_last: 10")
    answer = await forwarded(made, target)
    assert (answer if isinstance(answer, str) else answer[0]) == expected


async def test_headers_of_the_request_are_treated_whatever_their_case():
    made = bench(asking("mask", keep_last=1))
    sent = (("x-customer-EMAIL", " a@b "), ("X-Order", "1"), ("X_Customer_Email", "c@d"), ("X-Customer-Email", ""))
    assert (await forwarded(made, "/customers/C-1", sent))[1] == (
        ("x-customer-EMAIL", "**b"), ("X-Order", "1"), ("X_Customer_Email", "**d"), ("X-Customer-Email", ""),
    )  # fmt: skip
    made = bench(asking("remove"))
    assert (await forwarded(made, "/customers/C-1", sent))[1] == (("X-Order", "1"),)


async def test_text_in_headers_is_read_and_written_as_utf_8():
    made = bench(asking("mask", keep_last=1))
    sent = (("X-Customer-Email", "林小美".encode().decode("latin-1")), ("X-Customer-Email", "Stra\xdfe"))
    headers = (await forwarded(made, "/customers/C-1", sent))[1]
    assert [value.encode("latin-1").decode() for _, value in headers] == ["**美", "*****e"]


async def test_a_treated_header_can_not_begin_another():
    made = bench(asking("redact", constant='"a\\r\\nX-Evil: 1"'))
    headers = (await forwarded(made, "/customers/C-1", (("X-Customer-Email", "a"),)))[1]
    assert headers == (("X-Customer-Email", "a  X-Evil: 1"),)


ANSWERED = (("X-Customer-Phone", "+49123456789"), ("ETag", '"1"'), ("X-Order", "7"))


async def test_headers_of_the_response_are_treated():
    made = bench("classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {consent: contact}",
                 headers=ANSWERED, body={"email": "a"})  # fmt: skip
    answer = await made.ask("GET", "/customers/C-1")
    assert ("X-Customer-Phone", "********6789") in answer.headers
    assert ("X-Order", "7") in answer.headers
    assert ("Cache-Control", "private, no-store") in answer.headers
    assert not [name for name, _ in answer.headers if name == "ETag"]
    made.grant("C-1", "contact")
    assert ("X-Customer-Phone", "+49123456789") in (await made.ask("GET", "/customers/C-1")).headers
    assert ("X-Customer-Phone", "********6789") in (await made.ask("GET", "/customers/C-2")).headers


@pytest.mark.parametrize("status", [204, 302, 404])
async def test_headers_of_an_answer_without_a_body_are_treated(status):
    made = bench("classes: user.contact, leg: response, treatment: remove")
    made.answer = Response(status, (*ANSWERED, ("Location", "/x")), b"gone" if status > 300 else b"")
    answer = await made.ask("GET", "/customers/C-1")
    assert (answer.status, answer.body) == (status, b"")
    assert "X-Customer-Phone" not in dict(answer.headers)
    assert dict(answer.headers)["X-Order"] == "7"


async def test_headers_of_the_response_that_nobody_labelled_meet_what_the_catalogue_says():
    sent = (("X-Secret", "1"), ("Location", "/x"), ("x-order", "2"))
    made = bench(headers=sent)
    assert dict((await made.ask("GET", "/none")).headers).keys() >= {"X-Secret", "Location", "x-order"}
    strict = dict((await made.ask("GET", "/strict")).headers)
    assert strict.keys() == {"Content-Type", "Location", "Cache-Control"}
    made.answer = Response(204, (("X-Secret", "1"), ("ETag", "2")))
    assert (await made.ask("GET", "/strict")).headers == (("Cache-Control", "private, no-store"),)
    made.answer = answering([], headers=sent)
    refused = await made.ask("GET", "/stricter")
    assert (refused.status, b"unlisted-field" in refused.body) == (502, True)
    made.answer = answering([], headers=sent[1:])
    assert (await made.ask("GET", "/stricter")).status == 200


async def test_a_treatment_that_needs_a_customer_finds_the_one_that_the_path_names():
    rule = asking("pseudonymise")
    first, _ = await forwarded(bench(rule), "/customers/C-1?email=a")
    second, _ = await forwarded(bench(rule), "/customers/C-2?email=a")
    assert first.startswith("/customers/C-1?email=pn_")
    assert first.partition("email=")[2] != second.partition("email=")[2]
    assert await forwarded(bench(rule), "/customers?email=a") == "customer-unknown"


async def test_consents_of_the_customer_whom_the_path_names_count():
    made = bench(asking("remove", unless="{consent: contact}"))
    assert (await forwarded(made, "/customers/C-1?email=a"))[0] == "/customers/C-1"
    made.grant("C-1", "contact")
    assert (await forwarded(made, "/customers/C-1?email=a"))[0] == "/customers/C-1?email=a"
    assert (await forwarded(made, "/customers?email=a"))[0] == "/customers"


async def test_what_was_read_masked_is_not_asked_for():
    made = bench("classes: user.contact, leg: response, treatment: mask, keep_last: 4")
    assert await forwarded(made, "/customers/C-1?email=****@b.c") == "masked-write-back"
    assert await forwarded(made, "/customers/C-1", (("X-Customer-Email", "*******.c"),)) == "masked-write-back"
    dropping = bench("classes: user.contact, leg: response, treatment: mask, keep_last: 4, write_back: drop")
    assert (await forwarded(dropping, "/customers/C-1?email=****@b.c&page=1"))[0] == "/customers/C-1?page=1"


async def test_a_denial_by_class_counts_what_is_there():
    deny = "deny:\n  - {classes: user.contact.email, leg: request}\n"
    made = Bench(
        written(catalog_erp=CATALOGUE, catalog_crm="version: 1\ncatalog: crm\n", p=POLICY + deny), answering([])
    )
    assert await forwarded(made, "/customers?email=a") == "denied"
    assert (await forwarded(made, "/customers?other=1"))[0] == "/customers?other=1"


async def test_a_body_and_what_is_around_it_are_judged_together():
    made = bench(asking("mask", keep_last=1))
    body = json.dumps({"email": "abc"}).encode()
    await made.ask("PUT", "/customers/C-1?email=abc", body, JSON)
    assert made.asked[0].target == "/customers/C-1?email=**c"
    assert json.loads(made.asked[0].body) == {"email": "**c"}
    fields = [(one.pointer, one.treatment) for each in made.entries[0].decided for one in each.fields]
    assert sorted(fields) == [("#query/email", "mask"), ("/email", "mask")]
    made = bench(asking("refuse"))
    answer = await made.ask("PUT", "/customers/C-1?email=abc", json.dumps({"other": "x"}).encode(), JSON)
    assert b"refusal:denied" in answer.body


async def test_entries_tell_places_and_never_values():
    rules = (
        asking("mask", keep_last=1),
        asking("pseudonymise", "user.unique_id"),
        "classes: user.contact, leg: response, treatment: redact",
    )
    made = bench(*rules, headers=ANSWERED, body={"email": "planted@x"})
    sent = (("X-Customer-Email", "planted@x"),)
    await made.ask("GET", "/customers/PLANTED-1?email=planted%40x&tag[]=planted", headers=sent)
    told = {one.pointer for entry in made.entries for each in entry.decided for one in each.fields}
    outside = {"#path/customer", "#query/email", "#query/tag[]", "#header/X-Customer-Email", "#header/X-Customer-Phone"}
    assert told == {*outside, "/email"}
    assert not [entry for entry in made.entries if "planted" in repr(entry).lower()]


# -- nothing is silently unjudged


def world(*rules):
    protect = "protect:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)
    files = {
        "catalog/erp.yaml": CATALOGUE,
        "catalog/crm.yaml": "version: 1\ncatalog: crm\n",
        "p.yaml": POLICY + protect,
    }
    return load({name: text.encode() for name, text in files.items()})


async def inline(function, *arguments):
    return function(*arguments)


def flow(target, headers=()):
    return Flow("f1", NOW, "erp", Request("GET", target, headers), SALES, ORDERING, "192.0.2.7")


async def test_a_survey_sees_every_labelled_place():
    rules = (asking("mask"), "classes: user.contact, leg: response, treatment: remove")
    workbench = Workbench(world(*rules), inline, known=CustomerFacts)
    trial = await workbench.put(
        flow("/customers/C-1?email=a&email=b", (("x-customer-email", "c"),)), answering({}, headers=ANSWERED)
    )
    seen = {
        (seen.pointer, fate(seen, sight).name, seen.count) for sight in trial.sights for seen in Survey().places(sight)
    }
    assert seen == {
        ("#path/customer", "keep", 1), ("#query/email", "mask", 2), ("#header/X-Customer-Email", "mask", 1),
        ("#header/X-Customer-Phone", "remove", 1), ("#header/X-Order", "keep", 1),
    }  # fmt: skip
    assert trial.forwarded.target == "/customers/C-1?email=*&email=*"


async def test_a_comparison_tells_what_becomes_visible_in_a_header():
    exchange = flow("/customers/C-1?email=a"), answering({}, headers=ANSWERED)
    hidden = world("classes: user.contact, leg: response, treatment: remove", asking("mask"))
    shown = world("classes: user.demographic, treatment: remove")
    comparison = Comparison("old", "new")
    trials = [await Workbench(one, inline, known=CustomerFacts).put(*exchange) for one in (hidden, shown)]
    comparison.add(1, *trials)
    changes = comparison.changes()
    assert changes.exposed
    assert {(one.kind, one.leg, one.pointer) for one in changes.fields} == {
        ("exposed", Leg.REQUEST, "#query/email"), ("exposed", Leg.RESPONSE, "#header/X-Customer-Phone"),
    }  # fmt: skip


def test_coverage_counts_what_is_labelled_outside_of_bodies():
    missed = {item.key for item in items(world("classes: user, treatment: keep")) if item.key[0] == "head"}
    assert ("head", "erp.read", "response_headers", "X-Customer-Phone") in missed
    assert ("head", "erp.read", "query", "email") in missed


CASE = """version: 1
cases: c
list:
  - case: A customer is read
    flow: {{from: crm, to: erp, request: '{request}', headers: {{X-Customer-Email: ab}}}}
    response: {{headers: {{X-Customer-Phone: "123456"}}, body: {{}}}}
    expect: {expect}
"""
READ = "GET /customers/C-1?email=ab&page=1"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{fields: {'#header/X-Customer-Phone': remove, '#header/X-Order': keep}}", "no such value"),
        ("{fields: {'#header/X-Customer-Phone': remove, user.contact: remove}}", ""),
        ("{fields: {'#header/X-Customer-Phone': keep}}", "is removed"),
        ("{forwarded: {fields: {'#query/email': mask, '#query/page': keep, '#path/customer': keep}}}", ""),
        ("{forwarded: {fields: {'#query/email': {becomes: '**'}, '#header/X-Customer-Email': mask}}}", ""),
        ("{forwarded: {fields: {user.contact: mask, user.unique_id: keep}}}", ""),
        ("{forwarded: {fields: {'#query/email': keep}}}", "meets mask"),
        ("{forwarded: {fields: {'#query/mail': mask}}}", "no such value"),
        ("{forwarded: {fields: {'#what/email': mask}}}", "neither a selector nor a class"),
    ],
)
def test_cases_expect_what_becomes_of_places_outside_of_bodies(expect, told):
    set_ = world(asking("mask"), "classes: user.contact, leg: response, treatment: remove")
    try:
        found = failures(CASE.format(request=READ, expect=expect), policies=set_)
    except FaultyFiles as error:
        found = [problem.message for problem in error.problems]
    assert bool(found) is bool(told)
    assert told in "".join(found)


async def test_an_explanation_leads_from_the_label_to_the_treatment():
    set_ = world(asking("mask"), "classes: user.contact, leg: response, treatment: remove")
    trial = await Workbench(set_, inline, known=CustomerFacts).put(
        flow("/customers/C-1?email=a&page=1"), answering({}, headers=ANSWERED)
    )
    told = explain(trial, set_, "policies")
    fields = [
        (leg.leg.value, one.pointer, one.classes, one.treatment, one.arrives, one.fields[0].place.line)
        for leg in told.legs
        for one in leg.fields
    ]
    line = {
        name: number
        for number, text in enumerate(CATALOGUE.splitlines(), 1)
        for name in ("path:", "query:", "response_headers:")
        if text.strip().startswith(name) and number < 13
    }
    assert fields == [
        ("request", "#path/customer", ("user.unique_id",), "keep", "as it came", line["path:"]),
        ("request", "#query/email", ("user.contact.email",), "mask", "changed", line["query:"]),
        ("request", "#query/page", ("business.order",), "keep", "as it came", line["query:"]),
        (
            "response",
            "#header/X-Customer-Phone",
            ("user.contact.phone_number",),
            "remove",
            "not at all",
            line["response_headers:"],
        ),
        ("response", "#header/X-Order", ("business.order",), "keep", "as it came", line["response_headers:"]),
    ]
    (only,) = [found for leg in told.legs for one in leg.fields if (found := chosen("#query/email")(one)) is not None]
    assert only.treatment == "mask"
    shown = text(told, "flow 1", None, ids=False)
    assert "#query/email" in shown
    assert "C-1" not in shown


async def test_an_explanation_names_what_a_query_was_refused_for():
    set_ = world("classes: user.contact, treatment: refuse")
    trial = await Workbench(set_, inline, known=CustomerFacts).put(flow("/customers/C-1?email=a"), answering({}))
    told = explain(trial, set_, "policies")
    assert (told.refusal, told.legs[0].refused) == ("denied", (("#query/email", "denied"),))


# -- laws

NAMES = ("email", "page", "a b", "x[]", "$top", "")
LAYOUT = HeadLayout(
    variables=(Variable("id", 1, "", "", 0),),
    parameters={"email": Parameter("email", 1), "x[]": Parameter("x[]", 2)},
    fields={"x-mail": ("X-Mail", 3)},
)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


@st.composite
def targets(draw):
    """Targets as clients send them: escapes in any manner, empty pairs, names twice."""

    def written_(text, safe):
        raw = "".join(
            c if c.isascii() and (c.isalnum() or c in safe) and draw(st.booleans()) else quote(c, "") for c in text
        )
        return raw.replace("%20", draw(st.sampled_from(("+", "%20"))))

    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6))
    query = [
        written_(name, "[]$") + (f"={written_(value, '@:,/')}" if value or draw(st.booleans()) else "")
        for name, value in pairs
    ]
    path = quote(draw(st.text("abc-'林", min_size=1, max_size=5)), "'")
    return f"/c/{path}" + ("?" if query else "") + "&".join(query)


def edits(change):
    return Edits(lambda _spot: Edit(change))


@given(targets())
def test_what_no_edit_changes_is_the_very_same(made):
    head = Head(made, (("x-mail", " a "),))
    assert read(head, LAYOUT).write(edits(lambda value, _: value), None).head is head


@given(targets(), VALUES.filter(bool))
def test_what_is_treated_reads_back_and_the_rest_is_untouched(made, new):
    target = made
    written_ = read(Head(target, ()), LAYOUT).write(edits(lambda *_: new), None).head.target
    path, _, query = written_.partition("?")
    assert unquote(path.split("/")[2]) == new
    sent = target.partition("?")[2].split("&")
    assert len(sent) == len(query.split("&"))
    for before, after in zip(sent, query.split("&"), strict=True):
        if before and unquote_plus(before.partition("=")[0]) in {"email", "x[]"}:
            assert after.partition("=")[0] == before.partition("=")[0]
            assert unquote_plus(after.partition("=")[2]) == new
        else:
            assert after == before


@given(targets())
def test_nothing_of_what_is_removed_is_left_in_any_encoding(made):
    planted = "Planted林"
    escaped = "".join(f"%{byte:02x}" for byte in planted.encode())
    target = (
        f"{made}{'&' if '?' in made else '?'}EMAIL={quote(planted)}&em%61il={escaped}&x%5B%5D={planted[:7]}%e6%9e%97"
    )
    change = edits(lambda value, _: Signal.REMOVE if isinstance(value, str) and planted in value else value)
    left = read(Head(target, (("X-Mail", planted.encode().decode("latin-1")),)), LAYOUT).write(change, None).head
    assert planted not in unquote_plus(left.target)
    assert left.headers == ()


@given(st.text(max_size=40))
def test_a_reader_raises_one_error_only(text):
    refusal = ""
    try:
        read(Head("/c/x?" + quote(text, "=&+;%[]$"), ()), LAYOUT)
    except Unreadable as error:
        refusal = error.refusal
    assert refusal in {"", "ambiguous-request", "ambiguous-path"}


def test_names_of_headers_are_compared_as_gateways_of_old_do():
    assert compared("X_Customer-Email") == compared("x-customer_email") == "x-customer-email"
