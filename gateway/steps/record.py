"""The records of one customer in a leg, from the decision on to the entry."""

from __future__ import annotations

import msgspec

from gateway.flow import CustomerFacts
from gateway.formats.document import Edits
from gateway.policy.decide import Decision
from gateway.regime import Labels


class Record(msgspec.Struct, frozen=True):
    """What was decided on one customer's records, or on the frame around them (`count` 0), and the edits it became.

    A struct rather than a dataclass, because a table makes thousands of them at once.
    """

    facts: CustomerFacts
    decision: Decision
    labels: Labels
    edits: Edits
    count: int = 0
