"""Did you mean: the hint that names what was probably meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

_FEW = 12  # so many names are simply listed


def suggest(word: str, known: Collection[str]) -> str:
    """Give a hint for a word that is none of the known ones: the nearest, or all where they are few, or ""."""
    folded = {name.lower(): name for name in sorted(known, reverse=True)}
    near = get_close_matches(word[:100].lower(), folded, n=1)
    if near:
        return f'did you mean "{folded[near[0]]}"?'
    if 0 < len(known) <= _FEW:
        return f"there are: {', '.join(sorted(known))}"
    return ""
