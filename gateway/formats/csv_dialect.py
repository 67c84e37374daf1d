"""How a table is written: what the catalogue says of separators, quotes and line ends (RFC 4180, and what there is)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.formats.format import Option

_DELIMITERS = (",", ";", "tab", "|", ":", "^", "~", "¦")

OPTIONS: Mapping[str, Option] = {
    "delimiter": Option("choice", "what stands between cells", default=",", choices=_DELIMITERS),
    "quote": Option("choice", "what stands around cells that need it", default='"', choices=('"', "'", "none")),
    "escape": Option(
        "choice", "how a quote is written inside of quotes", default="doubled", choices=("doubled", "backslash")
    ),
    "line_ends": Option(
        "choice",
        "how rows end: with LF or CR LF, also mixed; or with CR alone",
        default="lf",
        choices=("lf", "cr"),
    ),
    "header": Option("flag", "whether the first row names the columns; else they are numbered: #1, #2", default=True),
    "names": Option(
        "texts",
        "the names that columns without a label may have; without it, all that look like the title of a column",
        minimum=0,
    ),
    "skip": Option("integer", "how many lines stand before the table", default=0, minimum=0, maximum=100),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """`quote` is "" where there is none; `backslash`: quotes are escaped by it, not doubled; `end`: LF or CR."""

    delimiter: str = ","
    quote: str = '"'
    backslash: bool = False
    end: str = "\n"
    header: bool = True
    skip: int = 0


def dialect(options: Mapping[str, Any]) -> Dialect:
    """Take what the catalogue says. ValueError: a backslash that escapes quotes where there are none."""
    said = {name: options.get(name, option.default) for name, option in OPTIONS.items()}
    if said["quote"] == "none" and said["escape"] == "backslash":
        raise ValueError("`escape: backslash` is for quotes, and `quote: none` says that there are none")
    return Dialect(
        delimiter="\t" if said["delimiter"] == "tab" else said["delimiter"],
        quote="" if said["quote"] == "none" else said["quote"],
        backslash=said["escape"] == "backslash",
        end="\r" if said["line_ends"] == "cr" else "\n",
        header=bool(said["header"]),
        skip=int(said["skip"]),
    )


class RowEnds:
    """Finds the ends of rows for a stream: line ends that stand outside of quotes."""

    def __init__(self, written: Dialect) -> None:
        """Take how the table is written."""
        self._end = written.end.encode()
        self._quote = written.quote.encode()
        self._backslash = written.backslash
        self._lines = written.skip  # so many lines before the table have no quotes; and one that tells of the delimiter
        self._begun = False
        self._inside = False

    def last(self, text: bytearray, start: int, end: int) -> tuple[int, int]:
        """Give the place after the last row that ends in the window, and how far the window could be told."""
        if not self._begun:
            self._begun, told = True, text[:5].lower().lstrip(b'"').startswith(b"sep=")
            self._lines += 1 if told and self._lines else 0
        while self._lines:
            line = text.find(self._end, start, end)
            if line < 0:
                return 0, end
            start, self._lines = line + 1, self._lines - 1
        window = bytes(text[start:end])
        if self._backslash:
            if (len(window) - len(window.rstrip(b"\\"))) % 2:  # what it escapes is behind the window, if it is here yet
                end = end + 1 if end < len(text) else end - 1
                window = bytes(text[start:end])
            window = window.replace(b"\\\\", b"..").replace(b"\\" + self._quote, b"..")
        if not self._quote:
            return self._after(start, window.rfind(self._end)), end
        began, self._inside = self._inside, self._inside ^ (window.count(self._quote) % 2 == 1)
        inside, at = self._inside, len(window)
        while at > 0:
            line = window.rfind(self._end, 0, at)
            if line < 0:
                break
            inside ^= window.count(self._quote, line + 1, at) % 2 == 1
            if not inside:
                return start + line + 1, end
            at = window.rfind(self._quote, 0, line)  # all between the quote that opened and the line end is inside
            if at < 0:
                assert began
                break
            inside = False
        return 0, end

    @staticmethod
    def _after(start: int, line: int) -> int:
        return start + line + 1 if line >= 0 else 0


def lines_before(text: str, written: Dialect) -> int:
    """Give how long the lines before the table are: `skip` of them; -1 where there are fewer."""
    at = 0
    for _ in range(written.skip):
        at = text.find(written.end, at) + 1
        if not at:
            return -1
    return at


SEPARATOR = re.compile(r'("?)sep=([^\r\n]*?)\1(?:\r\n|\r|\n|$)', re.IGNORECASE)
"""The line by which Excel is told of the delimiter."""
