"""Text as people count it: a letter with its accents, or an emoji with its modifiers, is one character.

A small part of UAX 29, kept strict on purpose: what is glued into one character is shown or hidden as one, so nothing
that can carry readable text (letters, digits, tag characters) is ever glued on.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def graphemes(text: str) -> list[str]:
    """Split a text into user-perceived characters; joining them gives the text back."""
    if text.isascii():
        return list(text)
    clusters: list[str] = []
    for character in text:
        if clusters and _extends(character, clusters[-1]):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _extends(character: str, cluster: str) -> bool:
    """Tell whether a character belongs to the cluster before it: marks, joined pictographs, skin tones."""
    if character == _JOINER or unicodedata.category(character) in {"Mn", "Mc", "Me"}:
        return True
    if ord(character) in _SKIN_TONES:
        return unicodedata.category(cluster[0]) == "So"
    return cluster[-1] == _JOINER and unicodedata.category(character) == "So"
