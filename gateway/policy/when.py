"""Conditions as officers write them: in a policy's `scope`, beside a rule, and in its `unless`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from gateway.errors import Second
from gateway.faults import Fault
from gateway.flow import Leg
from gateway.policy.model import Condition
from gateway.policy.named import Named
from gateway.policy.situation import OPERATOR
from gateway.policy.windows import read_windows
from gateway.yamlsource import Node, Reader, Section, Table

CONDITIONS = ("from", "to", "operations", "purposes", "leg", "operator", "customer", "time", "network")
SCOPE = ("from", "to", "operations", "purposes", "purpose_from", "operator", "customer", "time", "network")
UNLESS = ("consent", "region", *CONDITIONS)
ELSEWHERE = {
    "consent": "write it in `unless`: unless: {consent: ...}",
    "region": "write it in `customer` or in `unless`: customer: {region: ...}",
    "role": "write it in `operator`: operator: {role: ...}",
    "days": "write it in `time`: time: {days: ..., zone: ...}",
    "zone": "write it in `time`: time: {days: ..., zone: ...}",
    "purpose_from": "write it in the policy's `scope`",
    "leg": "write it beside a rule: in `deny`, `protect`, `reveal` or `watermark`",
    **dict.fromkeys(
        ("allow", "protect", "reveal", "watermark", "mode"), "write it at the beginning of a line, beside `policy`"
    ),
}
"""What people write among conditions where it has no place, and where it belongs."""

SOURCES = ("claim", "header")

ANY = Condition()


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """Reads the conditions of one policy: with the reader, what has a name, and the policy's scope once it is known."""

    reader: Reader
    named: Named
    scope: Condition = ANY

    def read_scope(self, section: Section) -> When:
        """Read a policy's scope; the rules' conditions are then read by what this gives."""
        trusted = self._words(section, "purpose_from", among=SOURCES)
        scope = self._read(section)
        return replace(self, scope=replace(scope, purpose_from=trusted) if trusted else scope)

    def read_rule(self, section: Section) -> Condition:
        """Read the conditions beside a rule."""
        return self._read(section)

    def read_unless(self, section: Section) -> Condition | None:
        """Read what exempts from a rule, where the section has an `unless`."""
        node = section.get("unless")
        if node is None:
            return None
        unless = self.reader.section(node, UNLESS, elsewhere=ELSEWHERE)
        if not unless.members and isinstance(node, Table) and node.whole and not node.entries:
            message, hint = "an empty `unless` would exempt from the rule always", "write what exempts from it"
            self.reader.fault(node, message, hint, code=Fault.EMPTY_UNLESS)
        condition = self._read(unless)
        region = self._words(unless, "region")
        if region and "region" in condition.customer:
            message, also = "the region stands in `customer` as well", Second("here", unless.members["customer"].place)
            self.reader.fault(unless.members["region"], message, "keep one of them", code=Fault.REGION_TWICE, also=also)
        if region:
            condition = replace(condition, customer={**condition.customer, "region": region})
        consent = unless.get("consent")
        return condition if consent is None else replace(condition, consent=self.named.consent(self.reader, consent))

    def _read(self, section: Section) -> Condition:
        if section.members.keys().isdisjoint(CONDITIONS):
            return Condition(purpose_from=self.scope.purpose_from)
        to = self.named.systems(self.reader, section.listing("to"))
        leg = section.choice("leg", tuple(Leg), None)
        return Condition(
            from_=self.named.systems(self.reader, section.listing("from")),
            to=to,
            operations=self.named.resolve(self.reader, section.listing("operations"), to or self.scope.to),
            purposes=self._words(section, "purposes"),
            purpose_from=self.scope.purpose_from,
            leg=None if leg is None else Leg(leg),
            operator=self._attributes(section, "operator"),
            customer=self._attributes(section, "customer"),
            time=read_windows(section),
            network=tuple(filter(None, (self._network(node) for node in section.listing("network")))),
        )

    def _attributes(self, section: Section, key: str) -> dict[str, frozenset[str]]:
        """Read attributes, each with the values that it may have; an operator's are known, a customer's are free."""
        if key not in section:
            return {}
        operator = key == "operator"
        known = tuple(OPERATOR) if operator else tuple(name.text for name, _ in section.entries(key))
        attributes = section.section(key, known)
        if isinstance(attributes.node, Table) and attributes.node.whole and not attributes.node.entries:
            message, hint = f"`{key}` names no attribute", "write one, or leave the key out"
            self.reader.fault(attributes.node, message, hint, code=Fault.NO_ATTRIBUTE)
        read = {
            name: self._words(attributes, name, among=OPERATOR[name] if operator else None)
            for name in attributes.members
        }
        return {name: values for name, values in read.items() if values}

    def _words(self, section: Section, key: str, among: Iterable[str] | None = None) -> frozenset[str] | None:
        """Read one text or a list of them; None where there are none."""
        words = set()
        for node in section.listing(key):
            word = self.reader.text(node) if among is None else self.reader.choice(node, tuple(among), key)
            if word is not None:
                words.add(word)
        return frozenset(words) or None

    def _network(self, node: Node) -> IPv4Network | IPv6Network | None:
        text = self.reader.text(node)
        if text is None:
            return None
        try:
            return ip_network(text)
        except ValueError:
            try:
                hint = f"did you mean {ip_network(text, strict=False)}?"
            except ValueError:
                hint = "write it like 10.20.0.0/16 or 2001:db8::/32"
            self.reader.fault(node, f'"{text[:100]}" is no network', hint, code=Fault.BAD_NETWORK)
            return None
