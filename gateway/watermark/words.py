"""The words of the visible mark: filled in, in characters that the font has, broken into lines."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterable

LONGEST = 400
"""Characters of a text that are shown; what is longer ends in `...`."""


def fill(texts: Iterable[str], code: str) -> tuple[str, ...]:
    """Put the code into each text; where no text has a place for it, it stands behind the last one."""
    given = [text for text in texts if text.strip()]
    if not any("{mark}" in text for text in given):
        given = [*given[:-1], f"{given[-1]} / {{mark}}" if given else "{mark}"]
    short = (text if len(text) <= LONGEST else _cut(text) for text in given)
    return tuple(text.replace("{mark}", code) for text in short)


def winansi(text: str) -> str:
    """Spell a text in the characters of WinAnsiEncoding (ISO 32000-2, Annex D); others become `[U+5317 U+4EAC]`."""
    return _spelled(unicodedata.normalize("NFC", text), lambda c: c.isprintable() and _encodes(c, "cp1252"))


def ascii_only(text: str) -> str:
    """Spell a text in ASCII, for a font that has no more: letters lose their accents, others become `[U+5317]`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _spelled(bare, lambda c: c.isprintable() and c.isascii())


def wrap(text: str, columns: int) -> tuple[str, ...]:
    """Break a text into lines of at most `columns` characters, at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > columns:
            lines.append(line)
            line = ""
        rest = f"{line} {word}".strip()
        while len(rest) > columns:
            lines.append(rest[:columns])
            rest = rest[columns:]
        line = rest
    return tuple([*lines, line] if line else lines)


def _cut(text: str) -> str:
    cut = f"{text[: LONGEST - 3]}..."
    return f"{cut} {{mark}}" if "{mark}" in text else cut


def _encodes(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _spelled(text: str, shows: Callable[[str], bool]) -> str:
    parts: list[str] = []
    for shown, group in itertools.groupby(text, shows):
        run = "".join(group)
        parts.append(run if shown else "[" + " ".join(f"U+{ord(c):04X}" for c in run) + "]")
    return "".join(parts)
