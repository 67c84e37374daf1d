"""Rows taken apart into cells, and put together again as they were: all at once, never row by row.

What stands inside of quotes is covered first: delimiters, line ends and escapes there give way to control characters,
which no table may hold itself. Then delimiters split cells, line ends split rows, and every row must be as long as the
first. What two readers could split in two ways is refused: a quote in an unquoted cell or not closed, anything between
a quote and the end of its cell, a carriage return that ends no line, a row of another length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from gateway.errors import Unreadable
from gateway.formats.csv_dialect import Dialect

CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\r")
"""Control characters that no table may hold: readers stop or split at some, and `COVERS` are among them."""

_DELIMITER, _LF, _CR, _SLASHES, _QUOTE, _END = "\x01\x02\x03\x04\x05\x06"
JOINT = "\x00"
_RUNS = {"\n": re.compile(r"(?:\r?\n)+"), "\r": re.compile(r"\r+")}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_UNWRITABLE = re.compile("[\x00-\x08\x0c\x0e-\x1f\ud800-\udfff]")
_FIRST, _LAST = itemgetter(0), itemgetter(-1)
_TELLING = 2
"""From so many columns on an empty line is not as long as a row."""
MOST_COLUMNS = 16_384  # as many as a spreadsheet has


@dataclass(slots=True, eq=False)
class Grid:
    """`flat` has the cells of all rows as they are written, what is inside of quotes covered, each row with its end.

    `ends` are the line ends (with the empty lines after each) where they aren't all `end`; `lead` are empty lines
    before the first. `closed`: the last row has an end. `quoted`: there are quotes or escapes.
    """

    dialect: Dialect
    flat: list[str]
    width: int
    count: int
    lead: str
    end: str
    ends: list[str] | None
    closed: bool
    quoted: bool

    def cells(self, column: int, start: int = 0) -> list[str]:
        """Give the cells of a column as they are written, from a row on."""
        return self.flat[start * (self.width + 1) + column :: self.width + 1]

    def values(self, cells: list[str]) -> list[str | None]:
        """Give what cells say."""
        if not self.quoted:
            return list[str | None](cells)
        quote, text = self.dialect.quote, JOINT.join(cells)
        if quote not in text and not self.dialect.backslash:
            return list[str | None](cells)
        plain = not self.dialect.backslash and text.count(quote) == 2 * len(cells) and _uncovered(text)
        if plain and text[0] == quote and text.count(JOINT + quote) == len(cells) - 1:
            return list[str | None](text[1:-1].split(quote + JOINT + quote))
        return [self.value(cell) for cell in cells]

    def value(self, cell: str) -> str | None:
        """Give what a cell says; None for the null of `escape: backslash`."""
        quote = self.dialect.quote
        if not quote or not cell.startswith(quote):
            return None if cell == "\\N" and self.dialect.backslash else cell
        text = cell[1:-1]
        if self.dialect.backslash:
            text = _ESCAPE.sub(r"\1", text).replace(_SLASHES, "\\").replace(_QUOTE, quote)
        else:
            text = text.replace(quote + quote, quote)
        return text.replace(_DELIMITER, self.dialect.delimiter).replace(_LF, "\n").replace(_CR, "\r")

    def written(self, text: str, *, quoted: bool) -> str:
        """Write a cell. Raises `Unreadable`: body-encoding, where the table has no way to write it."""
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        check_writable(text)
        special = any(one in text for one in (delimiter, quote or delimiter, "\r", "\n"))
        special = special or (self.dialect.backslash and "\\" in text) or (self.width == 1 and not text)
        if special and not quote:
            raise Unreadable("body-encoding", "a treated value can't be written in a table without quotes")
        if not quote or not (quoted or special or text != text.strip()):
            return text
        if self.dialect.backslash:
            text = text.replace("\\", _SLASHES).replace(quote, _QUOTE)
        else:
            text = text.replace(quote, quote + quote)
        return quote + text.replace(delimiter, _DELIMITER).replace("\n", _LF).replace("\r", _CR) + quote

    def all_written(self, texts: list[str], old: list[str]) -> list[str]:
        """Write a column of cells in the place of `old` ones: quoted where they were, or where they need it."""
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        text, before = JOINT.join(texts), JOINT.join(old) if self.quoted else ""
        ends = text.startswith(" ") or text.endswith(" ") or JOINT + " " in text or " " + JOINT in text
        easy = not ends and delimiter not in text and (not quote or quote not in text) and not self.dialect.backslash
        if easy and self.width > 1 and text.replace(JOINT, "").isprintable():
            if not quote or quote not in before:
                return texts
            if before[0] == quote and before.count(JOINT + quote) == len(old) - 1:
                return (quote + text.replace(JOINT, quote + JOINT + quote) + quote).split(JOINT)
        return [
            self.written(text, quoted=bool(quote) and cell.startswith(quote))
            for text, cell in zip(texts, old, strict=True)
        ]

    def text(self, made: Mapping[int, list[str]], start: int) -> str:
        """Put the rows together again, with other cells in some columns, from a row on."""
        delimiter = self.dialect.delimiter
        columns = [self.cells(number) for number in range(self.width)]
        for number, cells in made.items():
            columns[number][start:] = cells
        rows = map(delimiter.join, zip(*columns, strict=True))
        if self.ends is None:
            body = self.end.join(rows) + (self.end if self.closed else "")
        else:
            body = "".join(chain.from_iterable(zip(rows, self.ends, strict=True)))
        for cover, plain in (
            (_DELIMITER, delimiter),
            (_LF, "\n"),
            (_CR, "\r"),
            (_SLASHES, "\\\\"),
            (_QUOTE, "\\" + self.dialect.quote),
        ):
            body = body.replace(cover, plain)
        return self.lead + body


def check_writable(text: str) -> None:
    """Check that a value holds no control characters. Raises `Unreadable`: body-encoding."""
    if _UNWRITABLE.search(text):
        raise Unreadable("body-encoding", "a treated value holds control characters")


def take_apart(text: str, dialect: Dialect, width: int | None, most: int) -> Grid:
    """Take rows apart, each `width` cells long, or as long as the first; `most` cells in all.

    `text` holds none of `CONTROLS`. Raises `Unreadable`: body-malformed, body-ambiguous, body-too-large.
    """
    delimiter, quote = dialect.delimiter, dialect.quote
    quoted = bool(quote) and (quote in text or (dialect.backslash and "\\" in text))
    if quoted:
        text = _covered(text, dialect, most)
    end, same = _line_end(text, dialect.end)
    lead, ends, closed = "", None, text.endswith(end)
    if not closed:
        text += end
    flat = _split(text, end, delimiter, most) if same else []
    found = width or (flat.index(_END) if flat else 0)
    if found < _TELLING or not _even(flat, found, text.count(end)):  # empty lines, mixed line ends, or broken rows
        run = _RUNS[dialect.end]
        first = run.match(text)
        lead = first[0] if first else ""
        ends = run.findall(text, len(lead))
        flat = _split(run.sub("\n", text[len(lead) :]), "\n", delimiter, most)
        if not closed and ends:
            ends[-1] = ""
        elif not closed:
            lead = lead[: -len(end)]
        found = width or (flat.index(_END) if flat else 0)
        if not _even(flat, found, len(ends)):
            raise Unreadable("body-malformed", "a row has more or fewer cells than the first")
    if found > MOST_COLUMNS:
        raise Unreadable("body-too-large", f"the table has more than {MOST_COLUMNS} columns")
    return Grid(dialect, flat, found, len(flat) // (found + 1), lead, end, ends, closed, quoted)


def _split(text: str, end: str, delimiter: str, most: int) -> list[str]:
    """Split text into cells, with a mark at the end of each row."""
    if len(text) > most and text.count(delimiter) + text.count(end) > most:
        raise Unreadable("body-too-large", f"the table holds more than {most} cells")
    flat = text.replace(end, delimiter + _END + delimiter).split(delimiter)
    flat.pop()
    return flat


def _even(flat: list[str], width: int, rows: int) -> bool:
    """Tell whether all rows are as long: each mark stands after as many cells, and there is none besides."""
    return len(flat) == rows * (width + 1) and flat[width :: width + 1].count(_END) == rows


def _line_end(text: str, end: str) -> tuple[str, bool]:
    """Tell how lines end, and whether all of them do so."""
    returns = text.count("\r") if "\r" in text else 0
    if end == "\r":
        if "\n" in text:
            raise Unreadable("body-ambiguous", "a line feed in a table whose rows end with carriage returns")
        return end, True
    both = text.count("\r\n") if returns else 0
    if returns != both:
        raise Unreadable("body-ambiguous", "a carriage return that ends no line")
    lines = text.count("\n")
    return ("\r\n", True) if both and both == lines else ("\n", not both)


def _covered(text: str, dialect: Dialect, most: int) -> str:
    """Cover what is inside of quotes, and check where quotes stand."""
    delimiter, quote = dialect.delimiter, dialect.quote
    if dialect.backslash:
        text = text.replace("\\\\", _SLASHES).replace("\\" + quote, _QUOTE)
    if text.count(quote) > 4 * most:
        raise Unreadable("body-too-large", f"the table holds more than {most} cells")
    parts = text.split(quote)
    if len(parts) % 2 == 0:
        raise Unreadable("body-malformed", "a quote is not closed")
    edges = delimiter + "\r\n"
    first, last, between = parts[0], parts[-1] if len(parts) > 1 else "", parts[2:-1:2]
    if dialect.backslash:
        if "" in between:
            raise Unreadable("body-ambiguous", "a doubled quote where quotes are escaped")
        null = re.compile(rf"(?:^|(?<=[{re.escape(edges)}]))\\N(?=[{re.escape(edges)}]|$)")
        if any(one in null.sub("", part) for part in {*between, first, last} for one in ("\\", _SLASHES, _QUOTE)):
            raise Unreadable("body-ambiguous", "a backslash outside of quotes")
    if len(parts) == 1:
        return text
    if (first and first[-1] not in edges) or (last and last[0] not in edges):
        raise Unreadable("body-ambiguous", "a quote inside of a cell without quotes, or text after the closing quote")
    if not {*map(_FIRST, filter(None, between)), *map(_LAST, filter(None, between))} <= {*edges}:
        raise Unreadable("body-ambiguous", "a quote inside of a cell without quotes, or text after the closing quote")
    inside = JOINT.join(parts[1::2])
    if delimiter in inside or "\n" in inside or "\r" in inside:
        inside = inside.replace(delimiter, _DELIMITER).replace("\n", _LF).replace("\r", _CR)
        parts[1::2] = inside.split(JOINT)
        text = quote.join(parts)
    return text


def _uncovered(text: str) -> bool:
    """Tell whether nothing was covered."""
    return _DELIMITER not in text and _LF not in text and _CR not in text
