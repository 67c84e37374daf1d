"""Which rules need customers' own keys."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import Problem
from gateway.faults import Fault
from gateway.policy.model import PolicySet, Rule

VARIABLE = "SOVGATE_KEYS_PASSPHRASE"
"""Where what protects customers' keys stands, unless the configuration says otherwise."""


def needing_keys(policies: PolicySet) -> Iterator[Rule]:
    """Give the rules that can't be carried out without keys: keyed treatments, and what is revealed."""
    for policy in policies.policies:
        for rule in policy.rules:
            if rule.kind == "reveal" or (rule.treatment is not None and rule.treatment.KEYED):
                yield rule


def unprotected(policies: PolicySet, hint: str) -> tuple[Problem, ...]:
    """Tell the rules that need customers' keys, for a gateway that keeps none."""
    message = "this needs customers' keys, and nothing protects them"
    return tuple(Problem(rule.place, message, hint, code=Fault.KEYS_UNPROTECTED) for rule in needing_keys(policies))
