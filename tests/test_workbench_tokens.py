"""Tokens on the workbench: cases have some made, dry runs take those of others to open, and a new reveal exposes."""

from __future__ import annotations

import json

import pytest
from cases_kit import HEAD, failures, run, suites
from dryrun_kit import inline
from gate_kit import NOW, ORDERING, SALES, answering, written

from gateway.cases.coverage import Coverage
from gateway.cases.golden import Goldens
from gateway.cases.standin import stands_for, with_stand_ins
from gateway.custody.memory import MemoryCustody
from gateway.dryrun.against import Comparison
from gateway.dryrun.explain import explain
from gateway.dryrun.explain_text import text as explained
from gateway.dryrun.supposed import REVEALED, SupposedCustody
from gateway.errors import FaultyFiles
from gateway.flow import Flow, Leg, Request
from gateway.tokens import shapes
from gateway.treatments.registry import build
from gateway.treatments.strength import Shift, shift
from gateway.workbench import Workbench

CATALOG = """
version: 1
catalog: erp
operations:
  read: {request: "GET /customers/{customer}", response: customer}
  write: {request: "PUT /customers/{customer}", body: customer, response: customer}
  find: {request: "GET /by/{email}", response: found, path: {email: user.contact.email}}
messages:
  customer:
    format: json
    customer: {path: customer}
    unlisted: keep
    fields: {$.email: user.contact.email, $.phone: user.contact.phone_number, $.number: user.unique_id}
  found: {format: json, customer: $.customer, unlisted: keep, fields: {$.email: user.contact.email}}
"""
ALLOW = "version: 1\npolicy: p\nscope: {from: crm, to: erp, purposes: order-fulfilment}\nallow: true\n"
PROTECT = "protect: [{classes: user.contact, leg: response, treatment: encrypt}]\n"
REVEAL = "reveal: [{classes: user.contact, leg: request, operator: {role: sales}}]\n"
EMAIL = "{customer: C-1, class: user.contact.email, value: ann@x.test}"
FLOW = "from: crm, to: erp, purpose: order-fulfilment, operator: {role: sales}"
WRITE = f"{FLOW}, request: PUT /customers/C-1, body: {{email: token:email}}"


def policies(rules=PROTECT + REVEAL):
    return written(catalog_erp=CATALOG, catalog_crm="version: 1\ncatalog: crm\n", p=ALLOW + rules)


def case(expect, flow=WRITE, tokens=f"{{email: {EMAIL}}}", answer="{}", more=""):
    lines = f"  - case: tried\n    flow: {{{flow}}}\n    response: {{body: {answer}}}\n    tokens: {tokens}\n{more}"
    return f"{HEAD}{lines}    expect: {expect}\n"


def failed(text, rules=PROTECT + REVEAL):
    return failures(text, policies=policies(rules))


# -- cases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "tokens", "expect"),
    [
        (WRITE, f"{{email: {EMAIL}}}", "{forwarded: {fields: {$.email: reveal}, body: {email: ann@x.test}}}"),
        (WRITE, f"{{email: {EMAIL}}}", "{rules: ['p/reveal[0]']}"),
        (
            WRITE,
            f"{{email: {EMAIL[:-1]}, treatment: tokenise}}}}",
            "{forwarded: {fields: {$.email: {treatment: reveal, becomes: ann@x.test}}}}",
        ),
        (
            f"{FLOW}, request: GET /by/token:email",
            f"{{email: {EMAIL}}}",
            "{forwarded: {fields: {'#path/email': reveal}}, operation: find}",
        ),
        (
            WRITE.replace("email: token", "number: token"),
            "{email: {customer: C-1, class: user.unique_id, value: 77, treatment: tokenise, shape: digits}}",
            "{forwarded: {fields: {$.number: keep}}}",  # no rule turns it back
        ),
    ],
)
def test_a_case_has_the_tokens_made_that_it_sends(flow, tokens, expect):
    assert failed(case(expect, flow, tokens)) == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (("customer: C-1, class", "customer: C-2, class"), "token-refused"),
        (("user.contact.email", "user.contact.phone_number"), "token-refused"),
        (("value: ann@x.test", "value: ann@x.test, purpose: other"), "token-refused"),
        (("role: sales", "role: other"), "masked-write-back"),
    ],
)
def test_a_token_out_of_its_place_is_refused(change, refusal):
    assert (
        failed(
            case(f"{{leg: request, refusal: {refusal}, forwarded: {{fields: {{$.email: refuse}}}}}}").replace(*change)
        )
        == []
    )


def test_what_was_expected_of_a_token_and_isn_t_so_is_told():
    (told,) = failed(case("{forwarded: {fields: {$.email: keep}}}"))
    assert "expected keep, but /email meets reveal [SG634]" in told
    refused = case("{forwarded: {fields: {$.email: reveal}}}").replace("customer: C-1, class", "customer: C-2, class")
    assert any("it is a token, and doesn't open for this customer, field and purpose" in one for one in failed(refused))


def test_a_token_that_stands_nowhere_is_told():
    (told,) = failed(case("{verdict: allow}", WRITE.replace("token:email", "token:other")))
    assert told.endswith("no message of this case holds this token [SG631]")


def test_an_answer_holds_tokens_as_well():
    reveal = REVEAL.replace("leg: request, ", "leg: response, ")
    text = case("{body: {email: ann@x.test}}", f"{FLOW}, request: GET /customers/C-1", answer="{email: token:email}")
    assert failed(text, reveal) == []


def test_customers_whose_keys_are_gone_stay_without_for_that_case_alone():
    gone = case(
        "{refusal: keys-missing}", f"{FLOW}, request: GET /customers/C-1", "{}", "{email: a}",
        "    customers: {C-1: {keys: none}}\n",
    )  # fmt: skip
    there = gone.replace("{keys: none}", "{keys: some}").replace("refusal: keys-missing", "fields: {$.email: encrypt}")
    text = gone + there.removeprefix(HEAD).replace("case: tried", "case: again")
    assert [result.failures for result in run(text, policies())] == [(), ()]


@pytest.mark.parametrize("treatment", ["encrypt", "tokenise", "seal"])
def test_nobody_can_write_what_becomes_of_an_encrypted_value(treatment):
    with pytest.raises(FaultyFiles) as raised:
        suites(case(f"{{fields: {{$.email: {{treatment: {treatment}, becomes: a}}}}}}"), policies())
    (told,) = raised.value.problems
    assert (told.code, told.message) == ("SG614", f"`{treatment}` makes something else each time")


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        ("{email: {customer: C-1, class: user.contact.email}}", "SG102"),
        ("{email: {customer: C-1, class: user.nothing, value: a}}", "SG207"),
        ("{email: {customer: C-1, class: user.contact.email, value: a, treatment: seal}}", "SG107"),
        ("{E-mail: {customer: C-1, class: user.contact.email, value: a}}", "SG110"),
        ("{email: {customer: C-1, class: user.contact.email, value: [a]}}", "SG103"),
    ],
)
def test_a_token_that_can_t_be_made_is_told(tokens, code):
    with pytest.raises(FaultyFiles) as raised:
        suites(case("{verdict: allow}", tokens=tokens), policies())
    assert code in {problem.code for problem in raised.value.problems}, raised.value.problems


def test_a_reveal_is_reached_by_a_token_and_by_nothing_else():
    for flow, reached in ((WRITE, True), (WRITE.replace("token:email", "ann@x.test"), False)):
        set_ = policies()
        (result,) = run(case("{operation: write}", flow), set_)
        coverage = Coverage(set_)
        coverage.add(result.outcome)
        assert (("rule", "p/reveal[0]") in coverage.reached) is reached


def test_words_stand_for_tokens_in_expected_bodies():
    read = f"{FLOW}, request: GET /customers/C-1"
    rules = (
        "protect: [{classes: user.contact.email, leg: response, treatment: encrypt}, "
        "{classes: user.contact.phone_number, leg: response, treatment: tokenise}, "
        "{classes: user.unique_id, leg: response, treatment: tokenise, shape: digits}]\n"
    )
    answer = "{email: a, phone: b, number: 7}"
    body = "{email: (encrypted), phone: (token), number: (token)}"
    assert failed(case(f"{{body: {body}}}", read, "{}", answer), rules) == []
    (told,) = failed(case(f"{{body: {body}}}".replace("(token), n", "(encrypted), n"), read, "{}", answer), rules)
    assert 'expected "(encrypted)", but it is "tk_' in told


def test_golden_bodies_hold_words_and_stay_as_they_are():
    golden = {"tests/c.json": b'{"email": "(encrypted)"}'}
    text = case("{file: c.json}", f"{FLOW}, request: GET /customers/C-1", "{}", "{email: a}")
    (result,) = run(text, policies(), golden)
    assert result.failures == ()
    goldens = Goldens()
    goldens.take(result)
    assert goldens.files == {}
    (result,) = run(text, policies(), {"tests/c.json": b"{}"})
    goldens.take(result)
    (written_,) = goldens.files.values()
    assert json.loads(written_.data) == {"email": "(encrypted)"}


def test_a_word_stands_for_tokens_of_its_form_only():
    keys = MemoryCustody()
    assert not stands_for("(encrypted)", "(encrypted)")
    assert not stands_for("(token)", True)
    assert with_stand_ins(b'{"a": "tk_no", "b": 7, "c": "' + b"x" * 40 + b'"}') == (
        b'{"a": "tk_no", "b": 7, "c": "' + b"x" * 40 + b'"}'
    )
    token = shapes.make("text", bytes)
    assert stands_for("(token)", token)
    assert with_stand_ins(f'["{token}"]'.encode()) == b'["(token)"]'
    assert keys.owner(token) is None


# -- dry runs ------------------------------------------------------------------------------------------------------


def bench(rules=PROTECT + REVEAL):
    return Workbench(policies(rules), inline, custody=SupposedCustody())


async def foreign(customer="C-1"):
    """Make an encrypted value as another gateway would."""
    loan = await MemoryCustody(b"somebody else's").lend([customer], ORDERING.name, NOW, make=True)
    return loan.of(customer).encrypt('"ann@x.test"', "user.contact.email")


def asking(body):
    request = Request("PUT", "/customers/C-1", (("Content-Type", "application/json"),), json.dumps(body).encode())
    return Flow("f", NOW, "erp", request, SALES, ORDERING)


async def test_a_token_of_the_running_gateway_is_taken_to_open():
    trial = await bench().put(asking({"email": await foreign()}), answering({}))
    assert json.loads(trial.forwarded.body) == {"email": REVEALED}
    assert trial.entries[0].keys == ()  # no key was used, and none refused
    short = shapes.make("text", bytes)
    trial = await bench().put(asking({"email": short}), answering({}))
    assert json.loads(trial.forwarded.body) == {"email": REVEALED}


async def test_a_new_reveal_is_an_exposure_and_one_that_is_gone_hides():
    reading = "protect: [{classes: user.contact, leg: request, treatment: mask}]\n"
    plain_, revealing = reading.replace("treatment: mask", "treatment: mask, operator: {role: nobody}"), REVEAL
    flow = asking({"email": await foreign()})
    for old, new, kind in ((plain_, plain_ + revealing, "exposed"), (plain_ + revealing, plain_, "hidden")):
        comparison = Comparison("live", "mine")
        trials = [await bench(rules).put(flow, answering({})) for rules in (old, new)]
        comparison.add(1, *trials)
        changes = comparison.changes()
        (change,) = changes.fields
        assert (change.kind, change.leg, change.pointer) == (kind, Leg.REQUEST, "/email")
        assert changes.exposed is (kind == "exposed")
        assert {change.old.treatment, change.new.treatment} == {"keep", "reveal"}
        side = change.new if kind == "exposed" else change.old
        assert [rule.name for rule in side.rules] == ["p/reveal[0]"]


async def test_explain_tells_who_turns_a_token_back():
    set_ = policies()
    trial = await Workbench(set_, inline, custody=SupposedCustody()).put(
        asking({"email": await foreign()}), answering({})
    )
    story = explain(trial, set_)
    (field,) = [one for one in story.legs[0].fields if one.pointer == "/email"]
    assert (field.treatment, field.arrives, [rule.name for rule in field.rules]) == (
        "reveal",
        "changed",
        ["p/reveal[0]"],
    )
    assert "p/reveal[0]" in explained(story, "flow 1", None, ids=False)


# -- how strong they are -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("keep", "encrypt", Shift.LESS),
        ("encrypt", "keep", Shift.MORE),
        ("encrypt", "redact", Shift.LESS),
        ("redact", "encrypt", Shift.MORE),
        ("mask", "encrypt", Shift.OTHER),
        ("encrypt", "seal", Shift.OTHER),
        ("tokenise", "encrypt", Shift.OTHER),
        ("pseudonymise", "tokenise", Shift.OTHER),
        ("seal", "generalise", Shift.MORE),
    ],
)
def test_what_one_shows_that_another_hides(old, new, expected):
    options = {"generalise": {"into": "year"}}
    before, after = (None if name == "keep" else build(name, options.get(name, {})) for name in (old, new))
    assert shift(before, after) is expected
