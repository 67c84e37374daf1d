"""A value as the text inside of a token, and back: its JSON text, so that it returns with its type and every digit."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

Scalar = str | int | Decimal | bool | None
"""As in `gateway.formats.document`, which stands beside this layer."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


def text_of(value: str | int | Decimal | bool) -> str:
    """Write a value as JSON (RFC 8259); numbers keep the digits that they have."""
    if isinstance(value, str):
        return _encode(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def value_of(text: str) -> Scalar:
    """Read what `text_of` wrote. Raises ValueError for anything else."""
    if text.startswith('"'):
        inner = text[1:-1]
        if text.endswith('"') and inner.isprintable() and "\\" not in inner and '"' not in inner:
            return inner  # nothing is escaped: most are
        value = json.loads(text)
        if not isinstance(value, str):
            raise ValueError("not one text")
        return value
    if text in {"true", "false"}:
        return text == "true"
    try:
        return int(text)
    except ValueError:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError("not a value") from None
        if not number.is_finite():
            raise ValueError("not a number of JSON") from None
        return number
