"""JSON bodies (RFC 8259): read into records with their customers, and written back with nothing else changed.

Only what labels lead to is ever opened; all the rest stays the bytes that arrived. Bodies of a shape that was seen
before are read in one pass (`json_mould`, `json_cast`), others by a walk (`json_scan`, `json_walk`): both do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from gateway.formats.document import Edits, Signal, Spot, Touch, Written
from gateway.formats.json_cast import Hand, column, find, find_alike, text
from gateway.formats.json_layout import Layout, layout
from gateway.formats.json_mould import Cast, Mould
from gateway.formats.json_scan import check_syntax, check_text
from gateway.formats.json_value import NoScalarError, decode
from gateway.formats.json_walk import Value, Walk
from gateway.formats.selector import ANY, Selector, Step

__all__ = ["JsonDocument", "Layout", "layout", "read"]

_ENCODER = msgspec.json.Encoder()


def read(body: bytes, layout: Layout, max_depth: int = 64) -> JsonDocument:
    """Read a body. Raises `Unreadable`: body-encoding, body-not-json, body-duplicate-key, body-too-deep."""
    check_text(body)
    cast = layout.caster.cast(body, max_depth) if layout.plain else None
    if cast is None:
        check_syntax(body, max_depth)
        if layout.plain:
            layout.caster.teach(body)
    return JsonDocument(body, layout, cast)


class JsonDocument:
    """A body that was read and found sound; `customers` are those of its records, None for a stranger's."""

    def __init__(self, body: bytes, layout: Layout, cast: Cast | None = None) -> None:
        """Find the records, and the customer of each. `cast` is the body in its mould, where it fits one."""
        self.body = body
        self.layout = layout
        self._root = Raw(body)
        self._walk = Walk()
        self._cast = cast
        self._records: list[Raw] = []
        if cast is None or (customers := _cast_customers(cast, layout)) is None:
            self._cast = None
            steps = layout.records
            self._records = [self._root] if steps is None else self._find(self._root, steps)
            customers = [self._customer(record) for record in self._records]
        self.customers: Sequence[str | None] = customers

    def lookup(self, selector: Selector) -> str | int | None:
        """Give the text or whole number that a singular selector finds in the body; None for anything else."""
        found = self._find(self._root, selector.steps)
        value = _scalar(found[0]) if found and selector.singular else None
        return value if isinstance(value, str | int) and not isinstance(value, bool) else None

    def write(
        self, records: Sequence[Edits], envelope: Edits, customers: Sequence[str | None] | None = None
    ) -> Written:
        """Apply one `Edits` a record, and `envelope` to what stands around the records of a list.

        `customers` are handed to the edits instead of the document's own, where they were found outside of the body.
        """
        owners = self.customers if customers is None else customers
        walk = Walk(opened=self._walk.opened)
        if self._cast is not None:
            cast, self._cast = self._cast, None  # treated in place: good for one writing
            self._records = []
            return self._write_cast(cast, walk, records, owners, envelope)
        if not self._records:
            self._records = [self._root] if self.layout.records is None else self._find(self._root, self.layout.records)
        for record, customer, edits in zip(self._records, owners, records, strict=True):
            plan = self.layout.plan(record, edits)
            if plan is not None:
                walk.customer = customer
                walk.replaced[id(record)] = walk.treat(plan, record)
        walk.customer = None
        around = self.layout.plan_around(envelope)
        if self.layout.envelope is None:
            changed = walk.replaced.get(id(self._root), self._root)
        else:
            changed = self._root if around is None else walk.treat(around, self._root)
        return self._written(walk, changed, same=changed is self._root)

    def _write_cast(
        self, cast: Cast, walk: Walk, records: Sequence[Edits], owners: Sequence[str | None], envelope: Edits
    ) -> Written:
        """Do as `write`, to a body in its mould."""
        hand = Hand(walk)
        changed: Value = cast.value
        alike: dict[tuple[int, int], list[tuple[Any, Mould | None, str | None, Edits]]] = {}
        for (record, mould), owner, edits in zip(_cast_records(cast, self.layout), owners, records, strict=True):
            alike.setdefault((id(edits), id(mould)), []).append((record, mould, owner, edits))
        for group in alike.values():
            _, mould, _, edits = group[0]
            plan = self.layout.plan(self._root, edits)
            if plan is not None:
                hand.records(plan, [record for record, *_ in group], mould, [owner for _, _, owner, _ in group])
        around = self.layout.plan_around(envelope)
        if self.layout.envelope is None:
            changed = walk.replaced.get(id(cast.value), cast.value)
        elif around is not None:
            changed = hand.treat(around, cast.value, cast.mould, None)
        return self._written(walk, changed, same=not hand.changed)

    def _written(self, walk: Walk, changed: Value, *, same: bool) -> Written:
        """Write the whole, and count what was touched, place by place."""
        body = self.body
        if not same:
            body = b"null" if changed is Signal.REMOVE else _ENCODER.encode(changed)
        counts: Counter[tuple[Edits, Spot, str]] = Counter()
        for touched, count in Counter(walk.touched).items():
            counts[touched.edits, touched.spot, touched.pointer] += count
        touches = tuple(Touch(edits, spot, pointer, count) for (edits, spot, pointer), count in counts.items())
        return Written(body, touches, tuple(walk.refused.values()))

    def _find(self, raw: Raw, steps: Sequence[Step]) -> list[Raw]:
        """Give the values at the end of some steps, in the body's order; what was opened on the way stays open."""
        found = [raw]
        for step in steps:
            onward: list[Raw] = []
            for value in found:
                inside = self._walk.open(value)
                if inside is None:
                    continue
                self._walk.opened[id(value)] = inside
                if step is ANY:
                    onward += inside.values() if isinstance(inside, dict) else inside
                elif isinstance(inside, dict):
                    if isinstance(step, str) and step in inside:
                        onward.append(inside[step])
                elif isinstance(step, int) and -len(inside) <= step < len(inside):
                    onward.append(inside[step])
            found = onward
        return found

    def _customer(self, record: Raw) -> str | None:
        steps = self.layout.customer
        found = [] if steps is None else self._find(record, steps)
        return _identity(_scalar(found[0])) if found else None


def _cast_records(cast: Cast, layout: Layout) -> list[tuple[Any, Any]]:
    """Give the records of a body in its mould, each with its own."""
    return [(cast.value, cast.mould)] if layout.records is None else find(cast, layout.records)


def _cast_customers(cast: Cast, layout: Layout) -> list[str | None] | None:
    """Give the customers of a body in its mould; None where a record is null, which a mould can't tell from others."""
    records = _cast_records(cast, layout)
    if any(record is None for record, _ in records):
        return None
    if layout.customer is None:
        return [None] * len(records)
    together = find_alike([record for record, _ in records], records[0][1], layout.customer) if records else []
    if together is not None and (values := column(together)) is not None:
        return [_identity(value) for value in values]
    found = [find(Cast(record, mould), layout.customer) if mould else [] for record, mould in records]
    return [_identity(_scalar(text(values[0][0]))) if values else None for values in found]


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
