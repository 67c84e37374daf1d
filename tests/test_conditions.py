"""Conditions: each written part is true, false or unknown, and together they are a Kleene conjunction."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from ipaddress import ip_network

import pytest
from builders import ANY, NOON, allow, book_of, consent, customer, deny, situation

from gateway.flow import STRANGER, CustomerFacts, Leg, Purpose
from gateway.policy.conditions import Truth, both, exempts, find
from gateway.policy.model import Condition, Window

SALES = frozenset({"sales"})
HEADER = frozenset({"header"})
TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def truth(condition, asked=None, facts=None, now=NOON):
    return told(condition, asked, facts, now).truth


def told(condition, asked=None, facts=None, now=NOON):
    book = book_of(allow(scope=condition))
    return find(condition, book.circumstances(asked or situation(), facts or customer(), now))


def is_(*words):
    return frozenset(words)


@pytest.mark.parametrize(
    ("condition", "asked", "expected"),
    [
        (ANY, situation(), TRUE),
        (Condition(from_=is_("crm", "mes")), situation(source="crm"), TRUE),
        (Condition(from_=is_("mes")), situation(source="crm"), FALSE),
        (Condition(to=is_("erp")), situation(target="erp"), TRUE),
        (Condition(to=is_("crm")), situation(Leg.RESPONSE, source="crm", target="erp"), FALSE),
        (Condition(operations=is_("erp.read-order")), situation(operation="erp.read-order"), TRUE),
        (Condition(operations=is_("erp.read")), situation(operation="erp.read-order"), FALSE),
        (Condition(leg=Leg.REQUEST), situation(Leg.REQUEST), TRUE),
        (Condition(leg=Leg.REQUEST), situation(Leg.RESPONSE), FALSE),
        (Condition(purposes=SALES), situation(purpose="sales"), TRUE),
        (Condition(purposes=SALES), situation(purpose="chat"), FALSE),
        (Condition(purposes=SALES), situation(purpose=None), UNKNOWN),
        (Condition(purposes=SALES), situation(purpose=Purpose("sales", "header")), UNKNOWN),
        (Condition(purposes=SALES), situation(purpose=Purpose("chat", "header")), UNKNOWN),
        (Condition(purposes=SALES, purpose_from=HEADER), situation(purpose=Purpose("sales", "header")), TRUE),
        (Condition(operator={"role": is_("clerk")}), situation(role="clerk"), TRUE),
        (Condition(operator={"role": is_("clerk")}), situation(role="boss"), FALSE),
        (Condition(operator={"role": is_("clerk")}), situation(role=None), UNKNOWN),
        (Condition(operator={"kind": is_("human")}), situation(kind="agent"), FALSE),
        (Condition(operator={"assurance": is_("high")}), situation(assurance="high"), TRUE),
        (Condition(operator={"shoe size": is_("42")}), situation(), UNKNOWN),
        # false beats unknown, unknown beats true
        (Condition(operator={"role": is_("clerk"), "kind": is_("human")}), situation(kind="agent"), FALSE),
        (Condition(operator={"role": is_("clerk"), "kind": is_("human")}), situation(kind="human"), UNKNOWN),
        (Condition(purposes=SALES, from_=is_("mes")), situation(purpose=None), FALSE),
    ],
)
def test_a_condition_holds_fails_or_cannot_be_told(condition, asked, expected):
    assert truth(condition, asked) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (customer(region="cn"), TRUE),
        (customer(region="eu"), FALSE),
        (customer(tier="gold"), UNKNOWN),
        (STRANGER, UNKNOWN),
        (CustomerFacts(None, attributes={"region": "cn"}), UNKNOWN),
        (CustomerFacts("c1", attributes={"region": ["cn"]}), UNKNOWN),
    ],
    ids=["the one", "another", "not known", "a stranger", "a stranger with attributes", "not a text"],
)
def test_what_is_known_of_the_customer(facts, expected):
    assert truth(Condition(customer={"region": is_("cn")}), facts=facts) is expected


@pytest.mark.parametrize(
    ("written", "peer", "expected"),
    [
        ("10.0.0.0/8", "10.9.8.7", TRUE),
        ("10.0.0.0/8", "11.0.0.1", FALSE),
        ("10.0.0.0/8", "::ffff:10.9.8.7", TRUE),  # as a dual-stack socket reports it
        ("10.0.0.0/8", "::ffff:11.0.0.1", FALSE),
        ("::ffff:10.0.0.0/104", "10.9.8.7", TRUE),
        ("2001:db8::/32", "2001:db8::1", TRUE),
        ("2001:db8::/32", "10.9.8.7", FALSE),
        ("fe80::/10", "fe80::1%eth0", TRUE),
        ("10.0.0.0/8", "", UNKNOWN),
        ("10.0.0.0/8", "010.0.0.1", UNKNOWN),
        ("10.0.0.0/8", "10.0.0.1:443", UNKNOWN),
        ("10.0.0.0/8", "/run/gateway.sock", UNKNOWN),
    ],
)
def test_where_the_caller_is(written, peer, expected):
    assert truth(Condition(network=(ip_network(written),)), situation(peer=peer)) is expected


WORKDAYS = Window(frozenset(range(5)), time(8), time(18), "Europe/Berlin")
NIGHTS = Window(frozenset({4}), time(22), time(6), "Europe/Berlin")  # Friday night
SUNDAY = Window(frozenset({6}), time(0), time(0), "Asia/Shanghai")  # the whole day


@pytest.mark.parametrize(
    ("window", "utc", "expected"),
    [
        (WORKDAYS, "2026-01-05T06:59:59", FALSE),
        (WORKDAYS, "2026-01-05T07:00:00", TRUE),
        (WORKDAYS, "2026-01-05T16:59:59", TRUE),
        (WORKDAYS, "2026-01-05T17:00:00", FALSE),
        (WORKDAYS, "2026-07-06T06:00:00", TRUE),  # summer time
        (WORKDAYS, "2026-01-04T12:00:00", FALSE),
        (NIGHTS, "2026-01-09T20:59:59", FALSE),
        (NIGHTS, "2026-01-09T21:00:00", TRUE),
        (NIGHTS, "2026-01-10T04:59:59", TRUE),  # Saturday morning belongs to Friday night
        (NIGHTS, "2026-01-10T05:00:00", FALSE),
        (NIGHTS, "2026-01-09T01:00:00", FALSE),  # Friday morning does not
        (NIGHTS, "2026-01-10T21:30:00", FALSE),
        (SUNDAY, "2026-01-03T15:59:59", FALSE),
        (SUNDAY, "2026-01-03T16:00:00", TRUE),
        (SUNDAY, "2026-01-04T15:59:59", TRUE),
        (SUNDAY, "2026-01-04T16:00:00", FALSE),
    ],
)
def test_when_a_window_is_open(window, utc, expected):
    now = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * 10**9
    assert truth(Condition(time=(window,)), now=now) is expected


@pytest.mark.parametrize("now", [None, 10**40, -(10**40)])
def test_a_time_that_cannot_be_told_is_unknown(now):
    assert truth(Condition(time=(WORKDAYS,)), now=now) is UNKNOWN


def test_one_of_several_windows_is_enough():
    assert truth(Condition(time=(SUNDAY, WORKDAYS)), now=NOON) is TRUE


def test_notes_name_what_is_missing_and_never_a_value():
    condition = Condition(
        purposes=SALES, operator={"role": is_("clerk")}, customer={"region": is_("cn")}, network=(ip_network("::/0"),)
    )
    asked = situation(purpose=Purpose("sales", "header"), peer="secret")
    assert (
        told(condition, asked).note == "purpose not trusted; role unknown; customer's region unknown; network unknown"
    )


def test_joining_findings_notes_each_thing_once():
    unknown = told(Condition(purposes=SALES))
    assert both(unknown, unknown) == unknown


def exempt(unless, kinds, asked=None, facts=None):
    book = book_of(deny(unless=unless), consents=kinds)
    return exempts(unless, book.circumstances(asked or situation(), facts or customer(), NOON), book.policies.consents)


CONTACT = Condition(consent="contact")


@pytest.mark.parametrize(
    ("kind", "asked", "facts", "note"),
    [
        (consent(), situation(), customer(), "consent missing"),
        (consent(), situation(), customer(consents=["other"]), "consent missing"),
        (consent(), situation(), CustomerFacts(None, is_("contact")), "customer unknown"),
        (consent(purposes=["sales"]), situation(purpose="chat"), None, "consent not for this purpose"),
        (consent(purposes=["sales"]), situation(), None, "purpose unknown"),
        (consent(purposes=["sales"]), situation(purpose=Purpose("sales", "header")), None, "purpose not trusted"),
        (consent(recipients=["crm"]), situation(Leg.REQUEST), None, "consent not for this recipient"),
        (consent(recipients=["erp"]), situation(Leg.RESPONSE), None, "consent not for this recipient"),
    ],
)
def test_a_consent_that_does_not_certainly_cover_the_flow_exempts_from_nothing(kind, asked, facts, note):
    found = exempt(CONTACT, [kind], asked, facts or customer(consents=["contact"]))
    assert (found.certain, found.note) == (False, note)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (consent(), situation()),
        (consent(purposes=["sales"]), situation(purpose="sales")),
        (consent(recipients=["crm"]), situation(Leg.RESPONSE)),
        (consent(recipients=["erp"]), situation(Leg.REQUEST)),
    ],
)
def test_a_consent_that_covers_the_flow_exempts(kind, asked):
    assert exempt(CONTACT, [kind], asked, customer(consents=["contact"])).certain


def test_a_consent_is_held_against_the_purpose_that_its_rule_trusts():
    asked = situation(purpose=Purpose("sales", "header"))
    unless = replace(CONTACT, purpose_from=HEADER)
    assert exempt(unless, [consent(purposes=["sales"])], asked, customer(consents=["contact"])).certain


@pytest.mark.parametrize(
    ("region", "expected"), [({"region": "eu"}, True), ({"region": "cn"}, False), ({}, False)], ids=str
)
def test_every_part_of_an_unless_must_hold(region, expected):
    unless = replace(CONTACT, customer={"region": is_("eu")})
    assert exempt(unless, [consent()], facts=customer(consents=["contact"], **region)).certain is expected


def test_no_unless_exempts_from_nothing():
    assert not exempt(None, []).certain
