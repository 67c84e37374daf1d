"""Step 5, for documents: the watermark obligations of a verdict become a plan, which a worker process carries out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from gateway.errors import Unreadable
from gateway.flow import Flow
from gateway.formats.documents import MARKABLE
from gateway.policy.model import Watermark
from gateway.ports import Ports
from gateway.steps.record import Record
from gateway.watermark.document import mark
from gateway.watermark.plan import Marked, Plan, Visible
from gateway.watermark.template import Words

_NANOSECONDS = 1_000_000_000


async def stamp(format_: str, body: bytes, records: Iterable[Record], flow: Flow, ports: Ports) -> Marked | None:
    """Mark a document as its records' decisions oblige; None where none does. Raises `Unreadable` if it can't be.

    Not for bodies that are treated field by field: there a watermark has no page to stand on.
    """
    due = [(record, watermark) for record in records for _, watermark in record.decision.watermarks]
    if not due:
        return None
    if format_ not in MARKABLE:
        raise Unreadable("body-unmarkable", "format")
    watermarks = [watermark for _, watermark in due]
    plan = _plan(watermarks, flow, due[0][0].facts.customer, ports)
    marked: Marked = await ports.offload(mark, format_, body, plan)
    return marked


def _plan(watermarks: Sequence[Watermark], flow: Flow, customer: str | None, ports: Ports) -> Plan:
    """Fill the templates of all obligations; what any of them forbids is forbidden. `{mark}` is filled page by page."""
    words = Words(
        customer=customer or "-",
        recipient=flow.operator.subject or flow.operator.system,
        date=datetime.fromtimestamp(flow.started // _NANOSECONDS, UTC).strftime("%Y-%m-%d %H:%MZ"),
        purpose=flow.purpose.name if flow.purpose else "-",
    )
    texts = {words.fill(watermark.visible or "{mark}") for watermark in watermarks}
    forbidden = {name for watermark in watermarks for name, granted in watermark.permissions.items() if not granted}
    return Plan(
        visible=tuple(map(Visible, sorted(texts))),
        permissions=frozenset(forbidden),
        secret=ports.random(32),
        hidden=ports.marks if any(one.hidden for one in watermarks) else b"",
    )
