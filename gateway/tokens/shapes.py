"""What tokens look like: the vault's are made here, and all are told from ordinary data.

The vault's tokens say nothing: they are random. Each has check digits, so that a digit mistyped is no token and data
that happens to look alike isn't taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from gateway.tokens import jwe, sealed
from gateway.tokens.keys import Shape
from gateway.tokens.kid import Kid

Form = Literal["encrypted", "sealed", "text", "digits", "phone"]

LONGEST = 27
"""Characters of the vault's longest tokens."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_BASE = len(_ALPHABET)

# A prime that divides no power of the base: one wrong letter, or two that changed places, always show.
_TEXT_CHECK, _DIGITS_CHECK, _PHONE_CHECK = 3833, 997, 97

_TEXT = re.compile(r"tk_([0-9A-Za-z]{22})([0-9A-Za-z]{2})", re.ASCII)
_DIGITS = re.compile(r"(79[0-9]{11})([0-9]{3})", re.ASCII)
_PHONE = re.compile(r"\+(999[0-9]{10})([0-9]{2})", re.ASCII)
_CUT_TEXT = re.compile(r"tk_[0-9A-Za-z]{12,}", re.ASCII)
_CUT_SEALED = re.compile(r"sl_[\w-]{16}\.[1-9]", re.ASCII)

_FIRST_NUMBER, _LAST_NUMBER = 79 * 10**14, 80 * 10**14 - 1
_SHORTEST_CUT = 32
STARTS = "tk_", "79", "+999"
"""How tokens of the vault begin."""
_STARTS = (*STARTS, jwe.START[:_SHORTEST_CUT], sealed.START_JWE[:_SHORTEST_CUT], sealed.START_HPKE)


def make(shape: Shape, random: Callable[[int], bytes]) -> str:
    """Make a token of the vault from 16 random bytes.

    `text`: `tk_`, 128 bits in base 62, two check letters: 27 characters. `digits`: 79, 11 digits, three check digits: a
    number below 2^53, which every JSON reader keeps exact (RFC 8259 section 6), apart from those of `pseudonymise`.
    `phone`: +999, a country code that isn't assigned, 10 digits and two check digits: 15, the most that E.164 has.
    """
    number = int.from_bytes(random(16))
    if shape == "text":
        body = _base62(number, 22)
        return f"tk_{body}{_base62(_checksum(body), 2)}"
    if shape == "digits":
        body = f"79{number % 10**11:011}"
        return f"{body}{int(body) % _DIGITS_CHECK:03}"
    body = f"999{number % 10**10:010}"
    return f"+{body}{int(body) % _PHONE_CHECK:02}"


def could_be_token(value: object) -> bool:
    """Tell cheaply whether a value may be a token, or what was left of one that was cut: no is sure, yes is not."""
    if isinstance(value, str):
        return value.startswith(jwe.START) or (value.startswith(_STARTS) and _could_be(value))
    return isinstance(value, int) and _FIRST_NUMBER <= value <= _LAST_NUMBER and is_token(str(value))


def is_token(text: str) -> bool:
    """Tell whether a text has the whole form of a token of any kind, whoever's it is."""
    return text.startswith(_STARTS) and form_of(text) is not None


def is_unmistakable(text: str) -> bool:
    """Tell whether a text is a token whose form nobody's data has by chance: not of digits alone."""
    return text.startswith(_STARTS) and form_of(text) in {"encrypted", "sealed", "text"}


def is_encrypted(text: str) -> bool:
    """Tell whether a text has the form of an encrypted value."""
    return text.startswith(jwe.START) and jwe.is_whole(text)


def is_sealed(text: str) -> bool:
    """Tell whether a text has the form of a sealed value."""
    return sealed.is_whole(text)


def form_of(text: str) -> Form | None:
    """Tell which kind of token a text has the form of."""
    if is_encrypted(text):
        return "encrypted"
    if is_sealed(text):
        return "sealed"
    return shape_of(text)


def shape_of(text: str) -> Shape | None:
    """Tell the shape of a token of the vault."""
    if found := _TEXT.fullmatch(text):
        return "text" if found[2] == _base62(_checksum(found[1]), 2) else None
    if found := _DIGITS.fullmatch(text):
        return "digits" if int(found[1]) % _DIGITS_CHECK == int(found[2]) else None
    if found := _PHONE.fullmatch(text):
        return "phone" if int(found[1]) % _PHONE_CHECK == int(found[2]) else None
    return None


def kid_of(text: str) -> Kid | None:
    """Give the key that an encrypted or sealed value names; None for every other text. Proves nothing."""
    return jwe.kid_of(text) or sealed.kid_of(text)


def _could_be(text: str) -> bool:
    if text.startswith("79"):
        return shape_of(text) == "digits"
    if text.startswith("tk_"):
        return _CUT_TEXT.fullmatch(text) is not None
    if text.startswith("eyJ"):
        return any(start.startswith(text[: len(start)]) for start in (jwe.START, sealed.START_JWE))
    if text.startswith("sl_"):
        return _CUT_SEALED.match(text) is not None
    return True  # a country code that isn't assigned


def _checksum(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _BASE + _VALUE[letter]
    return number % _TEXT_CHECK


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, value = divmod(number, _BASE)
        letters.append(_ALPHABET[value])
    return "".join(reversed(letters))
