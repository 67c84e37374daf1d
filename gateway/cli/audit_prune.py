"""`sovgate audit prune`: remove the bodies of entries whose time is over, by the configured retention."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
import orjson

from gateway.audit.upkeep import Prune
from gateway.cli import options
from gateway.cli.house import joined_journal, now, open_keys
from gateway.cli.main import COULD_NOT
from gateway.cli.retaining import prune, pruning
from gateway.config import Settings, load
from gateway.errors import SovgateError
from gateway.storage.pruning import Pruning


@click.command("prune")
@click.option("--reason", default="by hand", show_default=True, help="Why, for the log.")
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and remove nothing.")
@options.output
@options.config
def command(reason: str, form: str, config_file: Path, *, dry_run: bool) -> None:
    """Remove the bodies of entries that `audit: {retention: ...}` keeps no longer; their hashes and all proofs stay.

    The log says first what is removed, by which rule and why. Only what is published is ever removed, and, where
    witnesses are asked, only what they cosigned.
    """
    settings = load(config_file, os.environ, secrets=False)
    retention = settings.audit.retention
    if retention is None:
        raise click.UsageError("there is no `audit: {retention: {days: N}}` in the configuration")
    work = pruning(settings, retention)
    if dry_run:
        prunes = work.plan(now(), reason)
        removed = sum(one.end - one.first for one in prunes)
    else:
        try:
            prunes, removed = asyncio.run(_prune(settings, work, reason))
        except SovgateError as error:
            click.echo(str(error), err=True)
            sys.exit(COULD_NOT)
    _say(prunes, removed, form, "would be removed" if dry_run else "removed")


async def _prune(settings: Settings, work: Pruning, reason: str) -> tuple[tuple[Prune, ...], int]:
    journal = joined_journal(settings, open_keys(settings))
    try:
        return await prune(work, journal, reason)
    finally:
        await journal.close()


def _say(prunes: tuple[Prune, ...], removed: int, form: str, done: str) -> None:
    if form == "json":
        ranges = [{"first": one.first, "end": one.end, "rule": one.rule, "digest": one.digest} for one in prunes]
        click.echo(orjson.dumps({"entries": removed, "ranges": ranges}))
        return
    for one in prunes:
        click.echo(f"entries {one.first} to {one.end - 1}: {done} ({one.rule})")
    click.echo(f"{removed} entries {done}")
