"""What is recorded is counted too: each audit entry, once it is durable, moves the metrics and the access log.

A leg is counted once: a piece of a body counts for what was treated in it, and for the refusal that cuts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit.entry import Entry
from gateway.errors import NotRecorded
from gateway.flow import Leg
from gateway.ports import Append
from gateway.proxy.logs import AccessLog
from gateway.proxy.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Counted:
    """The append port with a counter: the same entries, the same errors."""

    append: Append
    metrics: Metrics
    access: AccessLog

    async def __call__(self, entry: Entry, /) -> int:
        """Append, then count."""
        try:
            index = await self.append(entry)
        except NotRecorded:
            self.metrics.audit_write_failed()
            self.access.note(entry.flow, operation=entry.operation, verdict="refuse", refusal="not-recorded")
            raise
        leg = Leg.RESPONSE if entry.kind == "outcome" else Leg.REQUEST
        verdict = entry.verdict or "allow"
        if entry.kind != "piece":
            self.metrics.decided(entry.to, leg, verdict)
        if entry.kind != "piece" or entry.refusal:
            self.access.note(entry.flow, operation=entry.operation, verdict=verdict, refusal=entry.refusal)
        for decided in entry.decided:
            for field in decided.fields:
                for rule in field.rules:
                    self.metrics.treated(rule.partition("/")[0], field.treatment, field.count)
        return index
