"""Workbooks as a format of the catalogue: columns by the names in a sheet's header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.formats import csv_columns, xlsx
from gateway.formats.csv_dialect import Dialect
from gateway.formats.format import Lists, Option, Shape, agrees
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.zip_parts import LOCAL

_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_TYPES = frozenset(
    {
        f"{_OFFICE}sheet",
        f"{_OFFICE}template",
        "application/vnd.ms-excel.sheet.macroenabled.12",
        "application/vnd.ms-excel.template.macroenabled.12",
    }
)
_ANY_EXCEL = "application/vnd.ms-excel"  # the old format's; many systems send it with every workbook
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SHEET = re.compile(r"[^\x00-\x1f\x7f\[\]*/\\?:]{1,31}")


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message: the columns by name, the row that names them, the sheet (None: the first)."""

    columns: csv_columns.Layout
    header_row: int
    sheet: str | None
    keeps_others: bool


class Xlsx:
    """See `formats.xlsx`."""

    NAME: ClassVar[str] = "xlsx"
    BY_FIELDS: ClassVar[bool] = True
    LISTS: ClassVar[Lists] = "rows"
    EXAMPLE: ClassVar[str] = "Email"
    HELP: ClassVar[str] = "A workbook (Excel): each row of a sheet is a record, its columns are labelled by name."
    TEXT: ClassVar[bool] = False
    LIVE: ClassVar[bool] = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "sheet": Option("text", "the name of the sheet that is labelled; else it is the first"),
        "header_row": Option("integer", "the row that names the columns", default=1, minimum=1, maximum=1000),
        "other_sheets": Option(
            "choice",
            "whether a workbook with other sheets is refused, or they are kept as they are",
            default="refuse",
            choices=("refuse", "keep"),
        ),
    }

    def agree(self, media: MediaType, plain: bytes) -> None:
        """Check content type and first bytes. Raises `Unreadable`: body-wrong-type."""
        begins = plain.startswith(LOCAL)
        known = _TYPES | {_ANY_EXCEL} if begins else _TYPES
        agrees(media, plain, "a workbook (.xlsx, .xlsm)", known, lambda _: begins)

    def check(self, selector: str, *, singular: bool = False) -> bool:  # noqa: ARG002 - a column is one place
        """Check the name of a column."""
        if not _NAME.fullmatch(selector) or selector != selector.strip():
            raise ValueError("a column is selected by its name in the header")
        return True

    def layout(self, shape: Shape) -> Layout:
        """Compile what the catalogue says. ValueError for options or selectors that don't go together."""
        if shape.records is not None:
            raise ValueError("each row is a record by itself")
        sheet = shape.options.get("sheet")
        if sheet is not None and not _SHEET.fullmatch(sheet):
            raise ValueError("no sheet can have this name")
        return Layout(
            columns=csv_columns.layout(shape.fields, shape.customer, Dialect()),
            header_row=int(shape.options.get("header_row", 1)),
            sheet=sheet,
            keeps_others=shape.options.get("other_sheets") == "keep",
        )

    def read(self, body: bytes, layout: Any, limits: BodyLimits) -> xlsx.XlsxDocument:
        """Read a workbook. Raises `Unreadable`."""
        return xlsx.read(
            body, layout.columns, layout.header_row, layout.sheet, limits, keeps_others=layout.keeps_others
        )

    def cutter(self, layout: Any, limits: BodyLimits) -> None:
        """Give nothing: a workbook is read whole."""
