"""`sovgate dry-run`: what the policies would do to captured traffic, decided by the gateway's own code."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import click
import orjson

from gateway import __version__
from gateway.cli import options, reading
from gateway.cli.assuming import Asked, asked
from gateway.cli.dry_run_findings import FAIL_ON, failing
from gateway.cli.dry_run_forms import Found, show
from gateway.cli.forms.emit import PROGRAMS
from gateway.cli.house import load_policies, now
from gateway.cli.knowing import knowledge
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.reading import Readings
from gateway.cli.workers import hire
from gateway.config import Settings
from gateway.config.settings import MarkSettings
from gateway.dryrun.against import Comparison
from gateway.dryrun.as_json import flow_line
from gateway.dryrun.flows import Assumed
from gateway.dryrun.judged import Judged, Passed
from gateway.dryrun.run import DryRun
from gateway.dryrun.supposed import SupposedCustody
from gateway.dryrun.tally import Tally
from gateway.dryrun.text import flow_text
from gateway.formats.limits import BodyLimits
from gateway.policy.model import PolicySet
from gateway.workbench import Known, Workbench

_FILE = click.Path(path_type=Path, dir_okay=False)

Told = Callable[[Judged | Passed], None]


@click.command("dry-run")
@reading.captures
@asked
@reading.keys
@click.option(
    "--against",
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Compare with the policies in DIR, those in force; exit 1 if anything is newly exposed.",
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(FAIL_ON),
    help="Exit 1 if a flow is refused, if no catalogue names something, or if a rule did nothing.",
)
@click.option("--show-values", is_flag=True, help="Show ids, names, and examples of values before and after.")
@click.option("-v", "--verbose", is_flag=True, help="Print a line for each flow (text only).")
@click.option("--flows", metavar="FILE", type=_FILE, help="Write a line of JSON for each flow.")
@click.option("--html", "page", metavar="FILE", type=_FILE, help="Write the report for people, whatever is printed.")
@options.forms("text", "json", *PROGRAMS, "html")
def command(
    captures: tuple[str, ...],
    asked: Asked,
    key_files: tuple[Path, ...],
    against: Path | None,
    fail_on: tuple[str, ...],
    show_values: bool,
    verbose: bool,
    flows: Path | None,
    page: Path | None,
    form: str,
) -> None:
    """Put the traffic of each CAPTURE through the policies, and tell what would happen to it.

    A CAPTURE is a HAR file, a file of mitmproxy's, one that `sovgate serve --capture` wrote, a folder of these, or `-`.
    Nothing is sent to anybody, and nothing of the gateway is changed.

    Exit 0: it ran. 1: something is newly exposed, or was found that --fail-on names. 2: it could not run to its end.
    """
    if verbose and form != "text":
        raise click.UsageError("-v prints text: for other forms, write lines of JSON with --flows FILE")
    settings = asked.settings()
    folder, policies = asked.policies(settings)
    old = load_policies(against) if against else None
    assumed = asked.assumed(settings, policies)
    readings = Readings(captures, key_files)
    for written in filter(None, (flows, page)):
        if readings.among(written) or flows == page:
            raise click.UsageError(f"{written} would be written over: name another file")
    tally, comparison = Tally(policies, values=show_values), Comparison(str(against), str(folder))
    declared = old.consents if old else ()
    with _written(flows) as lines, _written(page) as paper:
        with knowledge(asked, settings, policies, declared) as known:
            plan = _Plan(settings, policies, old, assumed, known.known)
            whole = asyncio.run(_through(plan, readings, tally, comparison, _told(verbose, lines)))
        report = tally.report(
            version=__version__,
            made=now(),
            folder=str(folder),
            facts=known.told,
            captures=tuple(one.capture() for one in readings.readings),
            interrupted=not whole,
        )
        found = Found(report, policies, folder, fail_on, comparison.changes() if old else None)
        if paper is not None:
            paper.write(found.html().encode())
    show(found, form)
    if not whole or readings.faulty or not report.flows:
        sys.exit(COULD_NOT)
    sys.exit(NO if found.exposed or failing(report, fail_on) else 0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be run."""

    settings: Settings | None
    policies: PolicySet
    old: PolicySet | None
    assumed: Assumed
    known: Known | None


async def _through(plan: _Plan, readings: Readings, tally: Tally, comparison: Comparison, tell: Told) -> bool:
    """Put everything through; tell whether it came to the end. Documents are opened in a process of their own."""
    settings = plan.settings
    limits = settings.bodies if settings else BodyLimits()
    sandbox = hire(settings.marks if settings else MarkSettings())
    await sandbox.start()
    try:
        run = DryRun(
            Workbench(plan.policies, sandbox.run, limits, custody=SupposedCustody()),
            plan.assumed,
            tally,
            plan.known,
            Workbench(plan.old, sandbox.run, limits, custody=SupposedCustody()) if plan.old else None,
            comparison if plan.old else None,
        )
        with _stoppable() as stopped:
            for capture, entry in readings:
                tell(await run.take(capture, entry))
                if stopped():
                    return False
        return True
    finally:
        await sandbox.close()


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C end the run after the flow that is being judged, so that what was found can be told."""
    asked_to: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, _frame: FrameType | None) -> None:
        asked_to.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the second one ends it at once

    signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(asked_to)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO | None]:
    """Open a file to write: before the run, so that an hour's work isn't lost to a misspelt folder."""
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}") from None
    with file:
        yield file


def _told(verbose: bool, flows: BinaryIO | None) -> Told:
    """Give what is done with each flow as it comes."""

    def tell(one: Judged | Passed) -> None:
        if verbose:
            click.echo(flow_text(one))
        if flows is not None:
            flows.write(orjson.dumps(flow_line(one)) + b"\n")
            flows.flush()
        for part in one.parts if isinstance(one, Judged) else ():
            tell(part)

    return tell
