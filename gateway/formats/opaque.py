"""Bodies that are passed or refused whole: documents, pictures, and bytes that nobody looks into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.formats.document import Edits, Refused, Touch, Written


@dataclass(frozen=True, slots=True)
class OpaqueDocument:
    """A body that is one record with one spot, where the catalogue labels the whole. Any edit of it is a refusal."""

    body: bytes
    labelled: bool
    customers: Sequence[str | None] = (None,)

    def write(
        self,
        records: Sequence[Edits],
        envelope: Edits,  # noqa: ARG002 - a Document's form
        customers: Sequence[str | None] | None = None,  # noqa: ARG002 - the same
    ) -> Written:
        """Give the same bytes, or refuse: a part of a picture can't be masked by editing its bytes."""
        edits = records[0]
        if not self.labelled or edits.of((0,)) is None:
            return Written(self.body)
        return Written(self.body, (Touch(edits, (0,), "", 1),), (Refused("", (0,), edits),))
