"""The way from a record to a field, as queries go it: by the names of properties, whatever the format of the answer.

A query names `Customer/Email`; the field that is meant may be `$.d.results[*].Customer.Email` in JSON,
`atom:content/m:properties/d:Customer/d:Email` in XML, or the column `Customer.Email` of a table. What formats put
around records, and no query names, is stepped over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.formats import xml_selector
from gateway.formats.selector import ANY, Step, parse

_JSON = frozenset({"d", "value", "results", "records"})
_XML = frozenset({"feed", "entry", "content", "properties", "link", "inline", "element"})
_NONE = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Way:
    """The steps to a field: names, indexes, `ANY`; () for the whole record, or one that can't be told step by step.

    `names` are all that it has. `around` may be stepped over; `deep`: it begins anywhere.
    """

    steps: tuple[Step, ...]
    names: frozenset[str]
    around: frozenset[str]
    deep: bool = False

    @property
    def last(self) -> frozenset[str]:
        """Give the last name of the way, in lower case; none where it ends in none."""
        name = next((step for step in reversed(self.steps) if isinstance(step, str)), None)
        return frozenset() if name is None else frozenset({name.casefold()})

    def meets(self, path: Sequence[str], *, below: bool) -> bool:
        """Tell whether it finds a property (its path in lower case), what holds it, or (`below`) what is in it."""
        if not self.steps and self.names:
            # Descendants, filters and slices lead anywhere: one name in common is enough.
            return any(name.casefold() in path for name in self.names)
        if self.deep:
            return any(self._along(self.steps, path[start:], below=below) for start in range(len(path)))
        return self._along(self.steps, path, below=below)

    def _along(self, steps: Sequence[Step], path: Sequence[str], *, below: bool, mapped: bool = False) -> bool:
        """Tell whether one way is the beginning of the other; indexes and what is around stand in selectors alone.

        `mapped`: a wildcard was taken for a name. Whether a name is one of a map's, or none at all, can't be told
        before something below it is named as well.
        """
        if not steps:
            return True
        if not path:
            return (below and not mapped) or all(not isinstance(one, str) or one in self.around for one in steps)
        first, rest = steps[0], steps[1:]
        if isinstance(first, str):
            same = first.casefold() == path[0] and self._along(rest, path[1:], below=below, mapped=mapped)
            return same or (first in self.around and self._along(rest, path, below=below, mapped=mapped))
        skipped = self._along(rest, path, below=below, mapped=mapped)
        return skipped or (first is ANY and self._along(rest, path[1:], below=below, mapped=True))


def way_to(form: str, selector: str) -> Way:
    """Give the way that a selector goes, in the words of one of `NAMED`."""
    return _WAYS[form](selector)


def _json(selector: str) -> Way:
    found = parse(selector)
    return Way(found.steps, found.names, _JSON)


def _xml(selector: str) -> Way:
    found = xml_selector.parse(selector)
    tests = [step.test for step in found.steps] + ([found.attribute] if found.attribute else [])
    steps = tuple(ANY if test.local is None else test.local for test in tests)
    names = frozenset(step for step in steps if isinstance(step, str))
    deep = [step.deep for step in found.steps]
    if any(deep[1:]) or found.deep:
        return Way((), names, _XML)
    return Way(steps, names, _XML, deep=bool(deep) and deep[0])


def _column(selector: str) -> Way:
    """Give the way to a column; Salesforce joins the names of relationships by dots. A number names no property."""
    if selector.startswith("#"):
        return Way((), frozenset({""}), _NONE)
    names = tuple(name for name in selector.split(".") if name)
    return Way(names, frozenset(names), _NONE)


_WAYS: dict[str, Callable[[str], Way]] = {
    "json": _json, "ndjson": _json, "xml": _xml, "soap": _xml, "csv": _column, "xlsx": _column
}  # fmt: skip

NAMED = frozenset(_WAYS)
"""Formats whose fields queries can name."""
