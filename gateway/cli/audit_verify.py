"""`sovgate audit verify`: prove the log from its files and public keys alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import Progress

from gateway.audit.signatures import EntryKeys, NoteKey
from gateway.audit.verify import Verified
from gateway.audit.verify import verify as check
from gateway.cli import options
from gateway.cli.audit_wanted import log
from gateway.cli.house import AUDIT
from gateway.cli.main import NO
from gateway.config import load
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder


@click.command("verify")
@log
@click.option("--vkey", help="The checkpoints' verifier key, got from elsewhere than the log.")
@click.option("--jwks", type=click.File("rb"), help="The entries' public keys, got from elsewhere than the log.")
@click.option("--remembered", type=click.File("rb"), help="A checkpoint kept from earlier: the log must contain it.")
@options.output
@options.config
def command(folder: Path | None, vkey: str | None, jwks: Any, remembered: Any, form: str, config_file: Path) -> None:
    """Verify every signature, number, link, tile and checkpoint, and name the first thing that is wrong.

    Exit 0: the log is sound. 1: it is broken, or there is none. 2: it or the keys can't be read.
    """
    place = folder or load(config_file, os.environ, secrets=False).state / AUDIT
    trusted = jwks.read() if jwks else None
    _usable("--vkey", NoteKey.read, vkey)
    _usable("--jwks", EntryKeys, trusted)
    screen = Console(stderr=True)
    try:
        with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
            task = progress.add_task("verifying", total=None)
            verified = check(
                Folder(place),
                vkey=vkey,
                jwks=trusted,
                remembered=remembered.read() if remembered else None,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except BrokenLog as error:
        _say_broken(error, place, form)
        sys.exit(NO)
    _say_sound(verified, place, form)


def _usable(option: str, read: Callable[[Any], object], given: str | bytes | None) -> None:
    """Make sure that a key can be read at all: that it can't says nothing of the log."""
    try:
        if given is not None:
            read(given)
    except BrokenLog as error:
        raise click.UsageError(f"{option}: {error}") from None


def _say_sound(verified: Verified, place: Path, form: str) -> None:
    """Tell that a log is sound, and what this doesn't prove."""
    if form == "json":
        said = {
            "ok": True,
            "log": str(place),
            "entries": verified.entries,
            "published": verified.published,
            "torn": verified.torn,
            "dangling": [one.flow for one in verified.dangling],
            "notes": list(verified.notes),
        }
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(f"{place}: sound: {verified.entries} entries, {verified.published} under the signed checkpoint")
    for one in verified.dangling:
        gone = f"; {one.pieces} pieces of its answer were recorded" if one.pieces else ""
        click.echo(f"  dangling: flow {one.flow} was forwarded (entry {one.counter}) and has no outcome{gone}")
    for note in verified.notes:
        click.echo(f"  note: {note}")


def _say_broken(error: BrokenLog, place: Path, form: str) -> None:
    """Name what is wrong first."""
    if form == "json":
        said = {"ok": False, "log": str(place), "wrong": str(error)}
        click.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(f"{place}: BROKEN: {error}", err=True)
