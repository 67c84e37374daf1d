"""Tables as a format of the catalogue: columns by name or number, `text/csv` and its kin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.formats import csv, csv_columns
from gateway.formats.csv_columns import Columns
from gateway.formats.csv_dialect import OPTIONS, RowEnds, dialect
from gateway.formats.format import Cutter, Lists, Option, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.portions import Portions

_TYPES = frozenset({
    "text/csv", "application/csv", "text/x-csv", "application/x-csv", "text/comma-separated-values",
    "text/tab-separated-values", "text/plain", "application/vnd.ms-excel",
})  # fmt: skip
_OTHER = re.compile(rb"[ \t\r\n]*[{\[<]|%PDF|PK\x03\x04|\xd0\xcf\x11\xe0|\x89PNG|\xff\xd8")
"""How bodies of other kinds begin."""
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class Csv:
    """See `formats.csv`."""

    NAME: ClassVar[str] = "csv"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "rows"
    EXAMPLE: ClassVar[str] = 'Email, or "#3" where there is no header'
    HELP: ClassVar[str] = "A table (CSV, TSV): each row is a record, its columns are labelled by name or number."
    TEXT: ClassVar[bool] = True
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = OPTIONS

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        agrees(media, plain, "a table", _TYPES, lambda body: not _OTHER.match(body))

    def check(self, selector: str, *, singular: bool = False) -> bool:  # noqa: ARG002 - a column is one place
        """Check the name of a column."""
        if not _NAME.fullmatch(selector) or selector != selector.strip():
            raise ValueError("a column is selected by its name in the header, or by its number")
        return True

    def layout(self, shape: Shape) -> csv_columns.Layout:
        """Compile what the catalogue says. ValueError for options or selectors that don't go together."""
        if shape.records is not None:
            raise ValueError("each row is a record by itself")
        return csv_columns.layout(shape.fields, shape.customer, dialect(shape.options), shape.options.get("names"))

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> csv.CsvDocument:
        """Read a body. Raises `Unreadable`: body-malformed, body-ambiguous, body-encoding, body-too-large."""
        return csv.read(body, layout, limits.values)

    def cutter(self, layout: Any, limits: BodyLimits) -> Cutter:
        """Give what cuts a stream into whole rows; the columns of the first portion are those of all."""
        columns: Columns | None = None
        begun = False

        def next_rows(text: bytes) -> csv.CsvDocument:
            nonlocal columns, begun
            document = csv.read(text, layout, limits.values, columns, begun=begun)
            columns, begun = columns or document.columns, True
            return document

        return Portions(next_rows, RowEnds(layout.dialect), limits.size)
