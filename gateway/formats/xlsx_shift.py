"""Formulas that cells share, written out for one of them: references move (ECMA-376 part 1, section 18.3.1.40)."""

from __future__ import annotations

import re

from gateway.formats.csv_grid import MOST_COLUMNS
from gateway.formats.xlsx_said import MOST_ROWS, column

_PIECE = re.compile(
    r"""("(?:[^"]|"")*+"|'(?:[^']|'')*+'|\[(?:[^\[\]]|\[[^\[\]]*+\])*+\])     # a text, a sheet, a part of a table
    |(?<![\w.$])(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})(?![\w.(!])              # a cell
    |(?<![\w.$])(\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3})(?![\w.(!$])         # columns
    |(?<![\w.$])(\$?)([0-9]{1,7}):(\$?)([0-9]{1,7})(?![\w.(!$])               # rows""",
    re.VERBOSE,
)


def shifted(formula: str, right: int, down: int) -> str:
    """Write a formula for the cell so many columns to the right and rows down; what is beyond the sheet is #REF!."""

    def moved(found: re.Match[str]) -> str:
        text, a, letters, b, digits, c, first, d, last, e, top, f, bottom = found.groups()
        if text is not None:
            return text
        if letters is not None:
            across, along = _across(a, letters, right), _along(b, digits, down)
            return f"{across}{along}" if across and along else "#REF!"
        if first is not None:
            ends = _across(c, first, right), _across(d, last, right)
        else:
            ends = _along(e, top, down), _along(f, bottom, down)
        return ":".join(ends) if all(ends) else "#REF!"

    return _PIECE.sub(moved, formula)


def _across(fixed: str, letters: str, right: int) -> str:
    number = column(letters.upper()) + (0 if fixed else right)
    if not 1 <= number <= MOST_COLUMNS:
        return ""
    made = ""
    while number:
        number, left = divmod(number - 1, 26)
        made = chr(ord("A") + left) + made
    return fixed + made


def _along(fixed: str, digits: str, down: int) -> str:
    number = int(digits) + (0 if fixed else down)
    return f"{fixed}{number}" if 1 <= number <= MOST_ROWS else ""
