"""pseudonymise: a code instead of the value, the same each time for one customer and purpose, and only there."""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option

PREFIX = "pn_"
"""How texts begin that stand for others."""

_TEXT = re.compile(PREFIX + r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)  # 16 bytes leave four possible last letters
_FIRST_NUMBER = 8 * 10**15
_NUMBERS = 10**15  # the range ends below 2^53: every JSON reader keeps such a number exact (RFC 8259 section 6)


@dataclass(frozen=True, slots=True)
class Pseudonymise:
    """HMAC-SHA-256 (RFC 2104) under the customer's own key for this purpose, over the value's text in NFC.

    Text becomes `pn_` and 22 letters; a number becomes a whole number of 16 digits; a boolean, which two codes would
    give away, becomes null. A stranger has no key: refused.
    """

    NAME: ClassVar[str] = "pseudonymise"
    KEYED: ClassVar[bool] = True
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def apply(self, value: Scalar, subject: Subject) -> Scalar | Signal:
        """Give the pseudonym, of the same JSON type; null stays null."""
        if subject.keys is None:
            return Signal.REFUSE
        if value is None or isinstance(value, bool):
            return None
        key = subject.keys.pseudonym_key()
        if isinstance(value, str):
            digest = hmac.digest(key, unicodedata.normalize("NFC", value).encode(), "sha256")
            return PREFIX + urlsafe_b64encode(digest[:16])[:22].decode()
        digest = hmac.digest(key, _number_text(value).encode(), "sha256")
        return _FIRST_NUMBER + int.from_bytes(digest[:16]) % _NUMBERS

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise the shapes of pseudonyms, and null, which a boolean becomes."""
        if value is None:
            return True
        if isinstance(value, str):
            return _TEXT.fullmatch(value) is not None
        return not isinstance(value, bool) and _FIRST_NUMBER <= value < _FIRST_NUMBER + _NUMBERS

    def join(self, other: Pseudonymise) -> Pseudonymise:  # noqa: ARG002 - the contract's signature
        """There is only one pseudonymise."""
        return self


def _number_text(value: int | Decimal) -> str:
    """Write a number in one way only, so that 100, 100.0 and 1e2 get the same pseudonym; never expands an exponent."""
    sign, digits, exponent = Decimal(value).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    significant = text.rstrip("0")
    if not significant:
        return "0"
    assert isinstance(exponent, int)  # JSON has neither NaN nor infinity
    return f"{'-' * sign}{significant}e{exponent + len(text) - len(significant)}"
