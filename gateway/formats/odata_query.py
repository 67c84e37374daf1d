"""OData's system query options: `$filter`, `$orderby`, `$select`, `$expand`, `$compute`, `$apply`, `$search` and kin.

OData 4.01 part 2 (URL conventions) sections 5 and 6, the aggregation extension, and version 2's literals. They are read
for what they name. Whatever isn't understood is refused: functions of a service's own, parameter aliases (`@p`),
`$root`.
Names of options are taken with and without `$` and in any case, since services of 4.01 take them so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.formats import odata_token
from gateway.formats.odata_expression import Expression, tokens
from gateway.formats.query_language import Constant, Named, Path, Question, unreadable

_DEEPEST = 16
_COUNT = re.compile(r"\d{1,10}|max")
_PLAIN = re.compile(r"[A-Za-z0-9_.:/+=; ()-]{0,200}")
_ITEM = re.compile(r"[^\W\d][\w.]*(?:/[^\W\d][\w.]*)*(?:/\$(?:ref|count|value))?(?:/\*)?|\*|[^\W\d][\w.]*\.\*")


@dataclass(frozen=True, slots=True)
class Option:
    """One system query option as a language."""

    name: str

    def read(self, text: str) -> Question:
        """Read the option's text. Raises `Unreadable`: query-unreadable."""
        return _Reader(text).option(self.name, 0, len(text), ())

    def quote(self, text: str) -> str:
        """Write a text as a constant: quotes within are doubled (OData ABNF, SQUOTE-in-string)."""
        return "'" + text.replace("'", "''") + "'"


@dataclass(slots=True)
class _Reader:
    text: str

    def option(self, name: str, start: int, end: int, base: Path, depth: int = 0) -> Question:
        """Read one option between two places of the text, as seen from the entity that `base` leads to."""
        if depth > _DEEPEST:
            raise unreadable("a query is nested too deeply")
        read = _OPTIONS.get(name)
        if read is None:
            raise unreadable("an option of a query is not known")
        return read(self, start, end, base, depth)

    def expression(self, start: int, end: int, base: Path, _depth: int) -> Question:
        """Read $filter or $orderby."""
        return Expression(tokens(self.text, start, end), base).read()

    def working_out(self, start: int, end: int, base: Path, _depth: int) -> Question:
        """Read $compute."""
        return Expression(tokens(self.text, start, end), base, names=True).read()

    def applying(self, start: int, end: int, base: Path, _depth: int) -> Question:
        """Read $apply."""
        return Expression(tokens(self.text, start, end), base, names=True, applies=True).read()

    def searching(self, _start: int, _end: int, _base: Path, _depth: int) -> Question:
        """Read $search: whatever it says, it is looked for everywhere."""
        return Question(all=True)

    def counting(self, start: int, end: int, _base: Path, _depth: int) -> Question:
        """Read $top, $skip or $levels."""
        return self._fits(_COUNT, start, end)

    def plain(self, start: int, end: int, _base: Path, _depth: int) -> Question:
        """Read an option that names nothing."""
        return self._fits(_PLAIN, start, end)

    def handed_back(self, start: int, end: int, _base: Path, _depth: int) -> Question:
        """Read what the service made, to be handed back to it."""
        return odata_token.read(self.text[start:end])

    def selecting(self, start: int, end: int, base: Path, depth: int) -> Question:
        """Read $select: what comes is treated in the answer, so naming it asks nothing."""
        return self._items(start, end, base, depth, expands=False)

    def expanding(self, start: int, end: int, base: Path, depth: int) -> Question:
        """Read $expand."""
        return self._items(start, end, base, depth, expands=True)

    def _items(self, start: int, end: int, base: Path, depth: int, *, expands: bool) -> Question:
        """Read items apart by commas, each perhaps with options of its own within parentheses."""
        found: list[Question] = []
        for first, last in self._apart(start, end, ","):
            opening = self.text.find("(", first, last)
            head = self.text[first : last if opening < 0 else opening].strip()
            if not _ITEM.fullmatch(head):
                raise unreadable("an item of a query is not a path")
            names = tuple(name for name in head.split("/") if "." not in name and not name.startswith("$"))
            path = (*base, *names)
            if expands:
                found.append(Question((Named(path, "expanded"),)))
            if opening >= 0:
                if self.text[opening:last].rstrip()[-1] != ")":
                    raise unreadable("a parenthesis of a query is not closed")
                closing = self.text.rindex(")", opening, last)
                found += self._within(opening + 1, closing, path, depth)
        return together(found)

    def _within(self, start: int, end: int, path: Path, depth: int) -> Iterator[Question]:
        """Read the options of an item."""
        for first, last in self._apart(start, end, ";"):
            name, equals, _ = self.text[first:last].partition("=")
            if not equals:
                raise unreadable("an option within a query has no value")
            yield self.option(option_name(name.strip()), first + len(name) + 1, last, path, depth + 1)

    def _apart(self, start: int, end: int, separator: str) -> Iterator[tuple[int, int]]:
        """Give the pieces between separators that stand outside of quotes and parentheses."""
        depth, quoted, first = 0, False, start
        for at in range(start, end):
            character = self.text[at]
            if character == "'":
                quoted = not quoted
            elif quoted:
                continue
            elif character == "(":
                depth += 1
            elif character == ")":
                depth -= 1
            elif character == separator and not depth:
                yield first, at
                first = at + 1
            if depth < 0:
                raise unreadable("a parenthesis of a query was never opened")
        if quoted or depth:
            raise unreadable("a quote or a parenthesis of a query is not closed")
        yield first, end

    def _fits(self, pattern: re.Pattern[str], start: int, end: int) -> Question:
        if not pattern.fullmatch(self.text, start, end):
            raise unreadable("an option of a query has no value that it can have")
        return Question()


_Read = Callable[[_Reader, int, int, Path, int], Question]
_OPTIONS: dict[str, _Read] = {
    "$filter": _Reader.expression,
    "$orderby": _Reader.expression,
    "$compute": _Reader.working_out,
    "$apply": _Reader.applying,
    "$search": _Reader.searching,
    "$select": _Reader.selecting,
    "$expand": _Reader.expanding,
    "$top": _Reader.counting,
    "$skip": _Reader.counting,
    "$levels": _Reader.counting,
    "$index": _Reader.plain,
    "$count": _Reader.plain,
    "$inlinecount": _Reader.plain,
    "$format": _Reader.plain,
    "$schemaversion": _Reader.plain,
    "$skiptoken": _Reader.handed_back,
    "$deltatoken": _Reader.handed_back,
}

OPTIONS = frozenset(_OPTIONS)
"""The options that are known, with their `$`."""


def option_name(name: str) -> str:
    """Give an option's name as it is known here; the name itself where it is none."""
    lower = "$deltatoken" if name == "!deltatoken" else name.lower()  # as SAP writes it in version 2
    return next((known for known in (lower, f"${lower}") if known in OPTIONS), name)


def together(found: list[Question]) -> Question:
    """Make one question of several."""
    named: tuple[Named, ...] = tuple(one for question in found for one in question.named)
    constants: tuple[Constant, ...] = tuple(one for question in found for one in question.constants)
    return Question(named, constants, any(question.all for question in found))
