"""`sovgate explain`: why the policies do what they do to one flow, and to one field of it, line by line."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import click

from gateway.capture import Exchange, Unusable
from gateway.capture.faults import UNUSABLE
from gateway.cases import Case, load
from gateway.cases.attached import AttachedFiles
from gateway.cli import options, reading
from gateway.cli.assuming import Asked, asked
from gateway.cli.forms.emit import say_json
from gateway.cli.forms.text import coloured
from gateway.cli.knowing import knowledge
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.reading import Readings
from gateway.cli.testing import Documents
from gateway.config.settings import MarkSettings
from gateway.dryrun.chosen import chosen
from gateway.dryrun.explain import LegStory, Story, explain
from gateway.dryrun.explain_json import as_dict
from gateway.dryrun.explain_text import text
from gateway.dryrun.flows import SKIPPED, Assumed, flow_of
from gateway.dryrun.story import FieldStory
from gateway.dryrun.supposed import SupposedCustody
from gateway.errors import SovgateError
from gateway.flow import CustomerFacts, Flow, Response
from gateway.formats.limits import BodyLimits
from gateway.policy.model import PolicySet
from gateway.storage.policy_folder import read_folder
from gateway.workbench import NOTHING_KNOWN, Known, Trial, Workbench

Fields = list[tuple[LegStory, FieldStory]]


@dataclass(frozen=True, slots=True)
class _Tried:
    """What is to be explained: a flow with its answer and what is known of customers, under a name for people."""

    name: str
    flow: Flow
    answer: Response | None
    known: Known


class _CouldNot(click.ClickException):
    """It could not be explained, for the reason that is told."""

    exit_code = COULD_NOT


@click.command("explain")
@click.argument("capture", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--flow", "number", type=click.IntRange(min=1), metavar="N", help="The flow, by its number.")
@click.option("--part", type=click.IntRange(min=1), metavar="K", help="One request of a flow that is a batch.")
@click.option("--case", "case_name", metavar="NAME", help="Explain a policy case in the place of a captured flow.")
@click.option("--field", "field", metavar="PTR", help="One place: a JSON Pointer (`*` for any index) or a selector.")
@asked
@reading.keys
@click.option("--show-values", is_flag=True, help="Name customers by their ids.")
@options.output
def command(
    capture: str | None,
    number: int | None,
    part: int | None,
    case_name: str | None,
    field: str | None,
    asked: Asked,
    key_files: tuple[Path, ...],
    show_values: bool,
    form: str,
) -> None:
    """Tell why flow N of CAPTURE is allowed or refused, and why its fields meet what they meet.

    With --field, everything that decided on that place: its field and class, each rule with each of its conditions,
    and the rules that nearly held. With --case, a case of the policies' tests is explained.

    Exit 0: explained. 1: the flow has no such field. 2: it could not run.
    """
    if (capture is None) == (case_name is None) or (capture is None) != (number is None):
        raise click.UsageError("name a capture and a flow of it (CAPTURE --flow N), or a case (--case NAME)")
    settings = asked.settings()
    folder, policies = asked.policies(settings)
    limits = settings.bodies if settings else BodyLimits()
    marks = settings.marks if settings else None
    if case_name is not None:
        tried = _case(folder, policies, case_name)
        trial = asyncio.run(_put(tried, policies, limits, marks))
    else:
        assumed = asked.assumed(settings, policies)
        exchange = _exchange(str(capture), number or 0, key_files)
        with knowledge(asked, settings, policies) as knowing:
            tried = _captured(str(capture), exchange, assumed, knowing.known)
            trial = asyncio.run(_put(tried, policies, limits, marks))
    if part is not None:
        tried, trial = _part(tried, trial, part)
    story = explain(trial, policies, str(folder))
    fields = None if field is None else _fields(story, field)
    if form == "json":
        say_json(as_dict(story, tried.name, fields, ids=show_values))
    else:
        bold = coloured(sys.stdout)
        heading = (lambda title: click.style(title, bold=True)) if bold else str
        click.echo(text(story, tried.name, fields, heading, ids=show_values), nl=False)
    if trial.parts:
        click.echo(f"the flow is a batch of {len(trial.parts)}: --part 1 explains its first request", err=True)
    if fields == []:
        click.echo(f"the flow has no place {field}", err=True)
        sys.exit(NO)


def _part(tried: _Tried, trial: Trial, part: int) -> tuple[_Tried, Trial]:
    """Give one request of a batch."""
    if part > len(trial.parts):
        held = f"it holds {len(trial.parts)} requests" if trial.parts else "it is no batch that can be taken apart"
        raise _CouldNot(f"{tried.name} has no part {part}: {held}")
    one = trial.parts[part - 1]
    return replace(tried, name=f"{tried.name}.{part}", flow=one.flow, answer=one.answer), one


def _fields(story: Story, wanted: str) -> Fields:
    """Find the places that were asked for."""
    try:
        narrow = chosen(wanted, {one.name for leg in story.legs for field in leg.fields for one in field.fields})
    except ValueError as error:
        raise click.UsageError(f"--field: {error}") from None
    pairs = ((leg, narrow(field)) for leg in story.legs for field in leg.fields)
    return [(leg, field) for leg, field in pairs if field is not None]


def _exchange(capture: str, number: int, key_files: tuple[Path, ...]) -> Exchange:
    """Find one entry of a capture; ends the run where it can't be explained."""
    readings = Readings((capture,), key_files)
    seen = 0
    for _, entry in readings:
        seen = entry.number
        if entry.number == number:
            if isinstance(entry, Unusable):
                raise _CouldNot(f"{capture}#{number} can't be used: {UNUSABLE[entry.reason]}")
            return entry
    faults = [reading.fault for reading in readings.readings if reading.fault]
    raise _CouldNot(f"{capture} has no flow {number}: " + (faults[0] if faults else f"its last one is {seen}"))


def _captured(capture: str, exchange: Exchange, assumed: Assumed, known: Known | None) -> _Tried:
    """Take a captured exchange for a flow, as `dry-run` does."""
    flow = flow_of(exchange, assumed)
    name = f"{capture}#{exchange.number}"
    if isinstance(flow, str):
        raise _CouldNot(f"{name} is no flow: {SKIPPED[flow]}")
    recorded = exchange.said.customers if exchange.said else {}
    otherwise: Known = (lambda one: recorded.get(one) or CustomerFacts(one)) if recorded else NOTHING_KNOWN
    return _Tried(name, flow, exchange.response, known or otherwise)


def _case(folder: Path, policies: PolicySet, wanted: str) -> _Tried:
    """Find a case by its name, or by a part of it that no other has."""
    suites = load(read_folder(folder), policies, AttachedFiles(folder))
    cases = [case for suite in suites for case in suite.cases]
    exact = [case for case in cases if case.name == wanted]
    found = exact or [case for case in cases if wanted.lower() in case.name.lower()]
    if not found:
        raise _CouldNot(f'no case of {folder} is called "{wanted}"')
    if len(found) > 1:
        names = "".join(f"\n  {case.name} ({folder / case.place.file}:{case.place.line})" for case in found[:10])
        raise _CouldNot(f'several cases of {folder} are called "{wanted}":{names}')
    (case,) = found
    return _Tried(f'case "{case.name}"', case.flow, case.answer, _agreed(case))


def _agreed(case: Case) -> Known:
    """Tell what the customers of a case agreed to."""

    def known(customer: str) -> CustomerFacts:
        named, others = case.customers.named.get(customer), case.customers.others
        return named or (replace(others, customer=customer) if others else CustomerFacts(customer))

    return known


async def _put(tried: _Tried, policies: PolicySet, limits: BodyLimits, marks: MarkSettings | None) -> Trial:
    """Put the flow through the gate."""
    async with AsyncExitStack() as stack:
        bench = Workbench(policies, Documents(stack, marks), limits, custody=SupposedCustody())
        try:
            return await bench.put(tried.flow, tried.answer, tried.known)
        except SovgateError:
            raise
        except Exception as error:  # noqa: BLE001 - the gateway refuses it as `internal`; its text may hold a value
            told = f"the gateway itself failed on {tried.name} ({type(error).__name__}): please report this"
            raise _CouldNot(told) from None
