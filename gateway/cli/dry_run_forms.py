"""What a dry run found, in each form that it can be printed in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from gateway.cli import against_findings
from gateway.cli.dry_run_findings import findings
from gateway.cli.forms.emit import PROGRAMS, emit, say, say_json
from gateway.cli.forms.finding import Checked
from gateway.cli.forms.text import coloured
from gateway.dryrun import against_json, against_text
from gateway.dryrun.against_html import fragment
from gateway.dryrun.as_json import as_dict
from gateway.dryrun.changes import Changes
from gateway.dryrun.html import html
from gateway.dryrun.report import Report
from gateway.dryrun.text import text
from gateway.policy.model import PolicySet

SUITE = "sovgate dry-run"


@dataclass(frozen=True, slots=True)
class Found:
    """The report, with what it was made of; `changes` is None where there was nothing to compare with."""

    report: Report
    policies: PolicySet
    folder: Path
    fail_on: tuple[str, ...]
    changes: Changes | None = None

    @property
    def exposed(self) -> bool:
        """Tell whether anything is newly exposed."""
        return self.changes is not None and self.changes.exposed

    def html(self) -> str:
        """Give the report for people."""
        return html(self.report, fragment(self.changes) if self.changes else "")

    def findings(self) -> Iterator[Checked]:
        """Give everything that was found, for programs."""
        if self.changes is not None:
            yield from against_findings.findings(self.changes)
        yield from findings(self.report, self.policies, self.folder, self.fail_on)

    def json(self) -> dict[str, object]:
        """Give the report for programs; `changes` is null where there was nothing to compare with."""
        return {**as_dict(self.report), "changes": against_json.as_dict(self.changes) if self.changes else None}

    def text(self, heading: Callable[[str], str]) -> str:
        """Give the report for a terminal, what changes at its end."""
        said = text(self.report, heading)
        return said if self.changes is None else f"{said}\n{against_text.text(self.changes, heading)}"


def show(found: Found, form: str) -> None:
    """Print what was found."""
    if form in PROGRAMS:
        emit(form, found.findings(), SUITE)
    elif form == "html":
        say(found.html())
    elif form == "json":
        say_json(found.json())
    else:
        bold = coloured(sys.stdout)
        click.echo(found.text(lambda title: click.style(title, bold=True) if bold else title), nl=False)
