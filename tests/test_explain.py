"""`sovgate explain`: one flow and one field, from the catalogue to the verdict, line by line."""

from __future__ import annotations

import json
from functools import cache

import pytest
from click.testing import CliRunner
from dryrun_kit import PLANTED, Traffic, listed, order
from dryrun_kit import written as capture
from gate_kit import NOW, SALES, SHIPPED, answering, shipped, written
from pairs import bench

from gateway.cli.explain import command
from gateway.dryrun.advice import advice
from gateway.dryrun.chosen import chosen
from gateway.dryrun.explain import explain
from gateway.dryrun.explain_text import text
from gateway.dryrun.nearby import nearby
from gateway.flow import CustomerFacts, Flow, Operator, Purpose, Request

HEADER = Purpose("order-fulfilment", "header")
CLAIM = Purpose("order-fulfilment", "claim")
CATALOGUE = """
version: 1
catalog: erp
operations:
  read: {request: "GET /orders/{order}", response: order}
  write: {request: "PUT /orders/{order}", body: order, response: order}
messages:
  order:
    format: json
    customer: $.customer.id
    fields:
      $.customer.id: user.unique_id
      $.customer.phone: user.contact.phone_number
      $.total: business.price
"""
CRM = "version: 1\ncatalog: crm\n"
CONSENTS = "version: 1\nconsents: {contact: {wording: You may see my contact data}}\n"
SALES_RULES = """version: 1
policy: sales
scope: {from: crm, to: erp, purposes: order-fulfilment}
allow: true
protect:
  - {classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {consent: contact}}
  - {classes: user.contact, leg: response, customer: {region: cn}, treatment: pseudonymise}
  - {classes: user.contact, leg: response, operator: {kind: agent}, treatment: remove}
  - {classes: business.price, leg: response, operator: {role: intern}, time: {days: mon, zone: UTC}, treatment: redact}
deny:
  - {customer: {region: kp}, leg: response}
"""
ORDER = {"customer": {"id": "C-1", "phone": "+49 89 1234567"}, "total": 12}


@cache
def policies(rules=SALES_RULES):
    return written(catalog_erp=CATALOGUE, catalog_crm=CRM, consents=CONSENTS, sales=rules)


async def story(rules=SALES_RULES, request=None, purpose=CLAIM, operator=SALES, region="de", consents=(), answer=ORDER):
    flow = Flow("1", NOW, "erp", request or Request("GET", "/orders/1"), operator, purpose)
    known = lambda one: CustomerFacts(one, frozenset(consents), {"region": region} if region else {})  # noqa: E731
    loaded = policies(rules)
    trial = await bench(loaded).put(flow, None if answer is None else answering(answer), known)
    return explain(trial, loaded, "policies")


def places(told, wanted):
    narrow = chosen(wanted)
    return [(leg, field) for leg in told.legs for one in leg.fields if (field := narrow(one)) is not None]


def lines(told, wanted=None):
    """Give the text without its indents."""
    fields = None if wanted is None else places(told, wanted)
    return [line.strip() for line in text(told, "flow 1", fields, ids=False).splitlines()]


async def test_the_way_of_a_field_from_the_catalogue_to_its_treatment():
    told = lines(await story(), "/customer/phone")
    assert told[:4] == [
        "flow 1: GET /orders/{id}, crm -> erp, for order-fulfilment (said in a claim)",
        "operation  erp.read (GET /orders/{order}) at policies/catalog/erp.yaml:5:3",
        "nearly     erp.write: its method is PUT, at policies/catalog/erp.yaml:6:3",
        "verdict    allowed",
    ]
    assert told[5:] == [
        "response /customer/phone: 1 value, arriving changed",
        "field      $.customer.phone at policies/catalog/erp.yaml:13:7",
        "$.customer.phone: user.contact.phone_number",
        "class      user.contact.phone_number",
        "whose      customer 1: 1 record",
        "treatment  mask keep_last 4",
        "in force   sales/protect[0]: mask keep_last 4 at policies/sales.yaml:6:5",
        "- {classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {consent: contact}}",
        "holds    scope from: crm",
        "holds    scope to: erp",
        "holds    scope purposes: order-fulfilment",
        "holds    leg: response",
        "fails    unless consent: contact (consent missing)",
        "it would give way if the customer agreed to contact",
        "nearly     sales/protect[1]: pseudonymise at policies/sales.yaml:7:5",
        "- {classes: user.contact, leg: response, customer: {region: cn}, treatment: pseudonymise}",
        "holds    scope from: crm",
        "holds    scope to: erp",
        "holds    scope purposes: order-fulfilment",
        "holds    leg: response",
        "fails    customer.region: cn",
        "not in force: customer.region: cn fails",
        "nearly     sales/protect[2]: remove at policies/sales.yaml:8:5",
        "- {classes: user.contact, leg: response, operator: {kind: agent}, treatment: remove}",
        "holds    scope from: crm",
        "holds    scope to: erp",
        "holds    scope purposes: order-fulfilment",
        "holds    leg: response",
        "fails    operator.kind: agent (it is human)",
        "not in force: operator.kind: agent fails",
    ]


async def test_a_purpose_that_is_not_trusted_is_told_as_such_and_what_would_make_it_so():
    told = await story(purpose=HEADER)
    assert told.refusal == "not-allowed"
    assert [(words, str(rule.place)) for words, rule in advice(told)] == [
        ("the purpose were said in a claim", "policies/sales.yaml:4:8")
    ]
    assert any("it was said in a header, and the rule trusts a claim" in line for line in lines(told))


ADVICE = (
    ({"purpose": Purpose("chat", "claim")}, ["the purpose were order-fulfilment"]),
    ({"purpose": None}, ["the purpose were order-fulfilment"]),
    ({"operator": Operator("erp")}, ["the caller were crm"]),
    ({"region": "kp"}, ["the customer's region were another than kp"]),
    ({"region": None}, ["the customer's region were another than kp"]),
    (
        {"request": Request("POST", "/orders/1")},
        ["it were erp.read: its method is GET", "it were erp.write: its method is PUT"],
    ),
    ({"request": Request("GET", "/order/1")}, ['it were erp.read: part 1 of its path is "orders"']),
    ({"rules": SALES_RULES + "mode: observe\n"}, ["its policy were enforced: it only observes"]),
)


@pytest.mark.parametrize(("given", "expected"), ADVICE)
async def test_what_would_have_to_be_otherwise_for_a_refused_flow_to_pass(given, expected):
    told = await story(**given)
    assert told.refusal
    assert [words for words, _ in advice(told)] == expected


async def test_what_a_request_would_write_over_the_truth_is_named_with_the_form_that_it_has():
    body = json.dumps({"customer": {"id": "C-1", "phone": "**********4567"}, "odd": 1}).encode()
    told = await story(request=Request("PUT", "/orders/1", (("Content-Type", "application/json"),), body))
    assert told.refusal == "masked-write-back"
    assert told.legs[0].refused == (("/customer/phone", "masked-write-back"), ("/?", "unlisted-field"))
    ((_, field),) = places(told, "/customer/phone")
    assert field.made == ("mask keep_last 4",)
    assert any(
        "looks like what the gateway made of it: mask keep_last 4" in one for one in lines(told, "/customer/phone")
    )
    assert [words.rpartition(": ")[2] for words, _ in advice(told)] == ["/customer/phone", "/?"]
    ((_, odd),) = places(told, "/odd")
    assert (odd.pointer, odd.classes, odd.treatment) == ("/?", (), "refuse")


async def test_two_treatments_that_can_not_be_had_together_are_told_with_what_became_of_them():
    told = await story(region="cn")
    ((_, field),) = places(told, "/customer/phone")
    assert field.treatment == "redact"
    assert field.join == (
        "mask keep_last 4 and pseudonymise can't be had together, and neither hides all that the other hides: "
        "so it is redact"
    )
    agent = Operator("crm", kind="agent")
    ((_, stricter),) = places(await story(operator=agent), "/customer/phone")
    assert stricter.join == "mask keep_last 4 and remove: remove hides what the others hide"
    masks = SALES_RULES.replace("customer: {region: cn}, treatment: pseudonymise", "treatment: mask, keep_first: 2")
    ((_, both),) = places(await story(masks), "/customer/phone")
    assert both.join == "mask keep_last 4 and mask keep_first 2: only what all of them show is shown, mask hide_up_to 4"


async def test_a_consent_that_was_given_is_told_as_what_keeps_the_rule_from_holding():
    told = lines(await story(consents=["contact"]), "/customer/phone")
    assert "treatment  keep" in told
    assert "holds    unless consent: contact" in told
    assert "not in force: its `unless` holds" in told


async def test_a_field_that_no_rule_is_written_for_says_so():
    rules = SALES_RULES.replace("business.price", "business.order")
    assert "no rule is written for these classes: the field is kept" in lines(await story(rules), "$.total")


async def test_a_rule_that_two_conditions_rule_out_is_counted_and_not_told():
    assert "1 rule for these classes, each with more than one condition that fails" in lines(await story(), "/total")


async def test_a_list_is_told_by_who_was_decided_alike_and_a_pointer_picks_one():
    flow = Flow("1", NOW, "erp", Request("GET", "/api/orders"), SALES, CLAIM)
    agreed = lambda one: CustomerFacts(one, frozenset({"contact"} if one == "C-2" else ()))  # noqa: E731
    answer = listed(order("C-1"), order("C-2"), order("C-3"))
    told = explain(await bench(shipped()).put(flow, answer, agreed), shipped())
    phones = places(told, "/value/*/customer/phone")
    assert [(field.treatment, field.values, leg.groups[field.group].customers) for leg, field in phones] == [
        ("mask keep_last 4", 2, (1, 3)),
        ("keep", 1, (2,)),
    ]
    ((_, one),) = places(told, "/value/1/customer/phone")
    assert (one.treatment, one.paths) == ("keep", (("value", 1, "customer", "phone"),))
    assert len(places(told, "$.customer.phone")) == len(places(told, "$.value[*].customer.phone")) == 2
    assert {field.pointer for _, field in places(told, "/value/0/customer/address")} == {
        "/value/*/customer/address/street",
        "/value/*/customer/address/city",
    }
    assert places(told, "/nowhere") == places(told, "/value/7/id") == []


@pytest.mark.parametrize("wanted", ["customer.email", "$.a[", "$..[?match(@.a, 'b')]"])
def test_what_is_neither_pointer_nor_selector_is_told(wanted):
    with pytest.raises(ValueError, match=r"pointer|unbalanced|regular|Pointer"):
        chosen(wanted)


def test_a_request_that_nobody_can_read_is_near_to_nothing():
    flow = Flow("1", NOW, "erp", Request("GET", "/a/../b"), SALES)
    assert nearby(flow, policies().catalogues["erp"], "") == ()


@pytest.fixture
def week(tmp_path):
    """A capture with planted values: an order, a list, an unknown operation, what can't be used."""
    traffic = Traffic().ask("/api/orders/O-1", answering(order())).ask("/api/orders", listed(order(), order("C-2")))
    traffic.ask("/api/orders", answering({}), method="DELETE").ask("/x", answering({}), site="https://other.example")
    return str(capture(tmp_path / "week.har", traffic.items))


ASSUMED = ["--policies", str(SHIPPED), "--system", "erp=https://erp.example", "--from", "crm"]
ORDERING = [*ASSUMED, "--purpose", "order-fulfilment"]


CASES = """version: 1
cases: sales
defaults:
  flow: {from: crm, to: erp, purpose: order-fulfilment, operator: {kind: human}, request: GET /orders/1}
  response: {body: {customer: {id: C-1, phone: "+49 89 1234567"}, total: 12}}
list:
  - case: Whoever agreed is shown
    customers: {C-1: {consents: contact, attributes: {region: de}}}
    expect: {verdict: allow}
  - case: Nobody asked
    customers: {C-1: {attributes: {region: de}}}
    expect: {verdict: allow}
"""


def run(*arguments):
    return CliRunner().invoke(command, list(arguments))


def test_the_command_explains_a_captured_flow_without_a_value(week):
    for form in ("text", "json"):
        for field in ([], ["--field", "/value/*/customer"], ["--field", "/value/*/customer/phone"]):
            done = run(week, "--flow", "2", "-o", form, *field, *ORDERING)
            assert done.exit_code == 0
            assert "mask keep_last 4" in done.output
            assert not [value for value in PLANTED if value in done.output]
    assert "C-PLANTED-17" in run(week, "--flow", "2", "--show-values", *ORDERING).output


def test_the_command_gives_json_that_names_every_line(week):
    done = run(week, "--flow", "2", "--field", "/value/0/customer/phone", "-o", "json", *ORDERING)
    said = json.loads(done.output)
    (field,) = said["legs"][1]["fields"]
    rule = next(one for one in field["account"] if one["protects"])
    assert (field["classes"], field["treatment"], field["values"]) == (
        ["user.contact.phone_number"],
        "mask keep_last 4",
        1,
    )
    assert rule["place"]["file"].endswith("policies/sales-reads-orders.yaml")
    assert {one["key"]: one["truth"] for one in rule["conditions"] if one["where"] == "unless"} == {"consent": "false"}
    assert said["operation"]["name"] == "erp.list-orders"


FAILS = (
    (["--flow", "9"], "has no flow 9: its last one is 4"),
    (["--flow", "4"], "no system is known at its address"),
    ([], "name a capture and a flow of it"),
    (["--flow", "1", "--case", "x"], "name a capture and a flow of it"),
    (["--flow", "1", "--field", "email"], "a field is a JSON Pointer"),
)


@pytest.mark.parametrize(("arguments", "told"), FAILS)
def test_the_command_could_not_run(week, arguments, told):
    done = run(week, *arguments, *ORDERING)
    assert (done.exit_code, told in done.output) == (2, True)


def test_a_field_that_the_flow_does_not_have_makes_the_answer_no(week):
    done = run(week, "--flow", "1", "--field", "/nowhere", *ORDERING)
    assert (done.exit_code, "the flow has no place /nowhere" in done.output) == (1, True)


def test_a_refused_flow_is_explained_all_the_same(week):
    done = run(week, "--flow", "1", *ASSUMED, "--purpose", "chat")
    assert done.exit_code == 0
    assert "the purpose were order-fulfilment   (sales-reads-orders/allow[0] at" in done.output
    assert "erp.list-orders: its method is GET" in run(week, "--flow", "3", *ORDERING).output


def test_the_command_explains_a_case_by_its_name(tmp_path):
    for name in ("catalog/erp.yaml", "catalog/crm.yaml", "consents.yaml", "sales.yaml", "tests/sales.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / "catalog/erp.yaml").write_text(CATALOGUE)
    (tmp_path / "catalog/crm.yaml").write_text(CRM)
    (tmp_path / "consents.yaml").write_text(CONSENTS)
    (tmp_path / "sales.yaml").write_text(SALES_RULES)
    (tmp_path / "tests/sales.yaml").write_text(CASES)
    done = run("--case", "agreed", "--field", "/customer/phone", "--policies", str(tmp_path))
    assert "treatment  keep" in done.output
    assert (
        "treatment  mask keep_last 4"
        in run("--case", "Nobody asked", "--field", "/customer/phone", "--policies", str(tmp_path)).output
    )
    assert run("--case", "nothing like it", "--policies", str(tmp_path)).exit_code == 2
    several = run("--case", "", "--policies", str(tmp_path))
    assert (several.exit_code, "several cases" in several.output) == (2, True)
