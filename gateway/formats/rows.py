"""Treating a column of a table: rows that were decided alike share an edit, and are treated together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from gateway.formats.document import Edit, Owner, Scalar

_FEW = 6
"""So many kinds of rows are worth being picked out one kind after the other."""


class Rows:
    """The rows of a table: `keys` tell, row by row, which decision is meant, `owners` whose it is."""

    def __init__(self, keys: Sequence[int], owners: Sequence[Owner]) -> None:
        """Take what is the same for all columns."""
        self.keys = keys
        self.owners = owners
        self._chosen: dict[int, list[bool]] = {}

    def treated(self, edits: Mapping[int, Edit | None], values: Sequence[Scalar]) -> Sequence[Any]:
        """Give what the edits, by key, make of a column: scalars, or signals; the very same sequence where all stay.

        A value that stays is the same object.
        """
        if len(edits) == 1:
            return _alike(next(iter(edits.values())), values, self.owners)
        if len(edits) > _FEW:
            each = (edits[key] for key in self.keys)
            return [
                value if edit is None else edit.value(value, owner)
                for edit, value, owner in zip(each, values, self.owners, strict=True)
            ]
        made, same = {}, True
        for key, edit in edits.items():
            chosen = self._rows(key)
            old = list(compress(values, chosen))
            new = _alike(edit, old, () if edit is None or edit.many else list(compress(self.owners, chosen)))
            made[key], same = iter(new), same and new is old
        return values if same else list(map(next, map(made.__getitem__, self.keys)))

    def _rows(self, key: int) -> list[bool]:
        """Tell which rows have a key."""
        if key not in self._chosen:
            self._chosen[key] = list(map(key.__eq__, self.keys))
        return self._chosen[key]


def _alike(edit: Edit | None, values: Sequence[Scalar], owners: Sequence[Owner]) -> Sequence[Any]:
    """Treat values by one edit."""
    if edit is None:
        return values
    return list(map(edit.value, values, owners)) if edit.many is None else edit.many(values)
