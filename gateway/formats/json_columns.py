"""Treating a table of records: one column at a time, with one call of decoder and encoder for all of its values.

Whatever is not a plain scalar in all records (an absent member, a whole object, a number with a fraction) goes value by
value through the walk, which does the same to any value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import chain, compress
from operator import is_, is_not
from typing import Any

import msgspec
from msgspec import Raw

from gateway.formats.document import Owner, Signal
from gateway.formats.json_pattern import Way
from gateway.formats.json_plan import Plan
from gateway.formats.json_table import Table
from gateway.formats.json_walk import Walk
from gateway.formats.rows import Rows

_COLUMN = msgspec.json.Decoder(list[str | int | float | bool | None])
_ENCODER = msgspec.json.Encoder()
_RARE = {Signal, Decimal}
"""What an edit may make that isn't written as it is."""
_FEW = 3
"""So many values are treated faster one by one."""


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


class Columns:
    """A table while it is treated; `changed` tells whether any value was. The table itself stays as it is."""

    def __init__(self, table: Table, walk: Walk, owners: Sequence[Owner]) -> None:
        """Take the table, the walk that treats single values and counts, and the records' owners."""
        self.table = table
        self.walk = walk
        self.owners = owners
        self.columns: list[Sequence[bytes]] = list(table.columns)
        self.changed = False
        self._gone: dict[int, set[int]] = {}

    def treat(self, places: Mapping[int, Mapping[Way, Plan]], keys: Sequence[int]) -> None:
        """Treat all records: `keys` tell, for each, which of the `places` are its own, if any. Raises `UncutError`."""
        if len(keys) <= _FEW:
            self._few(places, keys)
            return
        rows, distinct = Rows(keys, self.owners), dict.fromkeys(keys)
        for way, group in self.table.pattern.groups.items():
            below = {key: places[key].get(way) if key in places else None for key in distinct}
            if any(below.values()):
                column = self._together(below, rows, group - 1) or self._each(below, keys, way, group - 1)
                if column is not self.columns[group - 1]:
                    self.columns[group - 1] = column
                    self.changed = True

    def rows(self) -> bytes:
        """Put the records together again, with the commas between them."""
        columns = self._closed_up() if self._gone else self.columns
        return b"".join(chain.from_iterable(zip(*columns, strict=True)))

    def _together(self, below: Mapping[int, Plan | None], rows: Rows, number: int) -> Sequence[bytes] | None:
        """Treat a column of scalars of the ordinary kinds; None where there are others."""
        texts = self.columns[number]
        if not all(map(_by_value, below.values())) or (old := scalars(texts)) is None:
            return None
        made = rows.treated({key: None if plan is None else plan.edit for key, plan in below.items()}, old)
        if made is old:
            return texts
        if set(map(type, made)) & _RARE:
            return None
        same = list(map(is_, made, old))
        if all(same):
            return texts
        written = _ENCODER.encode_lines(made).split(b"\n")  # JSON text holds no line break of its own
        written.pop()
        for key, count in Counter(compress(rows.keys, map(is_not, made, old))).items():
            plan = below[key]
            assert plan is not None  # who is kept changes nothing
            self.walk.touch(plan, count)
        if any(same):
            return [text if kept else new for kept, text, new in zip(same, texts, written, strict=True)]
        return written

    def _few(self, places: Mapping[int, Mapping[Way, Plan]], keys: Sequence[int]) -> None:
        """Treat a few records, place by place."""
        groups = self.table.pattern.groups
        for row, (key, owner) in enumerate(zip(keys, self.owners, strict=True)):
            self.walk.owner = owner
            for way, plan in places[key].items() if key in places else ():
                number = groups[way] - 1
                old = self.columns[number][row]
                new = self._one(plan, way, number, row, old)
                if new is not old:
                    column = list(self.columns[number])
                    column[row] = new
                    self.columns[number] = column
                    self.changed = True

    def _each(self, below: Mapping[int, Plan | None], keys: Sequence[int], way: Way, number: int) -> Sequence[bytes]:
        """Treat one value of a column at a time."""
        texts = self.columns[number]
        made: list[bytes] = []
        for row, (text, key, owner) in enumerate(zip(texts, keys, self.owners, strict=True)):
            plan = below[key]
            self.walk.owner = owner
            made.append(text if plan is None else self._one(plan, way, number, row, text))
        return texts if all(map(is_, made, texts)) else made

    def _one(self, plan: Plan, way: Way, number: int, row: int, text: bytes) -> bytes:
        """Treat one value: the same text back where nothing changes; what is absent stays absent."""
        if not text:
            return text
        raw = Raw(text)
        new = self.walk.scalar(plan, raw) if plan.end and text[0] not in b"{[" else self.walk.treat(plan, raw)
        if new is raw:
            return text
        if new is not Signal.REMOVE and new is not Signal.DROP:
            return _ENCODER.encode(new)
        if not self.table.pattern.cuts[way]:
            raise UncutError(way)
        self._gone.setdefault(number, set()).add(row)
        return b""

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


def _by_value(plan: Plan | None) -> bool:
    """Tell whether a place is kept, or one for scalars alone."""
    return plan is None or (plan.end and plan.edit is not None)


def _drop_last_comma(columns: Sequence[list[bytes]], row: int) -> None:
    """Take the comma from the end of what stands before, if there is one; white space goes with it."""
    for column in reversed(columns):
        if column[row]:
            text = column[row].rstrip(b" \t\r\n")
            if text.endswith(b","):
                column[row] = text[:-1]
            return
