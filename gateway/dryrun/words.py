"""The words that a report is told in, whatever its form."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.capture.faults import REPAIRS, UNUSABLE
from gateway.dryrun.flows import SKIPPED
from gateway.dryrun.report import Report

NO_OPERATION, WHOLE = "(no catalogue names it)", "(the whole)"


def number(count: int) -> str:
    """Write a count for people."""
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count with its word."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Write a size in bytes for people."""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= bytes_:
            return f"{count / bytes_:.1f} {unit}"
    return f"{count} bytes"


def verdict(report: Report) -> str:
    """Say in a sentence what would happen."""
    if not report.flows:
        return "No flow was judged."
    told = f"Of {counted(report.flows, 'flow')}, {number(report.allowed)} would pass"
    told += f" and {number(report.refused)} would be refused."
    if report.unanswered:
        told += f" {number(report.unanswered)} of those that pass were captured without an answer:"
        told += " only the request was judged."
    return told


def reasons(report: Report) -> Iterator[tuple[str, str, int, str]]:
    """Give what was passed over or mended: the kind, the reason's name, how often, and what it means."""
    for kind, counts, words in (
        ("not judged", report.skipped, SKIPPED),
        ("not usable", report.unusable, UNUSABLE),
        ("mended", report.repairs, REPAIRS),
    ):
        for name, count in counts.items():
            yield kind, name, count, words.get(name, "")


def notices(report: Report) -> Iterator[tuple[str, str]]:
    """Give what somebody should look at: how grave (`bad`, `look`), and the words."""
    if report.interrupted:
        yield "bad", "The run was stopped before its end: this covers only part of the captures."
    for capture in report.captures:
        if capture.fault:
            yield "bad", f"{capture.name} could not be read to its end: {capture.fault}."
    if report.failures:
        kinds = ", ".join(f"{name} ({number(count)})" for name, count in report.failures.items())
        yield (
            "bad",
            f"The gate failed on flows, which the gateway would refuse as internal: {kinds}. Please report this.",
        )
    if not report.flows:
        yield "bad", "No flow was judged, so this says nothing about the policies."
    if report.refused:
        yield "look", f"{counted(report.refused, 'flow')} would be refused."
    if report.unnamed_operations.rows:
        count = sum(row.count for row in report.unnamed_operations.rows) + report.unnamed_operations.more
        yield "look", f"{counted(count, 'request')} for operations that no catalogue names."
    if report.unnamed_fields.rows:
        yield "look", f"{counted(len(report.unnamed_fields.rows), 'place')} in messages that no catalogue names."
    if report.strangers:
        yield "look", f"{counted(report.strangers, 'record')} without a customer: no consent counts for them."
    idle = len(report.idle)
    if report.flows and idle:
        yield "look", f"{counted(idle, 'rule')} of {number(len(report.rules))} did nothing on this traffic."
    passed_over = sum(report.unusable.values()) + sum(report.skipped.values())
    if passed_over:
        yield "look", f"{counted(passed_over, 'entry', 'entries')} of {number(report.entries)} were not judged."
    if report.unrecorded:
        yield "look", f"{counted(report.unrecorded, 'question')} about customers of whom the captures recorded nothing."
