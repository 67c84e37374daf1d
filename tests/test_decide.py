"""The decision: default deny, grants and restrictions, what each class meets, and the reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from ipaddress import ip_network

import pytest
from builders import (
    ANY,
    HERE,
    NOON,
    ORDER,
    allow,
    book_of,
    consent,
    customer,
    deny,
    mark,
    policy_set,
    protect,
    rule,
    situation,
)

from gateway.flow import STRANGER, Leg, Purpose
from gateway.policy.compile import compile_rules
from gateway.policy.decide import Reason, Treated, decide
from gateway.policy.memo import Memo
from gateway.policy.model import Condition, Watermark, Window
from gateway.treatments.lattice import join
from gateway.treatments.registry import build

MASK = build("mask", {"keep_last": 4})
FULL_MASK = build("mask", {})
YEAR = build("generalise", {"into": "year"})
REDACT = build("redact", {})
EMAIL = frozenset({"user.contact.email"})
CLERK = Condition(operator={"role": frozenset({"clerk"})})
CONTACT = Condition(consent="contact")
AGREED = customer(consents=["contact"])


def ask(*rules, asked=None, facts=None, classes=ORDER, consents=()):
    return decide(book_of(*rules, consents=consents), asked or situation(), facts or customer(), classes, NOON)


def treated(*rules, classes=EMAIL, **more):
    return ask(allow(), *rules, **more).treated(classes)


def test_what_no_policy_allows_is_refused():
    assert not ask().allowed
    assert not ask(protect(MASK), mark()).allowed
    assert not ask(allow(scope=Condition(operations=frozenset({"erp.list"})))).allowed


def test_a_grant_allows_and_is_the_reason():
    found = ask(allow())
    assert found.allowed
    assert found.grants == (Reason("a/allow", HERE),)


def test_a_denial_beats_every_grant():
    found = ask(allow("a"), allow("b"), deny())
    assert not found.allowed
    assert found.denials == (Reason("d/deny", HERE),)


def test_what_cannot_be_told_neither_grants_nor_lifts_a_denial():
    assert not ask(allow(scope=CLERK)).allowed
    assert ask(allow(), deny(when=CLERK)).denials == (Reason("d/deny", HERE, "role unknown"),)
    assert ask(allow(), deny(when=CLERK), asked=situation(role="boss")).allowed


@pytest.mark.parametrize(
    ("denied", "carried", "allowed"),
    [
        ({"user.contact"}, ORDER, False),  # email is under contact
        ({"user.contact.email"}, ORDER, False),
        ({"user.government_id"}, ORDER, True),
        ({"user.cont"}, ORDER, True),  # a prefix of a name is no parent
        ({"user.contact.email"}, {"user.contact"}, True),
        ({"user.contact"}, set(), True),
        (set(), set(), False),
    ],
)
def test_a_denial_of_classes_holds_for_messages_that_carry_them(denied, carried, allowed):
    assert ask(allow(), deny(classes=denied), classes=frozenset(carried)).allowed is allowed


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ([], True),
        (["user", "business"], True),
        (["user"], False),  # the message carries business.order as well
    ],
)
def test_a_consent_lifts_a_denial_only_for_messages_that_it_covers_whole(limits, allowed):
    found = ask(allow(), deny(unless=CONTACT), facts=AGREED, consents=[consent(classes=limits)])
    assert found.allowed is allowed


def test_a_limited_consent_lifts_no_denial_of_a_message_without_labels():
    kinds = [consent(classes=["user"])]
    assert not ask(allow(), deny(unless=CONTACT), facts=AGREED, consents=kinds, classes=frozenset()).allowed


def test_a_field_that_no_rule_protects_is_kept():
    assert treated(protect(MASK, classes=["business"])) == Treated(None, "refuse", ())


def test_a_field_meets_the_join_of_all_that_protect_it():
    rules = (protect(MASK, "a", classes=["user"]), protect(FULL_MASK, "b", classes=["user.contact"]))
    found = treated(*rules)
    assert found.treatment == join(MASK, FULL_MASK)
    assert [reason.rule for reason in found.reasons] == ["a/protect", "b/protect"]
    assert treated(*rules, protect(YEAR, "c")).treatment == REDACT


def test_a_field_of_several_classes_meets_what_each_of_them_does():
    rules = (protect(MASK, "a", classes=["user"]), protect(YEAR, "b", classes=["business"]))
    assert treated(*rules, classes=ORDER).treatment == REDACT


def test_a_parent_class_is_not_reached_by_a_rule_about_its_child():
    assert treated(protect(MASK, classes=["user.contact.email"]), classes=frozenset({"user.contact"})).treatment is None


def test_a_protection_of_no_class_reaches_every_field():
    assert treated(protect(MASK), classes=frozenset()).treatment == MASK
    assert treated(protect(MASK, classes=["user"]), classes=frozenset()).treatment is None


def test_a_protection_can_refuse():
    assert treated(protect(build("refuse", {})), protect(MASK, "q")).treatment == build("refuse", {})


def test_keep_protects_nothing():
    assert treated(protect(build("keep", {}))).treatment is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("drop", "drop", "drop"), ("drop", "refuse", "refuse"), ("refuse", "refuse", "refuse")],
)
def test_what_is_written_back_is_dropped_only_if_all_rules_say_so(first, second, expected):
    rules = (protect(MASK, "a", write_back=first), protect(FULL_MASK, "b", write_back=second))
    assert treated(*rules).write_back == expected


def test_a_consent_lifts_a_protection_from_the_classes_that_it_covers():
    rules, kinds = (protect(MASK, unless=CONTACT),), [consent(classes=["user.contact"])]
    assert treated(*rules, facts=AGREED, consents=kinds).treatment is None
    note = "consent covers other classes"
    assert treated(*rules, facts=AGREED, consents=kinds, classes=ORDER).reasons == (Reason("p/protect", HERE, note),)
    assert treated(*rules, facts=customer(), consents=kinds).reasons == (Reason("p/protect", HERE, "consent missing"),)
    assert treated(*rules, facts=STRANGER, consents=kinds).treatment == MASK


def test_every_watermark_that_holds_is_due():
    one, two = Watermark("{mark}"), Watermark(None, hidden=True)
    found = ask(allow(), mark("b", watermark=two), mark("a", watermark=one), mark("c", Condition(leg=Leg.REQUEST)))
    assert found.watermarks == ((Reason("a/watermark", HERE), one), (Reason("b/watermark", HERE), two))


def test_a_purpose_that_anyone_can_write_is_trusted_only_where_the_policy_says_so():
    written = situation(purpose=Purpose("sales", "header"))
    trusting = Condition(purposes=frozenset({"sales"}), purpose_from=frozenset({"claim", "header"}))
    wary = replace(trusting, purpose_from=frozenset({"claim"}))
    assert ask(allow(scope=trusting), asked=written).allowed
    assert not ask(allow(scope=wary), asked=written).allowed


def test_a_policy_that_observes_tells_what_it_would_do_and_does_nothing():
    found = ask(allow(), deny(enforced=False), protect(MASK, enforced=False), mark(enforced=False))
    assert found.allowed
    assert found.treated(EMAIL).treatment is None
    assert found.watermarks == ()
    assert found.observed is not None
    assert not found.observed.allowed
    assert found.observed.treated(EMAIL).treatment == MASK
    assert len(found.observed.watermarks) == 1


def test_a_grant_that_observes_grants_nothing():
    found = ask(allow(enforced=False))
    assert not found.allowed
    assert found.observed is not None
    assert found.observed.allowed


def test_nothing_is_observed_where_no_policy_observes():
    elsewhere = Condition(operations=frozenset({"erp.list"}))
    assert ask(allow(), deny(scope=elsewhere, enforced=False)).observed is None
    assert ask(allow(), deny(when=Condition(leg=Leg.REQUEST), enforced=False)).observed is None


def test_equal_questions_get_the_very_same_decision():
    rules = (allow(), protect(MASK, unless=CONTACT), deny(when=Condition(purposes=frozenset({"chat"}))))
    book = book_of(*rules, consents=[consent()])

    def asked(facts, **more):
        return decide(book, situation(**more), facts, frozenset(ORDER), NOON)

    first = asked(customer("c1", region="cn"), role="x", peer="10.0.0.1", purpose="sales")
    assert asked(customer("c2", region="eu"), role="y", peer="10.0.0.2", purpose="stock") is first
    assert decide(book, situation(purpose="sales"), customer(), EMAIL, NOON + 1) is first
    assert asked(AGREED, purpose="sales") is not first
    assert asked(STRANGER, purpose="sales") is not first
    assert asked(customer(), purpose="chat") is not first


OFFICE = Condition(network=(ip_network("10.0.0.0/8"),))
MORNING = Condition(time=(Window(frozenset(range(7)), time(8), time(13), "UTC"),))
SALES = frozenset({"sales"})


@pytest.mark.parametrize(
    ("denial", "allowed", "denied"),
    [
        (deny(when=OFFICE), {"peer": "192.0.2.1"}, {"peer": "10.0.0.1"}),
        (deny(when=MORNING), {"now": NOON + 3600 * 10**9}, {"now": NOON}),
        (deny(classes=["user"]), {"classes": frozenset({"business"})}, {"classes": ORDER}),
        (
            deny(unless=Condition(consent="email")),
            {"facts": customer(consents=["email"]), "classes": EMAIL},
            {"classes": EMAIL},
        ),
        (
            deny(unless=Condition(consent="email")),
            {"facts": customer(consents=["email"]), "classes": EMAIL},
            {"facts": customer(consents=["email"]), "classes": ORDER},
        ),
        (
            deny(unless=Condition(consent="sales")),
            {"facts": customer(consents=["sales"]), "purpose": Purpose("sales", "claim")},
            {"facts": customer(consents=["sales"]), "purpose": Purpose("chat", "claim")},
        ),
        (
            deny(unless=Condition(purposes=SALES)),
            {"purpose": Purpose("sales", "claim")},
            {"purpose": Purpose("sales", "header")},
        ),
        (deny(unless=CLERK), {"role": "clerk"}, {"role": "boss"}),
        (deny(unless=Condition(operator={"kind": frozenset({"human"})})), {"kind": "human"}, {"kind": "agent"}),
        (deny(unless=Condition(operator={"assurance": frozenset({"2"})})), {"assurance": "2"}, {"assurance": "1"}),
        (deny(when=Condition(customer={"tier": SALES})), {"facts": customer(tier="gold")}, {"facts": STRANGER}),
        (deny(unless=CONTACT), {"facts": AGREED}, {"facts": customer()}),
    ],
)
def test_what_is_remembered_is_never_given_for_another_question(denial, allowed, denied):
    kinds = [consent(), consent("email", classes=EMAIL), consent("sales", purposes=SALES)]
    book = book_of(allow(), denial, consents=kinds)

    def verdict(facts=AGREED, classes=ORDER, now=NOON, **more):
        return decide(book, situation(**more), facts, classes, now).allowed

    assert [verdict(**allowed), verdict(**denied), verdict(**allowed)] == [True, False, True]


def test_invented_purposes_take_no_room():
    book = book_of(allow(scope=Condition(purposes=frozenset({"sales"}))))
    for number in range(100):
        decide(book, situation(purpose=f"purpose {number}", role=f"role {number}"), customer(), ORDER, NOON)
    assert len(book.decisions) == 1


def test_a_memory_never_holds_more_than_its_limit_and_keeps_what_is_used():
    memo: Memo[int, str] = Memo(10)
    memo.put(-1, "used")
    for number in range(100):
        memo.put(number, str(number))
        assert memo.get(-1) == "used"
        assert len(memo) <= 10
    assert memo.get(0) is None


NOWHERE = Window(frozenset(range(7)), time(8), time(9), "Mars/Olympus")


@pytest.mark.parametrize(
    "broken",
    [
        rule("x", "forbid"),
        rule("x", "protect"),
        rule("x", "watermark"),
        rule("x", "deny", treatment=MASK),
        allow(unless=CLERK),
        allow(classes=["user"]),
        allow(scope=CONTACT),
        deny(when=CONTACT),
        deny(unless=Condition(consent="undeclared")),
        deny(unless=ANY),
        deny(unless=Condition(purpose_from=frozenset({"header"}))),
        allow(scope=Condition(time=(NOWHERE,))),
    ],
    ids=lambda broken: f"{broken.id} {broken.unless}"[:40],
)
def test_a_rule_that_means_nothing_is_an_error_and_never_passed_over(broken):
    with pytest.raises(ValueError, match=r"x/|a/|d/|zone"):
        compile_rules(policy_set(broken, consents=[consent()]))
