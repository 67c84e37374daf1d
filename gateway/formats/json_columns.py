"""Treating a table of records: one column at a time, with one call of decoder and encoder for all of its values.

Whatever is not a plain scalar for all records of a decision (an absent member, a whole object, a number with a
fraction) goes value by value through the walk, which does the same to any value.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, compress
from operator import is_
from typing import Any

import msgspec
from msgspec import Raw

from gateway.formats.document import Signal, Whole
from gateway.formats.json_pattern import Way
from gateway.formats.json_plan import Plan
from gateway.formats.json_shape import ObjectShape, Shape
from gateway.formats.json_table import Table
from gateway.formats.json_walk import Walk

_COLUMN = msgspec.json.Decoder(list[str | int | float | bool | None])
_ENCODER = msgspec.json.Encoder()
_RARE = frozenset({Signal, Decimal})
"""What an edit may make that isn't written as it is."""


class UncutError(Exception):
    """A member is to go that was cut without its name: the table must be made again."""

    def __init__(self, way: Way) -> None:
        """Take the place."""
        super().__init__()
        self.way = way


def scalars(texts: Sequence[bytes]) -> list[Any] | None:
    """Decode a column of texts at once; None where one isn't there, or is no text, whole number, boolean or null."""
    try:
        values = _COLUMN.decode(b"[" + b",".join(texts) + b"]")
    except msgspec.DecodeError:
        return None
    return None if len(values) != len(texts) or float in set(map(type, values)) else values


def wanted(plan: Plan | None, shape: Shape | None, way: Way = ()) -> dict[Way, bool]:
    """Give the places where a plan does anything to a record; True where it may remove them."""
    if plan is None:
        return {}
    if not isinstance(shape, ObjectShape) or plan.end or not plan.passage or not plan.objects:
        return {way: plan.edit is not None and plan.edit.whole is Whole.REMOVE}
    found: dict[Way, bool] = {}
    for member in shape.members:
        found |= wanted(plan.names.get(member.name, plan.member), member.shape, (*way, member.name))
    return found


class Columns:
    """A table while it is treated; `changed` tells whether any value was."""

    def __init__(self, table: Table, walk: Walk) -> None:
        """Take the table, which stays as it is, and the walk that treats single values and counts."""
        self.table = table
        self.walk = walk
        self.columns: list[Sequence[bytes]] = list(table.columns)
        self.changed = False
        self._gone: dict[int, set[int]] = {}

    def treat(self, plan: Plan, owners: Sequence[str | None], chosen: Sequence[bool] | None) -> None:
        """Treat the records of one plan: all of them, or those `chosen`."""
        for way, group in self.table.pattern.groups.items():
            below: Plan | None = plan
            for name in way:
                below = below.names.get(name, below.member) if below else None
            if below is not None:
                self._column(below, way, group - 1, owners, chosen)

    def rows(self) -> bytes:
        """Put the records together again, with the commas between them."""
        columns = self._closed_up() if self._gone else self.columns
        return b"".join(chain.from_iterable(zip(*columns, strict=True)))

    def _column(
        self, plan: Plan, way: Way, number: int, owners: Sequence[str | None], chosen: Sequence[bool] | None
    ) -> None:
        """Treat one column."""
        before = self.columns[number]
        texts = before if chosen is None else list(compress(before, chosen))
        who = owners if chosen is None else list(compress(owners, chosen))
        after = self._together(plan, texts, who) if plan.end and plan.edit else None
        if after is None:
            after = self._each(plan, way, number, texts, who, chosen)
        if after is texts:
            return
        self.changed = True
        if chosen is not None:
            treated = iter(after)
            after = [next(treated) if mine else text for mine, text in zip(chosen, before, strict=True)]
        self.columns[number] = after

    def _together(self, plan: Plan, texts: Sequence[bytes], owners: Sequence[str | None]) -> Sequence[bytes] | None:
        """Treat scalars of the ordinary kinds; None where there are others."""
        old = scalars(texts)
        if old is None or plan.edit is None:
            return None
        new: list[Any] = list(map(plan.edit.value, old, owners))
        same = list(map(is_, new, old))
        if all(same):
            return texts
        if not _RARE.isdisjoint(map(type, new)):
            return None
        made = _ENCODER.encode_lines(new).split(b"\n")  # JSON text holds no line break of its own
        made.pop()
        if any(same):
            made = [text if kept else written for kept, text, written in zip(same, texts, made, strict=True)]
        self.walk.touched[plan] += len(same) - sum(same)
        return made

    def _each(
        self,
        plan: Plan,
        way: Way,
        number: int,
        texts: Sequence[bytes],
        owners: Sequence[str | None],
        chosen: Sequence[bool] | None,
    ) -> Sequence[bytes]:
        """Treat one value at a time; absent ones stay absent."""
        after: list[bytes] = []
        gone: list[bool] = []
        same = True
        for text, owner in zip(texts, owners, strict=True):
            raw = Raw(text)
            self.walk.customer = owner
            new = self.walk.treat(plan, raw) if text else raw
            same = same and new is raw
            gone.append(new is Signal.REMOVE)
            after.append(text if new is raw else b"" if new is Signal.REMOVE else _ENCODER.encode(new))
        if True in gone:
            self._remove(way, number, gone, chosen)
        return texts if same else after

    def _remove(self, way: Way, number: int, gone: Sequence[bool], chosen: Sequence[bool] | None) -> None:
        """Note members that are gone; their names and commas follow when all is put together."""
        if not self.table.pattern.cuts[way]:
            raise UncutError(way)
        going = iter(gone)
        everywhere = gone if chosen is None else [mine and next(going) for mine in chosen]
        self._gone.setdefault(number, set()).update(row for row, goes in enumerate(everywhere) if goes)

    def _closed_up(self) -> list[list[bytes]]:
        """Take out names and commas of members that are gone: the comma behind, or the one before the last member."""
        columns = [list(column) for column in self.columns]
        for number in sorted(self._gone):
            names, commas = columns[number - 1], columns[number + 1]
            for row in self._gone[number]:
                last = not commas[row].startswith(b",")
                names[row] = commas[row] = b""
                if last:
                    _drop_last_comma(columns[:number], row)
        return columns


def _drop_last_comma(columns: Sequence[list[bytes]], row: int) -> None:
    """Take the comma from the end of what stands before, if there is one; white space goes with it."""
    for column in reversed(columns):
        if column[row]:
            text = column[row].rstrip(b" \t\r\n")
            if text.endswith(b","):
                column[row] = text[:-1]
            return
