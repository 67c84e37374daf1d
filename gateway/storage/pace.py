"""How many entries are signed before the disk is asked to make them durable."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 32
"""Entries that are made durable together at the least, if so many wait."""

_SHARE = 10  # how many times longer a batch is signed than the disk takes for it
_INERTIA = 8  # how many batches it takes to believe that the disk has changed


@dataclass(slots=True)
class Pace:
    """The length of batches, `batch`, at most `most`.

    Few entries, so that those who wait for them go on while the next are signed, and yet so many that most of the time
    goes into signing and not into waiting for the disk.
    """

    most: int
    batch: int = LEAST
    _while: float = 1.0  # how many entries could be signed while the disk makes a batch durable

    def took(self, entries: int, seconds: float, waited: float) -> None:
        """Learn from a batch: how long all of it took, and how much of that was waiting for the disk."""
        signing = max(seconds - waited, 1e-6) / entries
        self._while += (waited / signing - self._while) / _INERTIA
        self.batch = min(max(round(self._while * _SHARE), LEAST), self.most)
