"""The laws of the decision: order means nothing, adding tightens, knowing less never shows more."""

from __future__ import annotations

from dataclasses import replace

from builders import HERE, book_of
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    ALL_CLASS_SETS,
    ATTRIBUTES,
    CLASS_SETS,
    CONSENTS,
    CUSTOMERS,
    MOMENTS,
    NAMES,
    PEERS,
    PURPOSES,
    RESTRICTIONS,
    RULES,
    SITUATIONS,
    TIMES,
    numbered,
)

from gateway.flow import ANYONE, STRANGER, Purpose
from gateway.policy.compile import compile_rules
from gateway.policy.conditions import asks_customer
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.treatments.lattice import KEEP, at_least

QUESTIONS = st.tuples(SITUATIONS, CUSTOMERS, CLASS_SETS, MOMENTS)


def book(rules):
    return book_of(*rules, consents=CONSENTS)


def ask(rules, question):
    return decide(book(rules), *question)


def said(decision):
    """Everything that a decision says, with what is observed beside it."""
    if decision is None:
        return None
    return (
        decision.allowed,
        decision.grants,
        decision.denials,
        decision.watermarks,
        [decision.treated(classes) for classes in ALL_CLASS_SETS],
        said(decision.observed),
    )


def marks(decision):
    return {(reason.rule, watermark.visible) for reason, watermark in decision.watermarks}


def denials(decision):
    return {reason.rule for reason in decision.denials}


def assert_as_strict(strict, loose):
    """The first decision shows nothing that the second hides, and asks for at least as much."""
    assert loose.allowed or not strict.allowed
    assert denials(strict) >= denials(loose)
    assert marks(strict) >= marks(loose)
    for classes in ALL_CLASS_SETS:
        one, other = strict.treated(classes), loose.treated(classes)
        assert at_least(one.treatment or KEEP, other.treatment or KEEP)
        assert {reason.rule for reason in one.reasons} >= {reason.rule for reason in other.reasons}
        assert one.write_back == "refuse" or not other.reasons or other.write_back == "drop"


@given(RULES, QUESTIONS, st.data())
def test_no_order_of_rules_and_no_split_into_policies_changes_a_decision(rules, question, data):
    shuffled = data.draw(st.permutations(rules))
    cut = data.draw(st.integers(0, len(rules)))
    apart = book(rules).policies
    together = replace(
        apart,
        policies=(Policy("b", HERE, rules=tuple(shuffled[cut:])), Policy("a", HERE, rules=tuple(shuffled[:cut]))),
    )
    assert said(decide(compile_rules(together), *question)) == said(decide(compile_rules(apart), *question))


@given(RULES, RESTRICTIONS, QUESTIONS)
def test_adding_a_restriction_never_shows_more(rules, restriction, question):
    more = numbered([*rules, restriction])
    assert_as_strict(ask(more, question), ask(rules, question))


UNKNOWN = {
    "no purpose": lambda situation: replace(situation, purpose=None),
    "a purpose of no trusted source": lambda situation: replace(situation, purpose=Purpose("sales", "rumour")),
    "no role": lambda situation: replace(situation, role=None),
    "no kind": lambda situation: replace(situation, kind=None),
    "no assurance": lambda situation: replace(situation, assurance=None),
    "no address": lambda situation: replace(situation, peer=""),
}


@settings(max_examples=250)
@given(RULES, QUESTIONS, st.sampled_from(sorted(UNKNOWN)))
def test_a_fact_that_is_missing_never_shows_more_than_any_value_of_it(rules, question, missing):
    situation, *rest = question
    assert_as_strict(ask(rules, (UNKNOWN[missing](situation), *rest)), ask(rules, question))


@given(RULES, QUESTIONS, st.sampled_from(["region", "tier"]))
def test_a_customer_attribute_that_is_missing_never_shows_more(rules, question, name):
    situation, customer, *rest = question
    known = {key: value for key, value in customer.attributes.items() if key != name}
    assert_as_strict(ask(rules, (situation, replace(customer, attributes=known), *rest)), ask(rules, question))


@given(RULES, QUESTIONS)
def test_a_time_that_cannot_be_told_never_shows_more(rules, question):
    assert_as_strict(ask(rules, (*question[:-1], None)), ask(rules, question))


@given(RULES, QUESTIONS, st.sampled_from([kind.name for kind in CONSENTS]))
def test_a_consent_that_is_revoked_never_shows_more(rules, question, name):
    situation, customer, *rest = question
    revoked = replace(customer, consents=customer.consents - {name})
    assert_as_strict(ask(rules, (situation, revoked, *rest)), ask(rules, question))


@given(RULES, QUESTIONS)
def test_a_stranger_is_never_treated_more_openly_than_anyone_known(rules, question):
    situation, _, *rest = question
    assert_as_strict(ask(rules, (situation, STRANGER, *rest)), ask(rules, question))


@given(RULES, QUESTIONS)
def test_where_no_record_is_there_yet_nothing_is_refused_that_some_record_allows(rules, question):
    situation, _, *rest = question
    frame = ask(rules, (situation, ANYONE, *rest))
    assert frame.allowed or not ask(rules, question).allowed
    stranger = ask(rules, (situation, STRANGER, *rest))
    assert all(frame.treated(classes) == stranger.treated(classes) for classes in ALL_CLASS_SETS)
    assert frame.watermarks == stranger.watermarks


@given(RULES, QUESTIONS)
def test_where_no_record_is_there_yet_rules_that_ask_about_no_customer_decide(rules, question):
    situation, _, *rest = question
    general = [rule for rule in rules if not asks_customer(rule)]
    frame, stranger = (ask(general, (situation, facts, *rest)) for facts in (ANYONE, STRANGER))
    assert said(frame) == said(stranger)


@given(RULES, QUESTIONS)
def test_without_a_grant_in_force_everything_is_refused(rules, question):
    granted = [rule for rule in rules if rule.kind != "allow" or not rule.enforced]
    assert not ask(granted, question).allowed


@given(RULES, QUESTIONS)
def test_policies_that_observe_change_nothing_and_tell_what_they_would(rules, question):
    found = ask(rules, question)
    without = ask([rule for rule in rules if rule.enforced], question)
    enforced = ask([replace(rule, enforced=True) for rule in rules], question)
    assert said(replace(found, observed=None)) == said(without)
    assert found.observed is None or said(found.observed) == said(enforced)
    assert found.observed is not None or said(enforced) == said(without)


def variations(question):
    """The question, and every question that differs from it in one fact."""
    situation, customer, classes, now = question
    asked = [situation, *(forget(situation) for forget in UNKNOWN.values())]
    asked += [replace(situation, purpose=purpose) for purpose in PURPOSES]
    asked += [replace(situation, **{name: value}) for name in ("role", "kind", "assurance") for value in ("x", "z")]
    asked += [replace(situation, peer=peer) for peer in PEERS]
    people = [STRANGER, ANYONE, *(replace(customer, attributes=known) for known in ATTRIBUTES)]
    people += [replace(customer, consents=consents) for consents in (frozenset(), NAMES)]
    return [
        *((one, customer, classes, now) for one in asked),
        *((situation, one, classes, now) for one in people),
        *((situation, customer, one, now) for one in ALL_CLASS_SETS),
        *((situation, customer, classes, one) for one in TIMES),
    ]


@settings(max_examples=60)
@given(RULES, QUESTIONS)
def test_a_book_that_remembers_answers_as_a_new_one_does(rules, question):
    used = book(rules)
    for varied in variations(question):
        found, anew = decide(used, *varied), ask(rules, varied)
        assert (found.grants, found.denials, found.watermarks) == (anew.grants, anew.denials, anew.watermarks)
        assert found.protections == anew.protections


@given(RULES, QUESTIONS, CUSTOMERS)
def test_what_no_rule_asks_about_makes_no_other_decision(rules, question, other):
    situation, customer, classes, now = question
    used = book(rules)
    first = decide(used, situation, customer, classes, now)
    twin = replace(other, customer=customer.customer, consents=customer.consents, attributes=customer.attributes)
    same = replace(twin, attributes={**customer.attributes, "hobby": "chess"}, passport="f00d")
    assert decide(used, replace(situation), same, classes, now) is first
