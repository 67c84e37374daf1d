"""Which names may be shown: those that programs are written with. What could be somebody's data never is.

A name is *known* if its words are in the word lists, *plain* if it only looks like a name in a program, and *odd*
otherwise: with spaces, many digits, the shape of an id, a date, an address, or somebody's name.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from gateway.discover.detectors import datum
from gateway.discover.words import known, personal, words

_PLAIN = re.compile(r"(?:@?[A-Za-z_$]|@odata\.)[A-Za-z0-9_$.:/#-]{0,63}", re.ASCII)
_SPELT = re.compile(r"[^\W\d]\w{0,31}")
_SPACED = re.compile(r"[^\W\d]\w{0,24}(?:[ ./-]{1,2}\w{1,24}){1,5}\.?")
_LETTERS = re.compile("[\x21-\x7e \u00c0-\u024f\u3400-\u9fff]+")
"""Letters of the languages that the word lists are in: others can't be told from names of people."""

_MOST_DIGITS = 3
_HEX = re.compile(r"(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F-]*[a-fA-F])[0-9a-fA-F-]{6,}", re.ASCII)
_ID = re.compile(r"[A-Za-z]{1,5}[-_./#]?[0-9]+", re.ASCII)
_DIGITS = re.compile(r"[0-9]+")
_MIXED = re.compile(r"(?=[A-Za-z]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[A-Za-z0-9_-]{16,}", re.ASCII)


class Show(IntEnum):
    """How safe it is to show a name."""

    ODD = 0
    PLAIN = 1
    KNOWN = 2


@lru_cache(maxsize=16384)
def show(name: str) -> Show:
    """Judge the name of a member."""
    plain = _PLAIN.fullmatch(name) is not None
    if not _LETTERS.fullmatch(name):
        return Show.ODD
    if not plain and not _SPELT.fullmatch(name) and not _SPACED.fullmatch(name):
        return Show.ODD
    if digits(name) > _MOST_DIGITS or _HEX.fullmatch(name) or _MIXED.fullmatch(name) or datum(name):
        return Show.ODD
    pieces = [word for word in words(name) if not word.isdigit()]
    if any(map(personal, pieces)):
        return Show.ODD
    if mostly_known(name) or _short(name):
        return Show.KNOWN
    # A name with spaces, or in other letters, must be made of known words: it could be a person's.
    return Show.PLAIN if plain and not _ID.fullmatch(name) else Show.ODD


def all_known(name: str) -> bool:
    """Tell whether every word of a name is known; single letters and short numbers don't count."""
    if digits(name) > _MOST_DIGITS or datum(name):
        return False
    pieces = [word for word in words(name) if not word.isdigit() and len(word) > 1]
    return bool(pieces) and all(map(known, pieces))


def digits(text: str) -> int:
    """Give the length of the longest run of digits."""
    return max(map(len, _DIGITS.findall(text)), default=0)


def mostly_known(name: str) -> bool:
    """Tell whether half of a name's words are known, or more; single letters and numbers don't count."""
    pieces = [word for word in words(name) if not word.isdigit() and len(word) > 1]
    return bool(pieces) and 2 * sum(map(known, pieces)) >= len(pieces)


def _short(name: str) -> bool:
    """Take names of one or two letters for known ones: x, y, id, d."""
    return len(name) < 3 and name.isascii() and name.isalpha()  # noqa: PLR2004 - as said
