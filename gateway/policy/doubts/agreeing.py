"""Consents and purposes that come to nothing: nobody asks for them, or nothing is for them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import Problem
from gateway.faults import Fault
from gateway.policy.doubts.world import World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Policy, Rule
from gateway.yamlsource import suggest


def agreeing(world: World, written: Written) -> Iterator[Problem]:
    """Tell what is doubtful about consents and purposes."""
    used = {rule.unless.consent for rule, _ in world.routed if rule.unless is not None}
    purposes = {purpose for rule, _ in world.routed for purpose in _purposes(rule)}
    anywhere = any(rule.kind == "allow" and "purposes" not in world.words(rule) for rule, _ in world.routed)
    for kind in world.consents.values():
        if kind.name not in used:
            hint = f"a rule asks for it with unless: {{consent: {kind.name}}}"
            yield tell(Fault.UNUSED_CONSENT, kind.place, f'no rule asks for the consent "{kind.name}"', hint)
        elif not anywhere:
            for purpose in sorted(kind.purposes - purposes):
                message = f'no rule names the purpose "{purpose}": for it the consent never counts'
                hint = suggest(purpose, purposes) or "write it as the policies do"
                yield tell(Fault.UNNAMED_PURPOSE, written.consent(kind, "purposes", purpose), message, hint)
    for policy in world.policies:
        yield from _idle_trust(policy, world, written)


def _purposes(rule: Rule) -> Iterator[str]:
    """Give the purposes that a rule names."""
    for condition in (rule.scope, rule.when, rule.unless):
        yield from (condition and condition.purposes) or ()


def _idle_trust(policy: Policy, world: World, written: Written) -> Iterator[Problem]:
    """Tell a `purpose_from` where no rule of the policy asks for a purpose."""
    rule = next(iter(policy.rules), None)
    if rule is None or not written.has(rule, "purpose_from"):
        return
    consents = (one.unless.consent for one in policy.rules if one.unless is not None and one.unless.consent)
    if not any(any(_purposes(one)) for one in policy.rules) and not any(world.consents[c].purposes for c in consents):
        message = "`purpose_from` says whose word on the purpose counts, and this policy asks for no purpose"
        hint = "write the `purposes` that this policy is for"
        yield tell(Fault.IDLE_TRUST, written.scope(rule, "purpose_from"), message, hint)
