"""Tables: how they are written, whether a header names their columns, and the columns; workbooks alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar
from zlib import crc32

from gateway.discover.outline import Outline, Purse
from gateway.discover.records import Carried
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted
from gateway.discover.views.view import MOST_ROWS, Base, Options, Viewed, typed
from gateway.errors import Unreadable
from gateway.formats import csv
from gateway.formats.csv_dialect import OPTIONS
from gateway.formats.csv_format import Csv
from gateway.formats.document import Scalar
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import MediaType
from gateway.formats.tally import text_of
from gateway.formats.xlsx_cells import Row
from gateway.formats.xlsx_read import read_workbook

_MOST_SKIPPED = 5
_HEADLESS = "no header was recognised: if the first row names the columns, say `header: true` and label them by name"
_UNNAMED = "columns whose names could be values are not labelled: name them by hand"
_SHEETS = "workbooks have other sheets: refused, unless you say `other_sheets: keep`, which shows them as they are"
_ABOVE = "something stands above the header, or beside the table: it is unlisted"
_TAB = "tab"


class CsvView(Base):
    """See above."""

    NAME: ClassVar[str] = "csv"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        rows, said = _read(text, kind, limits)
        if not rows:
            raise Unreadable("body-malformed", "an empty table")
        header = _is_header(rows[0], rows[1:])
        names = list(rows[0]) if header else [f"#{number}" for number in range(1, len(rows[0]) + 1)]
        trees, unnamed = _trees(names, rows[1:] if header else rows, header=header)
        remarks = ((_UNNAMED,) if unnamed else ()) + (() if header else (_HEADLESS,))
        return Viewed(trees, (*said, *(() if header else (("header", False),))), remarks=remarks)

    def tidy(self, outline: Outline, subject: str, echoes: AbstractSet[int]) -> None:  # noqa: ARG002 - the protocol's
        """Leave out columns whose names are values elsewhere; there is no selector of columns without a name."""
        for name in list(outline.members):
            if show(name) is Show.PLAIN and crc32(name.encode("utf-8", "surrogatepass")) in echoes:
                del outline.members[name]

    def carried(self, outline: Outline, subject: str) -> Carried:  # noqa: ARG002 - the protocol's
        """See `View`."""
        return Carried(None, outline, listed=True)

    def field(self, spot: Spotted) -> str:
        """See `View`."""
        return str(spot.steps[0]) if spot.steps and isinstance(spot.steps[0], str) else ""


class XlsxView(CsvView):
    """The first sheet of a workbook."""

    NAME: ClassVar[str] = "xlsx"

    def see(self, text: bytes, kind: MediaType, purse: Purse, limits: BodyLimits) -> Viewed:  # noqa: ARG002 - as all
        """See `View`."""
        book = read_workbook(text, None, limits, keeps_others=True)
        sheet = book.sheets[0]
        number, names = _header_of(sheet.rows)
        if not number:
            raise Unreadable("body-malformed", "a sheet without a header")
        above = any(cell.value is not None for row in sheet.rows if row.number < number for cell in row.cells)
        rows: list[list[Scalar]] = []
        beside = False
        for row in sheet.rows:
            if row.number > number and len(rows) < MOST_ROWS:
                said = {cell.column: cell.value for cell in row.cells if cell.value is not None}
                beside = beside or any(column > len(names) or not names[column - 1] for column in said)
                rows.append([said.get(column + 1) for column in range(len(names))])
        texts = [[None if value is None else text_of(value) for value in row] for row in rows if any(row)]
        trees, unnamed = _trees(names, texts, header=True)
        remarks = [_UNNAMED] * unnamed + [_SHEETS] * (len(book.sheets) > 1) + [_ABOVE] * (above or beside)
        options: Options = (("header_row", number),) if number > 1 else ()
        return Viewed(trees, options, remarks=tuple(remarks))


def _read(text: bytes, kind: MediaType, limits: BodyLimits) -> tuple[list[list[str | None]], Options]:
    """Find how a table is written: with the delimiter that makes most columns. Raises `Unreadable`."""
    best: tuple[int, list[list[str | None]], Options] | None = None
    wrong: Unreadable | None = None
    delimiters = (_TAB,) if "tab-separated" in kind.kind else OPTIONS["delimiter"].choices
    for skip in range(_MOST_SKIPPED + 1):
        for quote in ('"', "none"):
            for delimiter in delimiters:
                said: Options = tuple(
                    (name, value)
                    for name, value in (("delimiter", delimiter), ("quote", quote), ("skip", skip))
                    if value != OPTIONS[name].default
                )
                try:
                    rows = _rows(text, said, limits)
                except Unreadable as error:
                    wrong = wrong or error
                    continue
                width = len(rows[0]) if rows else 0
                if best is None or width > best[0]:
                    best = (width, rows, said)
            if best is not None and best[0] > 1:
                return best[1], best[2]
    if best is None or (best[0] < 2 and "csv" not in kind.kind and "separated" not in kind.kind):  # noqa: PLR2004 - a table
        raise wrong or Unreadable("body-malformed", "no table")
    return best[1], best[2]


def _rows(text: bytes, said: Options, limits: BodyLimits) -> list[list[str | None]]:
    form = Csv()
    document = csv.read(text, form.layout(Shape(options={**dict(said), "header": False})), limits.values)
    grid = document.grid
    if document.columns is None:
        return []
    columns = [grid.values(grid.cells(number)[: MOST_ROWS + 1]) for number in range(document.columns.width)]
    return [list(row) for row in zip(*columns, strict=True)]


def _is_header(first: Sequence[str | None], others: Sequence[Sequence[str | None]]) -> bool:
    """Tell whether a row names columns: known names, and none that is surely a value."""
    names = [name for name in first if name]
    known = sum(show(name) is Show.KNOWN for name in names)
    numbers = sum(typed(name) is not name for name in names)
    if len(names) != len(set(names)) or numbers or not known:
        return False
    same = sum(set(first) <= set(row) for row in others[:50])
    return not same and 3 * known >= len(names)


def _trees(
    names: Sequence[str | None], rows: Iterable[Sequence[str | None]], *, header: bool
) -> tuple[list[object], bool]:
    """Give the rows as objects, and whether columns were left out whose names can't be shown."""
    shown = [name for name in names if name and _showable(name, names, header=header)]
    places = [(name, names.index(name)) for name in shown]
    trees: list[object] = [
        {name: typed(row[at] or "") if row[at] is not None else None for name, at in places} for row in rows
    ]
    return trees or [dict.fromkeys(shown)], len(shown) < len([name for name in names if name])


def _showable(name: str, names: Sequence[str | None], *, header: bool) -> bool:
    if not header:
        return True
    return show(name) is not Show.ODD and name == name.strip() and names.count(name) == 1


def _header_of(rows: Sequence[Row]) -> tuple[int, list[str]]:
    """Find the row that names columns: the first of texts alone that has known names among them."""
    for row in rows[:20]:
        said = {cell.column: cell.value for cell in row.cells if cell.value is not None}
        texts = {column: value for column, value in said.items() if isinstance(value, str)}
        if not said or len(texts) < len(said) or any(cell.formula for cell in row.cells) or max(said) > 1000:  # noqa: PLR2004 - columns
            continue
        names = [texts.get(column, "") for column in range(1, max(said) + 1)]
        if len(set(texts.values())) == len(texts) and _is_header(names, ()):
            return row.number, names
    return 0, []
