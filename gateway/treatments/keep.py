"""keep: the field passes as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave the value alone: the identity of the lattice."""

    NAME: ClassVar[str] = "keep"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.DESCEND
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def apply(self, value: Scalar, subject: Subject) -> Scalar:  # noqa: ARG002 - the contract's signature
        """Give back the very same object, which means untouched."""
        return value

    def could_have_made(self, value: Scalar) -> bool:  # noqa: ARG002 - the contract's signature
        """Answer no: nothing is ever hidden, so nothing can be written back hidden."""
        return False

    def join(self, other: Keep) -> Keep:  # noqa: ARG002 - the contract's signature
        """There is only one keep."""
        return self
