"""Expressions of OData: `$filter`, `$orderby`, `$compute` and `$apply`, read for the properties that they name.

A word is told by where it stands: where an operand is due it is a property, a literal, a function or a prefix; after
one it is an operator. So a property that is called like an operator isn't overlooked. A constant belongs to the
properties that stand between the same `and` and `or`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.formats.document import Scalar
from gateway.formats.query_language import Constant, Named, Path, Question, unreadable

_TOKEN = re.compile(
    r"""\s+
    | (?P<text>'(?:[^']|'')*')
    | (?P<other>(?:datetime|datetimeoffset|date|time|timeofday|duration|guid|binary|x|geography|geometry
        |[^\W\d]\w*(?:\.\w+)+)'(?:[^']|'')*'  # of a known type, or of one with a namespace: else a property and a text
        | [0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}
        | -?\d{4,}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,12})?)?(?:Z|[+-]\d{2}:\d{2})?)?
        | \d{2}:\d{2}(?::\d{2}(?:\.\d{1,12})?)?)(?![\w'.])
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[LlMmDdFf]?(?![\w'.])
    | (?P<word>(?:\$it/)?[^\W\d]\w*(?:[./][^\W\d]\w*)*(?:/\$count)?|\$it|\$count)(?!['\w])
    | (?P<mark>[(),:/-])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BETWEEN = frozenset({"and", "or"})
_OPERATORS = (
    frozenset(["eq", "ne", "gt", "ge", "lt", "le", "has", "in", "add", "sub", "mul", "div", "divby", "mod"]) | _BETWEEN
)
_AFTER = frozenset({"asc", "desc"})
_WORDS = frozenset({"null", "true", "false", "INF", "NaN"})
_FUNCTIONS = frozenset({
    "concat", "contains", "endswith", "indexof", "length", "startswith", "substring", "substringof", "matchesPattern",
    "tolower", "toupper", "trim", "year", "month", "day", "hour", "minute", "second", "fractionalseconds",
    "totalseconds", "totaloffsetminutes", "date", "time", "mindatetime", "maxdatetime", "now", "ceiling", "floor",
    "round", "replace", "cast", "isof", "hassubset", "hassubsequence", "geo.distance", "geo.length", "geo.intersects",
})  # fmt: skip
_APPLIED = frozenset({
    "aggregate", "groupby", "filter", "compute", "concat", "orderby", "skip", "top", "topcount", "topsum",
    "toppercent", "bottomcount", "bottomsum", "bottompercent",
})  # fmt: skip
_LAMBDAS = frozenset({"any", "all"})
_TYPES = frozenset({"cast", "isof"})
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text, where it stands."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str, start: int, end: int) -> list[Token]:
    """Cut an expression into tokens. Raises `Unreadable`: query-unreadable."""
    found, at = [], start
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None:
            raise unreadable("an expression of a query holds what none does")
        if match.lastgroup is not None:
            found.append(Token(match.lastgroup, match[0], at, match.end()))
        at = match.end()
    return found


_AROUND = _BETWEEN | {"(", ")"}
_SIDES = 3
"""What one side and another are compared by: tokens of a comparison."""


@dataclass(slots=True)
class _Open:
    """An open parenthesis: the function that it belongs to, and the lambda's variable that holds within it."""

    function: str = ""
    variable: str = ""
    over: Path | None = None


@dataclass(slots=True)
class Expression:
    """Reads tokens. `names`: results are given names by `as`; `applies`: transformations stand in a row.

    A name that is made up by `as` is no field of the catalogue: whoever asks by it names something unlisted.
    """

    tokens: Sequence[Token]
    base: Path
    names: bool = False
    applies: bool = False
    at: int = 0
    due: bool = True
    open: list[_Open] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    near: list[Path] = field(default_factory=list)
    held: list[tuple[Token, Scalar, bool]] = field(default_factory=list)
    since: int = 0

    def read(self) -> Question:
        """Read all. Raises `Unreadable`: query-unreadable."""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "mark":
                self._mark(token.text)
            elif self.due:
                self._operand(token)
            elif token.kind == "word":
                self._operator(token.text)
            else:
                raise unreadable("an operator is missing in a query")
        if self.open or self.due:
            raise unreadable("a query ends before it is complete")
        self._settle()
        return Question(tuple(self.named), tuple(self.constants))

    def _mark(self, mark: str) -> None:
        before = self.tokens[self.at - 2].text if self.at > 1 else ""
        if mark == "(" and self.due:
            self._opened(_Open())
        elif mark == ")" and self.open and (not self.due or before == "("):
            if before == "(" and not self.open[-1].function:
                raise unreadable("a query has empty parentheses")
            self.open.pop()
            self.due = False
        elif mark == "," and not self.due and (self.open or not self.applies):
            self.due = True
        elif mark == "/" and before == ")" and self._applying and self._transforms():
            self._settle()
            self.due = True
        elif not (mark == "-" and self.due):
            raise unreadable("a mark of a query stands where none may")

    def _operand(self, token: Token) -> None:
        self.due = False
        if token.kind == "text":
            self.held.append((token, token.text[1:-1].replace("''", "'"), True))
        elif token.kind == "number":
            self.held.append((token, Decimal(token.text.rstrip("LlMmDdFf")), False))
        elif token.kind == "other":
            self.held.append((token, token.text, False))
        elif self._next("("):
            self._call(token.text)
        elif token.text == "not":
            self.due = True
        elif self.open and self.open[-1].function in _LAMBDAS and not self.open[-1].variable and self._next(":"):
            self.open[-1].variable = token.text
            self.at += 1
            self.due = True
        elif token.text not in _WORDS:
            self._property(token.text)

    def _call(self, name: str) -> None:
        """Begin a function, a lambda over a collection, or a transformation."""
        self.at += 1
        way, _, last = name.rpartition("/")
        if last in _LAMBDAS and way:
            path = self._path(way)
            self.named.append(Named(path, "expanded"))
            self._opened(_Open(last, over=path))
        elif name == "not":
            self._opened(_Open())
        elif name in _FUNCTIONS or (name in _APPLIED and self._applying):
            self._opened(_Open(name))
        else:
            raise unreadable("a query calls a function that is not known")
        self.due = True

    def _operator(self, word: str) -> None:
        if word in _BETWEEN:
            self._settle()
            self.due = True
        elif word in _OPERATORS:
            self.due = True
        elif self.names and word in {"as", "with", "from"}:
            self._naming(word)
        elif word not in _AFTER:
            raise unreadable("an operator of a query is not known")

    def _naming(self, word: str) -> None:
        """Take the method of `with`, the name of `as`; what follows `from` is a property again."""
        if word == "from":
            self.due = True
            return
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token is None or token.kind != "word" or "/" in token.text:
            raise unreadable("a name is missing in a query")
        self.at += 1

    def _property(self, text: str) -> None:
        if "." in text and "/" not in text and self.open and self.open[-1].function in _TYPES:
            return  # the name of a type
        if text == "$count" and self.applies:
            return
        path = self._path(text)
        if path != self.base:
            self.named.append(Named(path))
            self.near.append(path)

    def _path(self, text: str) -> Path:
        """Give the whole way to a property: variables of lambdas followed, types and $count left out."""
        names = text.split("/")
        for scope in reversed(self.open):
            if scope.over is not None and scope.variable == names[0]:
                return (*scope.over, *_properties(names[1:]))
        if names[0] == "$it":
            return tuple(_properties(names[1:])) or self.base
        found = (*self.base, *_properties(names))
        if not found:
            raise unreadable("a query names no property")
        return found

    def _opened(self, scope: _Open) -> None:
        if len(self.open) >= _DEEPEST:
            raise unreadable("a query is nested too deeply")
        self.open.append(scope)

    @property
    def _applying(self) -> bool:
        """Tell whether a transformation may stand here."""
        return self.applies and all(scope.function in _APPLIED for scope in self.open)

    def _transforms(self) -> bool:
        """Tell whether a transformation comes next."""
        following = [token.text for token in self.tokens[self.at : self.at + 2]]
        return len(following) == 2 and following[0] in _APPLIED and following[1] == "("  # noqa: PLR2004 - name and mark

    def _next(self, mark: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].text == mark and self.tokens[self.at].kind == "mark"

    def _settle(self) -> None:
        """Give the constants since the last `and` or `or` to the properties beside them."""
        paths = tuple(dict.fromkeys(self.near))
        clause = [token.text for token in self.tokens[self.since : self.at] if token.text not in _AROUND]
        equal = len(self.near) == len(self.held) == 1 and len(clause) == _SIDES and clause[1] == "eq"
        for token, value, quoted in self.held:
            self.constants.append(Constant(token.start, token.end, value, quoted, paths, equal))
        self.near.clear()
        self.held.clear()
        self.since = self.at


def _properties(names: Sequence[str]) -> list[str]:
    return [name for name in names if "." not in name and name != "$count"]
