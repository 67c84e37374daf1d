"""Scalars between JSON text and Python, with no digit lost: whole numbers as int, others as Decimal, never a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

from gateway.formats.document import Scalar

MOST_DIGITS = 1000
"""How long a number with a fraction or exponent may be written to be treated at all; whole ones are the decoder's."""

_SCALAR = msgspec.json.Decoder(str | int | float | bool | None)


class NoScalarError(ValueError):
    """The text is an object, an array, or a number too long or too far out to be treated."""


def decode(raw: msgspec.Raw) -> Scalar:
    """Give the scalar that a valid JSON text writes. Raises `NoScalarError`."""
    try:
        value = _SCALAR.decode(raw)
    except msgspec.ValidationError:  # an object, an array, or a whole number beyond what the decoder takes
        return _number(raw)
    return _number(raw) if isinstance(value, float) else value


def encode(value: Decimal) -> msgspec.Raw:
    """Write a Decimal exactly as it is (RFC 8259 section 6)."""
    return msgspec.Raw(str(value).encode() if value.is_finite() else b"null")


def _number(raw: msgspec.Raw) -> Scalar:
    text = bytes(raw)
    if text[:1] in b"{[" or len(text) > MOST_DIGITS:
        raise NoScalarError
    written = text.decode()
    if written.lstrip("-").isdecimal():
        return int(written)
    try:
        return Decimal(written)
    except InvalidOperation:  # an exponent of many digits
        raise NoScalarError from None
