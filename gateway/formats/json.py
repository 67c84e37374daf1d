"""JSON bodies (RFC 8259): read into records with their customers, and written back with nothing else changed.

Only what labels lead to is ever opened; all the rest stays the bytes that arrived. Bodies of a shape that was seen
before are taken apart at once (`json_table`, `json_columns`), others walked through (`json_scan`, `json_walk`): both do
the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from gateway.formats.document import Edits, Owner, Signal, Spot, Touch, Written
from gateway.formats.json_columns import Columns, UncutError, scalars
from gateway.formats.json_layout import Layout, layout
from gateway.formats.json_pattern import Way
from gateway.formats.json_reach import reach
from gateway.formats.json_scan import check_count, check_syntax, check_text
from gateway.formats.json_table import Table, united
from gateway.formats.json_value import NoScalarError, decode
from gateway.formats.json_walk import Walk
from gateway.formats.selector import parse

__all__ = ["JsonDocument", "Layout", "layout", "read"]

_ENCODER = msgspec.json.Encoder()
_SPACE = b" \t\r\n"
_ATTEMPTS = 4
"""How often a table is cut anew before the body is walked through instead."""


def read(body: bytes, layout: Layout, max_depth: int = 64, max_values: int = 1_000_000) -> JsonDocument:
    """Read a body.

    Raises `Unreadable`: body-encoding, body-not-json, body-duplicate-key, body-too-deep, body-too-large (for values).
    """
    check_text(body)
    check_count(body, max_values)
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
        self._root = Raw(body.strip(_SPACE))  # what a value is, is told by its first byte
        self._walk = Walk()
        self._table = table
        self._records: list[Raw] = []
        self._names: dict[int, str] = {}
        if table is None:
            self._records = self._find_records()
            self.customers = [self._customer(record) for record in self._records]
        else:
            self.customers = _customers(table, layout.former.customer if layout.former else ())

    def lookup(self, selector: str) -> str | int | None:
        """Give the text or whole number that a singular selector finds in the body; None for anything else."""
        way = parse(selector)
        if not way.singular or not self._walk.find(self._root, way.steps):
            return None
        values = [_scalar(found) for found in self._walk.alike(self._root, way.steps)]
        value = values[0]
        if any((type(one), one) != (type(value), value) for one in values):
            return None  # readers who take one name for another find something else
        return value if isinstance(value, str | int) and not isinstance(value, bool) else None

    def write(self, records: Sequence[Edits], envelope: Edits, owners: Sequence[Owner] | None = None) -> Written:
        """Apply one `Edits` a record, and `envelope` to what stands around the records of a list.

        `owners` are handed to the edits instead of the names of the document's own customers.
        """
        owners = self.customers if owners is None else owners
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
            walk.owner = owner
            if plan is not None:
                walk.replaced[id(record)] = walk.hold(plan, record)
            if self.layout.called and id(record) in self._names:
                called, name = self.layout.plan_name(edits), self._names[id(record)]
                walk.renamed[id(record)] = name if called is None else walk.name(called, name)
        walk.owner = None
        changed = walk.replaced.get(id(self._root), self._root)
        around = self.layout.plan_around(envelope)
        if around is not None:
            changed = walk.hold(around, self._root)
        if changed is self._root:
            return _written(walk, self.body)
        return _written(walk, b"null" if changed is Signal.REMOVE else _ENCODER.encode(changed))

    def _write_table(
        self, table: Table, records: Sequence[Edits], owners: Sequence[Owner], envelope: Edits
    ) -> Written | None:
        """Do as `write`, column by column; None where a record is treated as a whole."""
        former = self.layout.former
        keys = list(map(id, records))
        plans = {
            key: self.layout.plan(self._root, edits) for key, edits in dict(zip(keys, records, strict=True)).items()
        }
        for _ in range(_ATTEMPTS):
            reaches = {key: reach(plan, table.pattern) for key, plan in plans.items() if plan is not None}
            places = {key: found.places for key, found in reaches.items() if found.places is not None}
            walk = Walk()
            columns = Columns(table, walk, owners)
            wants: dict[Way, bool] = {}
            try:
                if len(places) == len(reaches):
                    columns.treat(places, keys)
                    return _written(walk, self._around(table, columns, walk, envelope))
                for found in reaches.values():
                    wants = united(wants, found.wants)
            except UncutError as error:
                wants = {error.way: True}
            again = None if former is None or () in wants else former.cut(self.body, wants)
            if again is None:
                break
            table = again
        return None

    def _around(self, table: Table, columns: Columns, walk: Walk, envelope: Edits) -> bytes:
        """Treat what stands around the records, as a body of its own in which one value stands for all of them."""
        rows = columns.rows() if columns.changed else None
        around = self.layout.plan_around(envelope)
        if around is not None and self.layout.records is not None:
            frame = Raw((table.head + (b"0" if table.count else b"") + table.tail).strip(_SPACE))
            before = sum(walk.touched.values())
            for place in walk.find(frame, self.layout.records):
                walk.replaced[id(place)] = Raw(self.body[len(table.head) : -len(table.tail)] if rows is None else rows)
            walk.owner = None
            changed = walk.hold(around, frame)
            if sum(walk.touched.values()) > before:
                return b"null" if changed is Signal.REMOVE else _ENCODER.encode(changed)
        return self.body if rows is None else b"".join((table.head, rows, table.tail))

    def _find_records(self) -> list[Raw]:
        if self.layout.records is None:
            return [self._root]
        found = self._walk.find(self._root, self.layout.records)
        if self.layout.called or self.layout.by_name:
            for around in self._walk.find(self._root, self.layout.records[:-1]):
                inside = self._walk.open(around)  # the very one that the records come from
                if isinstance(inside, dict):
                    self._names.update((id(record), name) for name, record in inside.items())
        return found

    def _customer(self, record: Raw) -> str | None:
        if self.layout.by_name:
            return _identity(self._names.get(id(record)))
        steps = self.layout.customer
        found = [] if steps is None else self._walk.find(record, steps)
        if not found or steps is None:
            return None
        named = {_identity(_scalar(place)) for place in self._walk.alike(record, steps)}
        return named.pop() if len(named) == 1 else None  # where members that look alike name two, it is nobody's


def _customers(table: Table, way: Way) -> list[str | None]:
    """Give the customers of a table's records."""
    around = next((way[:end] for end in range(len(way), 0, -1) if way[:end] in table.pattern.groups), None)
    if around is None:
        return [None] * table.count  # no record of this shape has such a member
    texts = table.texts(around)
    values = scalars(texts) if around == way else None
    if values is not None:
        return values if set(map(type, values)) == {str} and "" not in values else list(map(_identity, values))
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
    counts: dict[tuple[Edits, Spot, str], int] = {}
    for plan, count in walk.touched.items():
        place = (plan.edits, plan.spot, plan.pointer)
        counts[place] = counts.get(place, 0) + count
    touches = tuple(Touch(edits, spot, pointer, count) for (edits, spot, pointer), count in counts.items())
    return Written(body, touches, tuple(walk.refused.values()))
