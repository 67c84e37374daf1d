"""Cells of a sheet (ECMA-376 part 1, section 18.3.1.4): what they say, and how a treated one is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.errors import Unreadable
from gateway.formats.csv_grid import MOST_COLUMNS
from gateway.formats.document import Scalar, Signal
from gateway.formats.xlsx_book import MAIN
from gateway.formats.xlsx_part import Element
from gateway.formats.xml_text import as_text, as_value

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_ERROR = re.compile(r"#[A-Z0-9/!?_]{1,30}")
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LIKE_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ROW = re.compile(r"[-+0-9.:eE ]{0,200}|true|false")
_MOST_ROWS, _MOST_DIGITS, _MOST_TEXT = 1_048_576, 15, 32_767
_PATH = ((MAIN, "worksheet"), (MAIN, "sheetData"), (MAIN, "row"), (MAIN, "c"))
_ATTRIBUTES = frozenset({("", "r"), ("", "s"), ("", "t"), ("", "ph")})


@dataclass(slots=True, eq=False)
class Cell:
    """A cell from `start` to `end`; `shown` is where its value stands. `value` is None where it says nothing.

    `string` is its number among shared strings; `group` that of a formula shared with other cells.
    """

    start: int
    end: int
    head: bytes
    column: int
    value: Scalar
    style: str
    string: int | None = None
    formula: bool = False
    group: str | None = None
    shown: tuple[int, int] | None = None


@dataclass(slots=True, eq=False)
class Row:
    """A row: its number, and its cells in order."""

    number: int
    cells: list[Cell] = field(default_factory=list)


class Rows:
    """Takes rows and cells while a sheet is read: `taken` is a `xlsx_part.Taker`."""

    def __init__(self, strings: list[str], dated: Callable[[int | Decimal, str], Scalar], most: int) -> None:
        """Begin; `dated` gives a number as a date where the style says so; `most` cells in all."""
        self.rows: list[Row] = []
        self._pending: list[Cell] = []
        self._strings = strings
        self._dated = dated
        self._left = most

    def taken(self, element: Element, around: list[Element]) -> bool:
        """Take a cell or a row. Raises `Unreadable`."""
        if element.name == _PATH[3] and tuple(one.name for one in around) == _PATH[:3]:
            row = self._number(around[-1])
            self._pending.append(self._cell(element, row))
            self._left -= 1
            if self._left < 0:
                raise Unreadable("body-too-large", "the sheet has too many cells")
            return True
        if element.name == _PATH[2] and tuple(one.name for one in around) == _PATH[:2]:
            if element.children or element.text.strip() or not all(map(_ROW.fullmatch, element.attributes.values())):
                raise Unreadable("unlisted-field", "a row of the workbook holds more than cells")
            self.rows.append(Row(self._number(element), self._pending))
            self._pending = []
            return True
        return False

    def _number(self, row: Element) -> int:
        before = self.rows[-1].number if self.rows else 0
        said = row.get("r") or str(before + 1)
        if not said.isdecimal() or not said.isascii() or len(said) > len(str(_MOST_ROWS)) or not before < int(said):
            raise Unreadable("body-ambiguous", "the rows of the workbook are not in order")
        return int(said)

    def _cell(self, element: Element, row: int) -> Cell:
        before = self._pending[-1].column if self._pending else 0
        column, said = before + 1, element.get("r")
        if said is not None:
            found = _REFERENCE.fullmatch(said)
            column = _column(found[1]) if found and int(found[2]) == row else 0
        if not before < column <= MOST_COLUMNS:
            raise Unreadable("body-ambiguous", "the cells of the workbook are not in order")
        parts = {one.name[1]: one for one in element.children if one.name[0] == MAIN}
        known = {"f", "is"} if element.get("t") == "inlineStr" else {"f", "v"}
        if len(parts) != len(element.children) or not parts.keys() <= known or element.text.strip():
            raise Unreadable("unlisted-field", "a cell of the workbook holds more than its value")
        style = element.get("s") or ""
        if not element.attributes.keys() <= _ATTRIBUTES or (style and not _WHOLE.fullmatch(style)):
            raise Unreadable("unlisted-field", "a cell of the workbook says more than its value")
        cell = Cell(element.start, element.end, _head(element, said, style), column, None, style)
        self._read(cell, element.get("t") or "n", parts)
        return cell

    def _read(self, cell: Cell, kind: str, parts: dict[str, Element]) -> None:
        value, formula = parts.get("v") or parts.get("is"), parts.get("f")
        if value is not None:
            cell.value = self._value(cell, kind, value)
            cell.shown = value.start, value.end
        if formula is not None:
            if formula.children or formula.get("t") not in {None, "normal", "shared"}:
                raise Unreadable("unlisted-field", "a formula of the workbook fills several cells")
            cell.formula, cell.group = True, formula.get("si")
            cell.value = "=" + formula.text if cell.value is None else cell.value

    def _value(self, cell: Cell, kind: str, element: Element) -> Scalar:
        if kind == "inlineStr":
            return text_in(element)
        text = element.text if kind == "str" else element.text.strip()
        if element.children:
            raise Unreadable("unlisted-field", "a cell of the workbook holds more than its value")
        if kind == "str":
            return decoded(text)
        if not text:
            return None
        if kind == "s" and _WHOLE.fullmatch(text) and 0 <= int(text) < len(self._strings):
            cell.string = int(text)
            return self._strings[cell.string]
        if kind == "n" and _NUMBER.fullmatch(text):
            return self._dated(int(text) if _WHOLE.fullmatch(text) else Decimal(text), cell.style)
        if kind == "b" and text in {"0", "1"}:
            return text == "1"
        if kind == "d" or (kind == "e" and _ERROR.fullmatch(text)):
            return text
        raise Unreadable("body-malformed", "a cell of the workbook is not what it says")


def filled(cell: Cell, value: Scalar | Signal) -> bytes:
    """Write a cell with another value, which is never a formula. Raises `Unreadable`: body-encoding."""
    prefix = cell.head[1 : cell.head.find(b":") + 1] if b":" in cell.head.split(b" ", 1)[0] else b""
    name = prefix + b"c"
    if value is None or isinstance(value, Signal):
        return cell.head + b"/>"
    kind, text = b"", str(value)
    if isinstance(value, bool):
        kind, text = b' t="b"', str(int(value))
    elif isinstance(value, str) or not _NUMBER.fullmatch(text) or sum(map(str.isdigit, text)) > _MOST_DIGITS:
        if len(text) > _MOST_TEXT:
            raise Unreadable("body-encoding", "a treated value is longer than a cell can hold")
        content = as_text(_LIKE_CODED.sub("_x005F_", text), b"")
        inside = b'<%st xml:space="preserve">%s</%st>' % (prefix, content, prefix)
        return cell.head + b' t="inlineStr"><%sis>%s</%sis></%s>' % (prefix, inside, prefix, name)
    return cell.head + kind + b"><%sv>%s</%sv></%s>" % (prefix, text.encode(), prefix, name)


def text_in(element: Element) -> str:
    """Give the text of a string: its runs, without what says how it is pronounced. Raises `Unreadable`."""
    made = list[str]()
    for one in element.children:
        if one.name == (MAIN, "t"):
            made.append(one.text)
        elif one.name == (MAIN, "r"):
            made += [each.text for each in one.children if each.name == (MAIN, "t")]
        elif one.name not in {(MAIN, "rPh"), (MAIN, "phoneticPr")}:
            raise Unreadable("unlisted-field", "a string of the workbook holds more than text")
    return decoded("".join(made))


def decoded(text: str) -> str:
    """Put characters in the place of `_xHHHH_` (ECMA-376 part 1, section 22.9.2.19)."""
    if "_x" not in text:
        return text
    made = _CODED.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return made.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise Unreadable("body-malformed", "a text of the workbook has half a character") from None


def _head(element: Element, reference: str | None, style: str) -> bytes:
    """Write what a cell's tag begins with: its name, place and style."""
    said = b"" if reference is None else b' r="%s"' % as_value(reference, b"")
    return b"<" + element.raw + said + (b' s="%s"' % style.encode() if style else b"")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
