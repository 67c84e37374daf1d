"""Doubts: what is legal and suspicious in a policy set as a whole. Each has a code and a page, as faults have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.errors import Problem
from gateway.faults import Fault
from gateway.policy.doubts.agreeing import agreeing
from gateway.policy.doubts.exempting import exempting
from gateway.policy.doubts.granting import granting
from gateway.policy.doubts.idle import idle, never
from gateway.policy.doubts.keys import keys
from gateway.policy.doubts.labels import labels
from gateway.policy.doubts.names import names
from gateway.policy.doubts.overlapping import overlapping
from gateway.policy.doubts.requests import requests
from gateway.policy.doubts.separating import separating
from gateway.policy.doubts.world import survey
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import PolicySet
from gateway.yamlsource import Node

__all__ = ["doubts", "notes"]

_OF_RULES = (idle, exempting, overlapping, granting, separating, keys)
_OF_ALL = (labels, names, requests, agreeing)


def doubts(policies: PolicySet, roots: Mapping[str, Node]) -> Iterator[Problem]:
    """Tell what somebody should look at in a policy set without faults; `roots` are its files as parsed, by name."""
    world, written = survey(policies), Written(roots)
    alive = []
    for rule, reach in world.routed:
        dead = never(rule, reach, written)
        if dead is None:
            alive.append((rule, reach))
        else:
            yield dead  # what else could be said of it follows from that
    living = replace(world, routed=tuple(alive))
    for check in _OF_RULES:
        yield from check(living, written)
    for check in _OF_ALL:
        yield from check(world, written)


def notes(policies: PolicySet) -> Iterator[Problem]:
    """Tell what is as it was meant, and must not be forgotten: policies that only observe."""
    for policy in policies.policies:
        if policy.observe:
            hint = "to put it in force, write `mode: enforce`"
            yield tell(Fault.OBSERVES, policy.place, f"{policy.name} only observes: nothing of it is in force", hint)
