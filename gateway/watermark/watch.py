"""What a marking tells whoever bounds its time: whether the file decides how long things take, or sizes that are known.

A file that is out to hurt is found out in a few seconds, and a large honest one has all the time that marking takes.
"""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Is told at each turn; at first there is doubt."""

    def doubt(self) -> None:
        """From now on what the file says decides: a few seconds are enough for the next thing, or it is hostile."""

    def trust(self) -> None:
        """From now on only sizes decide, of what was read to its end: all the time that there is."""


class Unwatched:
    """Nobody bounds the time."""

    def doubt(self) -> None:
        """Nothing to do."""

    def trust(self) -> None:
        """Nothing to do."""


UNWATCHED = Unwatched()
