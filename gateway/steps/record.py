"""The records of one customer in a leg, from the decision on to the entry."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flow import CustomerFacts
from gateway.formats.document import Edits
from gateway.policy.decide import Decision
from gateway.regime import Labels


@dataclass(frozen=True, slots=True)
class Record:
    """What was decided on one customer's records, or on the frame around them (`count` 0), and the edits it became."""

    facts: CustomerFacts
    decision: Decision
    labels: Labels
    edits: Edits
    count: int = 0
