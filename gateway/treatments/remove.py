"""remove: the member or element is not there any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.formats.document import Scalar, Signal, Whole
from gateway.treatments.contract import Subject
from gateway.treatments.options import Option


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the field out with its name, so that not even its presence shows."""

    NAME: ClassVar[str] = "remove"
    KEYED: ClassVar[bool] = False
    WHOLE: ClassVar[Whole] = Whole.REMOVE
    OPTIONS: ClassVar[Mapping[str, Option]] = {}

    def apply(self, value: Scalar, subject: Subject) -> Signal:  # noqa: ARG002 - the contract's signature
        """Signal the removal, of null as well."""
        return Signal.REMOVE

    def could_have_made(self, value: Scalar) -> bool:  # noqa: ARG002 - the contract's signature
        """Answer no: what was removed can't come back as a value."""
        return False

    def join(self, other: Remove) -> Remove:  # noqa: ARG002 - the contract's signature
        """There is only one remove."""
        return self
