"""How surely it is known who acts: from what the issuer claims of how they proved it, to the officers' own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#+-]{0,127}")
"""What an `acr` or an `amr` value looks like: a short word or an address, and nobody's data."""

_PRESENT = frozenset({"user", "fpt", "face", "iris", "retina", "vbm"})
"""The methods of RFC 8176 section 2 for which somebody has to be there: a test of presence, and biometry."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a level: the `acr` is one of these, and every one of these `amr` is there. Empty: not asked for."""

    acr: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Level:
    """An assurance, as policies call it, and the ways that lead to it."""

    name: str
    ways: tuple[Way, ...]


def level_of(levels: Iterable[Level], acr: str | None, amr: tuple[str, ...]) -> str | None:
    """Give the first level to which a way leads, None where there is none."""
    methods = frozenset(amr)
    for level in levels:
        if any((not way.acr or acr in way.acr) and way.amr <= methods for way in level.ways):
            return level.name
    return None


def claims_presence(amr: tuple[str, ...]) -> bool:
    """Tell whether an issuer claims that the operator was there in person."""
    return not _PRESENT.isdisjoint(amr)
