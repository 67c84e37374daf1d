"""Which rules need customers' own keys."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.policy.model import PolicySet, Rule


def needing_keys(policies: PolicySet) -> Iterator[Rule]:
    """Give the rules that can't be carried out without keys: keyed treatments, and what is revealed."""
    for policy in policies.policies:
        for rule in policy.rules:
            if rule.kind == "reveal" or (rule.treatment is not None and rule.treatment.KEYED):
                yield rule
