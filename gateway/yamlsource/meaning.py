"""What an unquoted scalar means: the YAML 1.2 core schema, and where YAML 1.1 readers would see something else."""

from __future__ import annotations

import re
from decimal import Decimal

from gateway.yamlsource.node import Leaf, Listing, Node

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0[xob][0-9A-Fa-f]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})\.[0-9]{1,30}")

BOOLEANS_OF_YAML_1_1 = frozenset(
    form for word in ("yes", "no", "on", "off") for form in (word, word.capitalize(), word.upper())
)
"""Text to YAML 1.2, true or false to YAML 1.1: whoever reads the file may be wrong about it, so they are told."""


class Odd:
    """What a plain scalar means when it is a number that this program does not take (octal, infinite, huge)."""


ODD = Odd()


def meaning(leaf: Leaf) -> str | int | Decimal | bool | Odd | None:
    """Give what the scalar says: text, an integer of at most 18 digits, a decimal, a boolean, nothing; or `ODD`."""
    text = leaf.text
    if not leaf.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return ODD if _NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text) else text


def described(node: Node) -> str:
    """Name what stands there, in the words of a report: "a list", "a number", "nothing"."""
    if not isinstance(node, Leaf):
        return "a list" if isinstance(node, Listing) else "a mapping"
    means = meaning(node)
    if means is None:
        return "nothing"
    if isinstance(means, bool):
        return "true or false"
    return "text" if isinstance(means, str) else "a number"
