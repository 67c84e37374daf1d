"""What an officer says customers agreed to, for a dry run: a YAML file of customers, consents and attributes.

    version: 1
    everyone: {attributes: {region: eu}}
    customers:
      C-017: {consents: [contact], attributes: {region: cn, tier: gold}}
      C-018: {consents: contact}

`everyone` counts for whoever isn't listed; for those who are, as far as their own entry leaves it out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.flow import CustomerFacts
from gateway.workbench import NOTHING_KNOWN, Known
from gateway.yamlsource import Listing, Node, Reader, Section

VERSION = 1
_TOP = ("version", "everyone", "customers")
_ENTRY = ("consents", "attributes")


@dataclass(frozen=True, slots=True)
class _Customers:
    """Tells what is known of a customer."""

    everyone: CustomerFacts
    listed: dict[str, CustomerFacts] = field(default_factory=dict)

    def __call__(self, customer: str) -> CustomerFacts:
        """Give the facts of one customer."""
        found = self.listed.get(customer)
        if found is not None:
            return found
        return CustomerFacts(customer, self.everyone.consents, self.everyone.attributes)


def read(reader: Reader, name: str, data: bytes, declared: Collection[str] | None = None) -> Known:
    """Read the file, recording its faults with the reader; `declared` are the consents that there are (None: any)."""
    node = reader.parse(name, data)
    if node is None:
        return NOTHING_KNOWN
    top = reader.section(node, _TOP, required=("version",))
    top.integer("version", VERSION, minimum=VERSION, maximum=VERSION)
    everyone = _facts(reader, top.section("everyone", _ENTRY), "", CustomerFacts(""), declared)
    listed = {
        key.text: _facts(reader, reader.section(entry, _ENTRY), key.text, everyone, declared)
        for key, entry in top.entries("customers")
    }
    return _Customers(everyone, listed)


def _facts(
    reader: Reader, entry: Section, customer: str, otherwise: CustomerFacts, declared: Collection[str] | None
) -> CustomerFacts:
    """Read one entry; what it leaves out is taken from `otherwise`."""
    consents, attributes = otherwise.consents, otherwise.attributes
    written = entry.get("consents")
    if isinstance(written, Listing) and not written.items:
        consents = frozenset()  # `consents: []` says that this one agreed to nothing, whatever everyone did
    elif written is not None:
        named = (_consent(reader, node, declared) for node in entry.listing("consents"))
        consents = frozenset(consent for consent in named if consent is not None)
    if "attributes" in entry:
        attributes = {key.text: reader.text(node) or "" for key, node in entry.entries("attributes")}
    return CustomerFacts(customer, consents, attributes)


def _consent(reader: Reader, node: Node, declared: Collection[str] | None) -> str | None:
    """Read the name of a consent."""
    return reader.text(node) if declared is None else reader.choice(node, declared, "consent")
