"""Reading base64url and JSON so that there is one way to read each, or none."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from gateway.crypto import b64url_decode


def base64url(text: str) -> bytes:
    """Decode base64url without padding (RFC 7515 section 2).

    Raises `ValueError` for any other alphabet, padding, and stray bits in the last character: with those allowed, one
    token would have many spellings, and a digest would name only one of them.
    """
    return b64url_decode(text.encode("ascii"))


def json_object(data: bytes) -> dict[str, Any]:
    """Decode a JSON object in UTF-8 (RFC 8259); numbers with a fraction or an exponent as `float`.

    Raises `ValueError` for anything else, and for a member named twice, which two readers can read differently. The
    error never holds any of the text.
    """
    try:
        orjson.loads(data)  # refuses NaN, lone surrogates, broken UTF-8, absurd nesting, trailing data
        found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("not strict JSON") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - bytes from outside, not a misuse
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, each name once."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _no_constant(_: str) -> NoReturn:
    """Refuse NaN and the infinities, which are not JSON."""
    raise ValueError("not a JSON number")
