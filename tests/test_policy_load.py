"""What the officer wrote becomes one policy set, or every fault of all of it at once."""

from __future__ import annotations

import hashlib
import re
from datetime import time
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import FaultyFiles
from gateway.flow import Leg
from gateway.policy.compile import compile_rules
from gateway.policy.load import digest, load
from gateway.policy.model import Condition, PolicySet, Rule, Watermark, Window
from gateway.policy.named import _like
from gateway.treatments.registry import build

CASES = [
    tuple(case.strip("\n").split("\n--------\n"))
    for case in (Path(__file__).parent / "cases" / "faulty-policies.txt")
    .read_text(encoding="utf-8")
    .split("========\n")
]
"""What stands in a policy after its name, and what is told of it: each a text and, after a line of dashes, another."""

SHIPPED = Path(__file__).parent.parent / "policies"

ERP = b"""\
version: 1
catalog: erp
operations:
  list-orders: {request: GET /orders, response: order}
  read-order: {request: "GET /orders/{o}", response: order}
  invoice: {request: "GET /orders/{o}/invoice.pdf", response: invoice}
messages:
  order: {format: json, fields: {$.email: user.contact.email, $.price: business.price}}
  invoice: {format: pdf, class: business.invoice}
"""
WORLD = {
    "catalog/erp.yaml": ERP,
    "catalog/mes.yaml": b"version: 1\ncatalog: mes\noperations: {read-order: {request: GET /orders}}",
    "catalog/crm.yaml": b"version: 1\ncatalog: crm",
    "consents.yaml": b"version: 1\nconsents: {contact: {wording: Yes to contact}}",
}


def policy(text: str, name: str = "p") -> bytes:
    return f"version: 1\npolicy: {name}\n{text}".encode()


def loaded(text: str) -> PolicySet:
    return load({**WORLD, "p.yaml": policy(text)})


def rule(text: str) -> Rule:
    return loaded(text).policies[0].rules[-1]


def faults(files) -> list[str]:
    with pytest.raises(FaultyFiles) as raised:
        load(files)
    return [f"{p.place}: {p.message}" + (f" [{p.hint}]" if p.hint else "") for p in raised.value.problems]


def shipped() -> dict[str, bytes]:
    return {p.relative_to(SHIPPED).as_posix(): p.read_bytes() for p in SHIPPED.rglob("*.yaml")}


# -- what is written is what is read -------------------------------------------------------------------------------


def test_a_policy_is_read_whole():
    read = loaded("""\
title: Sales
basis: [GDPR Art. 5, PIPL Art. 6]
mode: observe
scope: {from: crm, to: [erp], operations: [list-orders, invoice], purposes: fulfilment, purpose_from: [claim, header]}
allow: true
deny:
  - {classes: user, operator: {kind: agent, role: [a, b]}}
protect:
  - {classes: user.contact, leg: response, treatment: mask, keep_last: 4, unless: {consent: contact, region: EU}}
  - {classes: [business.price, user], treatment: redact, write_back: drop}
watermark:
  visible: "{customer} / {mark}"
  permissions: {print: false}
""").policies[0]
    assert (read.name, read.title, read.basis, read.observe) == ("p", "Sales", ("GDPR Art. 5", "PIPL Art. 6"), True)
    assert [r.id for r in read.rules] == ["p/allow[0]", "p/deny[0]", "p/protect[0]", "p/protect[1]", "p/watermark[0]"]
    assert {r.kind for r in read.rules} == {"allow", "deny", "protect", "watermark"}
    assert not any(r.enforced for r in read.rules)
    trusted = frozenset({"claim", "header"})
    scope = Condition(
        from_=frozenset({"crm"}),
        to=frozenset({"erp"}),
        operations=frozenset({"erp.list-orders", "erp.invoice"}),
        purposes=frozenset({"fulfilment"}),
        purpose_from=trusted,
    )
    assert [r.scope for r in read.rules] == [scope] * 5
    _, deny, mask, redact, mark = read.rules
    assert dict(deny.when.operator) == {"kind": frozenset({"agent"}), "role": frozenset({"a", "b"})}
    assert (mask.when.leg, mask.treatment, mask.write_back) == (Leg.RESPONSE, build("mask", {"keep_last": 4}), "refuse")
    assert mask.unless is not None
    assert (mask.unless.consent, mask.unless.purpose_from) == ("contact", trusted)
    assert dict(mask.unless.customer) == {"region": frozenset({"EU"})}
    assert (redact.classes, redact.write_back) == (frozenset({"business.price", "user"}), "drop")
    assert mark.watermark == Watermark("{customer} / {mark}", hidden=False, permissions={"print": False})
    assert str(mask.place) == "p.yaml:11:5"


def test_conditions_of_time_and_place():
    when = rule("""\
deny:
  - time:
      - {days: [mon, fri], from: 08:00, until: "18:00", zone: Europe/Berlin}
      - {days: sun, zone: UTC}
      - {from: "22:00", until: "24:00", zone: Asia/Shanghai}
    network: [10.0.0.0/8, "2001:db8::/32", 192.0.2.7]
""").when
    assert when.time == (
        Window(frozenset({0, 4}), time(8), time(18), "Europe/Berlin"),
        Window(frozenset({6}), time(0), time(0), "UTC"),
        Window(frozenset(range(7)), time(22), time(0), "Asia/Shanghai"),
    )
    assert when.network == tuple(map(ip_network, ("10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32")))


@pytest.mark.parametrize(
    ("scope", "operations"),
    [
        ("operations: list-orders", {"erp.list-orders"}),
        ("operations: read-order", {"erp.read-order", "mes.read-order"}),
        ("to: erp, operations: read-order", {"erp.read-order"}),
        ("operations: erp.read-order", {"erp.read-order"}),
        ("operations: '*-order'", {"erp.read-order", "mes.read-order"}),
        ("operations: 'erp.*'", {"erp.list-orders", "erp.read-order", "erp.invoice"}),
        ("operations: '*.read-*'", {"erp.read-order", "mes.read-order"}),
        ("to: mes, operations: '*'", {"mes.read-order"}),
    ],
)
def test_operations_are_resolved_to_full_names(scope, operations):
    assert rule(f"scope: {{{scope}}}\nallow: true").scope.operations == operations


def test_a_rule_resolves_operations_in_the_systems_of_its_scope():
    read = rule("scope: {to: erp}\ndeny: [{operations: read-order}]")
    assert read.when.operations == {"erp.read-order"}


def test_a_bare_deny_reaches_the_whole_scope():
    read = rule("scope: {from: crm}\ndeny: true")
    assert (read.id, read.kind, read.when) == ("p/deny[0]", "deny", Condition())


@pytest.mark.parametrize("written", ["allow: true", "deny: true", "deny: [{}]"])
def test_only_a_claim_is_trusted_for_a_purpose_unless_the_scope_says_so(written):
    assert rule(f"scope: {{from: crm, purposes: x}}\n{written}").scope.purpose_from == {"claim"}


def test_an_option_that_would_read_as_a_condition_is_written_into():
    read = rule("protect: [{classes: user, to: erp, treatment: generalise, into: year}]")
    assert (read.treatment, read.when.to) == (build("generalise", {"into": "year"}), {"erp"})


def test_consents_are_read_whole():
    files = {
        **WORLD,
        "consents.yml": b"""\
version: 1
consents:
  invoices:
    wording: Sales may print
    version: 3
    purposes: [a, b]
    classes: business.invoice
    recipients: crm
    days: 30
""",
    }
    kind = load(files).consents["invoices"]
    assert (kind.wording, kind.version, kind.days) == ("Sales may print", 3, 30)
    assert (kind.purposes, kind.classes, kind.recipients) == ({"a", "b"}, {"business.invoice"}, {"crm"})
    assert load(files).consents.keys() == {"contact", "invoices"}


# -- what is wrong is told -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "told"), CASES)
def test_each_fault_is_told_at_its_place_with_its_line_and_a_hint(text, told):
    with pytest.raises(FaultyFiles) as raised:
        loaded(text)
    assert str(raised.value) == told


def test_every_fault_of_every_file_is_told_at_once_in_the_order_of_places():
    files = {
        "z.yaml": policy("allow: false", "z"),
        "a.yaml": b"\xff",
        "catalog/erp.yaml": ERP.replace(b"GET /orders,", b"get /orders,"),
        "consents.yaml": b"version: 1\nconsents: {a: {}}",
    }
    assert [line.split(" ")[0] for line in faults(files)] == [
        "a.yaml:1:1:",
        "catalog/erp.yaml:4:26:",
        "consents.yaml:2:15:",
        "z.yaml:3:8:",
    ]


def test_a_catalogue_that_cannot_be_read_does_not_make_its_names_unknown():
    files = {
        **WORLD,
        "catalog/erp.yaml": b"catalog: [\n",
        "p.yaml": policy("scope: {to: erp, operations: erp.x}\nallow: true"),
    }
    assert [line.split(" ")[0] for line in faults(files)] == ["catalog/erp.yaml:2:1:"]


@pytest.mark.parametrize(
    "written",
    ['version: 1\nconsents: {a: {wording: "x', "version: 1", "version: 1\nconsents: {a: {wording: x}, a: {}}"],
)
def test_consents_that_cannot_be_read_do_not_make_their_names_unknown(written):
    files = {
        **WORLD,
        "consents.yaml": written.encode(),
        "p.yaml": policy("protect: [{classes: user.name, treatment: keep, unless: {consent: contact}}]"),
    }
    assert {line.split(":")[0] for line in faults(files)} == {"consents.yaml"}


def test_a_catalogue_that_cannot_be_read_leaves_consents_known():
    files = {
        **WORLD,
        "catalog/erp.yaml": b"catalog: [\n",
        "p.yaml": policy("protect: [{classes: user.name, treatment: keep, unless: {consent: contcat}}]"),
    }
    assert [line.split(" ")[0] for line in faults(files)] == ["catalog/erp.yaml:2:1:", "p.yaml:3:67:"]


def test_where_no_consent_is_declared_the_hint_says_where_to_do_it():
    files = {
        **{name: data for name, data in WORLD.items() if name != "consents.yaml"},
        "p.yaml": policy("protect: [{classes: user.name, treatment: keep, unless: {consent: contact}}]"),
    }
    assert faults(files) == [
        'p.yaml:3:67: unknown consent "contact" [declare it in consents.yaml, which declares none yet]'
    ]


@pytest.mark.parametrize("text", ["scope: {from: cmr}", "scop: {from: crm}", "scope: {fron: crm}", "scope: {to: []}"])
def test_a_policy_whose_scope_is_wrong_is_not_said_to_allow_everything(text):
    with pytest.raises(FaultyFiles) as raised:
        loaded(f"{text}\nallow: true")
    assert [problem.code for problem in raised.value.warnings] == []


@pytest.mark.parametrize("rest", ["? [a]\n: b", "---\nversion: 1"])
def test_a_policy_that_is_not_yaml_to_its_end_is_not_said_to_have_no_rule(rest):
    with pytest.raises(FaultyFiles) as raised:
        loaded(rest)
    assert all("no rule" not in problem.message for problem in raised.value.problems)


def test_after_many_faults_no_more_time_goes_into_suggestions():
    with pytest.raises(FaultyFiles) as raised:
        loaded("protect:\n" + "  - {classes: user.contct, treatment: msk}\n" * 300)
    hinted = [bool(problem.hint) for problem in raised.value.problems]
    assert (len(hinted), sum(hinted)) == (600, 200)


def test_names_that_are_given_twice_are_told_with_both_places():
    files = {**WORLD, "a.yaml": policy("deny: true"), "b/c.yml": policy("deny: true"), "catalog/x.yaml": ERP}
    assert faults(files) == [
        'b/c.yml:2:9: the policy "p" is there twice; first at a.yaml:2:9 [rename one of them, or delete it]',
        (
            'catalog/x.yaml:2:10: the catalogue "erp" is there twice; first at catalog/erp.yaml:2:10 '
            "[rename one of them, or delete it]"
        ),
    ]


WEAK = "watermark: {{visible: {{text: x, opacity: {}}}}}"
NEVER = "this rule never applies: `{}` lies outside the policy's scope"
NONE = 'no message of {} has a field of class "{}": this has no effect'


# -- what is doubtful ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scope: {from: crm}\nallow: true", []),
        ("allow: true", ["this allows every operation from every system to every other"]),
        ("scope: {from: crm, to: erp}\ndeny: [{to: mes}]", [NEVER.format("to")]),
        ("scope: {operations: list-orders}\ndeny: [{operations: invoice}]", [NEVER.format("operations")]),
        (
            "scope: {purposes: a}\ndeny: [{purposes: b}]",
            [NEVER.replace("applies:", "applies where the purpose is known:").format("purposes")],
        ),
        ("deny: [{classes: user.name}]", [NONE.format("any system", "user.name")]),
        ("scope: {to: mes}\ndeny: [{classes: user.contact}]", [NONE.format("mes", "user.contact")]),
        ("watermark: {visible: x, hidden: true}", []),
        (WEAK.format(0.1), ["this mark can hardly be seen on white"]),
        (WEAK.format(0.3), []),
    ],
)
def test_what_has_no_effect_is_told_as_a_doubt(text, told):
    usual = {'no rule asks for the consent "contact"', "no policy allows anything: every flow is refused"}
    doubts = [w.message for w in loaded(text).warnings if w.message not in usual]
    assert doubts == told


def test_a_set_that_allows_nothing_and_a_consent_that_nobody_asks_for_are_doubtful():
    assert [w.message for w in load(WORLD).warnings] == [
        'no rule asks for the consent "contact"',
        "no policy allows anything: every flow is refused",
    ]


def test_an_empty_folder_is_a_set_that_refuses_everything():
    empty = load({})
    assert (empty.policies, dict(empty.catalogues), dict(empty.consents)) == ((), {}, {})


# -- files ---------------------------------------------------------------------------------------------------------


def test_tests_hidden_files_and_other_files_are_left_alone():
    others = {
        "tests/a.yaml": b"[",
        "README.md": b"[",
        ".a.yaml": b"[",
        "..data/a.yaml": b"[",
        "a.yaml~": b"[",
        "a.json": b"[",
    }
    assert load({**WORLD, **others}) == load(WORLD)


def test_the_digest_is_what_sha256sum_gives():
    files = {"b.yaml": b"2", "a.yaml": b"1"}
    lines = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in ("a.yaml", "b.yaml"))
    assert digest(files) == hashlib.sha256(lines.encode()).hexdigest()


def test_digests_tell_policies_and_catalogues_apart():
    first = load({**WORLD, "p.yaml": policy("deny: true")})
    changed = load({**WORLD, "p.yaml": policy("deny: true # now")})
    region = load(
        {**WORLD, "p.yaml": policy("deny: true"), "catalog/crm.yaml": b"version: 1\ncatalog: crm\nregion: eu"}
    )
    assert first.digest != changed.digest
    assert first.catalogue_digest == changed.catalogue_digest
    assert first.digest == region.digest
    assert first.catalogue_digest != region.catalogue_digest


@settings(max_examples=25)
@given(st.permutations(sorted(shipped())))
def test_the_order_of_files_means_nothing(names):
    files = shipped()
    shuffled, usual = load({name: files[name] for name in names}), load(files)
    assert shuffled == usual
    assert list(shuffled.catalogues) == list(usual.catalogues) == ["crm", "erp", "mes", "tms"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_gives_problems_or_a_set_and_never_another_error(data):
    files = shipped()
    name = data.draw(st.sampled_from(sorted(files)))
    text = files[name].decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    put = data.draw(st.text(alphabet="{}[]:,-*&!|>'\"#%@ \n\t$.a1~é", max_size=6))
    files[name] = (text[:start] + put + text[end:]).encode()
    try:
        assert isinstance(load(files), PolicySet)
    except FaultyFiles as faulty:
        assert all(problem.place.file and problem.message for problem in faulty.problems)  # noqa: PT017 - either will do


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_star_in_an_operation_stands_for_anything(pattern, name):
    assert _like(pattern, name) == (re.fullmatch(pattern.replace("*", ".*"), name) is not None)


# -- the working example -------------------------------------------------------------------------------------------


def test_the_shipped_policies_load_without_a_doubt_and_compile():
    example = load(shipped())
    assert example.warnings == ()
    assert example.catalogues.keys() == {"crm", "erp", "mes", "tms"}
    assert example.consents.keys() == {"contact", "invoices"}
    assert {p.name: p.observe for p in example.policies} == {
        "credit-limits-trial": True,
        "service-desk": False,
        "crm-writes-orders": False,
        "production": False,
        "sales-reads-orders": False,
        "shipping": False,
    }
    compile_rules(example)


def test_every_operation_of_the_shipped_catalogue_is_allowed_to_somebody():
    example = load(shipped())
    allowed = {o for p in example.policies for r in p.rules if r.kind == "allow" for o in r.scope.operations or ()}
    assert allowed == {o.name for c in example.catalogues.values() for o in c.operations.values()}


def test_what_the_loader_reads_the_compiler_takes():
    compile_rules(loaded("deny: [{time: {zone: Europe/Berlin}}]\nprotect: [{classes: user, treatment: refuse}]"))
