"""OData `$metadata` (v2 and v4 CSDL in XML): entity sets become operations, entity types become records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.discover.declared import MOST_BYTES, Declared, Offer
from gateway.discover.group import Group
from gateway.discover.outline import LONGEST_NAME, MOST_MEMBERS, Outline, Purse
from gateway.discover.segments import Hole
from gateway.errors import BadDocument

_SAP = "{http://www.sap.com/Protocols/SAPData}"
_WHOLE = frozenset({"Edm.Int16", "Edm.Int32", "Edm.Byte", "Edm.SByte"})
_FIGURES = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Single", "Edm.Int64"})
_DATES = frozenset({"Edm.DateTime", "Edm.DateTimeOffset", "Edm.Date"})
_LONGEST_LABEL = 60
_MOST_SETS = 500
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class _Model:
    """A service: its version, and its types by name, namespace left out."""

    two: bool
    types: Mapping[str, Any]
    purse: Purse


def read(name: str, data: bytes) -> Declared:
    """Read a document; raises `BadDocument` where it is none. Nothing that it refers to is fetched."""
    root = _parsed(name, data)
    types = {
        str(element.get("Name")): element
        for element in root.iter("{*}EntityType", "{*}ComplexType")
        if element.get("Name") is not None
    }
    model = _Model(two=not str(root.get("Version", "")).startswith("4"), types=types, purse=Purse())
    sets = [element for element in root.iter("{*}EntitySet") if _plain(element.get("Name"))][:_MOST_SETS]
    if not sets:
        raise _faulty(name, "the document names no entity sets")
    names = frozenset(str(element.get("Name")) for element in sets)
    offers = [offer for element in sets for offer in _offers(element, model)]
    return Declared(offers, names, names)


def _parsed(name: str, data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise _faulty(name, f"the document is larger than {MOST_BYTES} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _faulty(name, "not XML") from None
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise _faulty(name, "documents with a DOCTYPE are not read")
    if etree.QName(root).localname != "Edmx":
        raise _faulty(name, "this is no OData $metadata document")
    return root


def _offers(element: Any, model: _Model) -> Iterator[Offer]:
    """Name what can be done with an entity set, as far as SAP's annotations don't say that it can't."""
    at = str(element.get("Name"))
    type_ = model.types.get(_last(element.get("EntityType")))

    def may(word: str) -> bool:
        return str(element.get(f"{_SAP}{word}")) != "false"

    keyed = (Hole(f"{at}(", ")"),)
    listed = Group(declared=True)
    _answer(listed, type_, model, listed=True)
    yield Offer((at,), "GET", listed)
    one = Group(declared=True)
    _answer(one, type_, model, listed=False)
    yield Offer(keyed, "GET", one)
    if may("creatable"):
        made = Group(declared=True)
        made.body.kinds["json"] += 1
        made.body.of("json").absorb(_record(type_, model, sent=True))
        _answer(made, type_, model, listed=False)
        yield Offer((at,), "POST", made)
    if may("updatable"):
        changed = Group(declared=True)
        changed.body.kinds["json"] += 1
        changed.body.of("json").absorb(_record(type_, model, sent=True))
        yield Offer(keyed, "PUT" if model.two else "PATCH", changed)
    if may("deletable"):
        yield Offer(keyed, "DELETE", Group(declared=True))


def _answer(group: Group, type_: Any, model: _Model, *, listed: bool) -> None:
    """Wrap a record as the protocol does: {"d": {"results": [...]}} in v2, {"value": [...]} in v4."""
    record, body = _record(type_, model), Outline()
    body.objects = 1
    if listed:
        rows = Outline()
        rows.arrays, rows.elements = 1, record
        record = rows
    if model.two:
        inner = record
        if listed:
            inner = Outline()
            inner.objects, inner.members = 1, {"results": record}
        body.members = {"d": inner}
    elif listed:
        body.members = {"value": record, "@odata.context": _text()}
    else:
        body = record
        body.members["@odata.context"] = _text()
    group.response.kinds["json"] += 1
    group.response.of("json").absorb(body)


def _record(type_: Any, model: _Model, *, sent: bool = False) -> Outline:
    place = _entity(type_, model, 0)
    if model.two and not sent:
        meta = Outline()
        meta.objects, meta.members = 1, {"uri": _text(), "type": _text()}
        place.members["__metadata"] = meta
    return place


def _entity(type_: Any, model: _Model, depth: int) -> Outline:
    place = Outline()
    place.objects = 1
    while type_ is not None and depth <= _DEEPEST:
        for element in type_.iterfind("{*}Property"):
            name = element.get("Name")
            if _plain(name) and len(place.members) < MOST_MEMBERS:
                place.members[str(name)] = _property(element, model, depth + 1)
        type_, depth = model.types.get(_last(type_.get("BaseType"))), depth + 1
    return place


def _property(element: Any, model: _Model, depth: int) -> Outline:
    written = str(element.get("Type", ""))
    inner = written.removeprefix("Collection(").removesuffix(")")
    place = Outline()
    if inner.startswith("Edm.") or depth > _DEEPEST or _last(inner) not in model.types:
        if inner == "Edm.Boolean":
            place.booleans = 1
        elif inner in _WHOLE:
            place.integers = 1
        elif inner in _FIGURES:
            place.decimals = 1
        else:
            place.strings = 1
        place.declared = "date" if inner in _DATES else str(element.get(f"{_SAP}semantics", "")).partition(";")[0][:20]
        label = str(element.get(f"{_SAP}label", ""))
        place.title = label if len(label) <= _LONGEST_LABEL else ""
    else:
        place = _entity(model.types[_last(inner)], model, depth)
    if inner == written:
        return place
    rows = Outline()
    rows.arrays, rows.elements = 1, place
    return rows


def _text() -> Outline:
    place = Outline()
    place.strings = 1
    return place


def _plain(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isidentifier()


def _last(name: object) -> str:
    return str(name or "").rpartition(".")[2]


def _faulty(name: str, message: str) -> BadDocument:
    return BadDocument(f"{name}: {message}")
