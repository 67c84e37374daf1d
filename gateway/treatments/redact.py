"""redact: the value gives way to a constant of the same JSON type, or to null where no such constant is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from gateway.formats.document import Scalar, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option

REDACTED = "[redacted]"
"""What stands for a redacted text."""


@dataclass(frozen=True, slots=True)
class Redact:
    """Replace the value: text by `[redacted]`, numbers and booleans by null, objects by {}, arrays by [].

    `constant` stands in for values of its own JSON type, so that a client that insists on a number gets one.
    """

    constant: Scalar = None

    NAME: ClassVar[str] = "redact"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.EMPTY
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "constant": Option("scalar", "what stands in for values of the same JSON type"),
    }

    def apply(self, value: Scalar, subject: Subject) -> Scalar:  # noqa: ARG002 - the contract's signature
        """Give the constant, `[redacted]` or null; null stays null."""
        if value is None:
            return None
        if self.constant is not None and json_type(value) == json_type(self.constant):
            return self.constant
        return REDACTED if isinstance(value, str) else None

    def could_have_made(self, value: Scalar) -> bool:
        """Recognise `[redacted]`, the constant, and null, which a redacted number becomes."""
        if value is None:
            return True
        if value == REDACTED and not isinstance(self.constant, str):
            return True
        return json_type(value) == json_type(self.constant) and value == self.constant

    def join(self, other: Redact) -> Redact:
        """Keep a constant that both share; else fall back to the plain one."""
        same = json_type(self.constant) == json_type(other.constant) and self.constant == other.constant
        return self if same else Redact()


def json_type(value: Scalar) -> str:
    """Name the JSON type (RFC 8259 section 3) of a scalar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | Decimal) else "string"
