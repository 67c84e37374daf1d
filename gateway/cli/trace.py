"""`sovgate trace`: which export a leaked file, screenshot or typed code came from."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TextIO

import click
import orjson
from rich.console import Console
from rich.progress import Progress, TaskID

from gateway.audit.issued import Issue, issued
from gateway.audit.show import published_size
from gateway.cli import audit_wanted, options
from gateway.cli.house import AUDIT, PASSPORTS, GateKeys, open_keys
from gateway.cli.main import COULD_NOT, NO
from gateway.cli.people import NOBODY, People
from gateway.cli.times import TIME, nanoseconds
from gateway.cli.trace_words import as_data, in_words
from gateway.cli.tracing import Lookup, Search, Traced, Watch, from_code, trace
from gateway.config import Settings, load
from gateway.crypto import JwsSigner
from gateway.errors import BrokenLog, FaultyFiles, Unreadable
from gateway.sandbox import Sandbox
from gateway.storage.folder import Folder
from gateway.storage.passports import Passports
from gateway.watermark.mark import check
from gateway.watermark.plan import REASONS

_SECONDS, _MEMORY = 180.0, 3 << 30  # for a few pages at a time, in a worker process
_MOST = 512 << 20  # bytes of a file
_READERS = ("gateway.watermark.leak.pdf", "gateway.watermark.leak.image")


class _Pages(click.ParamType[tuple[int, int]]):
    """`3` or `2-5`, counted from 1."""

    name = "pages"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Give the first and the last page."""
        first, _, last = value.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and 1 <= int(first) <= int(last or first)):
            self.fail("pages are a number, or the first and the last: 2-5", param, ctx)
        return int(first), int(last or first)


@click.command("trace")
@click.argument("leak", metavar="FILE|CODE")
@audit_wanted.log
@click.option("--pages", type=_Pages(), help="Look at these pages of FILE only, such as 3 or 2-5.")
@click.option(
    "--thorough", is_flag=True, help="Look for hidden marks on every page, also in parts of it; takes longer."
)
@click.option("--since", type=TIME, help="Only exports from this time on (UTC).")
@click.option("--until", type=TIME, help="Only exports before this time (UTC).")
@click.option("--top", default=5, show_default=True, help="How many likely exports to name where no code can be read.")
@click.option("--people", "named", type=click.File("r"), help="A list of ids, one a line: those that fit are named.")
@options.output
@options.config
def command(
    leak: str,
    folder: Path | None,
    pages: tuple[int, int] | None,
    thorough: bool,
    since: datetime | None,
    until: datetime | None,
    top: int,
    named: TextIO | None,
    form: str,
    config_file: Path,
) -> None:
    """Name the export that FILE (a PDF, picture, screenshot or photo of a screen) or a typed CODE came from.

    Where no code can be read, the exports between --since and --until are ranked by how well their marks agree with the
    picture, which is weaker. Customers are named by id where the passports or --people have them.

    Exit 0: an export is named. 1: none is, or only likely ones are. 2: the file or the log can't be read.
    """
    code = None if Path(leak).exists() else check(leak)
    if code is None and not Path(leak).is_file():
        raise click.UsageError(f"{leak}: no such file; and no mark: its check character doesn't fit, is it mistyped?")
    try:
        settings = load(config_file, os.environ, secrets=False)
    except FaultyFiles:
        if code is None or folder is None:
            raise
        settings = None  # for a typed code the log is enough
    files = Folder(folder or (settings.state / AUDIT if settings else Path()))
    screen = Console(stderr=True)
    try:
        published = published_size(files)  # first of all: where there is no log there are no keys either
        keys = open_keys(settings) if settings else None
        removed = list[int]()
        lookup = partial(_lookup, files, published, nanoseconds(since) or 0, nanoseconds(until), removed)
        if code is not None:
            traced = from_code(lookup(frozenset({code})))
        else:
            assert keys is not None
            search = Search(_body(Path(leak)), keys.keyring.marks, pages, thorough=thorough, top=top)
            with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
                traced = asyncio.run(_traced(search, lookup, _Shown(progress)))
        people = _people(settings, keys, named) if settings and keys else NOBODY
    except BrokenLog as error:
        click.echo(f"{files.path}: {error}", err=True)
        sys.exit(COULD_NOT)
    except Unreadable as error:
        click.echo(f"{leak}: can't be read: {REASONS.get(str(error), str(error))}", err=True)
        sys.exit(COULD_NOT)
    if removed:
        click.echo(f"{sum(removed)} entries were not searched: their bodies are gone", err=True)
    if form == "json":
        click.echo(orjson.dumps(as_data(traced, people, leak), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(in_words(traced, people, leak))
    sys.exit(0 if traced.exports else NO)


class _Shown:
    """Shows on a terminal how far a search is."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._tasks = progress, dict[str, TaskID]()

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Take in how far it is."""
        if doing not in self._tasks:
            self._tasks[doing] = self._progress.add_task(doing)
        self._progress.update(self._tasks[doing], completed=done, total=total)


async def _traced(search: Search, lookup: Lookup, watch: Watch) -> Traced:
    """Read the file in a worker process."""
    sandbox = Sandbox(workers=1, seconds=_SECONDS, memory=_MEMORY, preload=_READERS)
    await sandbox.start()
    try:
        return await trace(search, sandbox.run, lookup, watch)
    finally:
        await sandbox.close()


def _lookup(
    files: Folder, published: int, since: int, until: int | None, removed: list[int], codes: frozenset[str] | None
) -> Iterable[Issue]:
    """Find issues in the log; nothing is read where no code is asked for. `removed` is what this could not search."""
    if codes is not None and not codes:
        return ()
    removed.clear()
    return issued(files, published, codes, since, until, removed.append)


def _body(path: Path) -> bytes:
    if path.stat().st_size > _MOST:
        raise Unreadable("body-unmarkable", "too-large")
    return path.read_bytes()


def _people(settings: Settings, keys: GateKeys, named: TextIO | None) -> People:
    """Give who is known: everyone with a passport, and those that a list names."""
    listed = [line.strip() for line in named if line.strip()] if named else []
    known: tuple[str, ...] = ()
    if (settings.state / PASSPORTS).exists():
        with closing(Passports(settings.state / PASSPORTS, JwsSigner.of(keys.keyring.entries), {})) as passports:
            known = passports.customers()
    return People.of(keys.pseudonyms, known, listed)
