"""The report for programs, and one line a flow. Members may be added; what is here keeps its name and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.dryrun.judged import Judged, Passed
from gateway.dryrun.report import Report, Rows, Where
from gateway.errors import Place

_TIMES = frozenset({"made", "since", "until"})


def as_dict(report: Report) -> dict[str, Any]:
    """Give the report as JSON can hold it.

    Tables that are bounded are `{"rows": [...], "more": N}`; times are RFC 3339 in UTC; an exchange is
    `{"capture": ..., "number": ...}`; a place in a file `{"file": ..., "line": ..., "column": ...}`.
    """
    said = {field.name: _value(getattr(report, field.name)) for field in fields(report)}
    for name in _TIMES:
        said[name] = time(getattr(report, name))
    return {**said, "allowed": report.allowed}


def flow_line(one: Judged | Passed) -> dict[str, Any]:
    """Tell of one entry of a capture: its verdict, or why it is none of a flow."""
    said = _where(one.where)
    if isinstance(one, Passed):
        return {**said, "passed_over": one.reason}
    return said | {
        "from": one.flow.operator.system,
        "to": one.flow.to,
        "operation": one.operation,
        "verdict": "refuse" if one.refusal else "allow",
        "refusal": one.refusal,
        "leg": one.leg.value if one.leg else "",
        "answered": one.exchange.response is not None,
        "treated": dict(one.treated.most_common()),
        "marks": sum(len(entry.marks) for entry in one.trial.entries) if one.trial else 0,
        "reasons": sorted({rule for entry in one.trial.entries for rule in entry.reasons}) if one.trial else [],
        "repairs": list(one.exchange.repairs),
    }


def time(nanoseconds: int | None) -> str | None:
    """Write a time to the second; None where there is none, or it is none that people count."""
    try:
        seconds = None if nanoseconds is None else nanoseconds // 1_000_000_000
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def _where(where: Where) -> dict[str, Any]:
    """Name an exchange, or a request in one that is a batch."""
    return {"capture": where.capture, "number": where.number} | ({"part": where.part} if where.part else {})


def _value(value: Any) -> Any:
    """Give a value as JSON can hold it."""
    if isinstance(value, Place):
        return {"file": value.file, "line": value.line, "column": value.column}
    if isinstance(value, Where):
        return _where(value)
    if isinstance(value, Rows):
        return {"rows": [_value(row) for row in value.rows], "more": value.more}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name.rstrip("_"): _value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _value(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_value(one) for one in value]
    return value
