"""JUnit's XML, in the dialect that GitLab, Jenkins and pytest's tools all read: what was looked at is a test case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from gateway.cli.forms.clean import clean
from gateway.cli.forms.finding import Checked, Level
from gateway.cli.forms.text import text


def junit(checked: Iterable[Checked], suite: str) -> str:
    """Write one suite for each group, its cases in the order given. Errors fail a case; other findings are its output.

    A case has one `failure` at most, since GitLab reads no second one; it lists every error.
    """
    by_group = sorted(checked, key=lambda one: one.group)
    groups = [(group, tuple(ones)) for group, ones in groupby(by_group, key=lambda one: one.group)]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={_quoted(suite)} {_counts(by_group)}>"]
    for group, ones in groups:
        lines.append(f'  <testsuite name={_quoted(group or suite)} {_counts(ones)} skipped="0">')
        for one in ones:
            lines += _case(one, suite)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _case(one: Checked, suite: str) -> Iterator[str]:
    """Write one thing that was looked at."""
    opening = f'    <testcase classname={_quoted(one.group or suite)} name={_quoted(one.name)} time="{one.seconds:.3f}"'
    if not one.findings:
        yield f"{opening}/>"
        return
    yield f"{opening}>"
    errors = [finding for finding in one.findings if finding.level is Level.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        told = f"message={_quoted(errors[0].message + more)} type={_quoted(errors[0].code or 'error')}"
        yield f"      <failure {told}>{_escaped(text(errors))}</failure>"
    others = [finding for finding in one.findings if finding.level is not Level.ERROR]
    if others:
        yield f"      <system-out>{_escaped(text(others))}</system-out>"
    yield "    </testcase>"


def _counts(checked: Iterable[Checked]) -> str:
    ones = tuple(checked)
    failures, seconds = sum(one.failed for one in ones), sum(one.seconds for one in ones)
    return f'tests="{len(ones)}" failures="{failures}" errors="0" time="{seconds:.3f}"'


def _quoted(text_: str) -> str:
    """Write an attribute's value; a line break in it must be written as a number, or it is read as a space."""
    escaped = _escaped(text_).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{escaped}"'


def _escaped(text_: str) -> str:
    return clean(text_).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
