"""Fields that are selected by names with wildcards: those of forms, and of archives' members."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.formats.document import Spot
from gateway.formats.format import Shape
from gateway.formats.tally import pointer


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """A compiled message: a pattern for each field, and as it was written; the name that holds the customer."""

    fields: tuple[re.Pattern[str], ...]
    texts: tuple[str, ...]
    pointers: tuple[str, ...]
    customer: str | None

    @classmethod
    def of(cls, shape: Shape, pattern: Callable[[str], re.Pattern[str]]) -> Patterns:
        """Compile the names of a message."""
        texts = tuple(shape.fields)
        return cls(tuple(map(pattern, texts)), texts, tuple(map(pointer, texts)), shape.customer)

    def spot(self, name: str) -> Spot:
        """Give the fields that cover a name."""
        return tuple(index for index, pattern in enumerate(self.fields) if pattern.fullmatch(name))

    def pointer(self, spot: Spot) -> str:
        """Give how reports name what stands at a spot."""
        return self.pointers[spot[0]] if spot else "/?"
