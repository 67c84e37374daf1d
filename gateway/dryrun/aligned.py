"""Tables of plain text: columns that stay in line, Chinese and Japanese characters counted as two cells each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gateway.columns import columns
from gateway.yamlsource.node import shown

GAP = "  "


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> Iterator[str]:
    """Give a table's lines, the headings first; columns in `right` (counted from 0) end in line instead of beginning.

    What could act on a terminal is taken out of every cell.
    """
    cells = [[shown(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(columns(row[index]) for row in cells) for index in range(len(headings))]
    for row in cells:
        padded = (
            " " * (width - columns(cell)) + cell if index in right else cell + " " * (width - columns(cell))
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield GAP.join(padded).rstrip()
