"""What is allowed to whom: operations that nobody may use, restrictions on them, and grants that are denied whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from gateway.errors import Place, Problem, Second
from gateway.faults import Fault
from gateway.policy.doubts.imply import compatible, implies, key
from gateway.policy.doubts.index import MOST
from gateway.policy.doubts.world import Reach, World
from gateway.policy.doubts.written import Written, tell
from gateway.policy.model import Rule

_FEW = 3

_Routed = dict[str, list[tuple[Rule, Reach]]]


def granting(world: World, written: Written) -> Iterator[Problem]:  # noqa: ARG001 - the form of all checks
    """Tell what is granted to nobody, and what is granted and taken back."""
    grants, denials = _by_operation(world, "allow"), _by_operation(world, "deny")
    if not any(rule.kind == "allow" for rule, _ in world.routed):
        message = "no policy allows anything: every flow is refused"
        hint = "write `allow: true` in a policy, with its `scope`"
        yield tell(Fault.NOTHING_ALLOWED, _first(world), message, hint)
        return
    yield from _unused(world, grants)
    own = {
        (id(rule.scope), enforced)
        for rule, _ in world.routed
        if rule.kind == "allow"
        for enforced in ({True, False} if rule.enforced else {False})
    }  # a policy's own grant covers all that it restricts
    for rule, reach in world.routed:
        if reach.empty:
            continue
        if rule.kind == "allow":
            yield from _denied(world, rule, reach, denials)
        elif (id(rule.scope), rule.enforced) not in own and not _allowed(world, rule, reach, grants):
            message = "no `allow` covers any flow that this reaches: it is refused as it is"
            yield tell(Fault.NOT_ALLOWED, rule.place, message, "look at `from`, `operations` and `purposes` of both")


def _by_operation(world: World, kind: str) -> _Routed:
    """Sort rules of a kind by the operations that they reach, alike ones once."""
    found: _Routed = defaultdict(list)
    seen: set[object] = set()
    for rule, reach in world.routed:
        if rule.kind != kind or reach.empty:
            continue
        if _known(seen, (key(rule.scope), key(rule.when), key(rule.unless), rule.classes, rule.enforced)):
            continue
        for operation in reach.operations:
            found[operation].append((rule, reach))
    return found


def _known(seen: set[object], key: object) -> bool:
    """Tell whether a key was seen before, and remember it."""
    before = len(seen)
    seen.add(key)
    return len(seen) == before


def _first(world: World) -> Place:
    """Give the place to begin at: the first policy, or else the folder."""
    return min((policy.place for policy in world.policies), default=Place("policies", 1, 1))


def _unused(world: World, grants: _Routed) -> Iterator[Problem]:
    """Tell operations that nobody may use, once a catalogue. What only observes grants nothing."""
    for catalogue in world.catalogues.values():
        idle = [
            operation
            for operation in catalogue.operations.values()
            if not any(rule.enforced for rule, _ in grants.get(operation.name, ()))
        ]
        if idle:
            names = ", ".join(operation.name for operation in idle[:_FEW])
            more = f" and {len(idle) - _FEW} more" if len(idle) > _FEW else ""
            message = f"no policy allows {names}{more} to anybody: every such request is refused"
            hint = "name it in the `scope` of a policy that allows it, or leave it as it is if nobody needs it"
            yield tell(Fault.UNUSED_OPERATION, idle[0].place, message, hint)


def _allowed(world: World, rule: Rule, reach: Reach, grants: _Routed) -> bool:
    """Tell whether some flow that a restriction reaches can be allowed; by what observes, if it observes as well.

    Where so many grants were looked at in vain that there may be one among the others, it is taken as allowed.
    """
    looked = 0
    for operation in reach.operations:
        for grant, others in grants.get(operation, ()):
            looked += 1
            if looked > MOST * 10:
                return True
            counts = grant.enforced or not rule.enforced
            if counts and reach.meets(others) and compatible(world.words(rule), world.words(grant)):
                return True
    return False


def _denied(world: World, rule: Rule, reach: Reach, denials: _Routed) -> Iterator[Problem]:
    """Tell a grant that some denial takes back whole."""
    for denial, others in islice(denials.get(min(reach.operations), ()), MOST):
        whole = not denial.classes and denial.unless is None and denial.enforced >= rule.enforced
        routes = reach.operations <= others.operations and reach.sources <= others.sources
        if whole and routes and implies(rule, denial, world.words(rule), world.words(denial), grant=True):
            message = f"{denial.id} denies all that this allows: it has no effect"
            hint = "a denial beats every grant; write the exception into it, as its `unless`"
            yield tell(Fault.DENIED_WHOLE, rule.place, message, hint, Second("the denial is here", denial.place))
            return
