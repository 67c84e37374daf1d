"""How one XML message is read: its labels, its records and where a record names its customer; compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.formats.format import Shape
from gateway.formats.xml_label import CUSTOMER, KNOWN, RECORD, STRUCTURE, Label, Uris, label, overlaps
from gateway.formats.xml_path import Path, Roots
from gateway.formats.xml_plan import Dialect
from gateway.formats.xml_selector import Selector, parse
from gateway.formats.xml_tree import Search

_MOST_LEARNED = 2000
"""Paths that a message keeps from one body to the next."""


@dataclass(slots=True, eq=False, repr=False)
class Layout:
    """A compiled message. `searches`, `around` and `records` are the selectors with conditions, lxml follows them.

    What paths have learned is kept for the next body, and forgotten where bodies differ too much.
    """

    dialect: Dialect
    namespaces: Uris
    fields: Sequence[Label]
    envelope: Sequence[Label] = ()
    record: Label | None = None
    searches: Sequence[Search] = ()
    around: Sequence[Search] = ()
    records: Search | None = None
    _known: Path | None = field(default=None)

    @property
    def searching(self) -> bool:
        """Tell whether any selector has conditions."""
        return bool(self.searches or self.around or self.records)

    def document(self, depth: int) -> Path:
        """Give the path above the root element, with what is known below it."""
        known = self._known
        if known is None or known.roots.depth != depth or known.roots.paths > _MOST_LEARNED:
            known = self._known = Roots(self.fields, self.envelope, self.record, depth).document()
        return known

    def forget(self) -> None:
        """Let go of what was learned, where it is too much."""
        if self._known is not None and self._known.roots.paths > _MOST_LEARNED:
            self._known = None


def layout(
    shape: Shape,
    dialect: Dialect,
    builtin: Mapping[str, tuple[str, ...]],
    kept: Sequence[str],
    known: Sequence[str] = (),
) -> Layout:
    """Compile a message's selectors; `builtin` are prefixes that need no declaration, `kept` names that are no values.

    `known` are texts whose elements stay where nobody labelled them, so that what is left is still such a message.

    ValueError says why they can't be used: unknown prefixes, a customer that may be many, a field of a list's envelope
    that covers its records, too many conditions.
    """
    written: Mapping[str, str] = shape.options.get("namespaces") or {}
    namespaces: Uris = {**builtin, **{prefix: tuple(uris.split()) for prefix, uris in written.items()}}
    for prefix, uris in namespaces.items():
        if not uris:
            raise ValueError(f"the prefix {prefix} stands for no namespace")
    maker = _Maker(namespaces)
    structure = [maker.selector(text) for text in (*kept, *(shape.options.get("structure") or ()))]
    fields = [maker.selector(text) for text in shape.fields]
    labels = maker.labels(enumerate(fields))
    if shape.customer is not None:
        customer = maker.selector(shape.customer)
        if not customer.singular:
            raise ValueError(f"the customer {shape.customer} can find several values; name one place")
        labels += maker.labels([(CUSTOMER, customer)])
    if not all(each.plain for each in structure):
        raise ValueError("what is kept as structure is named without conditions")
    names = [label(STRUCTURE, each, namespaces) for each in structure]
    names += [label(KNOWN, parse(text), namespaces) for text in known]
    searches, maker.searches = maker.searches, []
    made = Layout(dialect, namespaces, [*labels, *names], searches=searches)
    if shape.records is None:
        return made
    records = maker.selector(shape.records)
    if records.tail != "element":
        raise ValueError("records are elements")
    record = maker.labels([(RECORD, records)])[0]
    made = replace(made, record=record, records=maker.searches[0] if maker.searches else None)
    maker.searches = []
    around = maker.labels(enumerate(maker.selector(text) for text in shape.envelope))
    if any(overlaps(each, record) for each in around):
        raise ValueError("a field of the list's envelope reaches into its records; label it in the record")
    return replace(made, envelope=[*around, *names], around=maker.searches)


class _Maker:
    """Makes labels; selectors with conditions are made ready for lxml as well."""

    def __init__(self, namespaces: Uris) -> None:
        self.namespaces = namespaces
        self.searches: list[Search] = []

    def selector(self, text: str) -> Selector:
        found = parse(text)
        if found.named:
            raise ValueError(f"{text} is the name of a place; it can tell a request, but holds no value")
        return found

    def labels(self, selectors: Iterable[tuple[int, Selector]]) -> list[Label]:
        made = []
        for index, each in selectors:
            one = label(index, each, self.namespaces)
            made.append(one)
            if not each.plain:
                self.searches.append(Search(one, each, self.namespaces))
        return made
