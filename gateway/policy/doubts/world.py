"""What rules can reach: each rule's routes through the catalogues, and what messages carry there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from gateway.catalog.model import Catalogue, Message, Operation
from gateway.flow import Leg
from gateway.policy.doubts.imply import Words, words
from gateway.policy.model import Condition, ConsentKind, Policy, PolicySet, Rule

BOTH = frozenset(Leg)
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The routes that a rule leaves possible: who asks, which operations (by full name), which legs."""

    sources: frozenset[str]
    operations: frozenset[str]
    legs: frozenset[Leg]

    @property
    def targets(self) -> frozenset[str]:
        """Name the systems that are asked."""
        return frozenset(operation.partition(".")[0] for operation in self.operations)

    @property
    def empty(self) -> bool:
        """Tell whether no flow can take any of these routes."""
        return not (self.sources and self.operations and self.legs)

    def meets(self, other: Reach) -> bool:
        """Tell whether some route is in both."""
        return not (
            self.sources.isdisjoint(other.sources)
            or self.operations.isdisjoint(other.operations)
            or self.legs.isdisjoint(other.legs)
        )

    def shared(self, other: Reach) -> Reach:
        """Give the routes that are in both."""
        return Reach(self.sources & other.sources, self.operations & other.operations, self.legs & other.legs)

    def within(self, other: Reach) -> bool:
        """Tell whether every route is in the other as well."""
        return self.operations <= other.operations and self.sources <= other.sources and self.legs <= other.legs


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A policy set, seen from above. `routed` are all rules with what they reach.

    `carried` and `formats` tell, by operation and leg, the classes and the formats of the messages there.
    """

    policies: tuple[Policy, ...]
    catalogues: Mapping[str, Catalogue]
    consents: Mapping[str, ConsentKind]
    operations: Mapping[str, Operation]
    carried: Mapping[tuple[str, Leg], frozenset[str]]
    formats: Mapping[tuple[str, Leg], frozenset[str]]
    routed: tuple[tuple[Rule, Reach], ...] = ()
    _reaches: dict[object, Reach] = field(default_factory=dict, repr=False)
    _words: dict[int, Words] = field(default_factory=dict, repr=False)

    def classes_of(self, reach: Reach) -> Iterator[frozenset[str]]:
        """Give the classes that each operation carries on each leg that is reached."""
        return (self.carried[place] for place in self._places(reach))

    def formats_of(self, reach: Reach) -> Iterator[frozenset[str]]:
        """Give the formats of the bodies that each operation has on each leg that is reached."""
        return (self.formats[place] for place in self._places(reach))

    def _places(self, reach: Reach) -> Iterator[tuple[str, Leg]]:
        places = ((operation, leg) for operation in reach.operations for leg in reach.legs)
        return (place for place in places if place in self.formats)

    def reach(self, rule: Rule) -> Reach:
        """Give what a rule reaches; worked out once for rules that are alike in this."""
        key = tuple((c.from_, c.to, c.operations, c.leg) for c in (rule.scope, rule.when))
        found = self._reaches.get(key)
        if found is None:
            found = self._reaches[key] = self._reach((rule.scope, rule.when))
        return found

    def _reach(self, conditions: Iterable[Condition]) -> Reach:
        sources, targets, legs = frozenset(self.catalogues), frozenset(self.catalogues), BOTH
        named: list[frozenset[str]] = []
        for condition in conditions:
            sources = sources & condition.from_ if condition.from_ else sources
            targets = targets & condition.to if condition.to else targets
            legs = legs & {condition.leg} if condition.leg else legs
            named += [condition.operations] if condition.operations else []
        if named:
            found = frozenset.intersection(*named)
            operations = frozenset(name for name in found if name.partition(".")[0] in targets)
        else:
            operations = frozenset().union(*(self._operations_of(target) for target in targets))
        return Reach(sources, operations, legs)

    def _operations_of(self, system: str) -> Iterator[str]:
        return (operation.name for operation in self.catalogues[system].operations.values())

    def words(self, rule: Rule) -> Words:
        """Give what a rule asks for by words; worked out once."""
        found = self._words.get(id(rule))
        if found is None:
            found = self._words[id(rule)] = words((rule.scope, rule.when))
        return found


def survey(policies: PolicySet) -> World:
    """See a policy set from above."""
    operations: dict[str, Operation] = {}
    carried: dict[tuple[str, Leg], frozenset[str]] = {}
    formats: dict[tuple[str, Leg], frozenset[str]] = {}
    for catalogue in policies.catalogues.values():
        of = {message.name: _classes(catalogue, message) for message in catalogue.messages.values()}
        for operation in catalogue.operations.values():
            operations[operation.name] = operation
            for leg, names in on_legs(operation):
                heads = _outside(operation, leg)
                if names or heads:
                    carried[operation.name, leg] = heads.union(*(of[name] for name in names))
                    formats[operation.name, leg] = frozenset(
                        part.format for name in names for part in catalogue.within(name)
                    )
    world = World(policies.policies, policies.catalogues, policies.consents, operations, carried, formats)
    rules = tuple((rule, world.reach(rule)) for policy in policies.policies for rule in policy.rules)
    return replace(world, routed=rules)


def on_legs(operation: Operation) -> tuple[tuple[Leg, tuple[str, ...]], ...]:
    """Give the messages on each leg of an operation."""
    answers = (operation.response, operation.errors)
    return (
        (Leg.REQUEST, (operation.body,) if operation.body else ()),
        (Leg.RESPONSE, tuple(name for name in answers if name)),
    )


def _outside(operation: Operation, leg: Leg) -> frozenset[str]:
    """Give the classes of what is labelled outside of the body."""
    answers = leg is Leg.RESPONSE
    return frozenset(one.class_ for one in operation.head if (one.kind == "response_headers") is answers and one.class_)


def _classes(catalogue: Catalogue, message: Message) -> frozenset[str]:
    """Give the classes of a message, of a list's records among them."""
    parts = catalogue.within(message.name)
    found = {field.class_ for part in parts for field in part.fields} | {part.class_ or "" for part in parts}
    return frozenset(found - {""})
