"""The words of XPath 1.0 (section 3.7), and a cursor over them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 500
_NC = r"[^\W\d][\w.\-·]*"
_TOKEN = re.compile(
    rf"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<name>(?:{_NC}:)?(?:{_NC}|(?<=:)\*))"""
    r"|(?P<sign>//|::|\.\.|!=|<=|>=|[/.@()\[\],=<>+*|$-]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind is `text`, `number`, `name`, `sign`, or `end`."""

    kind: str
    text: str
    at: int


class Cursor:
    """Goes over the words of a selector, one at a time."""

    def __init__(self, text: str) -> None:
        """Cut a selector into its words. ValueError for what is none."""
        if len(text) > _LONGEST:
            raise ValueError("too long")
        self.tokens: list[Token] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"{text[at : at + 10]!r} at {at + 1} is no XPath")
            kind = found.lastgroup or ""
            self.tokens.append(Token(kind, found[kind], found.start(kind)))
            at = found.end()
        self.tokens.append(Token("end", "", end))
        self.index = 0

    @property
    def here(self) -> Token:
        """Give the word that is next."""
        return self.tokens[self.index]

    def take(self) -> Token:
        """Give the next word, and go past it."""
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def skip(self, *signs: str) -> str:
        """Go past one of some signs, or names used as signs, and give it; "" where another word is next."""
        if self.here.kind in {"sign", "name"} and self.here.text in signs:
            return self.take().text
        return ""

    def expect(self, sign: str) -> None:
        """Go past a sign. ValueError where it isn't there."""
        if not self.skip(sign):
            raise self.wrong(f"{sign} is missing")

    def peek(self, ahead: int = 1) -> Token:
        """Give a word further on."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def wrong(self, what: str) -> ValueError:
        """Make an error that names the place."""
        return ValueError(f"{what}, at {self.here.at + 1}")
