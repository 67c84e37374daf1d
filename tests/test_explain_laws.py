"""The laws of `explain`: what it says is what the gate did, rule by rule and field by field."""

from __future__ import annotations

import asyncio

from builders import book_of
from hypothesis import given, settings
from pairs import bench, flows, policy_sets
from worlds import CLASS_SETS, CONSENTS, CUSTOMERS, MOMENTS, RULES, SITUATIONS

from gateway.dryrun.advice import advice
from gateway.dryrun.explain import explain
from gateway.dryrun.explain_json import as_dict
from gateway.dryrun.explain_text import text
from gateway.dryrun.story import protects
from gateway.flow import ANYONE, Leg
from gateway.policy.conditions import Truth, both, exempts, find
from gateway.policy.decide import decide
from gateway.policy.explain import accounts


def ids(reasons):
    return sorted(reason.rule for reason in reasons)


def in_force(told, kind):
    return sorted(one.rule.id for one in told if one.in_force and one.rule.kind == kind)


def check(decision, told):
    """Hold the accounts of rules against a decision."""
    assert in_force(told, "allow") == ids(decision.grants)
    assert in_force(told, "deny") == ids(decision.denials)
    assert in_force(told, "watermark") == ids(reason for reason, _ in decision.watermarks)
    assert in_force(told, "protect") == ids(held.reason for held in decision.protections)


@settings(max_examples=100)
@given(RULES, SITUATIONS, CUSTOMERS, CLASS_SETS, MOMENTS)
def test_a_rule_is_in_force_where_the_decision_says_so_and_its_parts_say_why(rules, situation, customer, classes, now):
    book = book_of(*rules, consents=CONSENTS)
    for one in (customer, ANYONE):
        told = accounts(book, situation, one, classes, now)
        assert len(told) == len(rules)
        check(decide(book, situation, one, classes, now), told)
        for account in told:
            holds = not account.against and not account.exempted and not (account.waits and account.rule.kind == "deny")
            assert holds is (account.held is not None)
            assert not account.exempted or not account.missing


@settings(max_examples=100)
@given(RULES, SITUATIONS, CUSTOMERS, CLASS_SETS, MOMENTS)
def test_the_parts_of_a_condition_together_say_what_the_whole_says(rules, situation, customer, classes, now):
    book = book_of(*rules, consents=CONSENTS)
    around = book.circumstances(situation, customer, now)
    for account in accounts(book, situation, customer, classes, now):
        rule = account.rule
        for where, condition in (("scope", rule.scope), ("rule", rule.when), ("unless", rule.unless)):
            if condition is None:
                continue
            asked = [one for one in account.answers if one.where == where]
            plain = [find(one.part.condition, around) for one in asked if one.part.key != "consent"]
            assert both(*plain).truth is find(condition, around).truth
            if where == "unless":
                certain = all(one.truth is Truth.TRUE for one in asked)
                assert certain is exempts(condition, around, book.policies.consents).certain


@settings(max_examples=50)
@given(policy_sets(), flows(odd=True))
def test_a_story_has_the_verdict_and_every_treatment_of_the_trial(policies, flow):
    trial = asyncio.run(bench(policies).put(*flow))
    story = explain(trial, policies)
    assert (story.refusal, story.leg) == (trial.refusal, trial.refused_leg)
    assert [leg.leg for leg in story.legs] == [sight.leg for sight in trial.sights]
    for leg, sight in zip(story.legs, trial.sights, strict=True):
        for group in leg.groups:
            check(group.decision, group.accounts)
        assert sum(group.records for group in leg.groups) == sum(record.count for record in sight.judged)
        for field in leg.fields:
            named = {one.rule.id for one in field.accounts if protects(one, frozenset(field.classes))}
            assert not field.classes or named == {rule.name for rule in field.rules}
        told = {(one.pointer, one.treatment.partition(" ")[0]) for one in leg.fields}
        for pointer, treatment in recorded(trial, leg.leg) if not (leg.refusal or hollow(flow)) else ():
            below = {name for place, name in told if place.startswith(f"{pointer}/")}
            assert (pointer, treatment) in told or below == {treatment}  # what is emptied is recorded as a whole
    for fields in (None, [(leg, field) for leg in story.legs for field in leg.fields]):
        assert story.refusal in text(story, "flow 1", fields, ids=False)
        assert as_dict(story, "flow 1", fields, ids=False)["refusal"] == story.refusal
    assert bool(advice(story)) <= bool(story.refusal)


def recorded(trial, leg):
    """Give the places of a leg as the audit log tells of them."""
    kind = "outcome" if leg is Leg.RESPONSE else "intent"
    decided = [one for entry in trial.entries if entry.kind == kind for one in entry.decided]
    fields = [field for one in decided for field in one.fields if field.treatment != "write-back"]
    return {(field.pointer, field.treatment) for field in fields}


def hollow(flow):
    """Tell whether a body has an object or array that holds nothing: treated, without a value to tell of."""
    return any(empty in body for empty in (b"{}", b"[]") for body in (flow[0].request.body, flow[1].body))
