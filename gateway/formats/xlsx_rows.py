"""Rows and cells of a sheet (ECMA-376 part 1, section 18.3.1.73), read from its bytes.

Most cells are written in one of few ways, which one expression takes. A row with a cell that is written in any other
way is read element by element. Another parser reads the whole sheet as well, and has to find as many elements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from gateway.errors import Unreadable
from gateway.formats.csv_grid import MOST_COLUMNS
from gateway.formats.document import Scalar
from gateway.formats.xlsx_cells import UNSAID, Cell, Row, decoded, number_of, other_of, text_in
from gateway.formats.xlsx_dates import Dates
from gateway.formats.xlsx_names import MAIN
from gateway.formats.xlsx_part import Element, Walk
from gateway.formats.xlsx_said import MOST_ROWS, Area, areas, column
from gateway.formats.xml_scan import pieces_of
from gateway.formats.xml_tag import XML, Name, attributes, opened
from gateway.formats.xml_text import SPACE, text_of

_SAYS = rb"""(?:[ \t\r\n](?:[^<>"'/]|"[^"<>]*"|'[^'<>]*')*+)?"""
_PIECE = rb"""<%(p)bc(?:[ ]r="([A-Z]{1,3})([1-9][0-9]{0,6})")?(%(a)b)(?:/>
|>(?:<%(p)bf(%(a)b)(?:/>|>([^<]*)</%(p)bf>))?(?:<%(p)bv>([^<]*)</%(p)bv>|(<%(p)bv/>))?</%(p)bc>
|><%(p)bis><%(p)bt(?:[ ]xml:space="preserve")?>([^<]*)</%(p)bt></%(p)bis></%(p)bc>)
|<%(p)brow(?:[ ]r="([1-9][0-9]{0,6})")?(%(a)b)(/?)>|(</%(p)brow>)|([ \t\r\n]++)|((?s:.))"""
_CELL, _NUMBERED, _ROW, _EMPTY, _END, _SPACE = (
    8,
    9,
    10,
    11,
    12,
    13,
)  # groups of the expression; up to the first: a cell's
_VALUE = 6
_QUICK = 9  # digits of a number of a string, at most
_NOTHING: Mapping[Name, str] = {}
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_SHAPE = re.compile(r"[-+0-9.:eE ]{0,200}|true|false")
_MARK = re.compile(r"[0-9]{0,6}|true|false")
_FORMULA = re.compile(r"[A-Z0-9$:]{0,40}|normal|shared|array|dataTable|true|false|preserve")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_KINDS = frozenset({"n", "s", "str", "b", "e", "d", "inlineStr"})
_PATH = ((MAIN, "worksheet"), (MAIN, "sheetData"), (MAIN, "row"), (MAIN, "c"))
_SAID = frozenset({("", "r"), ("", "s"), ("", "t"), ("", "ph"), ("", "cm"), ("", "vm")})
_SPACED = {(XML, "space")}
_FILLS = frozenset({"array", "dataTable"})
_DIGITS = 40

_ODD = (b"", "?", False)  # a tag that is to be read by itself

_Tag = tuple[bytes, str, bool]
"""What a cell's tag says: its style, to be written, its kind, and whether the style shows numbers as dates."""


@lru_cache(maxsize=64)
def _pieces(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(_PIECE % {b"p": re.escape(prefix), b"a": _SAYS}, re.VERBOSE)


@lru_cache(maxsize=64)
def _last(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(b"</" + re.escape(prefix) + rb"row[ \t\r\n]*+>")


class Rows:
    """The rows that were read; `filled` are areas that one formula fills, each with its group."""

    def __init__(self, strings: list[str], dates: Dates, most: int) -> None:
        """Begin, with the shared strings; `most` cells in all."""
        self.rows: list[Row] = []
        self.filled: list[tuple[Area, str]] = []
        self._cells: list[Cell] = []
        self._strings, self._dates, self._left = strings, dates, most
        self._tags: dict[bytes, _Tag] = {}
        self._known: set[bytes] = set()
        self._columns = _Columns()
        self._row = 0  # the number of the one that is being read, 0 for none
        self._digits = b""
        self._marked = 0  # how many areas there were before it

    def scan(self, body: bytes, at: int, end: int, walk: Walk, around: list[Element]) -> None:
        """Read what stands between two places of a sheet, in `around`. Raises `Unreadable`."""
        while at < end:
            at = self._quickly(body, at, end, walk, around[-1])
            if at < end:
                at = self._slowly(body, at, end, walk, around)

    def taken(self, element: Element, around: list[Element]) -> bool:
        """Take a cell or a row: this is a `xlsx_part.Taker`. Raises `Unreadable`."""
        if element.name == _PATH[3] and tuple(one.name for one in around) == _PATH[:3]:
            if not self._row:
                self._begin(around[-1].attributes)
            self._cell(element)
            return True
        if element.name == _PATH[2] and tuple(one.name for one in around) == _PATH[:2]:
            if not self._row:
                self._begin(element.attributes)
            if element.children or element.text.strip():
                raise Unreadable("unlisted-field", "a row of the workbook holds more than cells")
            self._finish()
            return True
        return False

    def _quickly(self, body: bytes, at: int, end: int, walk: Walk, table: Element) -> int:
        """Read rows as far as they are written in the usual ways; give where the first other one begins."""
        prefix, tags = table.prefix, self._tags
        strings, known, columns, cells = self._strings, len(self._strings), self._columns, self._cells
        begun, count, size, row, last = at, 0, len(prefix), False, 0
        for found in _pieces(prefix).finditer(body, at, end):
            kind = found.lastindex or 0
            if kind <= _CELL and row:
                letters, digits, tail, more, formula, value, empty, inline = found.groups()[:_CELL]
                tag = tags.get(tail) or self._tag(tail, table.names)
                if (letters is not None and digits != self._digits) or tag is _ODD:
                    break
                if (tag[1] == "inlineStr") is (inline is None) and (value, empty, inline) != (None, None, None):
                    break
                number = columns[letters] if letters is not None else last + 1
                if not last < number <= MOST_COLUMNS:
                    raise Unreadable("body-ambiguous", "the cells of the workbook are not in order")
                last, after = number, found.end()
                head = body[at : found.end(2) + 1 if letters is not None else at + 2 + size] + tag[0]
                cell = Cell(at, after, head, number, None)
                cells.append(cell)
                count += 1 + (value is not empty) + 2 * (inline is not None) + (more is not None)
                if value is not None:
                    cell.shown, cell.shown_to = found.start(_VALUE) - size - 3, found.end(_VALUE) + size + 4
                    if tag[1] == "s" and len(value) <= _QUICK and value.isdigit() and (index := int(value)) < known:
                        cell.string, cell.value = index, strings[index]
                    else:
                        cell.value = self._value(cell, tag, _text(value))
                elif inline is not None:
                    cell.shown, cell.shown_to = body.find(b"<", at + 1), after - size - 4
                    cell.value = decoded(_text(inline))
                elif empty is not None:
                    cell.value = self._value(cell, tag, "")
                if more is not None:
                    tell = _told(b"f" + more, table.names) if more else _NOTHING
                    self._calculated(cell, tell, _text(formula) if formula else "")
            elif kind == _END and row:
                self._finish()
                row, begun, walk.count, count = False, found.end(), walk.count + count, 0
            elif kind == _EMPTY and not row:
                begun, count = at, count + 1
                self._start(found[_NUMBERED], found[_ROW], table.names)
                row, last, cells = True, 0, self._cells
                if found[_EMPTY]:
                    self._finish()
                    row, begun, walk.count, count = False, found.end(), walk.count + count, 0
            elif kind != _SPACE:
                break
            at = found.end()
        if not self._row:
            return at
        self._row, self._cells = 0, []
        del self.filled[self._marked :]
        return begun

    def _slowly(self, body: bytes, at: int, end: int, walk: Walk, around: list[Element]) -> int:
        """Read up to the end of a row element by element; give where that is."""
        found = _last(around[-1].prefix).search(body, at, end)
        upto = found.end() if found else end
        pieces = pieces_of(body[at:upto], 2 * walk.limits.values)
        if pieces[0].strip():
            raise Unreadable("body-ambiguous", "text beside elements in a part of the workbook")
        walk.follow(pieces[1:], at + len(pieces[0]), [*around])
        return upto

    def _start(self, number: bytes | None, tail: bytes, names: Mapping[str, str]) -> None:
        """Begin a row whose tag says its number first; what other rows' tags say as well is remembered."""
        if number is None or tail not in self._known:
            told = dict(_told(b"row" + tail, names))
            if number is not None and told.setdefault(("", "r"), number.decode()) != number.decode():
                raise Unreadable("body-malformed", "a tag of a row says its number twice")
            self._begin(told)
            if number is not None:
                self._known.add(tail)
        else:
            self._begin({("", "r"): number.decode()})

    def _begin(self, told: Mapping[Name, str]) -> None:
        """Begin a row."""
        before = self.rows[-1].number if self.rows else 0
        said = told.get(("", "r")) or str(before + 1)
        if not _NUMBER.fullmatch(said) or not before < int(said) <= MOST_ROWS:
            raise Unreadable("body-ambiguous", "the rows of the workbook are not in order")
        if not all(map(_SHAPE.fullmatch, told.values())):
            raise Unreadable("unlisted-field", "a row of the workbook holds more than cells")
        self._row, self._digits, self._marked = int(said), said.encode(), len(self.filled)

    def _finish(self) -> None:
        """End a row."""
        self._left -= len(self._cells)
        if self._left < 0:
            raise Unreadable("body-too-large", "the sheet has too many cells")
        self.rows.append(Row(self._row, self._cells))
        self._row, self._cells = 0, []

    def _column(self, letters: bytes | None) -> int:
        """Give the column of the next cell."""
        before = self._cells[-1].column if self._cells else 0
        number = before + 1 if letters is None else self._columns[letters]
        if not before < number <= MOST_COLUMNS:
            raise Unreadable("body-ambiguous", "the cells of the workbook are not in order")
        return number

    def _tag(self, tail: bytes, names: Mapping[str, str]) -> _Tag:
        """Read what a cell's tag says beside its place; what other cells' tags say as well is remembered."""
        told = _told(b"c" + tail, names)
        made = _ODD if ("", "r") in told else self._tagged(told)
        if made is not _ODD:
            self._tags[tail] = made
        return made

    def _tagged(self, told: Mapping[Name, str]) -> _Tag:
        style, kind = told.get(("", "s"), ""), told.get(("", "t")) or "n"
        others = (value for name, value in told.items() if name[1] not in {"r", "t"})
        if not told.keys() <= _SAID or not all(map(_MARK.fullmatch, others)):
            raise Unreadable("unlisted-field", "a cell of the workbook says more than its value")
        if kind not in _KINDS:
            raise Unreadable("body-malformed", "a cell of the workbook is not what it says")
        return (b' s="%s"' % style.encode() if style else b""), kind, style in self._dates.styles

    def _value(self, cell: Cell, tag: _Tag, text: str) -> Scalar:
        """Read a value. Raises `Unreadable`."""
        kind = tag[1]
        if kind == "str":
            return decoded(text)
        text = text.strip()
        if not text:
            return None
        if kind == "s":
            index = int(text) if text.isdecimal() and text.isascii() and len(text) <= _DIGITS else -1
            if not 0 <= index < len(self._strings):
                raise Unreadable("body-malformed", "a cell of the workbook is not what it says")
            cell.string = index
            return self._strings[index]
        if kind != "n":
            return other_of(kind, text)
        number = int(text) if text.isdecimal() and text.isascii() and len(text) <= _DIGITS else number_of(text)
        if number is None:
            raise Unreadable("body-malformed", "a cell of the workbook is not what it says")
        return self._dates.read(number) if tag[2] else number

    def _calculated(self, cell: Cell, told: Mapping[Name, str], text: str) -> None:
        """Take a formula down. Raises `Unreadable`."""
        kind, ref = told.get(("", "t"), "normal"), told.get(("", "ref"))
        if not all(map(_FORMULA.fullmatch, told.values())):
            raise Unreadable("unlisted-field", "a formula of the workbook says more than a formula")
        cell.calculated, cell.formula = True, text or UNSAID
        if kind == "shared":
            cell.group, cell.master = "shared " + told.get(("", "si"), ""), ref is not None
        elif kind in _FILLS:
            cell.group, cell.master = f"{kind} {cell.column} {self._row}", True
            self.filled += [(area, cell.group) for area in areas(ref or "?")]
        elif kind != "normal":
            raise Unreadable("body-malformed", "a formula of the workbook is of a kind that there isn't")
        if cell.value is None:
            cell.value = "=" + text

    def _cell(self, element: Element) -> None:
        """Take a cell that was read element by element."""
        letters, said = None, element.get("r")
        if said is not None:
            place = _PLACE.fullmatch(said)
            if place is None or place[2].encode() != self._digits:
                raise Unreadable("body-ambiguous", "the cells of the workbook are not in order")
            letters = place[1].encode()
        parts = {one.name[1]: one for one in element.children if one.name[0] == MAIN}
        known = {"f", "is"} if element.get("t") == "inlineStr" else {"f", "v"}
        if len(parts) != len(element.children) or not parts.keys() <= known or element.text.strip():
            raise Unreadable("unlisted-field", "a cell of the workbook holds more than its value")
        tag = self._tagged(element.attributes)
        head = b"<" + element.raw + (b' r="%s"' % said.encode() if said else b"") + tag[0]
        cell = Cell(element.start, element.end, head, self._column(letters), None)
        self._cells.append(cell)
        shown = parts.get("v") or parts.get("is")
        if shown is not None:
            if (shown.name[1] == "v" and shown.children) or not shown.attributes.keys() <= _SPACED:
                raise Unreadable("unlisted-field", "a cell of the workbook holds more than its value")
            if shown.inside < shown.end:
                cell.shown, cell.shown_to = shown.start, shown.end
            cell.value = text_in(shown) if shown.name[1] == "is" else self._value(cell, tag, shown.text)
        if (formula := parts.get("f")) is not None:
            if formula.children:
                raise Unreadable("unlisted-field", "a formula of the workbook holds more than a formula")
            self._calculated(cell, formula.attributes, formula.text)


class _Columns(dict[bytes, int]):
    """The numbers of columns by their letters."""

    def __missing__(self, letters: bytes) -> int:
        self[letters] = number = column(letters.decode())
        return number


def _text(raw: bytes) -> str:
    return text_of(raw) if b"&" in raw or b"\r" in raw else raw.decode()


def _told(tag: bytes, names: Mapping[str, str]) -> Mapping[Name, str]:
    """Read the attributes of a tag; nothing may declare a namespace there."""
    tag = tag.rstrip(SPACE)
    if tag in {b"c", b"f", b"row"}:
        return {}
    tag += b">"
    if opened(tag).declared:
        raise Unreadable("body-ambiguous", "a cell of the workbook declares a namespace")
    return {one.name: one.value for one in attributes(tag, names)}
