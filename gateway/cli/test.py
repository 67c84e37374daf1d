"""`sovgate test`: run the policy cases, tell what failed and why, and what no case reaches."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from gateway.cli import options
from gateway.cli.explaining import rules
from gateway.cli.forms.data import finding_data
from gateway.cli.forms.emit import PROGRAMS, emit, say_json
from gateway.cli.forms.finding import Checked, Finding, Level
from gateway.cli.forms.text import coloured, counted, plural, text
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.testing import FolderRun, Wanted, run_folder
from gateway.config import load
from gateway.config.settings import MarkSettings

_MANY = 20
"""So many places that no case reaches are listed unasked."""


@click.command("test")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, file_okay=False))
@click.option("--only", metavar="TEXT", help="Run only cases with this text in their names; * stands for anything.")
@click.option(
    "--coverage",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail if less than this share of the rules, the fields or the operations is reached.",
)
@click.option("--update-golden", "update", is_flag=True, help="Write the bodies that cases expect in files anew.")
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The gateway's configuration: its fonts and limits hold for documents.",
)
@options.forms("text", "json", *PROGRAMS)
def command(
    folders: tuple[Path, ...],
    only: str | None,
    coverage: float | None,
    config_file: Path | None,
    form: str,
    *,
    update: bool,
) -> None:
    """Run the cases (tests/*.yaml) of the policies in each DIR (default: policies) through the gate.

    Exit 0: every case passed. 1: some failed, or too little was reached. 2: they could not run, or there are none.
    """
    if only is not None and coverage is not None:
        raise click.UsageError("--coverage needs all cases, and --only leaves some out")
    wanted = Wanted(only, coverage, update)
    marks = load(config_file, os.environ, secrets=False).marks if config_file else None
    tested: list[FolderRun] = []
    asyncio.run(_test(folders or (Path("policies"),), wanted, marks, tested))
    if form == "text":
        for one in tested:
            _print(one, wanted)
    elif form == "json":
        say_json([_data(one) for one in tested])
    else:
        checked = [checked for one in tested for checked in one.checked()]
        found = rules(finding for one in checked for finding in one.findings) if form == "sarif" else {}
        emit(form, checked, "sovgate test", found)
    failed = NO if any(one.failed for one in tested) else 0
    sys.exit(COULD_NOT if any(one.faults for one in tested) else failed)


async def _test(folders: Iterable[Path], wanted: Wanted, marks: MarkSettings | None, tested: list[FolderRun]) -> None:
    """Run folder after folder. Nothing is given back: asyncio writes a task's result out as text when it ends."""
    tested.extend([await run_folder(folder, wanted, marks) for folder in folders])


def _print(tested: FolderRun, wanted: Wanted) -> None:
    """Report a folder: what failed, case by case; what is doubtful; a line each that sums up."""
    colour = coloured(sys.stdout)
    for one in tested.checked():
        if one.name == "coverage" and one.group == str(tested.folder):
            continue
        if one.failed and not tested.faults:
            click.echo(click.style("failed", fg="red", bold=True) if colour else "failed", nl=False)
            click.echo(f": {one.name}")
        if one.findings:
            click.echo(text(one.findings, colour=colour))
    for golden in tested.goldens:
        click.echo(f"wrote {tested.folder / golden.file}: {golden.changes[0]}{_more(len(golden.changes) - 1)}")
    if tested.faults:
        found = [Finding.of(fault, Level.ERROR) for fault in tested.faults]
        click.echo(f"{tested.folder}: {counted(found)}; nothing was run")
        return
    _print_coverage(tested, wanted, colour=colour)
    bad = sum(bool(result.failures) for result in tested.results)
    seconds = sum(result.seconds for result in tested.results)
    passed = f"{bad} failed, {len(tested.results) - bad} passed" if bad else "all passed"
    click.echo(f"{tested.folder}: {plural(len(tested.results), 'case')}: {passed} ({seconds:.2f} s)")


def _print_coverage(tested: FolderRun, wanted: Wanted, *, colour: bool) -> None:
    """Tell what no case reaches: all of it where a share is asked for, or where it is little."""
    if not tested.shares:
        return
    found = [finding for one in _coverage(tested) for finding in one.findings]
    if wanted.coverage is not None or len(found) <= _MANY:
        for finding in found:
            click.echo(text([finding], colour=colour), nl=False) if finding.place is None else click.echo(
                f"{finding.place}: {finding.message} [{finding.code}]"
            )
    elif found:
        click.echo(f"{len(found)} places are reached by no case; `--coverage 100` lists them")
    reached = (f"{share.reached} of {plural(share.all, share.kind[:-1])}" for share in tested.shares)
    click.echo(f"{tested.folder}: the cases reach {', '.join(reached)}")


def _coverage(tested: FolderRun) -> list[Checked]:
    return [one for one in tested.checked() if one.name == "coverage" and one.group == str(tested.folder)]


def _more(count: int) -> str:
    return f" (and {plural(count, 'other change')})" if count > 0 else ""


def _data(tested: FolderRun) -> dict[str, object]:
    """Give a folder's run for programs."""
    cases = [one for one in tested.checked() if one.group != str(tested.folder)]
    others = [one for one in tested.checked() if one.group == str(tested.folder)]
    return {
        "folder": str(tested.folder),
        "ok": not (tested.failed or tested.faults),
        "cases": [
            {
                "file": one.group,
                "line": result.case.place.line,
                "suite": result.case.suite,
                "name": one.name,
                "ok": not one.failed,
                "seconds": round(one.seconds, 6),
                "findings": [finding_data(finding) for finding in one.findings],
            }
            for one, result in zip(cases, tested.results, strict=True)
        ],
        "findings": [finding_data(finding) for one in others for finding in one.findings],
        "coverage": {
            share.kind: {"reached": share.reached, "all": share.all, "percent": round(share.percent, 2)}
            for share in tested.shares
        },
        "golden": [{"file": golden.file, "changes": list(golden.changes)} for golden in tested.goldens],
    }
