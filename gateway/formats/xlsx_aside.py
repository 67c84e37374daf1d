"""What a workbook says beside its cells: each thing can go, and says when it has to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.formats.xlsx_part import Change
from gateway.formats.xlsx_said import Area

Cut = tuple[str, Change]
"""A change of a member."""


@dataclass(frozen=True, slots=True, eq=False)
class Aside:
    """One thing beside cells: the text that it says, the `cuts` that take it out, the parts that go with it.

    It is about `areas` of the sheet `sheet`, where it is about any: then it goes with a cell there. A `copy` may repeat
    any cell, and goes with any. `content` is what people wrote: where it may not pass, the workbook is refused if the
    decision says so; the rest goes instead. What is `bound` goes with its cells alone.
    """

    text: str
    cuts: tuple[Cut, ...] = ()
    drops: tuple[str, ...] = ()
    sheet: str = ""
    areas: tuple[Area, ...] = ()
    copy: bool = False
    content: bool = False
    bound: bool = False


@dataclass(slots=True, eq=False)
class Beside:
    """All that was found beside cells.

    `blank` are areas of sheets that show a copy of cells. `fixed` says what can neither go, nor stay once anything
    changes; `structured`: formulas may name tables, which then can't go.
    """

    asides: list[Aside] = field(default_factory=list)
    blank: list[tuple[str, Area]] = field(default_factory=list)
    fixed: str = ""

    def cut(
        self,
        text: str,
        member: str,
        changes: Iterable[Change],
        *,
        sheet: str = "",
        areas: tuple[Area, ...] = (),
        copy: bool = False,
        content: bool = False,
        bound: bool = False,
    ) -> None:
        """Note changes of a part that go together, if there are any."""
        cuts = tuple((member, change) for change in changes)
        if cuts:
            self.asides.append(Aside(text, cuts, (), sheet, areas, copy, content, bound))

    def drop(self, text: str, *members: str, copy: bool = True, content: bool = False) -> None:
        """Note parts that can be left out, together."""
        self.asides.append(Aside(text, (), members, copy=copy, content=content))
