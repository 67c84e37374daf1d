"""Step 5, for documents: the watermark obligations of a verdict become a plan, which a worker process carries out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gateway.errors import Unreadable
from gateway.flow import Flow
from gateway.formats.documents import MARKABLE
from gateway.policy.marking import Marking, joined
from gateway.ports import Ports
from gateway.steps.record import Record
from gateway.watermark.document import mark
from gateway.watermark.plan import Marked, Plan
from gateway.watermark.text.template import Words

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
    plan = _plan(joined(watermark for _, watermark in due), flow, due[0][0].facts.customer, ports)
    marked: Marked = await ports.offload(mark, format_, body, plan)
    return marked


def _plan(asked: Marking, flow: Flow, customer: str | None, ports: Ports) -> Plan:
    """Fill in the templates of what is asked for; `{mark}` is filled page by page."""
    started = datetime.fromtimestamp(flow.started // _NANOSECONDS, UTC)
    words = Words(
        customer=customer or "-",
        recipient=flow.operator.subject or flow.operator.system,
        date=started.strftime("%Y-%m-%d %H:%MZ"),
        purpose=flow.purpose.name if flow.purpose else "-",
        operator=flow.operator.subject or "-",
        system=flow.operator.system,
        time=started.strftime("%H:%M:%SZ"),
    )
    return Plan(
        visible=tuple(dict.fromkeys(replace(one, text=words.fill(one.text)) for one in asked.shown)),
        permissions=asked.forbidden,
        secret=ports.random(32),
        hidden=ports.marks if asked.hidden else b"",
        view_only=asked.view_only,
        bilevel=asked.bilevel,
        attachments=asked.attachments,
        signed=asked.signed,
        pdfa=asked.pdfa,
    )
