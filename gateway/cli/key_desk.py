"""What people's work on keys needs: the chest, whose hand it is, and the audit log that is told of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from getpass import getuser
from pathlib import Path
from typing import TypeVar

import click
from msgspec import structs

from gateway.audit.entry import Entry
from gateway.cli.house import CUSTODY, GateKeys, now, open_keys, open_providers, record
from gateway.cli.main import NO
from gateway.config import Settings, load
from gateway.config.keys import VARIABLE
from gateway.custody.opening import open_chest
from gateway.custody.smith import Smith
from gateway.custody.store import Request
from gateway.errors import FaultyCustody, SovgateError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """The chest in the hands of whoever runs this."""

    settings: Settings
    keys: GateKeys
    smith: Smith

    def agreed(self, action: str, customer: str) -> None:
        """Go on where one person is enough; else leave word for a second one, and exit."""
        if action not in self.settings.keys.approvals:
            return
        with self.smith.chest.store.writing():
            number = self.smith.chest.store.request(action, customer, self.smith.by, self.smith.now)
        click.echo(f"{action} {customer}: waits for a second person: sovgate keys approve {number}")
        sys.exit(NO)

    def by_both(self, asked: Request) -> Smith:
        """Give who acts where one asked and another agreed."""
        return replace(self.smith, by=asked.asked_by, approved=self.smith.by)

    def done(self) -> None:
        """Tell the audit log what was done, or exit: it is done already, and told at the gateway's next start."""
        try:
            asyncio.run(settle(self.settings, self.keys, self.smith))
        except SovgateError as error:
            click.echo(f"done, but not in the audit log yet: {error}", err=True)
            sys.exit(NO)


async def settle(settings: Settings, keys: GateKeys, smith: Smith) -> int:
    """Tell the audit log of every change that it doesn't know of yet; gives how many. Raises `NotRecorded`."""
    names, count = keys.pseudonyms, 0
    for owed in smith.owed():
        change = structs.replace(
            owed.change,
            customer=names.customer(owed.customer) if owed.customer else "",
            by=names.operator(owed.change.by) if owed.change.by else "",
            approved=names.operator(owed.change.approved) if owed.change.approved else "",
        )
        await record(settings, keys, Entry(kind="key", time=now(), key=change))
        smith.recorded(owed)
        count += 1
    return count


def known(work: Callable[[], T]) -> T:
    """Do something to keys; what can't be is a usage error."""
    try:
        return work()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def desk(config_file: Path) -> Iterator[Desk]:
    """Open what the verbs need. Raises `FaultyCustody`, also where nothing protects keys."""
    settings = load(config_file, os.environ)
    providers = open_providers(settings)
    if not providers:
        raise FaultyCustody(f"nothing protects customers' keys: set {VARIABLE}, or `keys: {{passphrase: ...}}`")
    chest = open_chest(settings.state / CUSTODY, providers, settings.keys.custody)
    try:
        smith = Smith(chest, getuser(), now())
        smith.sweep()
        yield Desk(settings, open_keys(settings), smith)
    finally:
        chest.close()
