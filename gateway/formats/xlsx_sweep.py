"""Looking for treated values where nobody put them on purpose: in formulas, names, filters, and what people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.formats.document import Scalar
from gateway.formats.tally import text_of
from gateway.formats.xlsx_said import literals

_SIZES = (5, 2)  # of the shortest text that is looked for, and of the shortest in Chinese, Japanese and Korean
_WIDE = re.compile("[\u2e80-\U0010ffff]")
_TELLING = re.compile(r"[0-9@]|\S\s+\S|[^\x00-\x7f]")
_DIGITS = re.compile(r"[0-9]{5}")

_Known = dict[str, dict[int, set[str]]]
"""Texts by how they begin, and by their size."""


class Sweep:
    """Values that were treated, as texts, where they tell something by themselves: `Standard` does not.

    Texts are compared without case; a value is found as a whole or within a longer text.
    """

    def __init__(self, values: Iterable[Scalar], names: Iterable[str]) -> None:
        """Take the values; `names` are the columns', which are no one's values."""
        self._values, self._names = values, names
        self._read: tuple[_Known, _Known] | None = None

    def finds(self, text: str) -> bool:
        """Tell whether a text holds a value."""
        if not text:
            return False
        folded = text.casefold()
        for size, known in zip(_SIZES, self._known, strict=True):
            for at in range(len(folded) - size + 1 if known else 0):
                sizes = known.get(folded[at : at + size])
                if sizes and any(folded[at : at + long] in texts for long, texts in sizes.items()):
                    return True
        return False

    def finds_in(self, formula: str) -> bool:
        """Tell whether a formula has a text or a number that holds a value."""
        return ('"' in formula or _DIGITS.search(formula) is not None) and any(map(self.finds, literals(formula)))

    @property
    def _known(self) -> tuple[_Known, _Known]:
        """Give the values: they are looked at when they are looked for, which is seldom."""
        if self._read is None:
            self._read, names = ({}, {}), {name.casefold() for name in self._names}
            for value in self._values:
                text = text_of(value).strip().casefold()
                kind = 0 if len(text) >= _SIZES[0] else 1
                enough = not kind or (len(text) >= _SIZES[1] and _WIDE.search(text))
                if enough and _TELLING.search(text) and text not in names:
                    self._read[kind].setdefault(text[: _SIZES[kind]], {}).setdefault(len(text), set()).add(text)
        return self._read
