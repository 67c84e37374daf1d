"""The laws of `--against`: what it says of two policy sets is what the bodies that leave say."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given, settings
from pairs import bench, flows, pairs, policy_sets

from gateway.dryrun.against import Comparison
from gateway.dryrun.leaves import KEPT, Tracer
from gateway.flow import Leg


def tried(policies, flow):
    return asyncio.run(bench(policies).put(*flow))


def compared(old, new):
    comparison = Comparison()
    comparison.add(1, old, new)
    return comparison.changes()


def shown(trial, leg):
    """Give the body that leaves: what the system gets, or the caller; b"" where nothing does."""
    if leg is Leg.REQUEST:
        return trial.forwarded.body if trial.forwarded else b""
    return trial.released.body if trial.released and not trial.refusal else b""


def scalars(value):
    """Give every value of a body that can't be there by chance."""
    if isinstance(value, dict):
        return {one for below in value.values() for one in scalars(below)}
    if isinstance(value, list):
        return {one for below in value for one in scalars(below)}
    return {value} if isinstance(value, str | int) and len(str(value)) > 8 else set()


def clear(trial, leg):
    """Give the values that came in and go out as they came."""
    body = shown(trial, leg)
    came = trial.flow.request.body if leg is Leg.REQUEST else ANSWER[id(trial.flow)]
    return scalars(json.loads(body)) & scalars(json.loads(came)) if body and came else set()


ANSWER = {}


@settings(max_examples=100)
@given(pairs(), flows())
def test_whatever_is_newly_in_clear_is_told_and_whatever_no_longer_is(sets, flow):
    old, new = (tried(policies, flow) for policies in sets)
    ANSWER[id(flow[0])] = flow[1].body
    changes = compared(old, new)
    for leg in Leg:
        before, after = clear(old, leg), clear(new, leg)
        told = {kind: sum(one.places for one in changes.of(kind) if one.leg is leg) for kind in ("exposed", "hidden")}
        assert told["exposed"] >= len(after - before)
        assert told["hidden"] >= len(before - after)
        assert changes.exposed or not after - before


@settings(max_examples=60)
@given(pairs(), flows(odd=True))
def test_what_leaves_alike_has_not_changed_and_what_leaves_otherwise_has(sets, flow):
    old, new = (tried(policies, flow) for policies in sets)
    changes = compared(old, new)
    for leg in Leg:
        told = [one for one in changes.fields if one.leg is leg]
        before, after = shown(old, leg), shown(new, leg)
        if before == after:
            assert told == []
        elif before and after and json.loads(before) != json.loads(after):
            assert told
    assert bool(changes.verdicts) == ((old.refusal, old.refused_leg) != (new.refusal, new.refused_leg))


@settings(max_examples=40)
@given(policy_sets(), flows(odd=True))
def test_a_set_against_itself_changes_nothing(policies, flow):
    changes = compared(tried(policies, flow), tried(policies, flow))
    assert not changes.any
    assert (changes.flows, changes.same, changes.exposed) == (1, 1, False)


@settings(max_examples=50)
@given(pairs(), flows(odd=True))
def test_the_other_way_round_what_was_exposed_is_hidden(sets, flow):
    old, new = (tried(policies, flow) for policies in sets)
    forth, back = compared(old, new), compared(new, old)
    hidden = {(one.leg, one.pointer) for one in back.of("hidden")}
    kept = {(one.leg, one.pointer) for one in forth.of("exposed") if one.new.treatment == "keep"}
    assert kept <= hidden


@settings(max_examples=50)
@given(policy_sets(), flows())
def test_every_value_of_a_body_is_found_with_what_became_of_it(policies, flow):
    """The numbers that stand in for values say of each what the released body says of it."""
    trial = tried(policies, flow)
    ANSWER[id(flow[0])] = flow[1].body
    for sight in trial.sights:
        leaves = Tracer().trace(sight)
        if leaves is None or not shown(trial, sight.leg):
            continue
        body = json.loads(sight.document.body)
        in_clear = clear(trial, sight.leg)
        for path, leaf in leaves:
            value = body
            for step in path:
                value = value[step]
            assert leaf is not KEPT
            if scalars(value):
                assert (leaf.at(path).name == "SAME") == (value in in_clear)
