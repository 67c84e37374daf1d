"""What changes between two policy sets: the right answer is known for each of these."""

from __future__ import annotations

import json
from functools import cache

import pytest
from gate_kit import NOW, ORDERING, SALES, answering, written
from pairs import bench
from pdf_kit import blank, saved

from gateway.cli.against_findings import findings
from gateway.cli.forms.finding import Level
from gateway.dryrun.against import Comparison
from gateway.dryrun.against_html import fragment
from gateway.dryrun.against_json import as_dict
from gateway.dryrun.against_text import text
from gateway.dryrun.counted import Counted
from gateway.dryrun.report import Where
from gateway.flow import CustomerFacts, Flow, Leg, Request, Response
from gateway.treatments.registry import build
from gateway.treatments.strength import Shift, shift
from gateway.treatments.words import told

CATALOGUE = """
version: 1
catalog: erp
operations:
  list-orders: {request: GET /orders, response: orders}
  read-order: {request: "GET /orders/{order}", response: order}
  change-order: {request: "PATCH /orders/{order}", body: order, response: order}
  invoice: {request: "GET /orders/{order}/invoice", response: invoice}
messages:
  order:
    format: json
    customer: $.customer.id
    fields:
      $.id: business.order
      $.customer.id: user.unique_id
      $.customer.phone: user.contact.phone_number
      $.customer.born: user.demographic.date_of_birth
      "$.lines[*].price": business.price
  orders: {format: json, records: "$.value[*]", each: order}
  invoice: {format: pdf, customer: {response-header: X-Customer}, class: business.invoice}
"""
CONSENTS = "version: 1\nconsents: {contact: {wording: You may see my contact data}}\n"
ALLOW = "version: 1\npolicy: sales\nscope: {from: crm, to: erp, purposes: order-fulfilment}\nallow: true\n"
CALLERS = {f"catalog_{name}": f"version: 1\ncatalog: {name}\n" for name in ("crm", "mes")}
NOBODY = ALLOW.replace("from: crm", "from: mes")
ORDER = {
    "id": "SO-1",
    "customer": {"id": "C-1", "phone": "+49 89 1234567", "born": "1988-04-12"},
    "lines": [{"price": 10}, {"price": 20}],
    "note": "pays late",
}
READ = Request("GET", "/orders/SO-1")
PHONE = "/customer/phone"


def phone(treatment, more=""):
    return f"{ALLOW}protect:\n  - {{classes: user.contact, leg: response, treatment: {treatment}{more}}}\n"


@cache
def policies(policy=ALLOW, catalogue=CATALOGUE):
    return written(**CALLERS, catalog_erp=catalogue, consents=CONSENTS, sales=policy)


async def compare(old, new, request=READ, answer=ORDER, consents=()):
    """Put one flow through both sets."""
    comparison = Comparison("main", "mine")
    await add(comparison, 7, old, new, request, answer, consents)
    return comparison.changes()


async def add(comparison, number, old, new, request=READ, answer=ORDER, consents=()):
    flow = Flow("f", NOW, "erp", request, SALES, ORDERING, "192.0.2.7")
    answered = answer if isinstance(answer, Response) or answer is None else answering(answer)
    known = lambda customer: CustomerFacts(customer, frozenset(consents))  # noqa: E731
    comparison.add(number, *[await bench(one).put(flow, answered, known) for one in (old, new)])


def said(changes):
    return {(one.kind, one.leg.value, one.pointer): (one.old.treatment, one.new.treatment) for one in changes.fields}


SHIFTS = (
    # old, new, what happens to +49 89 1234567
    ("mask, keep_last: 4", "mask, keep_last: 6", "exposed"),
    ("mask, keep_last: 6", "mask, keep_last: 4", "hidden"),
    ("mask, keep_last: 4", "mask, keep_first: 4", "exposed"),
    ("mask, keep_last: 4", 'mask, keep_last: 4, character: "#"', "otherwise"),
    ("mask, keep_last: 4", "mask", "hidden"),
    ("mask", "mask, keep_first: 1", "exposed"),
    ("mask, keep_last: 4", "pseudonymise", "otherwise"),
    ("pseudonymise", "mask, keep_last: 4", "exposed"),
    ("pseudonymise", "mask", "otherwise"),
    ("mask, keep_last: 4", "keep", "exposed"),
    ("keep", "mask, keep_last: 4", "hidden"),
    ("keep", "remove", "hidden"),
    ("redact", "remove", "hidden"),
    ("remove", "redact", "exposed"),
    ("redact", "redact, constant: gone", "otherwise"),
    ("redact, constant: gone", "redact", "otherwise"),
    ("redact", "mask", "exposed"),
    ("generalise, into: prefix, keep: 3", "generalise, into: prefix, keep: 2", "hidden"),
    ("generalise, into: prefix, keep: 2", "generalise, into: prefix, keep: 3", "exposed"),
    ("mask, keep_last: 4", "generalise, into: prefix, keep: 3", "exposed"),
    # what comes out counts, whatever the lattice says
    ("mask, keep_last: 4", "mask, keep_last: 4, hide_up_to: 5", None),
    ("generalise, into: month", "generalise, into: year", None),  # no date: redacted by both
    ("generalise, into: year", "redact", None),
)


@pytest.mark.parametrize(("before", "after", "kind"), SHIFTS)
async def test_a_treatment_in_the_place_of_another(before, after, kind):
    changes = await compare(policies(phone(before)), policies(phone(after)))
    assert [one.kind for one in changes.fields] == ([kind] if kind else [])
    assert changes.exposed is (kind == "exposed")
    assert changes.same == (0 if kind else 1)
    for one in changes.fields:
        assert (one.leg, one.pointer, one.flows, one.places, one.example) == (Leg.RESPONSE, PHONE, 1, 1, 7)
        assert one.old.classes == one.new.classes == ("user.contact.phone_number",)


async def test_a_value_that_was_masked_whole_and_comes_out_as_it_came_is_exposed():
    answer = {**ORDER, "customer": {"id": "C-1", "phone": "1988"}}
    old, new = policies(phone("mask, keep_last: 2")), policies(phone("generalise, into: year"))
    assert [one.kind for one in (await compare(old, new, answer=answer)).fields] == ["exposed"]
    assert [one.kind for one in (await compare(new, old, answer=answer)).fields] == ["hidden"]


async def test_a_mask_that_shows_less_of_long_texts_may_show_more_of_short_ones():
    """A mask never shows a text whole: of five characters, `keep_last: 6` shows none and `keep_last: 4` shows four."""
    answer = {**ORDER, "customer": {"id": "C-1", "phone": "12345"}}
    old, new = policies(phone("mask, keep_last: 6")), policies(phone("mask, keep_last: 4"))
    assert [one.kind for one in (await compare(old, new, answer=answer)).fields] == ["exposed"]
    (back,) = (await compare(new, old, answer=answer)).fields
    assert (back.kind, back.new.note) == ("hidden", "so short that it is masked whole")


async def test_rules_are_named_with_the_files_of_their_own_set():
    changes = await compare(policies(phone("mask, keep_last: 4")), policies(phone("mask, keep_last: 6")))
    (one,) = changes.fields
    assert [(rule.name, str(rule.place)) for rule in one.old.rules] == [("sales/protect[0]", "main/sales.yaml:6:5")]
    assert [(rule.name, str(rule.place)) for rule in one.new.rules] == [("sales/protect[0]", "mine/sales.yaml:6:5")]
    assert (one.old.treatment, one.new.treatment) == ("mask keep_last 4", "mask keep_last 6")
    assert str(one.because) == "mine/sales.yaml:6:5"


BECAUSE = (
    # what was done to the new set, and where one should look
    ("the rule is gone", policies(ALLOW), "main/sales.yaml:6:5"),
    (
        "the rule has an exemption that holds",
        policies(phone("mask, keep_last: 4", ", unless: {consent: contact}")),
        "mine/sales.yaml:6:5",
    ),
    (
        "the field has another class",
        policies(phone("mask, keep_last: 4"), CATALOGUE.replace("user.contact.phone_number", "business.order")),
        "mine/catalog/erp.yaml:16:7",
    ),
)


@pytest.mark.parametrize(("_why", "new", "place"), BECAUSE)
async def test_where_an_exposure_was_written(_why, new, place):
    changes = await compare(policies(phone("mask, keep_last: 4")), new, consents=["contact"])
    assert said(changes) == {("exposed", "response", PHONE): ("mask keep_last 4", "keep")}
    assert str(changes.fields[0].because) == place


async def test_an_unlisted_place_that_is_labelled_is_exposed_by_the_catalogue():
    labelled = CATALOGUE.replace("$.id: business.order", "$.id: business.order\n      $.note: business.order")
    changes = await compare(policies(), policies(catalogue=labelled))
    (one,) = changes.fields
    assert (one.kind, one.pointer, one.old.classes, one.new.classes) == ("exposed", "/note", (), ("business.order",))
    assert (one.old.treatment, one.old.rules[0].name) == ("redact", "catalogue/unlisted")
    assert str(one.because) == "mine/catalog/erp.yaml:15:7"


async def test_unlisted_places_that_are_kept_are_exposed_and_their_names_not_told():
    kept = CATALOGUE.replace("customer: $.customer.id", "customer: $.customer.id\n    unlisted: keep")
    changes = await compare(policies(), policies(catalogue=kept))
    assert said(changes) == {("exposed", "response", "/?"): ("redact", "keep")}
    assert str(changes.fields[0].because).startswith("mine/catalog/erp.yaml:")


async def test_catalogues_that_cut_a_body_in_different_ways_are_compared_value_by_value():
    coarse = CATALOGUE.replace("$.customer.phone: user.contact.phone_number", "$.customer: user.contact")
    changes = await compare(policies(phone("redact")), policies(phone("redact"), coarse))
    assert said(changes) == {
        ("hidden", "response", "/customer/id"): ("keep", "redact"),
        ("hidden", "response", "/customer/born"): ("keep", "redact"),
    }
    assert said(await compare(policies(phone("redact"), coarse), policies(phone("redact")))).keys() == {
        ("exposed", "response", "/customer/id"),
        ("exposed", "response", "/customer/born"),
    }


async def test_an_operation_that_is_renamed_is_still_the_same_flow():
    renamed = CATALOGUE.replace("read-order:", "get-order:")
    changes = await compare(policies(phone("redact")), policies(phone("keep"), renamed))
    (one,) = changes.fields
    assert (one.kind, one.old.operation, one.new.operation) == ("exposed", "erp.read-order", "erp.get-order")
    assert "erp.read-order -> erp.get-order, response" in text(changes)


async def test_a_newly_allowed_flow_exposes_what_it_lets_through_unhidden():
    changes = await compare(policies(NOBODY), policies(phone("mask, keep_last: 4")))
    (ended,) = changes.ended("allowed")
    assert (ended.old.refusal, ended.old_leg, ended.flows) == ("not-allowed", Leg.REQUEST, 1)
    assert [str(rule.place) for rule in ended.new.rules] == ["mine/sales.yaml:4:8"]
    shown = {one.pointer: one.places for one in changes.of("exposed")}
    assert shown == {"/id": 1, "/customer/id": 1, PHONE: 1, "/customer/born": 1, "/lines/*/price": 2}
    assert {str(one.because) for one in changes.fields} == {"mine/sales.yaml:4:8"}
    assert all(one.old.refusal == "not-allowed" for one in changes.fields)


async def test_a_newly_refused_flow_hides_what_was_shown_and_exposes_nothing():
    denied = ALLOW + "deny:\n  - {customer: {region: us}}\n"
    changes = await compare(policies(phone("redact")), policies(denied))
    (ended,) = changes.ended("refused")
    assert (ended.new.refusal, [rule.name for rule in ended.new.rules]) == ("denied", ["sales/deny[0]"])
    assert {one.pointer for one in changes.of("hidden")} == {"/id", "/customer/id", "/customer/born", "/lines/*/price"}
    assert not changes.exposed
    assert str(ended.because) == "mine/sales.yaml:6:5"


async def test_an_operation_that_no_catalogue_knew_is_newly_allowed():
    unknown = CATALOGUE.replace('/orders/{order}", response: order', '/elsewhere/{order}", response: order')
    changes = await compare(policies(catalogue=unknown), policies())
    (ended,) = changes.ended("allowed")
    assert (ended.old.operation, ended.old.refusal) == ("", "unknown-operation")
    assert changes.exposed


async def test_a_refusal_for_another_reason_is_no_exposure():
    changes = await compare(policies(NOBODY), policies(ALLOW + "deny: true\n"))
    assert [(one.old.refusal, one.new.refusal) for one in changes.ended("otherwise")] == [("not-allowed", "denied")]
    assert (changes.fields, changes.exposed) == ((), False)


async def test_what_a_request_carries_to_the_system_is_compared_apart_from_the_answer():
    """A refusal on the response leg comes too late for the system: it got the request."""
    request = Request(
        "PATCH",
        "/orders/SO-1",
        answering({}).headers,
        json.dumps({"customer": {"id": "C-1"}, "lines": [{"price": 9}]}).encode(),
    )
    early, late = (ALLOW + f"deny:\n  - {{leg: {leg}, classes: business.price}}\n" for leg in ("request", "response"))
    changes = await compare(policies(early), policies(late), request=request)
    assert said(changes) == {
        ("exposed", "request", "/customer/id"): ("refuse", "keep"),
        ("exposed", "request", "/lines/*/price"): ("refuse", "keep"),
    }
    (ended,) = changes.ended("otherwise")
    assert (ended.old_leg, ended.new_leg) == (Leg.REQUEST, Leg.RESPONSE)


async def test_a_request_without_a_captured_answer_is_compared_as_far_as_it_goes():
    changes = await compare(policies(), policies(NOBODY), answer=None)
    assert [one.new.refusal for one in changes.ended("refused")] == ["not-allowed"]
    assert changes.fields == ()


async def test_an_error_page_that_the_catalogue_begins_to_name_is_exposed():
    named = CATALOGUE.replace("response: order}\n  change", "response: order, errors: order}\n  change")
    answer = answering({"id": "SO-1"}, status=404)
    changes = await compare(policies(), policies(catalogue=named), answer=answer)
    assert [(one.kind, one.pointer, one.old.refusal) for one in changes.fields] == [("exposed", "/id", "body withheld")]


async def test_a_list_counts_values_and_flows():
    old, new = policies(phone("mask, keep_last: 4")), policies()
    comparison = Comparison()
    for number in (3, 4, 5):
        orders = {"value": [{**ORDER, "customer": {"id": f"C-{n}", "phone": f"+49 1234567{n}"}} for n in range(number)]}
        await add(comparison, Where("monday.har", number), old, new, Request("GET", "/orders"), orders)
    await add(comparison, Where("monday.har", 6), old, new, Request("GET", "/orders"), {"value": []})
    changes = comparison.changes()
    (one,) = changes.fields
    assert (one.pointer, one.flows, one.places) == ("/value/*/customer/phone", 3, 12)
    assert (changes.flows, changes.same) == (4, 1)
    assert "12 values in 3 flows, the first is monday.har#3" in text(changes)
    assert as_dict(changes)["newly_exposed"][0]["example"] == {"capture": "monday.har", "number": 3}


MARKED = ALLOW + 'watermark:\n  - {visible: "{customer} {mark}", permissions: {print: false}}\n'
INVOICE = Request("GET", "/orders/SO-1/invoice")
MARKS = (
    (MARKED, ALLOW, [("lost", "watermark"), ("lost", "permission print")]),
    (ALLOW, MARKED, [("gained", "watermark"), ("gained", "permission print")]),
    (MARKED, MARKED.replace(", permissions: {print: false}", ""), [("lost", "permission print")]),
    (MARKED, MARKED.replace("{customer} ", ""), [("otherwise", "words")]),
    (
        MARKED,
        MARKED.replace('"{customer} {mark}"', '{text: "{customer} {mark}", placement: footer}'),
        [("otherwise", "look")],
    ),
    (MARKED, MARKED.replace("visible", "hidden: true, visible"), [("gained", "hidden")]),
    (MARKED.replace("visible", "view_only: true, visible"), MARKED, [("lost", "view_only")]),
    (MARKED, MARKED.replace("visible", "bilevel: true, visible"), [("gained", "bilevel")]),
    (MARKED.replace("visible", "attachments: refuse, visible"), MARKED, [("lost", "attachments refuse")]),
    (
        MARKED,
        MARKED.replace("visible", "attachments: mark, pdfa: refuse, visible"),
        [("lost", "attachments remove"), ("gained", "pdfa refuse")],
    ),
    (MARKED, MARKED, []),
)


@pytest.mark.parametrize(("before", "after", "expected"), MARKS)
async def test_documents_that_leave_with_less_of_a_mark_are_a_loss(before, after, expected):
    answer = Response(200, (("Content-Type", "application/pdf"), ("X-Customer", "C-1")), saved(blank()))
    changes = await compare(policies(before), policies(after), INVOICE, answer)
    assert [(one.kind, one.what) for one in changes.marks] == expected
    assert changes.exposed is any(kind == "lost" for kind, _ in expected)
    assert changes.fields == ()
    if ("lost", "watermark") in expected:
        assert str(changes.marks[0].because) == "main/sales.yaml:6:5"


async def test_a_document_that_is_newly_let_through_is_exposed_as_a_whole():
    answer = Response(200, (("Content-Type", "application/pdf"), ("X-Customer", "C-1")), saved(blank()))
    refused = ALLOW + "protect:\n  - {classes: business.invoice, treatment: refuse}\n"
    changes = await compare(policies(refused), policies(MARKED), INVOICE, answer)
    assert said(changes) == {("exposed", "response", ""): ("refuse", "keep")}
    assert changes.ended("allowed")[0].old.rules[0].name == "sales/protect[0]"


async def test_a_rule_that_begins_to_count_is_told_with_what_it_does():
    watched = "protect:\n  - {classes: user.contact, treatment: redact}\nmode: observe\n"
    trial = f"version: 1\npolicy: trial\n{watched}"
    old, new = (
        written(**CALLERS, catalog_erp=CATALOGUE, consents=CONSENTS, sales=ALLOW, trial=one)
        for one in (trial, trial.replace("observe", "enforce"))
    )
    changes = await compare(old, new)
    (one,) = changes.observed
    assert (one.rule, one.effect, one.old, one.new) == ("trial/protect[0]", "redact", "observe", "enforce")
    assert [change.kind for change in changes.fields] == ["hidden"]
    (back,) = (await compare(new, old)).observed
    assert (back.old, back.new, back.flows) == ("enforce", "observe", 1)


async def test_an_empty_object_that_is_no_longer_removed_shows_that_it_is_there():
    answer = {"id": "SO-1", "customer": {"id": "C-1", "phone": {}}}
    changes = await compare(policies(phone("remove")), policies(), answer=answer)
    assert [(one.kind, one.pointer) for one in changes.fields] == [("exposed", "")]
    back = await compare(policies(), policies(phone("remove")), answer=answer)
    assert [(one.kind, one.pointer) for one in back.fields] == [("hidden", "")]


async def test_an_emptied_object_that_is_kept_shows_even_the_nulls_in_it():
    whole = CATALOGUE.replace('"$.lines[*].price": business.price', "$.lines: business.price")
    emptied = ALLOW + "protect:\n  - {classes: business.price, treatment: redact}\n"
    answer = {"id": "SO-1", "lines": {"discount": None}}
    changes = await compare(policies(emptied, whole), policies(ALLOW, whole), answer=answer)
    assert [(one.kind, one.pointer) for one in changes.fields] == [("exposed", "/lines")]
    assert changes.fields[0].old.rules[0].name == "sales/protect[0]"
    nested = whole.replace("$.lines: business.price", "$.lines: business.price\n      $.lines.*: business.order")
    changes = await compare(policies(emptied, nested), policies(ALLOW, nested), answer=answer)
    assert [(one.kind, one.pointer) for one in changes.fields] == [("exposed", "/lines/*")]


async def everything():
    """One comparison with something in every part."""
    comparison = Comparison("main", "mine")
    old = policies(phone("mask, keep_last: 4"))
    answer = Response(200, (("Content-Type", "application/pdf"), ("X-Customer", "C-1")), saved(blank()))
    await add(comparison, 1, old, policies(phone("mask, keep_last: 6")))
    await add(comparison, 2, old, policies(phone("redact")))
    await add(comparison, 3, old, policies(phone("pseudonymise")))
    await add(comparison, 4, old, policies(NOBODY))
    await add(comparison, 5, policies(NOBODY), old)
    await add(comparison, 6, policies(MARKED), policies(ALLOW), INVOICE, answer)
    await add(comparison, 7, old, old)
    return comparison.changes()


async def test_every_form_tells_everything_and_no_value():
    changes = await everything()
    forms = (text(changes), json.dumps(as_dict(changes)), fragment(changes), repr(list(findings(changes))))
    for form in forms:
        for value in ("1234567", "C-1", "pays late", "1988"):
            assert value not in form
        for word in ("/customer/phone", "mask keep_last 4", "permission print", "not-allowed", "erp.read-order"):
            assert word in form
    assert "6 of 7 flows changed" in text(changes)


async def test_what_is_lost_is_an_error_at_its_line_and_nothing_else_is():
    found = {one.code: one for checked in findings(await everything()) for one in checked.findings}
    assert {code for code, one in found.items() if one.level is Level.ERROR} == {"newly-exposed", "marks-lost"}
    assert {code: str(one.place) for code, one in found.items() if one.level is not Level.ERROR} == {
        "newly-hidden": "mine/sales.yaml:4:8",
        "treated-otherwise": "mine/sales.yaml:6:5",
        "newly-allowed": "mine/sales.yaml:4:8",
        "newly-refused": "mine/sales.yaml:4:8",
    }


async def test_no_change_is_told_as_such_and_passes():
    changes = await compare(policies(), policies())
    assert text(changes) == "Nothing changes in 1 flow.\n"
    assert [one.failed for one in findings(changes)] == [False]
    assert not as_dict(changes)["exposed"]


async def test_names_in_files_are_escaped_in_the_page():
    comparison = Comparison("<main>", "mine&yours")
    await add(comparison, 1, policies(phone("redact, constant: '<b>'")), policies())
    page = fragment(comparison.changes())
    assert "<b>" not in page
    assert "&lt;main&gt;/sales.yaml" in page


def test_so_many_kinds_of_change_are_told_apart_and_no_more():
    counted = Counted(limit=2)
    assert [counted.add(kind, flow) for flow, kind in enumerate("aabc")] == [True, True, True, False]
    assert ({kind: one.flows for kind, one in counted}, counted.left_out) == ({"a": 2, "b": 1}, 1)


async def test_an_exposure_that_found_no_room_still_makes_the_answer_no():
    comparison = Comparison()
    comparison._fields.limit = 0
    await add(comparison, 1, policies(phone("redact")), policies())
    changes = comparison.changes()
    assert (changes.fields, changes.left_out, changes.exposed) == ((), 1, True)
    assert any(checked.failed for checked in findings(changes))


def test_treatments_are_told_as_policies_write_them():
    assert [
        told(build(*one))
        for one in (
            ("mask", {"keep_last": 4, "character": "#"}),
            ("mask", {"keep_last": 4, "hide_up_to": 9}),
            ("generalise", {"into": "band", "band": 100}),
            ("redact", {"constant": "n/a"}),
            ("redact", {"constant": False}),
            ("remove", {}),
        )
    ] == [
        'mask keep_last 4 character "#"',
        "mask keep_last 4 hide_up_to 9",
        "generalise into band band 100",
        'redact constant "n/a"',
        "redact constant false",
        "remove",
    ]
    assert told(None) == "keep"


def test_a_short_mask_that_shows_nothing_is_no_weaker_than_one_that_shows_ends():
    whole, ends = build("mask", {}), build("mask", {"keep_last": 4})
    assert (shift(ends, whole), shift(whole, ends), shift(whole, whole)) == (Shift.LESS, Shift.MORE, Shift.OTHER)


@pytest.mark.parametrize("name", ["anna", "ann@x.example"])
async def test_a_name_that_loses_its_label_or_its_rule_is_exposed(name):
    map_ = CATALOGUE.replace('"$.lines[*].price"', "$.by.*: {name: user.contact.email}\n      $.by.*.price")
    bare = CATALOGUE.replace('"$.lines[*].price"', "$.by.*.price")
    answer = {"id": "SO-1", "by": {name: {"price": 1}}}
    masked = phone("mask")
    changes = await compare(policies(masked, map_), policies(ALLOW, map_), answer=answer)
    assert [(one.kind, one.pointer) for one in changes.fields] == [("exposed", "/by/?")]
    changes = await compare(policies(masked, map_), policies(masked, bare), answer=answer)
    kinds = [one.kind for one in changes.fields if one.pointer == "/by/?"]
    assert kinds == ["exposed"] if name == "anna" else "exposed" not in kinds
    back = await compare(policies(masked, bare), policies(masked, map_), answer=answer)
    assert "exposed" not in {one.kind for one in back.fields} or name != "anna"
