"""What a detector is: one way to tell from a value alone what it is, and how far that can be trusted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from gateway.discover.values import LONGEST


class Sure(IntEnum):
    """How far a value that fits can be trusted to be what the detector is for."""

    LOOSE = 3
    """Many other things look like it: it only supports what something else says."""

    PATTERN = 6
    """Little else looks like it."""

    CHECKSUM = 7
    """A check digit or a checksum agrees, beside the pattern."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector. `fits` gets text as `prepared` gives it, of bounded length, and never raises.

    `asks`: it counts only where the field's name says the class as well. `share` of a field's distinct values must fit.
    `inside` finds such values within longer texts. `secret`: such values should not cross at all.
    """

    name: str
    class_: str
    told: str
    sure: Sure
    fits: Callable[[str], bool]
    asks: bool = False
    share: float = 0.8
    inside: re.Pattern[str] | None = None
    secret: bool = False


def prepared(text: str) -> str:
    """Give a value as detectors see it: NFKC, so that full-width digits are digits; trimmed; of bounded length."""
    return unicodedata.normalize("NFKC", text[:LONGEST])[:LONGEST].strip()


def pattern(expression: str) -> Callable[[str], bool]:
    """Give a test for the whole of a value. Digits are ASCII ones: those of other scripts are in no id."""
    compiled = re.compile(expression, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def checked(expression: str, valid: Callable[[str], bool]) -> Callable[[str], bool]:
    """Give a test that asks a library only about what has the right shape; whatever the library raises is a no."""
    compiled = re.compile(expression, re.ASCII)

    def fits(text: str) -> bool:
        if compiled.fullmatch(text) is None:
            return False
        try:
            return bool(valid(text))
        except Exception:  # noqa: BLE001 - libraries raise this and that on odd text; here it is a question
            return False

    return fits
