"""Tables in which every cell is quoted, and no quote is in a cell: most programs that quote at all write such ones.

They are taken apart at their quotes at once, whatever is inside of them; `csv_grid` does the same to any table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.formats.csv_dialect import Dialect
from gateway.formats.csv_grid import JOINT, MOST_COLUMNS, check_writable


@dataclass(frozen=True, slots=True, eq=False)
class QuotedGrid:
    """The same as `csv_grid.Grid`; `parts` are the text between quotes: every second is what a cell says."""

    dialect: Dialect
    parts: list[str]
    width: int
    count: int

    @property
    def flat(self) -> list[str]:
        """Give what the cells say, row after row."""
        return self.parts[1::2]

    def cells(self, column: int, start: int = 0) -> list[str]:
        """Give the cells of a column, from a row on."""
        return self.parts[2 * (start * self.width + column) + 1 :: 2 * self.width]

    def values(self, cells: list[str]) -> list[str | None]:
        """Give what cells say."""
        return list[str | None](cells)

    def all_written(self, texts: list[str], old: list[str]) -> list[str]:  # noqa: ARG002 - they were quoted, all of them
        """Write cells, as they stand between their quotes. Raises `Unreadable`: body-encoding."""
        quote, text = self.dialect.quote, JOINT.join(texts)
        if quote not in text and text.replace(JOINT, "").isprintable():
            return texts
        for one in texts:
            check_writable(one)
        return [one.replace(quote, quote + quote) for one in texts]

    def text(self, made: Mapping[int, list[str]], start: int) -> str:
        """Put the rows together again, with other cells in some columns, from a row on."""
        parts = self.parts.copy()
        for number, cells in made.items():
            parts[2 * (start * self.width + number) + 1 :: 2 * self.width] = cells
        return self.dialect.quote.join(parts)


def take_quoted(text: str, dialect: Dialect, width: int | None, most: int) -> QuotedGrid | None:
    """Take such a table apart; None for any other, and for one that is to be refused."""
    quote = dialect.quote
    if not quote or dialect.backslash or not text.startswith(quote):
        return None
    if len(text) > most and text.count(quote) > most:
        return None
    parts = text.split(quote)
    between, last = parts[2:-1:2], parts[-1]
    ends = {*between, last} - {dialect.delimiter}
    if not last:
        ends -= {""} if "" not in between else set()
    end = next(iter(ends), dialect.end)
    if (
        len(parts) % 2 == 0
        or len(ends) > 1
        or last not in {"", end}
        or end not in {dialect.end, "\r" * (dialect.end == "\n") + dialect.end}
    ):
        return None
    flat = parts[1::2]
    found = width or (between.index(end) + 1 if end in between else len(flat))
    count = len(flat) // found
    if found > MOST_COLUMNS or len(flat) != count * found:
        return None
    rows = between[found - 1 :: found]
    if rows.count(end) != count - 1 or between.count(end) != count - 1:
        return None
    return QuotedGrid(dialect, parts, found, count)
