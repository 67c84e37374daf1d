"""The mark: a short code, unique for an export and a page, that means nothing without the audit log.

A code is 64 bits in base 29 and one check character, printed as three groups of five: `7KQ2M-XB4NA-9CDTP`. The alphabet
leaves out 0, O, 1, I, L, U and Z, which people mistake for each other or for 2 when they read a code from a screenshot.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from operator import mul

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXY"
"""29 characters: a prime, so that the check notices every wrong character and every swap of two."""

_DIGITS = 14  # 29 ** 14 is just above 2 ** 68
_GROUP = 5
_POWERS = [len(ALPHABET) ** place for place in reversed(range(_DIGITS))]
_WEIGHTS = range(1, _DIGITS + 1)  # different and not 0 modulo 29: that is what makes the check notice
SHAPE = "-".join(["W" * _GROUP] * 3)
"""As wide as any code: what a layout is measured with before the code of the page is known."""


def code(secret: bytes, page: int) -> str:
    """Give the code of a page, counted from 1: HMAC-SHA-256 over its number, keyed with 32 fresh bytes an export."""
    digest = hmac.digest(secret, b"sovgate mark 1 page" + page.to_bytes(8, "big"), hashlib.sha256)
    return printed(int.from_bytes(digest[:8], "big"))


def number(code: str) -> int:
    """Give the 64 bits of a code in its printed form: what the hidden mark carries."""
    letters = code.replace("-", "")[:_DIGITS]
    return sum(ALPHABET.index(letter) * power for letter, power in zip(letters, _POWERS, strict=True))


def check(text: str) -> str | None:
    """Give a typed code in its printed form, or None where it can't be one: a typo, a character too many or too few.

    Case, spaces, dashes and full-width characters don't matter.
    """
    kept = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in {"Pd", "Zs", "Cc", "Cf"}
    )
    letters = kept.upper()
    if len(letters) != _DIGITS + 1 or not set(letters) <= set(ALPHABET):
        return None
    bits = number(letters)
    if bits >= 1 << 64:
        return None
    right = printed(bits)
    return right if right.replace("-", "") == letters else None


def printed(bits: int) -> str:
    """Give a code of 64 bits in its printed form."""
    digits = [bits // power % len(ALPHABET) for power in _POWERS]
    digits.append(sum(map(mul, digits, _WEIGHTS)) % len(ALPHABET))
    letters = "".join([ALPHABET[digit] for digit in digits])
    return "-".join([letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP)])
