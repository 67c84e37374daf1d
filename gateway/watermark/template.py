"""Fills the templates of visible marks in; `{mark}` stays, for each page has its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"\{(customer|recipient|date|purpose)\}")
_BRACES = str.maketrans("{}", "()")


@dataclass(frozen=True, slots=True)
class Words:
    """What stands for the words of a template."""

    customer: str
    recipient: str
    date: str
    purpose: str

    def fill(self, template: str) -> str:
        """Fill a template in. Braces in a value become round: they would let it pass for `{mark}`."""
        return _WORD.sub(lambda found: str(getattr(self, found.group(1))).translate(_BRACES), template)
