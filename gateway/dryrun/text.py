"""The report as plain text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gateway.dryrun.aligned import aligned
from gateway.dryrun.as_json import time
from gateway.dryrun.judged import Judged, Passed
from gateway.dryrun.report import FieldRow, Report, Share
from gateway.dryrun.template import method, template
from gateway.dryrun.words import NO_OPERATION, WHOLE, counted, notices, number, reasons, size, verdict
from gateway.yamlsource.node import shown

Paint = Callable[[str], str]
"""Makes a heading stand out on a terminal."""

_PLACES = 5


def text(report: Report, heading: Paint = str) -> str:
    """Write the report. Every table is whole; what found no room in it is told at its end."""
    return "\n".join(_lines(report, heading)) + "\n"


def flow_text(one: Judged | Passed) -> str:
    """Write one entry of a capture in a line."""
    where = shown(str(one.where))
    if isinstance(one, Passed):
        return f"{where}  passed over: {one.reason}"
    asked = one.operation or f"{method(one.exchange.request.method)} {template(one.flow.request.target)}"
    way = f"{one.flow.operator.system} -> {one.flow.to}"
    if one.refusal:
        return f"{where}  {way}  {asked}  refuse: {one.refusal}, {one.leg}"
    treated = ", ".join(f"{name} {number(count)}" for name, count in one.treated.most_common())
    return f"{where}  {way}  {asked}  allow" + (f": {treated}" if treated else "")


def _lines(report: Report, heading: Paint) -> Iterator[str]:
    """Write every part that there is something to say in."""
    yield from _head(report)
    yield ""
    yield verdict(report)
    yield from (f"{'!' if grave == 'bad' else '-'} {shown(words)}" for grave, words in notices(report))
    for title, lines in (
        ("Operations", _operations(report)),
        ("Refused", _refused(report)),
        ("Classes, and what their values met", _shares(report, report.classes, "class")),
        ("Rules, and what they did", _shares(report, report.by_rule, "rule")),
        ("Rules that did nothing", _idle(report)),
        ("Rules that only observe: what they would have done", _observed(report)),
        ("Operations that no catalogue names", _unnamed_operations(report)),
        ("Fields that no catalogue names", _unnamed_fields(report)),
        ("Fields", _fields(report)),
        ("Customers", _customers(report)),
        ("Not judged, or mended", _reasons(report)),
        ("Addresses that are no known system's", _sites(report)),
    ):
        found = list(lines)
        if found:
            yield from ("", heading(title), *(f"  {line}" if line else "" for line in found))


def _head(report: Report) -> Iterator[str]:
    """Say what was read, under which policies."""
    for capture in report.captures:
        whole = "" if capture.whole else ", not read to its end"
        told = f"{size(capture.size)}, {counted(capture.entries, 'entry', 'entries')}{whole}, SHA-256 {capture.sha256}"
        yield shown(f"capture    {capture.name} ({told})")
    yield shown(f"policies   {report.folder} ({report.policies[:16]}; catalogues {report.catalogue[:16]})")
    yield shown(f"customers  {report.facts}")
    if report.since is not None:
        yield f"traffic    {time(report.since)} to {time(report.until)}"
    for row in report.callers.rows[:_PLACES]:
        purpose = f" for {row.purpose} (said in a {row.source})" if row.purpose else ", for no purpose"
        yield shown(f"flows      {number(row.flows)} from {row.from_ or '?'} to {row.to}{purpose}")


def _operations(report: Report) -> Iterator[str]:
    rows = [
        (
            row.operation or NO_OPERATION,
            *map(number, (row.flows, row.allowed, row.refused, row.records, row.strangers)),
            *map(number, (row.treated, row.marks, row.withheld)),
        )
        for row in report.operations.rows
    ]
    headings = ("operation", "flows", "pass", "refused", "records", "unowned", "treated", "marks", "errors withheld")
    yield from _table(headings, rows, range(1, 9), report.operations.more)


def _refused(report: Report) -> Iterator[str]:
    for row in report.refusals.rows:
        yield f"{number(row.count)} x {row.refusal} ({row.leg}): {row.title}"
        yield f"    {row.operation or NO_OPERATION}; the first is {row.first}"
        if row.rules:
            yield "    by " + ", ".join(f"{rule} ({number(count)})" for rule, count in row.rules.items())
        if row.places:
            places = (f"{shown(place) or WHOLE} ({number(count)})" for place, count in row.places.items())
            yield "    at " + ", ".join(places)
    yield from _more(report.refusals.more)


def _shares(report: Report, shares: Sequence[Share], kind: str) -> Iterator[str]:
    names = list(report.treatments)
    rows = [
        (
            share.name,
            number(share.count),
            *(number(share.treatments[name]) if name in share.treatments else "" for name in names),
        )
        for share in shares
    ]
    yield from _table((kind, "values", *names), rows, range(1, len(names) + 2), 0)


def _idle(report: Report) -> Iterator[str]:
    if report.flows:
        yield from (f"{row.rule} ({row.place.file}:{row.place.line}): {row.why}" for row in report.idle)


def _observed(report: Report) -> Iterator[str]:
    rows = [(row.rule, row.effect, number(row.count)) for row in report.observed.rows]
    yield from _table(("rule", "effect", "records"), rows, (2,), report.observed.more)


def _unnamed_operations(report: Report) -> Iterator[str]:
    found = report.unnamed_operations
    rows = [(row.system, f"{row.method} {row.template}", number(row.count), str(row.first)) for row in found.rows]
    yield from _table(("system", "request, as a guess", "flows", "first"), rows, (2,), found.more)


def _unnamed_fields(report: Report) -> Iterator[str]:
    found = report.unnamed_fields
    rows = [(row.operation, row.leg, row.pointer, row.treatment, number(row.count)) for row in found.rows]
    yield from _table(("operation", "leg", "place", "meets", "times"), rows, (4,), found.more)


def _fields(report: Report) -> Iterator[str]:
    headings = ("operation", "leg", "place", "class", "meets", "by", "values", "flows", "before", "after")
    told = len(headings) if report.values_shown else len(headings) - 2
    rows = [_field(row)[:told] for row in report.fields.rows]
    yield from _table(headings[:told], rows, (6, 7), report.fields.more)


def _field(row: FieldRow) -> tuple[str, ...]:
    example = row.example
    return (
        row.operation, row.leg, row.pointer or WHOLE, ", ".join(row.classes) or "(unlisted)", row.treatment,
        ", ".join(row.rules), number(row.count), number(row.flows),
        example.before if example else "", ("(gone)" if example.after is None else example.after) if example else "",
    )  # fmt: skip


def _customers(report: Report) -> Iterator[str]:
    rows = [
        (
            row.name,
            ", ".join(row.consents) or "-",
            *map(number, (row.flows, row.refused, row.records)),
            str(row.first),
        )
        for row in report.customers.rows
    ]
    headings = ("customer", "consents that counted", "flows", "refused", "records", "first")
    yield from _table(headings, rows, (2, 3, 4), report.customers.more)
    if report.crowded:
        yield f"There were more than {number(report.customer_count)}: those that came later are not told apart."


def _reasons(report: Report) -> Iterator[str]:
    yield from (f"{number(count)} {kind}: {name}: {words}" for kind, name, count, words in reasons(report))


def _sites(report: Report) -> Iterator[str]:
    rows = [(site, number(count)) for site, count in report.sites.rows]
    yield from _table(("address", "entries"), rows, (1,), report.sites.more)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int], more: int) -> Iterator[str]:
    """Write a table, or nothing where it has no rows."""
    if rows:
        yield from aligned(headings, rows, right)
        yield from _more(more)


def _more(count: int) -> Iterator[str]:
    if count:
        yield f"and {number(count)} more"
