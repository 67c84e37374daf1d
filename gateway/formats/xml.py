"""XML bodies: read into records with their customers, and written back with nothing else changed.

Promise: what no edit changes stays byte-identical: the declaration, prefixes, quotes and order of attributes, white
space, CDATA sections, comments, references. An edit replaces the text between two tags, or between an attribute's
quotes, or takes out an element, an attribute, a comment or an instruction; a comment within a text that is replaced
goes with it. A body with nothing to treat is the very same object.

Read twice: `xml_scan` cuts the body into pieces and knows where each value lies; expat says whether it is sound; lxml
follows selectors with conditions. Where they see different elements, the body is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from gateway.errors import Unreadable
from gateway.formats.document import Edits, Owner, Written
from gateway.formats.limits import BodyLimits
from gateway.formats.tally import Tally
from gateway.formats.xml_label import CUSTOMER
from gateway.formats.xml_layout import Layout
from gateway.formats.xml_leaf import Leaf
from gateway.formats.xml_path import Kind, Path
from gateway.formats.xml_plan import plans
from gateway.formats.xml_scan import Scan, pieces_of, scan
from gateway.formats.xml_selector import parse
from gateway.formats.xml_tag import SOAPS, attributes
from gateway.formats.xml_tree import counted, looked_up, search
from gateway.formats.xml_write import Writer

_BLANK = " \t\r\n"
_PARTS_DEPTH = 2  # the envelope, and its header and body


def read(body: bytes, layout: Layout, limits: BodyLimits) -> XmlDocument:
    """Read a body in UTF-8.

    Raises `Unreadable`: body-encoding, body-malformed, body-ambiguous, body-too-deep, body-too-large.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "the body is not UTF-8") from None
    document = layout.document(limits.depth)
    pieces = pieces_of(body, 2 * limits.values + 2)
    try:
        found = scan(pieces, document)
        if found.elements > limits.values or _crowded(body, limits.values):
            raise Unreadable("body-too-large", "too many elements, attributes or references in the body")
        if counted(body) != found.elements:
            raise Unreadable("body-ambiguous", "two parsers find different elements in the body")
        if layout.searching:
            listed = layout.record is not None
            more = search(body, found, layout.records, layout.searches, layout.around, listed=listed)
            if more.labels:
                found = scan(pieces, document, more)
        return XmlDocument(body, layout, document, found)
    finally:
        layout.forget()


def _crowded(body: bytes, most: int) -> bool:
    """Tell whether a body has too many attributes or numeric references, roughly counted."""
    attributes = body.count(b"=") > most and body.count(b'="') + body.count(b"='") > most
    return attributes or (body.count(b"&") > most and body.count(b"&#") > most)


class XmlDocument:
    """A body that was read and found sound; `customers` are those of its records, None for a stranger's."""

    def __init__(self, body: bytes, layout: Layout, document: Path, found: Scan) -> None:
        """Find the records and the customer of each. Raises `Unreadable`: body-ambiguous."""
        self.body = body
        self.layout = layout
        self._document = document
        self._scan = found
        self._records: list[tuple[int, int]] = []
        self.customers: Sequence[str | None] = self._find()

    def lookup(self, selector: str) -> str | int | None:
        """Give the text that a selector finds in the body, or the name that it asks for; None for more than one."""
        return looked_up(self.body, parse(selector), self.layout.namespaces)

    def write(self, records: Sequence[Edits], envelope: Edits, owners: Sequence[Owner] | None = None) -> Written:
        """Apply one `Edits` a record, and `envelope` to what stands around the records of a list.

        `owners` are handed to the edits instead of the names of the document's own customers.
        Raises `Unreadable`: body-encoding, for a treated value that XML can't hold.
        """
        owners = self.customers if owners is None else owners
        if len(records) != len(self.customers) or len(owners) != len(records):
            raise ValueError("one decision and one customer for each record")
        dialect, roots = self.layout.dialect, self._document.roots
        writer = Writer(self._scan, Tally(), typed=dialect.typed)
        for (first, last), edits, owner in zip(self._records, records, owners, strict=True):
            writer.treat(first, last, plans(edits, roots, dialect), owner)
        if self.layout.record is not None:
            around = plans(envelope, roots, dialect)
            for first, last in self._gaps():
                if first:
                    writer.tail(first - 1, around)
                writer.treat(first, last, around, None)
        return writer.written(self.body)

    def check_envelope(self) -> None:
        """Insist on a SOAP envelope (SOAP 1.1 section 4, 1.2 section 5). Raises `Unreadable`."""
        parts = [
            step.path.name
            for step in self._scan.steps
            if step.kind in {Kind.OPEN, Kind.EMPTY} and step.path.depth <= _PARTS_DEPTH
        ]
        spaces, names = {space for space, _ in parts[:1]}, [name for _, name in parts]
        if not spaces <= {*SOAPS} or names not in (["Envelope", "Body"], ["Envelope", "Header", "Body"]):
            raise Unreadable("body-wrong-type", "the body is no SOAP envelope with one body in it")
        if {space for space, _ in parts} != spaces:
            raise Unreadable("body-wrong-type", "a SOAP envelope with parts of another version")
        if any(step.kind is Kind.INSTRUCTION for step in self._scan.steps):
            raise Unreadable("body-malformed", "a processing instruction in a SOAP envelope")

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Give what stands between records."""
        size = len(self._scan.pieces)
        edges = [(-1, -1), *self._records, (size, size)]
        for (_, before), (after, _) in pairwise(edges):
            yield before + 1, after - 1

    def _find(self) -> list[str | None]:
        """Find the records; give the customers."""
        steps, listed = self._scan.steps, self.layout.record is not None
        if not listed:
            self._records = [(0, len(steps) - 1)]
        named: list[set[str]] = [] if listed else [set()]
        for at in self._scan.marks:
            path = steps[at].path
            if path.record and steps[at].kind is Kind.CLOSE:
                self._records[-1] = (self._records[-1][0], at)
                continue
            if path.record:
                self._records.append((at, at))
                named.append(set())
            if path.customer:
                named[-1].update(self._named(at, path))
        if any(len(one) > 1 for one in named):
            raise Unreadable("body-ambiguous", "a record names two customers")
        return [next(iter(one), None) for one in named]

    def _named(self, at: int, path: Path) -> list[str]:
        """Give the customers that an element names: none where it holds other elements, or nothing."""
        found, step = self._scan, self._scan.steps[at]
        values: list[str] = []
        for one in path.ends:
            if one.index != CUSTOMER:
                continue
            if one.attribute is not None:
                tag = found.pieces[at][: step.size]
                values += [each.value for each in attributes(tag, path.names) if one.attribute.fits(each.name)]
            elif step.kind is Kind.OPEN:
                end = found.run(at)
                if found.steps[end].kind is Kind.CLOSE:
                    values.append(Leaf(found.pieces, found.steps, at, end).value())
        return [value.strip(_BLANK) for value in values if value.strip(_BLANK)]
