"""JSON bodies (RFC 8259): read into records with their customers, and written back with nothing else changed.

Only what labels lead to is ever opened; all the rest stays the bytes that arrived. Bodies of a shape that was seen
before are taken apart at once (`json_table`, `json_columns`), others walked through (`json_scan`, `json_walk`): both do
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from gateway.formats.document import Edits, Signal, Spot, Touch, Written
from gateway.formats.json_columns import Columns, UncutError, scalars, wanted
from gateway.formats.json_layout import Layout, layout
from gateway.formats.json_scan import check_syntax, check_text
from gateway.formats.json_table import Table, united
from gateway.formats.json_value import NoScalarError, decode
from gateway.formats.json_walk import Walk
from gateway.formats.selector import Selector

__all__ = ["JsonDocument", "Layout", "layout", "read"]

_ENCODER = msgspec.json.Encoder()


def read(body: bytes, layout: Layout, max_depth: int = 64) -> JsonDocument:
    """Read a body. Raises `Unreadable`: body-encoding, body-not-json, body-duplicate-key, body-too-deep."""
    check_text(body)
    table = layout.former.form(body, max_depth) if layout.former else None
    if table is None:
        check_syntax(body, max_depth)
        if layout.former:
            layout.former.teach(body)
    return JsonDocument(body, layout, table)


class JsonDocument:
    """A body that was read and found sound; `customers` are those of its records, None for a stranger's."""

    def __init__(self, body: bytes, layout: Layout, table: Table | None = None) -> None:
        """Find the customer of each record. `table` is the body taken apart, where its shape is known."""
        self.body = body
        self.layout = layout
        self.customers: Sequence[str | None]
        self._root = Raw(body)
        self._walk = Walk()
        self._table = table
        self._records: list[Raw] = []
        if table is None:
            self._records = self._find_records()
            self.customers = [self._customer(record) for record in self._records]
        else:
            self.customers = _customers(table, layout)

    def lookup(self, selector: Selector) -> str | int | None:
        """Give the text or whole number that a singular selector finds in the body; None for anything else."""
        found = self._walk.find(self._root, selector.steps)
        value = _scalar(found[0]) if found and selector.singular else None
        return value if isinstance(value, str | int) and not isinstance(value, bool) else None

    def write(
        self, records: Sequence[Edits], envelope: Edits, customers: Sequence[str | None] | None = None
    ) -> Written:
        """Apply one `Edits` a record, and `envelope` to what stands around the records of a list.

        `customers` are handed to the edits instead of the document's own, where they were found outside of the body.
        """
        owners = self.customers if customers is None else customers
        if len(records) != len(self.customers) or len(owners) != len(records):
            raise ValueError("one decision and one customer for each record")
        if self._table is not None:
            written = self._write_table(self._table, records, owners, envelope)
            if written is not None:
                return written
            self._records = self._find_records()
        walk = Walk(opened=self._walk.opened)
        for record, owner, edits in zip(self._records, owners, records, strict=True):
            plan = self.layout.plan(record, edits)
            if plan is not None:
                walk.customer = owner
                walk.replaced[id(record)] = walk.treat(plan, record)
        walk.customer = None
        changed = walk.replaced.get(id(self._root), self._root)
        around = self.layout.plan_around(envelope)
        if around is not None:
            changed = walk.treat(around, self._root)
        if changed is self._root:
            return _written(walk, self.body)
        return _written(walk, b"null" if changed is Signal.REMOVE else _ENCODER.encode(changed))

    def _write_table(
        self, table: Table, records: Sequence[Edits], owners: Sequence[str | None], envelope: Edits
    ) -> Written | None:
        """Do as `write`, column by column; None where a record is treated as a whole."""
        former = self.layout.former
        distinct = {id(edits): edits for edits in records}
        plans = {key: self.layout.plan(self._root, edits) for key, edits in distinct.items()}
        ways: dict[tuple[str, ...], bool] = {}
        for plan in plans.values():
            ways = united(ways, wanted(plan, table.pattern.record))
        while former is not None and () not in ways:
            cut = former.cut(self.body, table, ways)
            if cut is None:
                break
            walk = Walk()
            columns = Columns(cut, walk)
            try:
                for key, plan in plans.items():
                    if plan is not None:
                        columns.treat(plan, owners, None if len(plans) == 1 else [id(each) == key for each in records])
            except UncutError as error:
                ways = united(ways, {error.way: True})
                continue
            return _written(walk, self._around(cut, columns, walk, envelope))
        return None

    def _around(self, table: Table, columns: Columns, walk: Walk, envelope: Edits) -> bytes:
        """Treat what stands around the records, as a body of its own in which one value stands for all of them."""
        rows = columns.rows() if columns.changed else b""
        around = self.layout.plan_around(envelope)
        if around is not None and self.layout.records is not None:
            frame = Raw(table.head + (b"0" if table.count else b"") + table.tail)
            before = walk.touched.total()
            for place in walk.find(frame, self.layout.records):
                walk.replaced[id(place)] = Raw(rows or columns.rows())
            walk.customer = None
            changed = walk.treat(around, frame)
            if walk.touched.total() > before:
                return b"null" if changed is Signal.REMOVE else _ENCODER.encode(changed)
        return b"".join((table.head, rows, table.tail)) if columns.changed else self.body

    def _find_records(self) -> list[Raw]:
        return [self._root] if self.layout.records is None else self._walk.find(self._root, self.layout.records)

    def _customer(self, record: Raw) -> str | None:
        steps = self.layout.customer
        found = [] if steps is None else self._walk.find(record, steps)
        return _identity(_scalar(found[0])) if found else None


def _customers(table: Table, layout: Layout) -> list[str | None]:
    """Give the customers of a table's records."""
    way = tuple(step for step in layout.customer or () if isinstance(step, str))
    around = next((way[:length] for length in range(1, len(way) + 1) if way[:length] in table.pattern.groups), None)
    if around is None:
        return [None] * table.count  # no record of this shape has such a member
    texts = table.texts(around)
    values = scalars(texts) if around == way else None
    if values is not None:
        return [_identity(value) for value in values]
    walk = Walk()
    found = [walk.find(Raw(text), way[len(around) :]) if text else [] for text in texts]
    return [_identity(_scalar(places[0])) if places else None for places in found]


def _identity(value: object) -> str | None:
    """Give a customer's id: text as it is, a whole number as its digits, so that 7 and "7" are one customer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def _scalar(raw: Raw) -> object:
    try:
        return decode(raw)
    except NoScalarError:
        return None


def _written(walk: Walk, body: bytes) -> Written:
    """Count what was touched, place by place."""
    counts: Counter[tuple[Edits, Spot, str]] = Counter()
    for touched, count in walk.touched.items():
        counts[touched.edits, touched.spot, touched.pointer] += count
    touches = tuple(Touch(edits, spot, pointer, count) for (edits, spot, pointer), count in counts.items())
    return Written(body, touches, tuple(walk.refused.values()))
