"""A case passes when what it expects is what the gate does, and says where it isn't, why, and which rule would."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from cases_kit import HEAD, ORDER, POLICIES, READ, failures, reading, run
from gate_kit import SHIPPED, written
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cases.attached import AttachedFiles
from gateway.cases.meets import meets
from gateway.flow import CustomerFacts, Flow, Leg, Operator, Purpose, Request, Response
from gateway.workbench import Workbench
from gateway.workbench.survey import Survey, fate
from gateway.workbench.values import leaves, parse
from gateway.workbench.values import values as spot

FIRST, SECOND = (f"{{id: {n}, customer: {{id: C-{n}, phone: '12345678'}}}}" for n in (1, 2))
LIST = f"{{count: 2, value: [{FIRST}, {SECOND}]}}"
LISTING = "from: crm, to: erp, purpose: order-fulfilment, request: GET /api/orders"
MASKED = "but /customer/email meets mask (keep_last: 4) [SG634]"
SHOWN = '{"id": "C-1", "email": "*************mple"}'
NOBODY = "not-allowed (No policy allows this flow)"
AGREED = "    customers: {C-1: {consents: contact}}\n"


@pytest.mark.parametrize(
    "expect",
    [
        "{verdict: allow}",
        "{operation: read-order}",
        "{fields: {$.customer.email: mask}}",
        "{fields: {$.customer.email: {keep_last: 4, treatment: mask}}}",
        "{fields: {$.customer.email: {becomes: '*************mple'}}}",
        "{fields: {/customer/email: mask, /*/id: keep, $.customer.id: keep}}",
        "{fields: {user.contact: mask, user.unique_id: keep, business: keep}}",
        "{fields: {'$..email': mask, '$.customer[?@ == \"C-1\"]': keep}}",
        "{records: {C-1: {$.customer.email: mask, user.unique_id: keep}}}",
        "{status: 200, headers: {cache-control: 'private, no-store', ETag: ~}}",
        "{body: {customer: {email: '*************mple', id: C-1}, id: SO-1}}",
        "{rules: [sales-reads-orders, 'sales-reads-orders/protect[0]']}",
        "{watermark: none}",
        "{forwarded: {headers: {X-Nothing: ~}}}",
    ],
)
def test_what_the_gate_does_passes(expect):
    assert failures(reading(expect)) == []


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{verdict: refuse}", "7:23 expected the flow to be refused, but it is allowed [SG632]"),
        ("{refusal: denied}", "7:23 expected the flow to be refused (denied), but it is allowed [SG632]"),
        ("{operation: list-orders}", "7:25 expected the operation erp.list-orders, but it is erp.read-order [SG633]"),
        (
            "{fields: {$.customer.email: keep}}",
            f"7:41 $.customer.email: expected keep, {MASKED}",
        ),
        (
            "{fields: {$.customer.email: {treatment: mask, keep_last: 2}}}",
            f"7:41 $.customer.email: expected mask (keep_last: 2), {MASKED}",
        ),
        (
            "{fields: {$.customer.email: {becomes: '****'}}}",
            '7:41 $.customer.email: expected to become "****", but /customer/email becomes "*************mple" [SG635]',
        ),
        ("{fields: {$.customer.phone: mask}}", "7:41 $.customer.phone: there is no such value in the response [SG631]"),
        ("{fields: {business.price: keep}}", "7:39 business.price: there is no such value in the response [SG631]"),
        (
            "{fields: {$.customer.id: mask}}",
            "7:38 $.customer.id: expected mask, but /customer/id is kept as it is [SG634]",
        ),
        ("{records: {C-2: {$.id: keep}}}", "7:36 the response holds no record of C-2 [SG631]"),
        ("{unlisted: redact}", "7:24 the response has nothing that the catalogue does not list [SG631]"),
        ("{forwarded: {fields: {$.id: keep}}}", "7:41 $.id: the request has no body [SG631]"),
        ("{status: 404}", "7:22 expected the status 404, but the caller gets 200 [SG636]"),
        ("{headers: {ETag: x}}", '7:30 expected the header ETag to be "x", but it is not there [SG636]'),
        (
            "{headers: {Cache-Control: ~}}",
            '7:39 expected the header Cache-Control not to be there, but it is "private, no-store" [SG636]',
        ),
        ("{rules: production}", "7:21 expected production to have a say, but it has none [SG637]"),
        ("{watermark: {visible: x}}", "7:25 expected a watermark, but nothing is marked [SG638]"),
        ("{observed: {verdict: refuse}}", "7:34 expected that it would be refused, but it would be allowed [SG632]"),
        (
            "{body: {id: SO-2, customer: {id: C-1, email: '*************mple'}}}",
            '7:25 /id: expected "SO-2", but it is "SO-1" [SG635]',
        ),
        (
            "{body: {id: SO-1}}",
            '7:20 /customer: not expected, but there is {"id": "C-1", "email": "*************mple"} [SG635]',
        ),
        (
            "{body: [1]}",
            f'7:20 the body: expected [1], but it is {{"id": "SO-1", "customer": {SHOWN}}} [SG635]',
        ),
        ("{forwarded: {body: {a: 1}}}", "7:32 expected a JSON body, but it is empty [SG635]"),
    ],
)
def test_what_the_gate_does_otherwise_is_told_where_it_is_expected(expect, told):
    assert failures(reading(expect)) == [told]


@pytest.mark.parametrize(
    ("flow", "expect", "told"),
    [
        (
            READ.replace("orders", "ordrs"),
            "{verdict: refuse}",
            ["5:68 this reaches no operation of erp: GET /api/ordrs/SO-1 [SG631]"],
        ),
        (
            READ.replace("orders", "ordrs"),
            "{fields: {$.id: keep}}",
            ["5:68 this reaches no operation of erp: GET /api/ordrs/SO-1 [SG631]"],
        ),
        (READ.replace("orders", "ordrs"), "{refusal: unknown-operation}", []),
        (
            READ.replace("order-fulfilment", "marketing"),
            "{fields: {$.id: keep}}",
            [f"7:29 expected the flow to pass, but its request is refused: {NOBODY} [SG632]"],
        ),
        (
            READ.replace("order-fulfilment", "marketing"),
            "{refusal: denied}",
            [f"7:23 expected the refusal denied, but it is {NOBODY} [SG632]"],
        ),
        (
            READ.replace("order-fulfilment", "marketing"),
            "{verdict: refuse, leg: response}",
            [f"7:36 expected the response to be refused, but the request is: {NOBODY} [SG632]"],
        ),
    ],
)
def test_a_flow_that_never_came_so_far_is_told_once(flow, expect, told):
    assert failures(reading(expect, flow=flow)) == told


def test_a_refusal_for_another_reason_than_the_policies_does_not_pass_for_one_by_them():
    text = reading("{verdict: refuse}", body="[1, 2]").replace(
        "{body: [1, 2]}", "{headers: {Content-Type: text/html}, body: 1}"
    )
    (told,) = failures(text)
    assert told.startswith("7:23 the flow is refused, but not by a policy: body-wrong-type")


def hint(text: str) -> str:
    (result,) = run(text)
    return result.failures[0].hint


def test_a_failure_names_the_rule_that_decided_with_its_line_and_what_it_missed():
    told = hint(reading("{fields: {$.customer.email: keep}}"))
    line = re.search(
        r"protect:\n(?:.*\n)*?  - \{classes: user.contact", (SHIPPED / "sales-reads-orders.yaml").read_text()
    )
    assert line
    assert re.fullmatch(r"by sales-reads-orders/protect\[0\] \(sales-reads-orders\.yaml:\d+:5; consent missing\)", told)


@pytest.mark.parametrize(
    ("expect", "more", "told"),
    [
        (
            "{fields: {$.customer.email: mask}}",
            AGREED,
            r"no rule treats it; .*sales-reads-orders/protect\[0\] \([^;]+; its `unless` exempts here\).* would",
        ),
        (
            "{fields: {$.customer.email: remove}}",
            "",
            r"by sales.*; production/protect\[0\] \([^;]+; its `from` does not fit\), .* would",
        ),
        ("{verdict: refuse}", "", r"by sales-reads-orders/allow\[0\] \(.*\)"),
        ("{rules: 'shipping/protect[0]'}", "", r"its `from` does not fit; these have: sales.*"),
    ],
)
def test_a_failure_names_the_rules_that_would_and_what_keeps_them(expect, more, told):
    assert re.fullmatch(told, hint(reading(expect, more=more)))


def test_a_refusal_names_the_grant_that_is_nearest_and_what_it_lacks():
    told = hint(reading("{verdict: allow}", flow=READ.replace("order-fulfilment", "marketing")))
    assert re.match(
        r"production/allow\[0\] \([^;]+; its `from` does not fit\), "
        r"sales-reads-orders/allow\[0\] \([^;]+; its `purposes` does not fit\)",
        told,
    )


def test_each_record_meets_what_its_own_customer_agreed_to():
    records = "{C-1: {$.customer.phone: keep}, C-2: {user.contact: mask}}"
    one, other = "'$.value[1].customer.phone': mask", "'$.value[?@.id == 1].customer.phone': keep"
    expect = f"{{records: {records}, fields: {{$.count: keep, {one}, {other}, /value/*/id: keep}}}}"
    assert failures(reading(expect, body=LIST, flow=LISTING, more=AGREED)) == []


def test_places_that_differ_in_one_way_are_told_together_and_in_two_ways_apart():
    (mask,) = failures(reading("{fields: {'$.value[*].customer': keep}}", body=LIST, flow=LISTING))
    assert "/value/0/customer/phone, /value/1/customer/phone meets mask" in mask
    both = failures(reading("{fields: {'$.value[*].customer.phone': remove}}", body=LIST, flow=LISTING, more=AGREED))
    assert [line.split("but ")[1] for line in both] == [
        "/value/0/customer/phone is kept as it is [SG634]",
        "/value/1/customer/phone meets mask (keep_last: 4) [SG634]",
    ]


def test_what_becomes_of_a_value_is_told_although_elements_before_it_are_removed():
    policies = written(
        catalog_erp="""
version: 1
catalog: erp
operations: {read: {request: GET /a, response: m}}
messages: {m: {format: json, fields: {"$.list[*].name": user.name, "$.list[0]": user.biometric}}}""",
        p="""
version: 1
policy: p
allow: true
protect:
  - {classes: user.biometric, treatment: remove}
  - {classes: user.name, treatment: mask}""",
    )
    text = reading(
        "{fields: {'$.list[1].name': {becomes: '**'}, '$.list[0].name': {becomes: Al}}}",
        flow="from: erp, to: erp, request: GET /a",
        body="{list: [{name: Al}, {name: Bo}]}",
    )
    assert failures(text, policies=policies) == [
        '7:76 $.list[0].name: expected to become "Al", but /list/0/name becomes nothing: it is gone [SG635]'
    ]


def test_a_value_that_is_written_back_is_refused_and_left_out_where_the_policy_says_so():
    policies = written(
        catalog_erp="""
version: 1
catalog: erp
operations:
  read: {request: GET /a, response: m}
  write: {request: PATCH /a, body: m, response: m}
messages: {m: {format: json, fields: {$.name: user.name, $.mail: user.contact}}}""",
        p="""
version: 1
policy: p
allow: true
protect:
  - {classes: user.name, leg: response, treatment: mask, write_back: drop}
  - {classes: user.contact, leg: response, treatment: mask}""",
    )
    flow = "from: erp, to: erp, request: PATCH /a, body: {name: '***', mail: %s}"
    drop = reading("{forwarded: {fields: {$.name: drop, $.mail: keep}, body: {mail: a@b}}}", flow=flow % "a@b")
    assert failures(drop, policies=policies) == []
    refuse = "{refusal: masked-write-back, forwarded: {fields: {$.name: drop, $.mail: refuse}}}"
    assert failures(reading(refuse, flow=flow % "'***'"), policies=policies) == []
    keep = failures(
        reading("{refusal: masked-write-back, forwarded: {fields: {$.mail: keep}}}", flow=flow % "'***'"),
        policies=policies,
    )
    assert keep == [
        "7:71 $.mail: expected keep, but /mail is refused: it is written back as the gateway showed it [SG634]"
    ]


def test_a_body_is_compared_in_the_file_that_the_case_names():
    golden = json.dumps({"id": "SO-1", "customer": {"id": "C-1", "email": "*************mple"}}).encode()
    text = reading("{file: golden/order.json}")
    assert failures(text, attached={"tests/golden/order.json": golden}) == []
    assert failures(text, attached={"tests/golden/order.json": golden.replace(b"SO-1", b"SO-2")}) == [
        '7:20 tests/golden/order.json: /id: expected "SO-2", but it is "SO-1" [SG635]'
    ]
    assert failures(text, attached={}) == ["7:20 there is no file tests/golden/order.json to compare with [SG606]"]


def test_only_ten_differences_are_told_one_by_one():
    rows = ", ".join(f"{{sku: A, quantity: {n}}}" for n in range(15))
    others = ", ".join(f"{{sku: A, quantity: {n + 1}}}" for n in range(15))
    told = failures(reading(f"{{body: {{lines: [{others}]}}}}", body=f"{{lines: [{rows}]}}"))
    assert (len(told), told[10].partition(" ")[2]) == (11, "5 more places differ [SG635]")


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        (
            "{visible: '{mark} / C-1', permissions: {print: false}}",
            [
                (
                    'expected the watermark "{mark} / C-1", but it is "For order-fulfilment only" '
                    'and "C-1 / crm / 2026-01-05 12:00Z / {mark}"'
                )
            ],
        ),
        (
            "{permissions: {print: true, annotate: true}}",
            ["expected `print` to be left to the reader, but it is forbidden"],
        ),
        ("{visible: 'C-1 / crm / 2026-01-05 12:00Z / {mark}', permissions: {copy: false}}", []),
        ("none", ["expected no watermark, but there is one"]),
        ("{hidden: true, view_only: false, bilevel: false, attachments: remove, signed: refuse, pdfa: drop}", []),
        ("{visible: For order-fulfilment only, placement: footer}", []),
        ("{placement: [footer, tiled]}", []),
        (
            """{hidden: false, view_only: true, bilevel: true, placement: [footer, corner],
                attachments: mark, pdfa: refuse}""",
            [
                "expected the text to be placed corner and footer, but it is footer and tiled",
                "expected no hidden mark, but there is one",
                "expected that pages become pictures, but they stay what they are",
                "expected scans of two colours to be marked, but they are left alone",
                "expected `attachments: mark`, but it is `remove`",
                "expected `pdfa: refuse`, but it is `drop`",
            ],
        ),
    ],
)
def test_a_watermark_is_compared_by_its_words_and_what_it_forbids(expect, told):
    text = f"""{HEAD}  - case: a
    flow: {{{READ}/invoice.pdf}}
    response: {{headers: {{X-Customer-Id: C-1}}, file: bodies/invoice.pdf}}
    expect: {{watermark: {expect}}}
"""
    assert [line.split(" ", 1)[1].rpartition(" [")[0] for line in failures(text)] == told


def test_what_the_trial_policies_would_do_is_compared():
    flow = READ.replace("orders/SO-1", "customers/C-1")
    text = "{fields: {$.credit_limit: keep}, observed: {rules: credit-limits-trial, fields: {$.credit_limit: keep}}}"
    assert failures(reading(text, body="{id: C-1, credit_limit: 7}", flow=flow)) == [
        "7:110 $.credit_limit: expected keep, but /credit_limit would meet generalise (into: band, band: 10000) [SG634]"
    ]


def doubts(text: str) -> list[str]:
    (result,) = run(text)
    assert result.failures == ()
    return [f"{p.place.line}:{p.place.column} {p.message} [{p.code}]" for p in result.doubts]


@pytest.mark.parametrize(
    ("customers", "told"),
    [
        ("{C-1: {consents: contact}}", []),
        ("{C-2: {consents: contact}}", ["7:17 nothing asks for the customer C-2 [SG651]"]),
        ("{C-1: {consents: contact}, '*': {consents: contact}}", ["7:43 no other customer is in this flow [SG651]"]),
        ("{C-1: {consents: invoices}}", ['7:17 no rule about this operation asks for the consent "invoices" [SG652]']),
        (
            "{C-1: {attributes: {tier: gold}}}",
            ['7:17 no rule about this operation asks for the attribute "tier" [SG653]'],
        ),
        ("{C-9: {consents: []}}", []),
    ],
)
def test_what_a_case_says_of_customers_and_nothing_asks_for_is_told(customers, told):
    assert doubts(reading("{verdict: allow}", more=f"    customers: {customers}\n")) == told


def test_a_fault_of_the_gateway_itself_fails_the_case_and_not_the_run():
    text = f"""{HEAD}  - case: a
    flow: {{{READ}/invoice.pdf}}
    response: {{headers: {{X-Customer-Id: C-1}}, file: x.pdf}}
    expect: {{verdict: allow}}
"""

    async def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("12345")

    from cases_kit import suites  # noqa: PLC0415 - only this test runs a case by hand

    from gateway.cases.run import Runner  # noqa: PLC0415

    (case,) = suites(text, attached={"tests/x.pdf": b"%PDF-1.4"})[0].cases
    told = []

    async def go() -> None:
        told.append(await Runner(POLICIES, broken).run(case))

    asyncio.run(go())
    assert [(p.code, "ZeroDivisionError" in p.message, "12345" in str(p)) for p in told[0].failures] == [
        ("SG639", True, False)
    ]


# -- laws ------------------------------------------------------------------------------------------------------------

PHONES = st.sampled_from(["+86 139 1234 5678", "123", "", None, 5678])
CUSTOMERS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["C-1", "C-2", 7]),
        "phone": PHONES,
        "name": st.just("Lin"),
        "government_id": st.just("0"),
    },
)
ORDERS = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("SO-1"),
        "customer": CUSTOMERS,
        "total": st.just(1.5),
        "note": st.just("x"),
        "lines": st.lists(st.fixed_dictionaries({"sku": st.just("A"), "unit_price": st.just(2)}), max_size=2),
    },
)
WHO = st.sampled_from([("crm", "order-fulfilment"), ("mes", "production"), ("tms", "shipping"), ("crm", "shipping")])
GRANTS = st.sampled_from([[], ["contact"]])


async def here(function, *arguments):
    return function(*arguments)


def tried(who, agreed, body, target):
    """Put a flow on the workbench, without any case."""
    bench = Workbench(POLICIES, here)
    request = Request("GET", target)
    flow = Flow("f", 1_767_614_400_000_000_000, "erp", request, Operator(who[0]), Purpose(who[1], "claim"))
    answer = Response(200, (("Content-Type", "application/json"),), json.dumps(body).encode())
    return asyncio.run(bench.put(flow, answer, lambda customer: CustomerFacts(customer, frozenset(agreed))))


def expected(trial) -> dict[str, object]:
    """Write down everything that a case can expect of a trial."""
    if trial.refusal:
        return {
            "verdict": "refuse",
            "leg": str(trial.refused_leg),
            "refusal": trial.refusal,
            "operation": trial.operation,
        }
    sight = trial.sight(Leg.RESPONSE)
    fields = {}
    for one in spot(sight):
        if one.spot:
            location = "".join(f"[{json.dumps(step)}]" for step in one.location)
            fields[f"${location}"] = meets(one, sight).name
    said: dict[str, object] = {"verdict": "allow", "operation": trial.operation, "status": 200}
    return {**said, "body": json.loads(trial.released.body), **({"fields": fields} if fields else {})}


def written_down(who, agreed, body, target, expect) -> str:
    case = {
        "case": "a",
        "flow": {"from": who[0], "to": "erp", "purpose": who[1], "request": f"GET {target}"},
        "customers": {"*": {"consents": agreed}},
        "response": {"body": body},
        "expect": expect,
    }
    return json.dumps({"version": 1, "cases": "c", "list": [case]})


def changed(expect, path):
    """Change one expectation into another that can't hold as well."""
    other = json.loads(json.dumps(expect))
    at = other
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    swaps = {"allow": "refuse", "refuse": "allow", "response": "request", "request": "response"}
    if path[0] == "fields":
        at[path[-1]] = "redact" if old != "redact" else "keep"
    elif path[0] == "refusal":
        at[path[-1]] = "denied" if old != "denied" else "not-allowed"
    elif path[0] == "operation":
        at[path[-1]] = "erp.read-order" if old != "erp.read-order" else "erp.list-orders"
    elif path[0] == "status":
        at[path[-1]] = old + 1
    elif path[0] == "body":
        at[path[-1]] = f"{old}?"
    else:
        at[path[-1]] = swaps[old]
        if path[0] == "verdict":
            for key in ("leg", "refusal", "body", "fields"):  # what is refused shows none of these
                other.pop(key, None)
    return other


@settings(max_examples=40, deadline=None)
@given(WHO, GRANTS, st.one_of(ORDERS, st.lists(ORDERS, max_size=3)), st.data())
def test_whatever_the_gate_does_a_case_that_expects_just_that_passes_and_one_that_expects_anything_else_fails(
    who, agreed, body, data
):
    target = "/api/orders" if isinstance(body, list) else "/api/orders/7"
    body = {"value": body} if isinstance(body, list) else body
    expect = expected(tried(who, agreed, body, target))
    (passed,) = run(written_down(who, agreed, body, target, expect))
    assert passed.failures == ()
    paths = [(key,) for key in expect if key not in {"fields", "body"}]
    paths += [("fields", key) for key in expect.get("fields", ())]
    paths += [("body", *location) for location, _ in leaves(expect.get("body", {}))]
    path = data.draw(st.sampled_from(paths))
    (failed,) = run(written_down(who, agreed, body, target, changed(expect, path)))
    assert failed.failures


@settings(max_examples=40, deadline=None)
@given(WHO, GRANTS, st.lists(ORDERS, max_size=4))
def test_the_places_of_cases_are_the_places_of_the_survey(who, agreed, orders):
    trial = tried(who, agreed, {"value": orders, "count": 1}, "/api/orders")
    survey = Survey()
    for sight in trial.sights:
        found: dict[tuple[str, str], int] = {}
        for one in spot(sight):
            place = "".join("/*" if isinstance(step, int) else f"/{step}" for step in one.location)
            met = meets(one, sight).name
            met = met if met != "refuse" else fate_of(survey, sight, one)
            found[place if one.spot else place.rpartition("/")[0] + "/?", met] = (
                found.get((place if one.spot else place.rpartition("/")[0] + "/?", met), 0) + 1
            )
        surveyed: dict[tuple[str, str], int] = {}
        for seen in survey.places(sight):
            key = (seen.pointer, fate(seen, sight).name)
            surveyed[key] = surveyed.get(key, 0) + seen.count
        assert found == surveyed


def fate_of(survey: Survey, sight, one) -> str:
    """Give what was decided on a place, whatever came of it for a stranger."""
    seen = next(seen for seen in survey.places(sight) if (seen.spot, seen.decision) == (one.spot, one.record.decision))
    return fate(seen, sight).name


# -- the guide ---------------------------------------------------------------------------------------------------------

GUIDE = (Path(__file__).parent.parent / "docs" / "testing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(version: 1\n.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.search(r"cases: (\S+)", text)[1])
def test_every_example_of_the_guide_passes(text, tmp_path):
    golden = b'{"id": "C-017", "name": "Lin Wei", "email": "*******************mple", "birth_date": "1988"}'
    files = AttachedFiles(SHIPPED)
    results = run(text, attached=_Both({"tests/bodies/what-sales-sees.json": golden}, files))
    assert [str(problem) for result in results for problem in (*result.failures, *result.doubts)] == []


class _Both(dict):
    """Files of a test, and behind them those that ship."""

    def __init__(self, own, shipped):
        super().__init__(own)
        self.shipped = shipped

    def get(self, name, default=None):
        return super().get(name, default) or self.shipped(name)


def test_the_failure_that_the_guide_shows_is_the_one_that_is_told():
    shown = re.search(r"\npolicies/tests/first.yaml:(.*?)\n```", GUIDE, re.DOTALL)[1]
    (result,) = run(EXAMPLES[0].replace("keep_last: 4", "keep_last: 2"))
    (problem,) = result.failures
    told = str(problem).removeprefix("tests/c.yaml:")
    assert told.replace(": ", ": error: ", 1) == shown


def test_the_guide_tries_all_that_can_be_expected():
    from gateway.policy.schemas.cases import CELLS, EXPECT, FLOW, OBSERVED  # noqa: PLC0415 - words that a guide must have

    for word in (*EXPECT, *FLOW, *OBSERVED, *CELLS):
        assert re.search(rf"`(flow\.)?{word}`|\b{word}:|{word}", GUIDE), word


def test_bodies_in_cases_are_parsed_without_losing_a_digit():
    assert str(parse(b"12345678901234567.890")) == "12345678901234567.890"
    assert ORDER in reading("{verdict: allow}")
