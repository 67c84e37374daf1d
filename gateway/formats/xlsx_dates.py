"""Dates of a workbook: numbers of days that a style shows as dates (ECMA-376 part 1, sections 18.8.30 and 18.17.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from gateway.formats.xlsx_names import MAIN
from gateway.formats.xlsx_part import XmlPart

_BUILT_IN = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})  # with days; not those of times alone
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_FIRST, _LAST = 61, 2_950_000  # before: a day that never was; after: beyond the year 9900
_SECONDS = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """The numbers of the cell styles that show dates, and the day that is counted from."""

    styles: frozenset[str]
    from_1904: bool

    def read(self, number: int | Decimal) -> str | int | Decimal:
        """Write a number of days as an ISO 8601 date, with its time where it has one; others stay numbers."""
        least = 0 if self.from_1904 else _FIRST
        if not least <= number < _LAST:
            return number
        whole = int(number)
        day = (_EPOCH_1904 if self.from_1904 else _EPOCH) + timedelta(days=whole)
        seconds = round((number - whole) * _SECONDS)
        if not seconds:
            return day.isoformat()
        return (datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)).isoformat()  # noqa: DTZ001 - it has no zone


def dates_of(styles: XmlPart | None, *, from_1904: bool) -> Dates:
    """Tell which styles show dates."""
    if styles is None:
        return Dates(frozenset(), from_1904)
    formats: dict[str, bool] = {str(number): True for number in _BUILT_IN}
    for one in styles.root.all():
        if one.name == (MAIN, "numFmt"):
            plain = _LITERAL.sub("", one.get("formatCode") or "").lower()
            formats[one.get("numFmtId") or ""] = "d" in plain or "y" in plain
    cells = next((one.children for one in styles.root.children if one.name == (MAIN, "cellXfs")), [])
    shown = (str(index) for index, one in enumerate(cells) if formats.get(one.get("numFmtId") or ""))
    return Dates(frozenset(shown), from_1904)
