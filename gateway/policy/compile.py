"""From policies as written to a rule book: each rule under the operations it reaches, and a memory of decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.policy.asks import Asks, gather
from gateway.policy.conditions import Circumstances, Network, reaches
from gateway.policy.memo import Memo
from gateway.policy.model import Condition, PolicySet, Rule, Window
from gateway.policy.moment import open_windows, within

if TYPE_CHECKING:
    from gateway.flow import CustomerFacts
    from gateway.policy.decision import Decision
    from gateway.policy.readback import Form
    from gateway.policy.situation import Situation

KINDS = frozenset({"allow", "deny", "protect", "reveal", "watermark"})
_NANOSECONDS = 1_000_000_000
_ANYTHING = Condition()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The rules that one route (systems, operation, leg) leaves possible, in the order of their ids, and what they ask.

    `observes` tells that some of them are in observe mode.
    """

    rules: tuple[Rule, ...]
    asks: Asks
    observes: bool


@dataclass(frozen=True, slots=True, eq=False)
class RuleBook:
    """A policy set made ready to decide with; only its memories change. A reload makes a new book.

    `named` holds rules under each operation that they name, `wide` those that name none.
    """

    policies: PolicySet
    named: Mapping[str, tuple[Rule, ...]]
    wide: tuple[Rule, ...]
    asks: Asks
    networks: frozenset[Network]
    windows: Mapping[Window, ZoneInfo]
    plans: Memo[tuple[str, ...], Plan] = field(default_factory=lambda: Memo(4096))
    decisions: Memo[tuple[object, ...], Decision] = field(default_factory=lambda: Memo(4096))
    forms: Memo[tuple[object, ...], tuple[Form, ...]] = field(default_factory=lambda: Memo(4096))
    peers: Memo[str, frozenset[Network]] = field(default_factory=lambda: Memo(1024))
    seconds: Memo[int, frozenset[Window]] = field(default_factory=lambda: Memo(16))

    def plan(self, situation: Situation) -> Plan:
        """Give the plan of a situation's route."""
        key = (situation.operation, situation.leg, situation.source, situation.target)
        found = self.plans.get(key)
        return self.plans.put(key, self._plan(situation)) if found is None else found

    def _plan(self, situation: Situation) -> Plan:
        """Sort out the rules that the route rules out."""
        candidates = self.named.get(situation.operation, ()) + self.wide
        possible = (r for r in candidates if reaches(r.scope, situation) and reaches(r.when, situation))
        rules = tuple(sorted(possible, key=lambda rule: (rule.id, rule.place)))
        return Plan(rules, gather(rules, self.policies.consents), observes=not all(rule.enforced for rule in rules))

    def networks_of(self, peer: str) -> frozenset[Network] | None:
        """Give the networks named in the book that a peer lies in; None where it is no address."""
        found = self.peers.get(peer)
        if found is None:
            found = within(peer, self.networks)
            return found if found is None else self.peers.put(peer, found)
        return found

    def windows_at(self, now: int | None) -> frozenset[Window] | None:
        """Give the time windows of the book that are open, to the second; None where the time can't be told."""
        if now is None:
            return None
        second = now // _NANOSECONDS
        found = self.seconds.get(second)
        if found is None:
            found = open_windows(second, self.windows)
            return found if found is None else self.seconds.put(second, found)
        return found

    def circumstances(self, situation: Situation, customer: CustomerFacts, now: int | None) -> Circumstances:
        """Work out everything that a condition can look at."""
        return Circumstances(situation, customer, self.networks_of(situation.peer), self.windows_at(now))


def compile_rules(policy_set: PolicySet) -> RuleBook:
    """Make a policy set ready to decide with.

    Raises ValueError for rules that mean nothing and that no loaded file can hold: an unknown kind, a protection
    without treatment, a grant with `unless` or classes, a consent outside `unless` or not declared, an `unless` with
    nothing in it, a time zone that doesn't exist.
    """
    rules = [rule for policy in policy_set.policies for rule in policy.rules]
    named: dict[str, list[Rule]] = {}
    wide: list[Rule] = []
    for rule in rules:
        _check(rule, policy_set)
        operations = _operations(rule)
        for operation in operations or ():
            named.setdefault(operation, []).append(rule)
        if operations is None:
            wide.append(rule)
    conditions = [condition for rule in rules for condition in _conditions(rule)]
    return RuleBook(
        policies=policy_set,
        named={operation: tuple(reached) for operation, reached in named.items()},
        wide=tuple(wide),
        asks=gather(rules, policy_set.consents),
        networks=frozenset(network for condition in conditions for network in condition.network),
        windows={window: _zone(window) for condition in conditions for window in condition.time},
    )


def _conditions(rule: Rule) -> Iterator[Condition]:
    """Give the conditions of a rule."""
    yield from (rule.scope, rule.when)
    if rule.unless is not None:
        yield rule.unless


def _operations(rule: Rule) -> frozenset[str] | None:
    """Give the operations that a rule names; None where it reaches any."""
    named = [condition.operations for condition in (rule.scope, rule.when) if condition.operations]
    return frozenset.intersection(*named) if named else None


def _check(rule: Rule, policy_set: PolicySet) -> None:
    """Raise ValueError for a rule that means nothing: passing over it would open what it was written to close."""
    if rule.kind not in KINDS:
        raise ValueError(f"{rule.id}: no such kind of rule: {rule.kind}")
    if (rule.kind == "protect") != (rule.treatment is not None):
        raise ValueError(f"{rule.id}: a protect rule, and no other, has a treatment")
    if (rule.kind == "watermark") != (rule.watermark is not None):
        raise ValueError(f"{rule.id}: a watermark rule, and no other, has a watermark")
    if rule.kind == "allow" and (rule.unless is not None or rule.classes):
        raise ValueError(f"{rule.id}: a grant takes neither unless nor classes")
    if rule.kind == "reveal" and (rule.unless is not None or not rule.classes):
        raise ValueError(f"{rule.id}: a reveal names its classes and takes no unless")
    if rule.scope.consent is not None or rule.when.consent is not None:
        raise ValueError(f"{rule.id}: a consent stands in unless only")
    if rule.unless is not None and rule.unless.consent not in {None, *policy_set.consents}:
        raise ValueError(f"{rule.id}: its consent is not declared")
    if rule.unless is not None and replace(rule.unless, purpose_from=_ANYTHING.purpose_from) == _ANYTHING:
        raise ValueError(f"{rule.id}: an empty unless would exempt always")


def _zone(window: Window) -> ZoneInfo:
    """Load a window's time zone once, here, and not when deciding."""
    try:
        return ZoneInfo(window.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("a time window names an unknown time zone") from error
