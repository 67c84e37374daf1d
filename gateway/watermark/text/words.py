"""The words of the visible mark: filled in, in characters that there are fonts for, broken into lines."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from gateway.watermark.text import bidi

LONGEST = 400
"""Characters of a text that are shown; what is longer ends in `...`."""

CONTROLS = frozenset(
    {bidi.LTR_ISOLATE, bidi.FIRST_STRONG_ISOLATE, bidi.POP_ISOLATE, bidi.LTR_MARK, bidi.RTL_MARK},
)
"""What `put`, `fill` and `wrap` add to text that runs from right to left. They steer, and are never drawn."""

_MOST_MARKS = 4  # on one letter; more would be drawn over the lines around it
_WIDE = frozenset("WF")
_BRACES = str.maketrans("{}", "()")  # in a value, they would let it pass for `{mark}`


def put(template: str, values: Mapping[str, str]) -> str:
    """Put values in the places of a template that have their names in braces; `{mark}` stays for later.

    A value says nothing about what stands around it: its braces become `(` and `)`, what steers the direction of text
    is spelled, and beside text from right to left each value is isolated, so that it keeps its own order (UAX 9, 6.4).
    """
    clean = {name: _spelled(value.translate(_BRACES), lambda c: c not in CONTROLS) for name, value in values.items()}
    filled = _replaced(template, clean)
    if not bidi.rtl(filled):
        return filled
    isolated = {name: f"{bidi.FIRST_STRONG_ISOLATE}{value}{bidi.POP_ISOLATE}" for name, value in clean.items()}
    return _replaced(template, isolated)


def fill(texts: Iterable[str], code: str) -> tuple[str, ...]:
    """Put the code into each text; where no text has a place for it, it stands behind the last one."""
    given = [text for text in texts if text.strip()]
    if not any("{mark}" in text for text in given):
        given = [*given[:-1], f"{given[-1]} / {{mark}}" if given else "{mark}"]
    short = (text if len(text) <= LONGEST else _cut(text) for text in given)
    isolated = f"{bidi.LTR_ISOLATE}{code}{bidi.POP_ISOLATE}"
    return tuple(text.replace("{mark}", isolated if bidi.rtl(text) else code) for text in short)


def is_winansi(text: str) -> bool:
    """Tell whether a text has only characters of WinAnsiEncoding (ISO 32000-2, Annex D)."""
    return all(c.isprintable() and _encodes(c, "cp1252") for c in text)


def spelled(text: str, shows: Callable[[str], bool]) -> str:
    """Spell a text in the characters that `shows` allows; others become `[U+5317 U+4EAC]` rather than be left out."""
    composed = unicodedata.normalize("NFC", text)
    marks = 0
    drawn = []
    for character in composed:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        drawn.append(marks <= _MOST_MARKS and (character in CONTROLS or _shown(character, shows)))
    shown = iter(drawn)
    return _spelled(composed, lambda _: next(shown))


def wrap(text: str, columns: int) -> tuple[str, ...]:
    """Break a text into lines of at most `columns` columns, at spaces where there are any.

    A Chinese character takes two, and a line may end behind it. Every line of a text that is read from right to left
    begins with a sign that says so.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and _columns(line) + 1 + _columns(word) > columns:
            room = columns - _columns(line) - 1
            if _columns(word) <= columns or not _wide(word):
                lines.append(line)
                line = ""
            else:
                head = _head(word, room)
                lines.append(f"{line} {head}".strip())
                line, word = "", word[len(head) :]  # noqa: PLW2901  what is left of it
        rest = f"{line} {word}".strip()
        while _columns(rest) > columns:
            head = _head(rest, columns) or rest[0]
            lines.append(head)
            rest = rest[len(head) :]
        line = rest
    if line:
        lines.append(line)
    direction = bidi.RTL_MARK if bidi.base(text) else bidi.LTR_MARK
    return tuple(f"{direction}{line}" for line in lines) if bidi.rtl(text) else tuple(lines)


def _head(text: str, columns: int) -> str:
    """Give what of a text fits, with the marks that belong to its last letter."""
    taken = 0
    for at, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:at]
    return text


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if _still(c) else 2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in text)


def _still(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in {"Mn", "Me", "Cf"}


def _wide(text: str) -> bool:
    return any(unicodedata.east_asian_width(character) in _WIDE for character in text)


def _cut(text: str) -> str:
    cut = f"{text[: LONGEST - 3]}..."
    return f"{cut} {{mark}}" if "{mark}" in text else cut


def _replaced(template: str, values: Mapping[str, str]) -> str:
    """Replace every `{name}` at once: what was put in is not looked at again."""
    parts = []
    rest = template
    while rest:
        before, brace, after = rest.partition("{")
        name, end, beyond = after.partition("}")
        parts.append(before)
        if end and name in values:
            parts.append(values[name])
            rest = beyond
        else:
            parts.append(brace)
            rest = after
    return "".join(parts)


def _shown(character: str, shows: Callable[[str], bool]) -> bool:
    return (character.isprintable() or unicodedata.category(character) == "Cf") and shows(character)


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
