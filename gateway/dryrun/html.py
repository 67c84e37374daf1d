"""The report as one HTML file that stands alone: for a screen or for paper, to be read from the top by a manager.

No script, no request to anywhere; a Content-Security-Policy says so. The summary comes first, then what each part of
the traffic met; technical names stay as officers write them in their files.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dryrun import html_tables as tables
from gateway.dryrun.as_json import time
from gateway.dryrun.html_parts import NONE, Html, code, element, section, text
from gateway.dryrun.html_style import POLICY, STYLE
from gateway.dryrun.report import Report
from gateway.dryrun.words import counted, notices, number, size, verdict

_LEGEND = (
    ("flow", "one request from one system to another, with its answer"),
    ("keep", "the value arrives as it left: whoever asked can read it"),
    (
        "mask, redact, remove, generalise, pseudonymise",
        "the value is changed on its way; the caller gets less than was sent",
    ),
    ("(unlisted)", "no field of the catalogue names the place; what happens to it is the message's own rule"),
    ("/value/*/email", "the place of a value in a message; * is any item of a list, ? a name that is not shown here"),
)


def html(report: Report, changes: str = "") -> str:
    """Write the report. `changes` is HTML of its own, told right after the summary."""
    parts = [one for one in _sections(report, Html(changes)) if one]
    page = element("body", _header(report), _summary(report), *parts, _footer(report))
    head = "".join((
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">',
        element("title", f"Dry run: {report.folder}"),
        f"<style>{STYLE}</style>",
    ))  # fmt: skip
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n{page}\n</html>\n'


def _header(report: Report) -> Html:
    """Say what this is: when, which policies, which captures."""
    about = [
        ("Made", f"{time(report.made)} by sovgate {report.version}"),
        (
            "Policies",
            Html(f"{code(report.folder)}, digest {code(report.policies)}, catalogues {code(report.catalogue)}"),
        ),
        ("Customers", f"What they agreed to was taken {report.facts}."),
        (
            "Traffic",
            f"{time(report.since)} to {time(report.until)}" if report.since is not None else "times not recorded",
        ),
    ]
    for capture in report.captures:
        whole = "" if capture.whole else ", not read to its end"
        told = f"{size(capture.size)}, {counted(capture.entries, 'entry', 'entries')}{whole}, SHA-256 "
        about.append(("Capture", Html(f"{code(capture.name)} ({text(told)}{code(capture.sha256)})")))
    for row in report.callers.rows[:8]:
        purpose = f"for {row.purpose}, said in a {row.source}" if row.purpose else "for no purpose"
        about.append(("Flows", f"{number(row.flows)} from {row.from_ or '?'} to {row.to}, {purpose}"))
    listed = (element("dt", name) + element("dd", told) for name, told in about)
    shown = "Values of customers' data are shown in this report: handle it as that data." if report.values_shown else ""
    return element(
        "header",
        element("h1", "What the policies would do to captured traffic"),
        element("p", shown, class_="refuse") if shown else NONE,
        element("dl", Html("".join(listed)), class_="about"),
    )


def _summary(report: Report) -> Html:
    """Give the answer first."""
    kept = report.treatments.get("keep", 0)
    treated = sum(report.treatments.values()) - kept
    numbers = (
        ("flows pass", report.allowed, "pass"),
        ("flows refused", report.refused, "refuse"),
        ("values arrive as they are", kept, ""),
        ("values hidden or changed", treated, ""),
        ("pages and pictures marked", report.marks, ""),
    )
    cards = (
        element("li", element("b", number(count), class_=kind if count else ""), title)
        for title, count, kind in numbers
    )
    told = [element("li", words, class_=grave) for grave, words in notices(report)]
    return element(
        "section",
        element("h2", "Summary", id="summary"),
        element("p", verdict(report), class_="lead"),
        element("ul", *cards, class_="numbers"),
        element("ul", *told, class_="notices") if told else NONE,
    )


def _sections(report: Report, changes: Html) -> Iterator[Html]:
    """Give every part that there is something to say in."""
    yield section("changes", "What changes", changes)
    yield section("operations", "By operation", tables.operations(report))
    yield section("refused", "Refused, and why", tables.refused(report))
    yield section("classes", "By class of data", tables.classes(report))
    yield section("rules", "By rule", tables.rules(report), tables.observed(report), tables.idle(report))
    yield section("unnamed", "What no catalogue names", tables.unnamed(report))
    yield section("fields", "Field by field", tables.fields(report))
    yield section("customers", "By customer", tables.customers(report))
    yield section("passed-over", "Not judged, or mended", tables.reasons(report))


def _footer(report: Report) -> Html:
    listed = (element("dt", code(name)) + element("dd", told) for name, told in _LEGEND)
    told = "This report holds no value of anyone's data." if not report.values_shown else ""
    return element(
        "footer",
        element("h3", "How to read this"),
        element("dl", Html("".join(listed)), class_="about"),
        element(
            "p",
            f"The same code decides here as in the gateway. Nothing was sent, nothing was stored. {told}",
            class_="soft",
        ),
    )
