"""`sovgate audit rotate-key`: one of the log's own keys gets a successor, and the log says so."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import cast

import click

from gateway.audit.upkeep import Which
from gateway.cli import options
from gateway.cli.house import AUDIT, KEYS, joined_journal, log_settings, now, open_keys
from gateway.config import Settings, load
from gateway.errors import FaultyKeyring, NotRecorded
from gateway.storage.journal import Journal
from gateway.storage.keyring import signing_key
from gateway.storage.public_keys import PublicKeys
from gateway.storage.wire import Rotate


@click.command("rotate-key")
@click.argument("which", type=click.Choice(["entries", "checkpoints"]))
@click.option("--lost", is_flag=True, help="The key is lost, or someone else has it: the log says that too.")
@click.option("--reason", default="", help="Why, for the log.")
@options.config
def command(which: str, reason: str, config_file: Path, *, lost: bool) -> None:
    """Give the key of the log's entries or checkpoints a successor, in the running gateway or at rest.

    The old key signs the new one, and the old public keys stay in keys.jwks and log.vkey: whoever has an old one
    follows the log to the new one. A lost key signs nothing; then the log's other key speaks for the new one, and
    verifiers have to be told the new key, or to accept it.
    """
    settings = load(config_file, os.environ, secrets=False)
    counter = asyncio.run(_rotate(settings, cast("Which", which), reason, lost=lost))
    click.echo(f"the key of {which} has a successor; entry {counter} of the log says so")
    name = "keys.jwks" if which == "entries" else "log.vkey"
    click.echo(f"back up {settings.state / KEYS}, and give verifiers the new {settings.state / AUDIT / name}")


async def _rotate(settings: Settings, which: Which, reason: str, *, lost: bool) -> int:
    """Do it through whoever writes the log; where nobody does, and the key isn't there, at the opening."""
    folder = settings.state / AUDIT
    try:
        journal = Journal.join(folder)
    except NotRecorded:
        if lost:
            return await _at_rest(settings, which, reason)
        journal = joined_journal(settings, open_keys(settings))
    try:
        return await journal.run(Rotate(which, now(), lost, reason))
    finally:
        await journal.close()


async def _at_rest(settings: Settings, which: Which, reason: str) -> int:
    """Open the log without the lost key."""
    folder = settings.state / AUDIT
    public = PublicKeys.read(folder)
    if not public.entries:
        raise FaultyKeyring(f"{folder}: there is no log here yet, so no key of it can be lost")
    others = settings.state / KEYS / ("checkpoints.pem" if which == "entries" else "entries.pem")
    signing_key(others)  # it has to speak for the new one
    journal = Journal.open(
        folder,
        keys=settings.state / KEYS,
        settings=log_settings(settings, public.entries[0]),
        clock=now,
        lost=(which,),
        reason=reason,
    )
    await journal.close()
    assert journal.recovered is not None
    return journal.recovered.entries  # what is said first of all
