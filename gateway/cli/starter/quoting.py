"""Texts as YAML writes them: plain where every reader takes them for text, in double quotes otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z$/][A-Za-z0-9_./$-]*")
MEANS_MORE = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that some YAML readers take for something else than text."""


def quoted(text: str) -> str:
    """Write a text of printable characters so that it is read back as it is, in a block and in braces alike.

    The double quotes are those of JSON, which YAML 1.2 takes over (section 7.3.1); characters beyond ASCII stand as
    they are. Raises ValueError for characters that don't show: they would hide how the line reads.
    """
    if not text.isprintable():
        raise ValueError("a character of it does not show")
    if _PLAIN.fullmatch(text) and text.lower() not in MEANS_MORE:
        return text
    return json.dumps(text, ensure_ascii=False)


def as_json(value: object) -> str:
    """Write a JSON value over several lines, as YAML reads it too: what doesn't show stands in escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(one if one == "\n" or one.isprintable() else _escape(one) for one in text)


def _escape(character: str) -> str:
    """Write a character by its number (YAML 1.2 section 5.7)."""
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - 16 bits


def listed(texts: Iterable[str]) -> str:
    """Write a list on one line."""
    return f"[{', '.join(map(quoted, texts))}]"
