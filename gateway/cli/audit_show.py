"""`sovgate audit show`: find entries: who saw which customer's which fields, when, under which policy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.audit.show import Shown, published_size, show
from gateway.audit.tampering import Kind, broken
from gateway.cli import options
from gateway.cli.audit_lines import lines
from gateway.cli.audit_wanted import code, filters, log, names_people, wanted
from gateway.cli.house import AUDIT
from gateway.cli.main import COULD_NOT, NO
from gateway.config import Settings, load
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder


@click.command("show")
@log
@filters
@options.output
@options.config
def command(folder: Path | None, form: str, config_file: Path, **asked: Any) -> None:
    """Show the entries that fit, as text or as JSON lines. Exit 0: some do. 1: none does.

    Works on a log that is in use too. It shows what is stored; `sovgate audit verify` is what proves it.
    """
    code(asked["mark"])  # a typo is told before anything is opened
    settings = load(config_file, os.environ, secrets=False) if folder is None or names_people(asked) else None
    place = folder or (settings.state / AUDIT if settings else Path())
    try:
        found = _show(Folder(place), settings, form, asked)
    except BrokenLog as error:
        click.echo(f"{place}: {error}", err=True)
        sys.exit(COULD_NOT)
    sys.exit(0 if found else NO)


def _show(files: Folder, settings: Settings | None, form: str, asked: dict[str, Any]) -> int:
    """Print the entries that fit, and count them. Raises `BrokenLog`."""
    published = published_size(files)  # first of all: where there is no log there are no keys to look names up with
    found, removed = 0, list[int]()
    for entry in show(files, wanted(asked, settings), published, removed.append):
        found += 1
        click.echo(orjson.dumps(entry.payload).decode() if form == "json" else _text(entry))
    if removed:
        click.echo(f"{sum(removed)} entries were not searched: their bodies are gone", err=True)
    return found


def _text(entry: Shown) -> str:
    """Show an entry to people; raises `BrokenLog` where it says something else than entries do."""
    try:
        return lines(entry)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise broken(Kind.MALFORMED_ENTRY, entry.path, "it can't be shown: the log was edited", entry.index) from error
