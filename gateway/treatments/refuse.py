"""refuse: where this field occurs, the whole flow is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuse the flow that carries the field: the top of the lattice."""

    NAME: ClassVar[str] = "refuse"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.REFUSE
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def apply(self, value: Scalar, subject: Subject) -> Signal:  # noqa: ARG002 - the contract's signature
        """Signal the refusal, for null as well: that a field is there can matter as much as what it holds."""
        return Signal.REFUSE

    def could_have_made(self, value: Scalar) -> bool:  # noqa: ARG002 - the contract's signature
        """Answer no: a refused flow releases nothing that could be written back."""
        return False

    def join(self, other: Refuse) -> Refuse:  # noqa: ARG002 - the contract's signature
        """There is only one refuse."""
        return self
