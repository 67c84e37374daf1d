"""consents.yaml: the consents that customers can give, declared by name."""

from __future__ import annotations

from gateway.catalog.load import VERSION
from gateway.catalog.messages import read_class
from gateway.catalog.names import is_name
from gateway.policy.model import ConsentKind
from gateway.policy.named import Named
from gateway.yamlsource import Leaf, Node, Reader, Table

KEYS = ("wording", "version", "purposes", "classes", "recipients", "days")
LONGEST = 36525
"""The most days that a consent can hold: a hundred years."""


def read_consents(reader: Reader, name: str, data: bytes, named: Named) -> dict[str, ConsentKind] | None:
    """Read the consents of one file, recording faults; None if it can't be told which it declares."""
    node = reader.parse(name, data)
    if node is None:
        return None
    top = reader.section(node, ("version", "consents"), required=("version", "consents"))
    top.integer("version", VERSION, minimum=VERSION, maximum=VERSION)
    consents = {key.text: _consent(reader, key, member, named) for key, member in top.entries("consents")}
    declared = top.get("consents")
    return consents if isinstance(declared, Table) and declared.whole else None


def _consent(reader: Reader, key: Leaf, node: Node, named: Named) -> ConsentKind:
    is_name(reader, key, key.text)
    section = reader.section(node, KEYS, required=("wording",))
    return ConsentKind(
        name=key.text,
        place=key.place,
        wording=section.text("wording"),
        version=section.integer("version", 1, minimum=1),
        purposes=frozenset(section.texts("purposes")),
        classes=frozenset(read_class(reader, member) for member in section.listing("classes")),
        recipients=named.systems(reader, section.listing("recipients")) or frozenset(),
        days=section.integer("days", None, minimum=1, maximum=LONGEST),
    )
