"""Tables of a sheet (ECMA-376 part 1, section 18.5): their columns are named by cells, which may be treated."""

from __future__ import annotations

from gateway.formats.document import Scalar
from gateway.formats.tally import text_of
from gateway.formats.xlsx_around import area_of, filters
from gateway.formats.xlsx_aside import Aside, Beside
from gateway.formats.xlsx_cells import decoded
from gateway.formats.xlsx_package import Package
from gateway.formats.xlsx_part import Change, Element, XmlPart
from gateway.formats.xlsx_said import Area, free, said, texts
from gateway.formats.xlsx_sheet import Sheet

_Head = dict[int, Scalar]
_Heads = dict[int, _Head]
"""What the cells of a row say, by column; by the number of the row."""

_NAMES = frozenset({"name", "displayName", "dataCellStyle", "headerRowCellStyle", "totalsRowCellStyle"})
_OUTSIDE = ("tableType", "connectionId", "queryTableFieldId")


def find(package: Package, sheet: Sheet, beside: Beside) -> None:
    """Find what the tables of a sheet say."""
    rows = {row.number: row for row in sheet.rows}
    heads: _Heads = {}
    for link in package.links.get(sheet.member, ()):
        if link.kind == "table" and not link.outside:
            part = package.xml(link.target)
            top = area_of(part.root)[1]
            if top not in heads:
                heads[top] = {cell.column: cell.value for cell in rows[top].cells} if top in rows else {}
            _table(link.target, part, sheet, heads[top], beside)


def _table(member: str, part: XmlPart, sheet: Sheet, head: _Head, beside: Beside) -> None:
    root, area = part.root, area_of(part.root)
    columns = [one for group in root.children if group.name[1] == "tableColumns" for one in group.children]
    _header(member, root, columns, head, sheet.member, beside)
    _totals(member, part, columns, area, sheet.member, beside)
    beside.cut("a query", member, _outside(part, root, columns), copy=True)
    for one in root.children:
        if one.name[1] == "autoFilter":
            filters(sheet.member, member, part, one, beside)
        elif one.name[1] not in {"tableColumns", "tableStyleInfo"}:
            beside.cut(said(one), member, [one.cut], sheet=sheet.member, areas=(area,))
    for name, value in free(root):
        if name[1] not in _NAMES and name[1] not in _OUTSIDE:
            beside.cut(value, member, part.without(root, name[1], space=name[0]))
    for each in root.all():
        for text in texts(each) if each.name[1] not in {"calculatedColumnFormula", "totalsRowFormula"} else ():
            beside.cut(text, member, [part.emptied(each)])
    for change in part.comments:
        beside.cut("comment", member, [change], copy=True)


def _header(member: str, root: Element, columns: list[Element], head: _Head, sheet: str, beside: Beside) -> None:
    """Let a table go whose header changes, or which names its columns in another way."""
    left, top, right, _ = area_of(root)
    if root.get("headerRowCount") == "0":
        return
    names = [_plain(decoded(one.get("name") or "")) for one in columns]
    others = [name for at, name in enumerate(names, left) if name != _plain(text_of(head.get(at)))]
    if any(name and not name.startswith("Column") for name in others):
        beside.asides.append(Aside(" ".join(others), (), (member,), copy=True))
    beside.asides.append(Aside(" ".join(names), (), (member,), sheet, ((left, top, right, top),), bound=True))


def _totals(member: str, part: XmlPart, columns: list[Element], area: Area, sheet: str, beside: Beside) -> None:
    """Let go what tells once more what stands in the last row, or how cells are calculated."""
    for at, one in enumerate(columns, area[0]):
        last = ((at, area[3], at, area[3]),)
        names = [name for name in ("totalsRowLabel", "totalsRowFunction") if one.get(name)]
        cuts: list[Change] = part.without(one, *names)
        cuts += [each.cut for each in one.children if each.name[1] == "totalsRowFormula"]
        beside.cut(one.get("totalsRowLabel") or "", member, cuts, sheet=sheet, areas=last)
        for each in one.children:
            if each.name[1] == "calculatedColumnFormula":
                beside.cut(said(each), member, [each.cut], sheet=sheet, areas=((at, area[1], at, area[3]),))


def _outside(part: XmlPart, root: Element, columns: list[Element]) -> list[Change]:
    """Cut what ties a table to a query or to a map of XML: those are left out."""
    cuts = part.without(root, *_OUTSIDE) if root.get("tableType") in {"queryTable", "xml"} else []
    for one in columns:
        cuts += part.without(one, "queryTableFieldId") if one.get("queryTableFieldId") else []
        cuts += [each.cut for each in one.children if each.name[1] == "xmlColumnPr"]
    return cuts


def _plain(text: str) -> str:
    """Give a name without line ends and spaces around it: Excel tells them in several ways."""
    return " ".join(text.split())
