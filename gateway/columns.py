"""How many columns of a terminal a text takes: where Chinese stands before a place, the line below must know it."""

from __future__ import annotations

import unicodedata

_WIDE = frozenset("WF")  # UAX 11: wide and full-width characters take two columns
_NONE = frozenset({"Mn", "Me", "Cf"})  # marks stand on the letter before them; formats show nothing
_SOFT_HYPHEN = "\xad"  # a format that terminals show


def columns(text: str) -> int:
    """Count the columns that a text takes; a tab counts as one, as the lines in reports have them."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in _NONE and character != _SOFT_HYPHEN:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
