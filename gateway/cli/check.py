"""`sovgate check`: load policies, catalogues, consents and cases, and report everything that is wrong or doubtful."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.cli import options
from gateway.cli.checking import Report, check_config, check_folder
from gateway.cli.explaining import explained, page, rules, schema
from gateway.cli.forms.data import finding_data
from gateway.cli.forms.emit import PROGRAMS, emit, say, say_json
from gateway.cli.forms.finding import Finding, Level
from gateway.cli.forms.text import coloured, counted, plural, text
from gateway.cli.main import NO
from gateway.storage.policy_folder import read_folder

_MANY = 10  # findings after which a table of their codes helps


def _explain(ctx: click.Context, _parameter: click.Parameter, code: str | None) -> None:
    """Print the page of a code, and end."""
    if code is not None:
        say(page(code))
        ctx.exit()


def _schema(ctx: click.Context, _parameter: click.Parameter, name: str | None) -> None:
    """Print a JSON Schema, and end."""
    if name is not None:
        say(schema(name))
        ctx.exit()


@click.command("check")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Check this configuration as well; its secrets needn't be there. Without DIR, its policies are checked.",
)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@options.forms("text", "json", *PROGRAMS)
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    callback=_explain,
    expose_value=False,
    help="Explain a code, such as SG101.",
)
@click.option(
    "--schema",
    metavar="NAME",
    is_eager=True,
    callback=_schema,
    expose_value=False,
    help="Print a JSON Schema for editors: of a catalogue, policy, consents, cases or config.",
)
def command(folders: tuple[Path, ...], config_file: Path | None, form: str, *, strict: bool) -> None:
    """Load the policies in each DIR (default: policies), with their cases, and report every error and warning.

    Exit 0: they can be put in force. 1: they can't. 2: they can't be read.
    """
    with _uncollected():
        reports = _check(folders, config_file)
    if strict:
        reports = [report.strictly() for report in reports]
    if form == "text":
        _print(reports)
    elif form == "json":
        say_json([_data(report) for report in reports])
    else:
        found = rules(_all(reports)) if form == "sarif" else {}
        emit(form, (one for report in reports for one in report.checked()), "sovgate check", found)
    sys.exit(NO if any(report.failed for report in reports) else 0)


def _check(folders: tuple[Path, ...], config_file: Path | None) -> list[Report]:
    """Check everything, once all of it was read."""
    reports: list[Report] = []
    keeps_keys = True
    if config_file is not None:
        found = check_config(config_file)
        reports.append(found.report)
        keeps_keys = found.keeps_keys
        folders = folders or ((found.policies,) if found.policies is not None else ())
    else:
        folders = folders or (Path("policies"),)
    read = [(folder, read_folder(folder)) for folder in folders]
    return reports + [check_folder(folder, files, keeps_keys=keeps_keys) for folder, files in read]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave out the garbage collector's rounds: what is loaded stays, and they took a quarter of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _all(reports: Iterable[Report]) -> tuple[Finding, ...]:
    return tuple(finding for report in reports for finding in report.findings)


def _print(reports: Iterable[Report]) -> None:
    """Report as a compiler would: what was found, then a line for each folder."""
    reports = tuple(reports)
    findings = _all(reports)
    if findings:
        click.echo(text(findings, colour=coloured(sys.stdout)))
    if len(findings) > _MANY:
        for code, count in sorted(Counter(finding.code for finding in findings).items()):
            click.echo(f"{count:5} x {code}  {explained(code)}")
        click.echo()
    for report in reports:
        click.echo(_summary(report))
    worst = next((f for level in (Level.ERROR, Level.WARNING) for f in findings if f.level is level), None)
    if worst is not None:
        click.echo(f"`sovgate check --explain {worst.code}` tells more about a code.")


def _summary(report: Report) -> str:
    """Sum a folder up in a line."""
    found = counted(finding for finding in report.findings if finding.level is not Level.NOTE)
    if report.failed:
        skipped = "; its cases were not looked at" if report.cases is None else ""
        return f"{report.name}: {found}; nothing can be put in force{skipped}"
    policies = report.policies
    if policies is None:
        return f"{report.name}: fine" + (f": {found}" if found else "")
    rules_ = sum(len(policy.rules) for policy in policies.policies)
    observing = sum(policy.observe for policy in policies.policies)
    parts = [
        plural(len(policies.catalogues), "system"),
        plural(sum(len(catalogue.operations) for catalogue in policies.catalogues.values()), "operation"),
        f"{plural(len(policies.policies), 'policy')} with {plural(rules_, 'rule')}"
        + (f" ({observing} only {'observes' if observing == 1 else 'observe'})" if observing else ""),
        plural(len(policies.consents), "consent"),
        *((plural(report.cases, "case"),) if report.cases else ()),
        *((found,) if found else ()),
    ]
    return f"{report.name}: fine: {', '.join(parts)}"


def _data(report: Report) -> dict[str, object]:
    """Give a report for programs."""
    return {
        "folder": report.name,
        "ok": not report.failed,
        **{f"{level.value}s": [finding_data(finding) for finding in report.of(level)] for level in Level},
        "cases": report.cases,
        "digest": report.policies.digest if report.policies and not report.failed else None,
    }
