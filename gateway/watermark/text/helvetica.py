"""How wide text is in Helvetica, which every viewer has and no file needs to embed (ISO 32000-2, 9.6.2.2)."""

from __future__ import annotations

import unicodedata

_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_ASCII = {chr(32 + place): int(width) / 1000 for place, width in enumerate(_WIDTHS.split())}
_WIDEST = 1.0  # of the characters beyond ASCII, none that has no ASCII letter in it is wider


def width(text: str) -> float:
    """Give the width of a text in font sizes: exact for ASCII and accented letters, at least as wide for others."""
    return sum(_ASCII.get(unicodedata.normalize("NFD", character)[0], _WIDEST) for character in text)
