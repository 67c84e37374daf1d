"""What is legal and suspicious is told, once, where it stands; and what only looks like it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.errors import FaultyFiles
from gateway.faults import Fault
from gateway.flow import CustomerFacts, Leg, Purpose
from gateway.policy.compile import compile_rules
from gateway.policy.decide import Situation, decide
from gateway.policy.doubts import notes
from gateway.policy.load import load
from gateway.storage.policy_folder import read_folder

ROOT = Path(__file__).parent.parent

ERP = """\
version: 1
catalog: erp
operations:
  list-orders: {request: GET /orders, response: orders}
  read-order: {request: "GET /orders/{o}", response: order}
  write-order: {request: "PUT /orders/{o}", body: order, response: order}
  delete-order: {request: "DELETE /orders/{o}"}
  invoice: {request: "GET /orders/{o}/invoice.pdf", response: invoice}
  archive: {request: "GET /orders/{o}/archive", response: archive}
messages:
  orders: {format: json, records: "$.value[*]", each: order}
  order:
    format: json
    customer: $.customer
    fields:
      {$.id: business.order, $.price: business.price, $.email: user.contact.email, $.phone: user.contact.phone_number}
  invoice: {format: pdf, class: business.invoice}
  archive: {format: bytes, class: business.document}
"""
MES = """\
version: 1
catalog: mes
operations: {read-plan: {request: GET /plan, response: plan}}
messages: {plan: {format: json, fields: {$.worker: user.name}}}
"""
BASE = """\
version: 1
policy: base
scope: {to: [erp, mes]}
allow: true
protect:
  - {classes: user.name, leg: response, treatment: mask, unless: {consent: contact, region: nowhere}}
"""
ALLOW = "scope: {from: crm, to: erp}\nallow: true\n"
SALES = "scope: {from: crm, to: erp, purposes: sales}\nallow: true\n"


ANY_CONSENT = "version: 1\nconsents: {contact: {wording: You may}}\n"
NO_CONSENT = BASE.replace("unless: {consent: contact, region: nowhere}", "unless: {region: nowhere}")


def world(text: str = "", **others: str) -> dict[str, bytes]:
    """Files in which nothing is doubtful but what a test writes."""
    files = {
        "catalog/erp.yaml": ERP,
        "catalog/mes.yaml": MES,
        "catalog/crm.yaml": "version: 1\ncatalog: crm\n",
        "consents.yaml": ANY_CONSENT,
        "base.yaml": BASE,
        **({"p.yaml": f"version: 1\npolicy: p\n{text}"} if text else {}),
        **{name.replace("_", "/", 1) + ".yaml": other for name, other in others.items()},
    }
    return {name: written.encode() for name, written in files.items()}


def told(files) -> list[str]:
    """What is doubtful: the code, the line and the underlined text."""
    return [
        f"{w.code} {w.place.line} {w.place.text[w.place.column - 1 :][: w.place.width]}" for w in load(files).warnings
    ]


def codes(files) -> list[str]:
    return [w.code.value for w in load(files).warnings]


def test_nothing_is_doubtful_about_the_world_of_these_tests():
    assert codes(world()) == []


RULES = [
    tuple(case.strip("\n").split("\n--------\n"))
    for case in (ROOT / "tests" / "cases" / "doubtful-rules.txt").read_text(encoding="utf-8").split("========\n")
]
"""A policy after its name and, after a line of dashes, what is told: a code, a line, what is underlined; or nothing."""


@pytest.mark.parametrize(("text", "expected"), RULES)
def test_a_doubtful_rule_is_told_at_the_word_that_makes_it_so(text, expected):
    assert told(world(text)) == ([] if expected == "nothing" else [expected])


def test_a_restriction_that_no_grant_meets_has_no_effect():
    narrow = BASE.replace("scope: {to: [erp, mes]}", "scope: {from: crm, to: [erp, mes], purposes: sales}")
    for text, expected in (
        ("scope: {from: mes, to: erp}\nprotect: [{classes: user, treatment: redact}]", ["SG419"]),
        ("scope: {purposes: other}\ndeny: [{operator: {kind: agent}}]", ["SG419"]),
        ("scope: {from: [mes, crm]}\ndeny: [{operator: {kind: agent}}]", []),
        ("scope: {from: crm, to: erp, purposes: [other, sales]}\ndeny: [{operator: {kind: agent}}]", []),
        ("mode: observe\nscope: {from: mes, to: erp}\nallow: true\nprotect: [{classes: user, treatment: redact}]", []),
    ):
        assert codes(world(text, base=narrow)) == expected, text


def test_what_only_observes_grants_nothing():
    observed = BASE.replace("to: [erp, mes]", "to: mes") + "---"
    files = world("mode: observe\nscope: {from: crm, to: erp}\nallow: true", base=observed.removesuffix("---"))
    assert told(files) == ["SG421 4 list-orders"]


def test_operations_that_nobody_may_use_are_told_once_a_catalogue():
    files = world(base=BASE.replace("scope: {to: [erp, mes]}", "scope: {operations: [read-order, invoice, read-plan]}"))
    (doubt,) = load(files).warnings
    assert (doubt.code, doubt.place.line) == ("SG421", 4)
    assert doubt.message.startswith("no policy allows erp.list-orders, erp.write-order, erp.delete-order and 1 more to")


def test_a_set_that_allows_nothing_is_told_once():
    files = world(base=BASE.replace("allow: true", "deny: [{operator: {kind: agent}}]"))
    assert codes(files) == ["SG405"]


@pytest.mark.parametrize(
    ("consent", "rule", "expected"),
    [
        ("purposes: [sales]", "", []),
        ("purposes: [sale]", "", ["SG425", "SG415"]),
        ("purposes: [sales, sale]", "", ["SG425"]),
        ("recipients: [crm]", "", []),
        ("recipients: [mes]", "", ["SG415"]),
        ("recipients: [erp]", "leg: request", []),
        ("recipients: [crm]", "leg: request", ["SG415"]),
        ("classes: [user.contact.email]", "", []),
        ("classes: [user]", "", []),
        ("classes: [business.price]", "", ["SG415"]),
    ],
)
def test_a_consent_that_covers_nothing_of_what_its_rule_is_about_never_exempts(consent, rule, expected):
    consents = ANY_CONSENT.replace("You may", f"You may, {consent}")
    about = rule or "leg: response"
    text = f"{SALES}protect: [{{classes: user.contact, treatment: redact, {about}, unless: {{consent: contact}}}}]"
    base = NO_CONSENT.replace("to: [erp, mes]", "from: crm, to: [erp, mes], purposes: sales")
    assert codes(world(text, consents=consents, base=base)) == expected


def test_a_consent_exempts_a_message_only_if_it_covers_all_of_it():
    for classes, expected in (("business.invoice", []), ("business", []), ("business.price", ["SG415"])):
        consents = f"version: 1\nconsents: {{contact: {{wording: You may, classes: {classes}}}}}"
        text = "scope: {to: erp, operations: invoice}\nwatermark: {visible: x, unless: {consent: contact}}"
        assert codes(world(text, consents=consents, base=NO_CONSENT)) == expected, classes


def test_a_consent_that_nobody_asks_for_is_told():
    assert told(world(consents=ANY_CONSENT.replace("}}", "}, other: {wording: You may too}}"))) == ["SG406 2 other"]


CATALOGUES = [
    # one place, two selectors
    ("$.id: business.order, \"$['id']\": business.order", "SG422 8 \"$['id']\""),
    ("$.id: business.order, \"$['id']\": user.name", "SG422 8 \"$['id']\""),
    ("'$.a[*].b': user.name, '$.a[0].b': business.order", "SG422 8 '$.a[0].b'"),
    ("'$.a[*].b': user.name, '$.a[0].b': user", ""),
    ("'$.a[*].b': user.name, '$.a[*].c': business.order", ""),
    ("$.a: user, $.a.b: business.order", ""),
    ("'$[*]': user.name, $.id: business.order", "SG422 8 $.id"),
    # names that are data
    ("'$.by_mail.*.total': business.order", "SG428 8 '$.by_mail.*.total'"),
    ("'$.by_mail[*].total': business.order", ""),
    ("\"$['by.*'].total\": business.order", ""),
    ("'$.by_mail.*': {name: user.name}, '$.by_mail.*.total': business.order", ""),
    ("'$.by_mail.*': {name: user.name, class: business.order}", ""),
    ("'$.a.*': {name: user.name}, '$.a.*.b.*': business.order", "SG428 8 '$.a.*.b.*'"),
    # sensitive data
    ("$.tax: user.financial", "SG424 8 $.tax"),
    ("$.tax: business.tax", ""),
    # what has no label
    ("$.a: user.name; keep", "SG423 6 keep"),
    ("$.a: business.order; keep", ""),
    ("$.a: user.name; remove", ""),
]


@pytest.mark.parametrize(("fields", "expected"), CATALOGUES)
def test_a_doubtful_label_is_told(fields, expected):
    fields, _, unlisted = fields.partition("; ")
    catalogue = f"""\
version: 1
catalog: tms
operations: {{read: {{request: GET /x, response: x}}, write: {{request: PUT /x, body: y}}}}
messages:
  x:
    {f"unlisted: {unlisted}" if unlisted else "customer: $.c"}
    format: json
    fields: {{{fields}}}
  y: {{format: json, unlisted: keep, fields: {{$.a: user.name}}}}
"""
    base = BASE.replace("[erp, mes]", "[erp, mes, tms]")
    assert told(world(catalog_tms=catalogue, base=base)) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("", ["SG424"]), ("{classes: user.financial, treatment: keep}", []), ("{classes: user, treatment: mask}", [])],
)
def test_sensitive_data_that_some_rule_names_is_no_doubt(rule, expected):
    catalogue = ERP.replace("$.price: business.price", "$.price: user.financial.bank_account")
    text = f"{ALLOW}protect: [{rule}]" if rule else ALLOW
    assert codes(world(text, catalog_erp=catalogue)) == expected


PRICED = "fields: {$.a: business.price}"
LIST = 'one: {format: json, records: "$.b[*]", each: x'


@pytest.mark.parametrize(
    ("messages", "treatment", "expected"),
    [
        (f"one: {{format: json, {PRICED}}}", "encrypt", ["SG433"]),
        (f"one: {{format: json, {PRICED}}}", "pseudonymise", ["SG433"]),
        (f"one: {{format: json, {PRICED}}}", "redact", []),
        ("one: {format: json, fields: {$.a: business.order}}", "encrypt", ["SG403"]),
        (f"one: {{format: json, customer: $.c, {PRICED}}}", "encrypt", []),
        (f"one: {{format: json, customer: {{response-header: X}}, {PRICED}}}", "encrypt", []),
        # of a list: its records, whose customer either may name, and what is around them
        (f"{LIST}}}, x: {{format: json, {PRICED}}}", "encrypt", ["SG433"]),
        (f"{LIST}, customer: $.c}}, x: {{format: json, {PRICED}}}", "encrypt", []),
        (f"{LIST}}}, x: {{format: json, customer: $.c, {PRICED}}}", "encrypt", []),
        (f"{LIST}, {PRICED}}}, x: {{format: json, customer: $.c}}", "encrypt", ["SG433"]),
        # what is embedded belongs to whom the record around it belongs to
        (
            f"one: {{format: json, customer: $.c, fields: {{$.b: {{contains: x}}}}}}, x: {{format: json, {PRICED}}}",
            "encrypt",
            [],
        ),
    ],
)
def test_keys_are_nobodys_where_no_customer_is_named(messages, treatment, expected):
    operations = "operations: {read: {request: GET /x, response: one}}"
    catalogue = f"version: 1\ncatalog: tms\n{operations}\nmessages: {{{messages}}}"
    base = BASE.replace("[erp, mes]", "[erp, mes, tms]")
    text = f"scope: {{from: crm, to: tms}}\nprotect: [{{classes: business.price, treatment: {treatment}}}]"
    assert codes(world(text, catalog_tms=catalogue, base=base)) == expected


def test_a_message_that_only_an_unused_list_holds_is_unused_as_well():
    catalogue = MES.replace(
        "messages: {", 'messages: {old: {format: json, records: "$[*]", each: one}, one: {format: json}, '
    )
    assert told(world(catalog_mes=catalogue)) == ["SG407 4 old", "SG407 4 one"]


def test_a_doubt_about_two_rules_shows_both():
    rules = "- {classes: user, treatment: mask}\n- {classes: user, treatment: pseudonymise}"
    text = f"scope: {{from: crm, to: erp}}\nprotect:\n{rules}"
    (doubt,) = load(world(text)).warnings
    assert doubt.also is not None
    assert (doubt.place.line, doubt.also.place.line) == (6, 5)


ODATA = ERP.replace("GET /orders,", "GET /odata/orders,")
HIDES = f"{ALLOW}protect: [{{classes: user.contact.email, leg: response, treatment: mask}}]\n"


@pytest.mark.parametrize(
    ("catalogue", "rule", "expected"),
    [
        (ODATA, HIDES, ["SG430 4 GET /odata/orders"]),
        (ODATA, ALLOW, []),  # nothing is hidden
        (ODATA, HIDES.replace("mask", "keep"), []),
        (ODATA, HIDES.replace("leg: response", "leg: request"), []),
        (ERP, HIDES, []),  # nothing tells that this system takes queries
        (ODATA.replace("response: orders}", "response: orders, query: {$filter: {language: odata}}}"), HIDES, []),
        (ODATA.replace("response: orders}", "response: orders, unlisted_query: refuse}"), HIDES, []),
        (ODATA.replace("response: orders}", "response: orders, unlisted_query: keep}"), HIDES, []),  # said on purpose
        (ERP.replace("  read-order", '  all: {request: "POST /$batch", batch: odata}\n  read-order'), HIDES,
         ["SG430 4 GET /orders"]),
        (ERP.replace("$.price:", "$.__metadata.uri: system.operations, $.price:"), HIDES, ["SG430 4 GET /orders"]),
        (ERP.replace("GET /orders,", "GET /data/query,").replace("$.value[*]", "$.records[*]"), HIDES,
         ["SG430 4 GET /data/query"]),
    ],
)  # fmt: skip
def test_a_query_that_nobody_reads_is_told_where_something_is_hidden(catalogue, rule, expected):
    found = told(world(rule, catalog_erp=catalogue))
    assert [one for one in found if one.startswith("SG430")] == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("GTE", ["SG431 4 GTE /orders"]), ("PSOT", ["SG431 4 PSOT /orders"]), ("DELTE", ["SG431 4 DELTE /orders"]),
     ("GET", []), ("MERGE", []), ("PROPFIND", []), ("FROBNICATE", []), ("QUERY", [])],
)  # fmt: skip
def test_a_method_that_is_nearly_one_is_told(method, expected):
    found = told(world(catalog_erp=ERP.replace("GET /orders,", f"{method} /orders,")))
    assert [one for one in found if one.startswith("SG431")] == expected


def test_policies_that_only_observe_are_noted_and_no_doubt():
    policies = load(world("mode: observe\nscope: {from: crm, to: erp}\ndeny: true"))
    assert (policies.warnings, [note.place.file for note in notes(policies)]) == ((), ["p.yaml"])


@pytest.mark.parametrize("folder", ["policies", "bench/house"])
def test_nothing_is_doubtful_about_what_ships(folder):
    assert load(read_folder(ROOT / folder)).warnings == ()


def test_where_there_are_faults_what_was_found_doubtful_on_the_way_is_kept():
    with pytest.raises(FaultyFiles) as raised:
        load(world("alow: true", catalog_mes=MES.replace("messages: {", "messages: {x: {format: json}, ")))
    assert [w.code for w in raised.value.warnings] == ["SG407"]


PARTS = st.sampled_from(
    [
        "from: crm", "from: mes", "to: erp", "to: mes", "operations: read-order", "operations: invoice",
        "purposes: a", "purposes: b", "operator: {kind: agent}", "customer: {region: eu}", "network: 10.0.0.0/8",
        "time: {days: mon, zone: UTC}",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=3), st.sampled_from(["deny", "protect", "watermark"]))
def test_any_rule_that_loads_can_be_doubted(scope, when, kind):
    rule = {"deny": "", "protect": "classes: user, treatment: mask, ", "watermark": "visible: x, "}[kind]
    text = f"scope: {{{', '.join(scope)}}}\n{kind}: [{{{rule}{', '.join(when)}}}]"
    try:
        doubts = load(world(text)).warnings
    except FaultyFiles:
        return
    assert all(doubt.place.file in {"p.yaml", "base.yaml"} and doubt.hint for doubt in doubts)


# -- what is told is true: a rule that is told to have no effect can be deleted, and no decision changes


TREATMENTS = st.sampled_from(
    ["mask", "mask, keep_last: 4", "pseudonymise", "redact", "remove", "remove, write_back: drop", "keep"]
)
CLASSES = st.sampled_from(["user", "user.contact", "user.contact.email", "business.price", "[user.contact, business]"])
EXCEPTIONS = st.sampled_from(
    ["", "", ", unless: {consent: contact}", ", unless: {region: eu}", ", unless: {operator: {kind: agent}}",
     ", unless: {from: crm}", ", unless: {leg: request, region: eu}", ", unless: {purposes: a}"]
)  # fmt: skip
RULE = st.builds(
    lambda classes, treatment, parts, exception: (
        f"- {{classes: {classes}, treatment: {', '.join([treatment, *parts])}{exception}}}"
    ),
    CLASSES,
    TREATMENTS,
    st.lists(st.one_of(PARTS, st.sampled_from(["leg: request", "leg: response"])), max_size=2),
    EXCEPTIONS,
)
SITUATIONS = [
    Situation(source, operation.partition(".")[0], operation, leg, purpose, None, kind, None, peer)
    for source in ("crm", "mes")
    for operation in ("erp.read-order", "erp.write-order", "mes.read-plan")
    for leg in Leg
    for purpose in (None, Purpose("a", "claim"), Purpose("b", "claim"), Purpose("a", "header"))
    for kind in (None, "agent")
    for peer in ("10.1.2.3", "192.0.2.1")
]
PEOPLE = [
    CustomerFacts("C-1"),
    CustomerFacts("C-2", frozenset({"contact"}), {"region": "eu"}),
    CustomerFacts("C-3", frozenset(), {"region": "cn"}),
]
CARRIED = [frozenset({c}) for c in ("user.contact.email", "user.contact.phone_number", "business.price", "user.name")]
WITHOUT_EFFECT = {Fault.NEVER_APPLIES, Fault.ADDS_NOTHING, Fault.UNLESS_ALWAYS, Fault.NO_BODY}
MONDAY = 1_767_614_400_000_000_000


def treated(policies, classes):
    book = compile_rules(policies)
    for situation in SITUATIONS:
        for person in PEOPLE:
            decision = decide(book, situation, person, frozenset().union(*CARRIED), MONDAY)
            met = [decision.treated(one) for one in classes]
            yield [(one.treatment, one.write_back if one.treatment else "") for one in met]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["", "from: crm", "network: 10.0.0.0/8"]), st.lists(RULE, min_size=2, max_size=4, unique=True))
def test_a_rule_that_is_told_to_have_no_effect_has_none(scope, rules):
    text = f"scope: {{{scope}}}\nprotect:\n" + "\n".join(rules)
    try:
        policies = load(world(text))
    except FaultyFiles:
        return
    idle = next((w for w in policies.warnings if w.code in WITHOUT_EFFECT and "can be told" not in w.message), None)
    if idle is None:
        return
    event(idle.code)
    told_of = (idle.place.file, idle.place.line)
    without = [
        replace(one, rules=tuple(rule for rule in one.rules if (rule.place.file, rule.place.line) != told_of))
        for one in policies.policies
    ]
    classes = CARRIED if idle.code is not Fault.NO_BODY else []
    assert list(treated(policies, classes)) == list(treated(replace(policies, policies=tuple(without)), classes))


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [
        ("mask, keep_last: 2", ["SG429 5 mask"]),
        ('mask, character: "~"', ['SG429 5 "~"']),
        ('mask, character: "#"', []),
        ("redact", []),
        ('redact, constant: "a:b"', ['SG429 5 "a:b"']),
        ("generalise, into: year", []),
    ],
)
@pytest.mark.parametrize(("format_", "place"), [("x12", "N1/2"), ("edifact", "NAD/4")])
def test_what_x12_cannot_hold_is_told_where_it_reaches_x12(treatment, expected, format_, place):
    catalogue = f"""\
version: 1
catalog: tms
operations: {{read: {{request: GET /x, response: x}}}}
messages: {{x: {{format: {format_}, fields: {{{place}: user.contact}}}}}}
"""
    rule = f"{{classes: user.contact, treatment: {treatment}}}"
    policy = f"version: 1\npolicy: p\nscope: {{from: crm, to: tms}}\nallow: true\nprotect: [{rule}]\n"
    found = told(world(catalog_tms=catalogue, p=policy))
    assert found == (list(expected) if format_ == "x12" else [])
