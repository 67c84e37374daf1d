"""Small builders of policy sets, made of model objects: for tests that need rules and no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.catalog.model import Catalogue, Field, Message, Operation, RequestPattern
from gateway.errors import Place
from gateway.flow import CustomerFacts, Leg, Purpose
from gateway.policy.compile import RuleBook, compile_rules
from gateway.policy.decide import Situation
from gateway.policy.model import Condition, ConsentKind, Policy, PolicySet, Rule, Watermark
from gateway.treatments.contract import Treatment

HERE = Place("policies/p.yaml", 1, 1)
ANY = Condition()
ORDER = frozenset({"business.order", "user.contact.email"})
NOON = 1_767_614_400_000_000_000  # Monday 2026-01-05 12:00 UTC


def rule(
    name: str,
    kind: str,
    scope: Condition = ANY,
    *,
    when: Condition = ANY,
    unless: Condition | None = None,
    classes: Iterable[str] = (),
    treatment: Treatment | None = None,
    write_back: str = "refuse",
    watermark: Watermark | None = None,
    enforced: bool = True,
) -> Rule:
    """Build one rule; its id is `name/kind`."""
    return Rule(
        id=f"{name}/{kind}",
        kind=kind,
        place=HERE,
        scope=scope,
        when=when,
        unless=unless,
        classes=frozenset(classes),
        treatment=treatment,
        write_back=write_back,
        watermark=watermark,
        enforced=enforced,
    )


def allow(name: str = "a", scope: Condition = ANY, **more) -> Rule:
    return rule(name, "allow", scope, **more)


def deny(name: str = "d", scope: Condition = ANY, **more) -> Rule:
    return rule(name, "deny", scope, **more)


def protect(treatment: Treatment, name: str = "p", scope: Condition = ANY, **more) -> Rule:
    return rule(name, "protect", scope, treatment=treatment, **more)


def mark(name: str = "w", scope: Condition = ANY, *, watermark: Watermark | None = None, **more) -> Rule:
    return rule(name, "watermark", scope, watermark=watermark or Watermark(visible="{mark}"), **more)


def policy_set(
    *rules: Rule, consents: Iterable[ConsentKind] = (), catalogues: Mapping[str, Catalogue] | None = None
) -> PolicySet:
    """Build a policy set with one policy for each rule, so that the order of policies is the order of rules."""
    return PolicySet(
        catalogues=catalogues or {},
        policies=tuple(Policy(f"p{index}", HERE, rules=(one,)) for index, one in enumerate(rules)),
        consents={kind.name: kind for kind in consents},
        digest="",
        catalogue_digest="",
    )


def book_of(
    *rules: Rule, consents: Iterable[ConsentKind] = (), catalogues: Mapping[str, Catalogue] | None = None
) -> RuleBook:
    return compile_rules(policy_set(*rules, consents=consents, catalogues=catalogues))


def consent(name: str = "contact", purposes=(), classes=(), recipients=()) -> ConsentKind:
    return ConsentKind(
        name, HERE, purposes=frozenset(purposes), classes=frozenset(classes), recipients=frozenset(recipients)
    )


def customer(name: str | None = "c1", consents: Iterable[str] = (), **attributes: str) -> CustomerFacts:
    return CustomerFacts(name, frozenset(consents), attributes)


def situation(
    leg: Leg = Leg.RESPONSE,
    *,
    source: str = "crm",
    target: str = "erp",
    operation: str = "erp.read-order",
    purpose: str | Purpose | None = None,
    role: str | None = None,
    kind: str | None = None,
    assurance: str | None = None,
    peer: str = "10.0.0.7",
) -> Situation:
    """Build a situation; a purpose given as text comes from a signed claim."""
    told = Purpose(purpose, "claim") if isinstance(purpose, str) else purpose
    return Situation(source, target, operation, leg, told, role, kind, assurance, peer)


def catalogue(name: str, messages: Iterable[Message], operations: Mapping[str, str]) -> Catalogue:
    """Build a catalogue; `operations` maps short names to the message of their response."""
    return Catalogue(
        name,
        HERE,
        operations={
            short: Operation(f"{name}.{short}", RequestPattern("GET", f"/{short}"), HERE, response=response)
            for short, response in operations.items()
        },
        messages={message.name: message for message in messages},
    )


def message(name: str, classes: Mapping[str, str], each: str | None = None) -> Message:
    """Build a JSON message; `classes` maps selectors to classes."""
    fields = tuple(Field(selector, class_, HERE) for selector, class_ in classes.items())
    return Message(name, "json", HERE, each=each, fields=fields)
