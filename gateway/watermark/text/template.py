"""Fills the templates of visible marks in; `{mark}` stays, for each page has its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from gateway.watermark.text.words import put


@dataclass(frozen=True, slots=True)
class Words:
    """What stands for the words of a template; each is named as here, in braces.

    `recipient` is who gets the export: the operator, or the system where nobody is known. `date` has the time as well.
    """

    customer: str
    recipient: str
    date: str
    purpose: str
    operator: str = "-"
    system: str = "-"
    time: str = "-"

    def fill(self, template: str) -> str:
        """Fill a template in. No value can pass for `{mark}` or turn round what stands beside it: see `words.put`."""
        return put(template, asdict(self))


WORDS = (*Words.__slots__, "mark")
"""The words that a template may have in braces."""
