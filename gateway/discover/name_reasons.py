"""What a field's name says of its class, beside the names around it: `name` may be a product's or a person's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.discover.proposal import Reason
from gateway.discover.words import Heard, fields_named, record_of, words

WHOLE, TAIL, PART, WEAK, BESIDE = 8, 7, 3, 2, 5
"""Weights: the whole name, its end, another part of it; a word that means little alone; that word with its record."""

_NAMES = frozenset({
    "name", "names", "bezeichnung", "nom", "nombre", "名称", "title", "label", "titel", "displayname", "mingcheng",
})  # fmt: skip
_IDS = frozenset({
    "id", "ids", "no", "nr", "num", "number", "code", "key", "ref", "reference", "guid", "uuid", "identifier",
    "numero", "codigo", "nummer", "编号", "编码", "号", "bianhao",
})  # fmt: skip
_TEXTS = frozenset({
    "description", "desc", "text", "details", "info", "note", "notes", "comment", "message", "msg", "detail",
    "reason",
})  # fmt: skip
_FLAGS = frozenset({
    "verified", "valid", "enabled", "confirmed", "flag", "allowed", "required", "visible", "is", "has", "count",
    "type", "kind", "format", "status", "exists", "primary", "default", "label", "template",
})  # fmt: skip
"""Words at the end of a name that make it say something about a thing, and not the thing: email_verified."""

_VAGUE = frozenset(
    {"amount", "value", "text", "data", "field", "string", "new", "old", "raw", "betrag", "montant", "importe"}
)
"""Words at the end of a name that add nothing to what stands before them."""

_BY_RECORD: dict[str, tuple[str, str, str]] = {
    "customer": ("user.name", "user.unique_id", "business.customer"),
    "party": ("user.name", "user.unique_id", "business.customer"),
    "person": ("user.name", "user.unique_id", "user.content"),
    "company": ("user.contact.organization", "business.customer", "business.customer"),
    "supplier": ("business.supplier", "business.supplier", "business.supplier"),
    "product": ("business.product", "business.product", "business.product.description"),
    "order": ("business.order", "business.order", "business.note"),
    "line": ("business.product", "business.order", "business.product.description"),
    "invoice": ("business.invoice", "business.invoice", "business.invoice"),
    "delivery": ("business.delivery", "business.delivery", "business.delivery"),
    "carrier": ("business.delivery.carrier", "business.delivery.carrier", "business.delivery.carrier"),
    "contract": ("business.contract", "business.contract", "business.contract"),
    "production": ("business.production", "business.production", "business.production"),
    "machine": ("business.machine", "business.machine", "business.machine"),
    "inventory": ("business.inventory.location", "business.inventory", "business.inventory"),
    "drawing": ("business.drawing", "business.drawing", "business.drawing"),
    "photo": ("business.photo", "business.photo", "business.photo"),
    "document": ("business.document", "business.document", "business.document"),
    "quality": ("business.quality", "business.quality", "business.quality"),
    "ticket": ("business.note", "business.identifier", "business.note"),
    "error": ("system.operations", "system.operations", "system.operations"),
    "place": ("user.contact.address", "user.contact.address", "user.contact.address"),
}
"""What the name, the id and the description of each kind of record are."""


def of_name(name: str, around: Sequence[str]) -> tuple[Reason, ...]:
    """Give the reasons that a name gives; `around` are the names above it, the nearest first, then the message's."""
    person = next(filter(None, map(record_of, around)), "") in {"customer", "party", "person"}
    found = fields_named(name)
    ends = {heard.end for heard in found if not heard.meaning.weak}
    last = words(name)[-1:]
    vague = bool(last) and last[0] in _VAGUE
    reasons = []
    for heard in found:
        reason = _heard(heard, name, person=person)
        if vague and heard.end == len(words(name)) - 1 and not heard.meaning.weak:
            reason = replace(reason, weight=max(reason.weight, TAIL))  # credit limit, in "credit_limit_amount"
        elif vague and heard.tail and heard.start in ends and heard.end - heard.start == 1:
            reason = replace(reason, weight=PART)
        reasons.append(reason)
    reasons += _by_record(name, around)
    if words(name)[-1:] in {("state",), ("estado",)} and "place" in map(record_of, around[:1]):
        reasons.append(Reason("user.contact.address.state", "a state beside an address", BESIDE))
    return tuple(reasons)


def _heard(heard: Heard, name: str, *, person: bool) -> Reason:
    meaning = heard.meaning
    last = words(name)[-1:]
    if meaning.weak and person and heard.whole and meaning.of.startswith("user."):
        weight = BESIDE
    elif meaning.weak:
        weight = WEAK if heard.whole or heard.tail else 1
    elif heard.whole:
        weight = WHOLE
    elif heard.tail and not (last and last[0] in _FLAGS and heard.end - heard.start < 2):  # noqa: PLR2004 - a word alone
        weight = TAIL
    elif last and last[0] in _FLAGS:
        weight = 1
    else:
        weight = PART
    return Reason(meaning.of, f'the name says "{meaning.phrase}"', weight)


def _by_record(name: str, around: Sequence[str]) -> Iterator[Reason]:
    """Give what a word that all records have means in this one."""
    pieces = words(name)
    if not pieces:
        return
    kind = next((place for place, known in enumerate((_NAMES, _IDS, _TEXTS)) if pieces[-1] in known), None)
    if kind is None:
        return
    own = record_of("_".join(pieces[:-1])) if len(pieces) > 1 else ""
    if not own and len(pieces) > 1:
        return  # "batch id", "trace id": of something that is no record
    record = own or next(filter(None, map(record_of, around)), "")
    if record in _BY_RECORD:
        yield Reason(_BY_RECORD[record][kind], f'the name says "{pieces[-1]}", in a record of kind "{record}"', BESIDE)
