"""SOQL, the queries of Salesforce (SOQL and SOSL Reference, "SOQL SELECT Syntax"), as they stand in `?q=`.

A SELECT is read clause by clause for the fields that it names: plain items of the select list ask nothing, since the
answer is treated; those within functions, in WHERE, GROUP BY, HAVING and ORDER BY do, and so does an item under another
name. Subqueries go along the relationship that they name. What isn't understood is refused: TYPEOF, SOSL, variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.formats.query_language import Constant, Named, Path, Question, unreadable

_TOKEN = re.compile(
    r"""\s+
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<other>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?(?![\w.]))
    | (?P<number>[+-]?(?:[A-Z]{3})?\d+(?:\.\d+)?(?![\w.]))
    | (?P<day>(?:(?:LAST|NEXT)_N_[A-Z_]+|N_[A-Z_]+_AGO):\d+(?!\w))
    | (?P<word>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
    | (?P<mark><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_DAY = re.compile(
    r"YESTERDAY|TODAY|TOMORROW|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR|90_DAYS|FISCAL_QUARTER|FISCAL_YEAR)",
    re.IGNORECASE,
)
_VALUES = frozenset({"NULL", "TRUE", "FALSE"})
_COMPARES = frozenset({"=", "!=", "<>", "<", "<=", ">", ">=", "LIKE"})
_EQUALS = frozenset({"=", "IN"})
_LISTS = frozenset({"IN", "INCLUDES", "EXCLUDES"})
_CLAUSES = frozenset({"USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "ALL"})
_SORTS = frozenset({"ASC", "DESC", "NULLS", "FIRST", "LAST"})
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text, where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """Give the text as keywords are written; "" for what is none."""
        return self.text.upper() if self.kind in {"word", "mark"} else ""


class Soql:
    """See above."""

    def read(self, text: str) -> Question:
        """Read a query. Raises `Unreadable`: query-unreadable."""
        reader = _Reader(_tokens(text))
        reader.query((), 0)
        if reader.at < len(reader.tokens):
            raise unreadable("a query goes on after its end")
        return Question(tuple(reader.named), tuple(reader.constants))

    def quote(self, text: str) -> str:
        """Write a text as a constant, escaped."""
        plain = text.replace("\\", "\\\\").replace("'", "\\'")
        return "'" + plain.replace("\n", "\\n").replace("\r", "\\r") + "'"


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where names of a query begin: the way to what it selects from, and what that is called."""

    base: Path
    names: frozenset[str]
    depth: int

    def path(self, text: str) -> Path:
        """Give the whole way to a field."""
        names = tuple(text.split("."))
        own = len(names) > 1 and names[0].casefold() in self.names
        return (*self.base, *(names[1:] if own else names))


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right, by the grammar."""

    tokens: list[Token]
    at: int = 0
    named: list[Named] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)

    def query(self, base: Path, depth: int, *, along: bool = False, asks: bool = False) -> None:
        """Read one SELECT: of the top, `along` a relationship of what `base` leads to, or one that `asks`."""
        if depth > _DEEPEST:
            raise unreadable("a query is nested too deeply")
        self._expect("SELECT")
        source, alias = self._source()
        scope = _Scope((*base, source) if along else base, frozenset({source.casefold(), alias.casefold()}), depth)
        while True:
            self._item(scope, asks=asks)
            if not self._keyword(","):
                break
        self._expect("FROM")
        self.at += 1 + bool(alias)
        self._clauses(scope)

    def _source(self) -> tuple[str, str]:
        """Look ahead for what is selected from, and what it is called."""
        opened = 0
        for at in range(self.at, len(self.tokens)):
            token = self.tokens[at]
            opened += (token.text == "(") - (token.text == ")") if token.kind == "mark" else 0
            if not opened and token.upper == "FROM" and at + 1 < len(self.tokens):
                source = self.tokens[at + 1]
                after = self.tokens[at + 2] if at + 2 < len(self.tokens) else None
                named = after is not None and after.kind == "word" and after.upper not in _CLAUSES
                if source.kind == "word" and "." not in source.text:
                    return source.text, after.text if named and after is not None else ""
                break
        raise unreadable("a query selects from nothing")

    def _item(self, scope: _Scope, *, asks: bool) -> None:
        """Read an item of the select list."""
        if self._keyword("("):
            self.query(scope.base, scope.depth + 1, along=True)
            self._expect(")")
            return
        token = self._word()
        if token.upper == "TYPEOF":
            raise unreadable("a query holds what is not read here")
        called = self._keyword("(")
        if called and token.upper == "FIELDS":
            self._word()
            self._expect(")")
            return
        if called:
            self._arguments(scope, 1)
        renamed = self._kind() == "word" and self._upper() != "FROM"
        if renamed:
            self.at += 1
        if not called and (asks or renamed):
            self._name(token, scope)

    def _arguments(self, scope: _Scope, depth: int) -> list[Path]:
        """Read what stands within the parentheses of a function: fields, functions and constants."""
        found: list[Path] = []
        if depth > _DEEPEST:
            raise unreadable("a query is nested too deeply")
        while not self._keyword(")"):
            kind = self._kind()
            if kind == "word":
                token = self._word()
                found += self._arguments(scope, depth + 1) if self._keyword("(") else [self._name(token, scope)]
            elif kind in {"number", "text"} or self._upper() == ",":
                self.at += 1
            else:
                raise unreadable("a function of a query is not understood")
        return found

    def _clauses(self, scope: _Scope) -> None:
        """Read what follows FROM."""
        if self._keyword("USING"):
            self._expect("SCOPE")
            self._word()
        if self._keyword("WHERE"):
            self._condition(scope, 0)
        if self._keyword("WITH") and self._word().upper not in {"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"}:
            raise unreadable("a clause of a query is not known")
        if self._keyword("GROUP"):
            self._fields(scope)
        if self._keyword("HAVING"):
            self._condition(scope, 0)
        if self._keyword("ORDER"):
            self._fields(scope)
        for clause in ("LIMIT", "OFFSET"):
            if self._keyword(clause):
                self._number()
        if self._keyword("FOR") and self._word().upper not in {"VIEW", "REFERENCE", "UPDATE"}:
            raise unreadable("a clause of a query is not known")
        if self._keyword("ALL"):
            self._expect("ROWS")

    def _fields(self, scope: _Scope) -> None:
        """Read the fields of GROUP BY or ORDER BY."""
        self._expect("BY")
        while True:
            self._operand(scope)
            while self._upper() in _SORTS:
                self.at += 1
            if not self._keyword(","):
                return

    def _condition(self, scope: _Scope, depth: int) -> None:
        """Read WHERE or HAVING: comparisons between AND, OR and NOT, in parentheses or not."""
        if depth > _DEEPEST:
            raise unreadable("a query is nested too deeply")
        while True:
            while self._keyword("NOT"):
                pass
            if self._keyword("("):
                self._condition(scope, depth + 1)
                self._expect(")")
            else:
                self._comparison(scope)
            if not (self._keyword("AND") or self._keyword("OR")):
                return

    def _comparison(self, scope: _Scope) -> None:
        """Read a field or a function, an operator, and what it is held against."""
        first = self.at
        paths = tuple(self._operand(scope))
        plain = self.at == first + 1
        negated = self._keyword("NOT")
        operator = self._upper()
        self.at += 1
        equal = plain and not negated and operator in _EQUALS
        if operator in _COMPARES:
            self._constant(paths, equal=equal)
        elif operator in _LISTS:
            self._expect("(")
            if self._upper() == "SELECT":
                self.query((), scope.depth + 1, asks=True)
            else:
                self._constant(paths, equal=equal)
                while self._keyword(","):
                    self._constant(paths, equal=equal)
            self._expect(")")
        else:
            raise unreadable("a comparison of a query is not understood")

    def _operand(self, scope: _Scope) -> list[Path]:
        token = self._word()
        return self._arguments(scope, 1) if self._keyword("(") else [self._name(token, scope)]

    def _constant(self, paths: tuple[Path, ...], *, equal: bool) -> None:
        kind, upper = self._kind(), self._upper()
        if not kind:
            raise unreadable("a constant is missing in a query")
        token = self.tokens[self.at]
        self.at += 1
        if kind == "text":
            value = _plain(token.text[1:-1])
            self.constants.append(Constant(token.start, token.end, value, quoted=True, paths=paths, equal=equal))
        elif kind in {"number", "other"}:
            self.constants.append(Constant(token.start, token.end, token.text, quoted=False, paths=paths))
        elif not (kind == "day" or upper in _VALUES or _DAY.fullmatch(token.text)):
            raise unreadable("a constant of a query is not understood")

    def _name(self, token: Token, scope: _Scope) -> Path:
        path = scope.path(token.text)
        self.named.append(Named(path))
        return path

    def _number(self) -> None:
        if self._kind() != "number" or not self.tokens[self.at].text.isdigit():
            raise unreadable("a number is missing in a query")
        self.at += 1

    def _word(self) -> Token:
        if self._kind() != "word":
            raise unreadable("a name is missing in a query")
        self.at += 1
        return self.tokens[self.at - 1]

    def _kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _upper(self) -> str:
        return self.tokens[self.at].upper if self.at < len(self.tokens) else ""

    def _keyword(self, word: str) -> bool:
        found = self._upper() == word
        self.at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._keyword(word):
            raise unreadable("a query lacks a word that belongs there")


def _tokens(text: str) -> list[Token]:
    """Cut a query into tokens. Raises `Unreadable`: query-unreadable."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise unreadable("a query holds what none does")
        if match.lastgroup is not None:
            found.append(Token(match.lastgroup, match[0], at, match.end()))
        at = match.end()
    return found


def _plain(text: str) -> str:
    """Undo the escapes of a constant."""

    def plain(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "uU" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPED.get(code.lower(), code)

    return _ESCAPE.sub(plain, text)
