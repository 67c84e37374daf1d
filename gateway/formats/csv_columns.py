"""The columns of a table: which fields cover each, and where a row names its customer; by header or by number."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Unreadable
from gateway.formats.csv_dialect import Dialect
from gateway.formats.document import Spot
from gateway.formats.names import title
from gateway.formats.tally import step

NUMBER = re.compile(r"#([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What is known of a table's columns once its first row is: `spots` and `pointers` (`?`: unlisted) by column.

    `strange` are those whose names nobody labelled, and that may be somebody's data.
    """

    names: tuple[str, ...]
    spots: tuple[Spot, ...]
    pointers: tuple[str, ...]
    customer: int | None
    strange: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Give the number of columns."""
        return len(self.spots)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A compiled message: how it is written, the fields of each name (or number, as `#3`), the customer's column."""

    dialect: Dialect
    fields: Mapping[str, Spot]
    customer: str | None
    looks: Mapping[str, frozenset[str]]
    listed: frozenset[str] | None = None

    def columns(self, names: Sequence[str]) -> Columns:
        """Name the columns; `names` are the header's, or the numbers. Raises `Unreadable`: body-ambiguous.

        A column that looks like one that the catalogue names, and isn't it, is refused, and so is one that is there
        twice: other readers may take either for the one that is meant. A header that names none of those that the
        catalogue names is none: the table came without, or is something else, and its values would pass for names.
        """
        wanted = self.fields.keys() | ({self.customer} if self.customer is not None else set())
        if wanted and self.dialect.header and wanted.isdisjoint(names):
            raise Unreadable("body-ambiguous", "the header names no column that the catalogue names")
        for name, count in Counter(names).items():
            if name in wanted and count > 1:
                raise Unreadable("body-ambiguous", "two columns have one name")
            if name not in wanted and look(name) in self.looks:
                raise Unreadable("body-ambiguous", "a column is named nearly like one that the catalogue names")
        return Columns(
            names=tuple(names),
            spots=tuple(self.fields.get(name, ()) for name in names),
            pointers=tuple("/*" + (step(name) if name in self.fields else "/?") for name in names),
            customer=names.index(self.customer) if self.customer in names else None,
            strange=tuple(at for at, name in enumerate(names) if name and name not in wanted and not self._stays(name)),
        )

    def _stays(self, name: str) -> bool:
        """Tell whether a name that nobody labelled may stay."""
        return not self.dialect.header or (title(name) if self.listed is None else name in self.listed)

    def numbered(self, width: int) -> Columns:
        """Give the columns of a table without a header. Raises `Unreadable`: body-malformed, for too few of them."""
        names = [f"#{number}" for number in range(1, width + 1)]
        wanted = {*self.fields, *([self.customer] if self.customer else [])}
        if not wanted <= set(names):
            raise Unreadable("body-malformed", "the table has fewer columns than the catalogue names")
        return self.columns(names)


def layout(
    fields: Sequence[str], customer: str | None, dialect: Dialect, listed: Sequence[str] | None = None
) -> Layout:
    """Compile a message; `listed` are the names that unlisted columns may have, None where nothing is said.

    ValueError: names where columns are numbered, or numbers where they are named.
    """
    for selector in (*fields, *([customer] if customer else [])):
        if not dialect.header and not NUMBER.fullmatch(selector):
            raise ValueError(f'without a header columns are numbered: "#1", "#2"; not {selector}')
    spots: dict[str, Spot] = {}
    for index, name in enumerate(fields):
        spots[name] = (*spots.get(name, ()), index)
    names = {*fields, *([customer] if customer else [])}
    looks = {look(name): frozenset({name}) for name in names} if dialect.header else {}
    return Layout(dialect, spots, customer, looks, None if listed is None else frozenset(listed))


def look(name: str) -> str:
    """Give what a name looks like: without case, white space, marks that don't show, compatible forms of letters."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(one for one in text if not one.isspace() and unicodedata.category(one) not in {"Cf", "Cc"})
