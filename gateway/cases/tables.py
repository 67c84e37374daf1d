"""One flow in many situations: a table whose columns are parts of a case and whose rows are cases of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.cases.bodies import as_json
from gateway.catalog.classes import CLASSES
from gateway.faults import Fault
from gateway.policy.schemas.cases import CELLS, EVERYONE, TABLE
from gateway.policy.situation import OPERATOR
from gateway.yamlsource import Leaf, Listing, Node, Reader, Section, Table, suggest
from gateway.yamlsource.meaning import meaning

_WAYS: dict[str, tuple[str, ...]] = {
    **{
        cell: ("flow", cell)
        for cell in ("from", "to", "request", "headers", "body", "purpose", "purpose_from", "peer", "at")
    },
    **{cell: ("flow", "operator", cell) for cell in (*OPERATOR, "subject")},
    "consents": ("customers", EVERYONE, "consents"),
    "region": ("customers", EVERYONE, "attributes", "region"),
    "status": ("response", "status"),
    "response": ("response", "body"),
    **{
        cell: ("expect", cell)
        for cell in ("verdict", "leg", "refusal", "operation", "rules", "unlisted", "watermark")
    },
}  # fmt: skip
"""Where the value of a column belongs in a case."""

_ATTRIBUTE = "customer."
_FORWARDED = "forwarded "

_Said = dict[tuple[str, ...], tuple[Node, Node]]
"""What cells say: where each belongs, its column and the cell."""


@dataclass(frozen=True, slots=True)
class Row:
    """One situation. `said` is what it lays over its case; `name` tells what is special about it."""

    node: Listing
    name: str
    said: Table


def read_rows(reader: Reader, section: Section, selectors: Collection[str] = ()) -> Iterator[Row]:
    """Read the rows of a case's table; faults are recorded, and rows that have one are left out.

    `selectors` of the catalogues can be columns in any format's words.
    """
    table = section.section("table", TABLE, required=TABLE)
    columns = [(key, way) for key in table.listing("columns") if (way := _way(reader, key, selectors)) is not None]
    node = table.get("rows")
    if node is None or len(columns) < len(table.listing("columns")):
        return
    if not isinstance(node, Listing) or not node.items:
        hint = "write a list for each row: - [crm, contact, keep]"
        reader.fault(node, "a table has rows", hint, code=Fault.WRONG_KIND)
        return
    seen: dict[tuple[str, ...], Row] = {}
    for number, item in enumerate(node.items, start=1):
        row = _row(reader, item, columns, number)
        if row is None:
            continue
        situation = tuple(
            as_json(Reader(), cell) or ""
            for cell, (_, way) in zip(row.node.items, columns, strict=True)
            if way[0] != "expect"
        )
        first = seen.setdefault(situation, row)
        if first is not row:
            message = f"this row is the same situation as the one on line {first.node.line + 1}"
            reader.fault(item, message, "keep one of them", code=Fault.SAME_SITUATION)
        else:
            yield row


def _row(reader: Reader, item: Node, columns: list[tuple[Node, tuple[str, ...]]], number: int) -> Row | None:
    if not isinstance(item, Listing) or len(item.items) != len(columns):
        found = f"{len(item.items)} cells" if isinstance(item, Listing) else "no list"
        hint = "write ~ for a cell that says nothing"
        reader.fault(
            item, f"expected {len(columns)} cells, one for each column; found {found}", hint, code=Fault.ROW_LENGTH
        )
        return None
    said: _Said = {}
    told: list[str] = []
    for (column, way), cell in zip(columns, item.items, strict=True):
        if isinstance(cell, Leaf) and meaning(cell) is None:
            continue
        said[way] = (column, cell)
        if way[0] != "expect":
            told.append(f"row {number}" if way[-1] == "body" else f"{_shown(column)} {_shown(cell)}")
    return Row(item, ", ".join(dict.fromkeys(told)) or f"row {number}", _nested(item, said))


def _nested(item: Listing, said: _Said) -> Table:
    """Make the mapping that the cells stand for."""
    inner: dict[str, _Said] = {}
    for way, pair in said.items():
        inner.setdefault(way[0], {})[way[1:]] = pair
    entries: list[tuple[Leaf, Node]] = []
    for name, below in inner.items():
        column, cell = below.get((), next(iter(below.values())))
        at = column if () in below else cell
        key = Leaf(at.source, at.line, at.column, at.end, name, plain=False)
        entries.append((key, cell if () in below else _nested(item, below)))
    return Table(item.source, item.line, item.column, item.end, tuple(entries))


def _way(reader: Reader, node: Node, selectors: Collection[str]) -> tuple[str, ...] | None:
    """Tell where a column belongs; None, recorded, if nowhere."""
    text = reader.text(node)
    if text is None:
        return None
    if text in _WAYS:
        return _WAYS[text]
    if text.startswith(_ATTRIBUTE) and text != _ATTRIBUTE:
        return ("customers", EVERYONE, "attributes", text.removeprefix(_ATTRIBUTE))
    if text.startswith(_FORWARDED):
        return ("expect", "forwarded", "fields", text.removeprefix(_FORWARDED).strip())
    if text.startswith(("$", "/")) or "." in text or text in CLASSES or text in selectors:
        return ("expect", "fields", text)
    hint = suggest(text, CELLS) or f"there are: {', '.join(CELLS)}; selectors, classes, customer.NAME"
    reader.fault(node, f'unknown column "{text[:100]}"', hint, code=Fault.UNKNOWN_COLUMN)
    return None


def _shown(cell: Node) -> str:
    """Write a cell for the name of its row."""
    if isinstance(cell, Leaf):
        return cell.text
    if isinstance(cell, Listing):
        return " and ".join(map(_shown, cell.items)) or "none"
    return ", ".join(f"{key.text} {_shown(value)}" for key, value in cell.entries)
