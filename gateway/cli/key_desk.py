"""What people's work on keys needs: the chest, whose hand it is, and the audit log that is told of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from gateway.cli.account import account
from gateway.cli.house import CUSTODY, GateKeys, now, open_keys, open_providers, record
from gateway.cli.key_log import tell
from gateway.cli.main import NO
from gateway.config import Settings, load
from gateway.custody.opening import open_chest
from gateway.custody.rows import Request
from gateway.custody.smith import Smith
from gateway.errors import FaultyCustody, SovgateError, UnknownKey
from gateway.policy.keyed import VARIABLE

T = TypeVar("T")

PATIENCE = 7
"""Days for which what one person asked for waits for a second one."""
_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Desk:
    """The chest in the hands of whoever runs this."""

    settings: Settings
    keys: GateKeys
    smith: Smith

    def tell(self) -> None:
        """Tell the audit log what was done. Raises `NotRecorded`: it is done, and told at the next occasion."""
        chest, append = self.smith.chest, partial(record, self.settings, self.keys)
        asyncio.run(tell(chest.store, chest.vault, chest.handle, self.keys.pseudonyms, append))

    def done(self) -> None:
        """Tell the audit log what was done, or say that it isn't told yet, and exit."""
        try:
            self.tell()
        except SovgateError as error:
            click.echo(f"done, but not in the audit log yet: {error}", err=True)
            click.echo("it is told there when the gateway starts, or with the next `sovgate keys` that works", err=True)
            sys.exit(NO)

    def waiting(self) -> list[Request]:
        """Give what waits for a second person; what waited for too long is dropped."""
        store, since = self.smith.chest.store, self.smith.now - PATIENCE * _DAY
        late = [one for one in store.requests() if one.at < since]
        if late:
            with store.writing():
                for one in late:
                    store.answered(one.number)
        return store.requests()

    def agreed(self, action: str, customer: str) -> Request | None:
        """Go on where one person is enough (None); else leave word for a second one, once, and give that."""
        if action not in self.settings.keys.approvals:
            return None
        there = [one for one in self.waiting() if (one.action, one.customer) == (action, customer)]
        if there:
            return there[0]
        store = self.smith.chest.store
        with store.writing():
            number = store.request(action, customer, self.smith.by, self.smith.now)
        return Request(number, action, customer, self.smith.by, self.smith.now)

    def take(self, number: int) -> Request:
        """Take what waits under a number, which nobody else gets then. Raises `UnknownKey`."""
        there = {one.number: one for one in self.waiting()}
        if number not in there:
            raise UnknownKey(f"nothing waits under the number {number}")
        with self.smith.chest.store.writing():
            if number not in {one.number for one in self.smith.chest.store.requests()}:
                raise UnknownKey(f"somebody else was faster: nothing waits under the number {number} any more")
            self.smith.chest.store.answered(number)
        return there[number]

    def drop(self, customer: str) -> None:
        """Drop whatever waits for a customer whose keys were destroyed, and their name with it."""
        store = self.smith.chest.store
        with store.writing():
            for one in store.requests():
                if one.customer == customer:
                    store.answered(one.number)

    def both(self, asked: Request) -> Smith:
        """Give who acts where one asked and another agreed."""
        return replace(self.smith, by=asked.asked_by, approved=self.smith.by)


def known(work: Callable[[], T]) -> T:
    """Do something to keys: where there are none of that kind the answer is no; what can't be is a usage error."""
    try:
        return work()
    except UnknownKey as error:
        click.echo(str(error), err=True)
        sys.exit(NO)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def desk(config_file: Path, *, changes: bool = True) -> Iterator[Desk]:
    """Open what the verbs need. Raises `FaultyCustody`, also where nothing protects keys.

    Before anything is changed, the audit log is told what it doesn't know yet: where it can't be written, nothing is.
    """
    settings = load(config_file, os.environ)
    providers = open_providers(settings)
    if not providers:
        raise FaultyCustody(f"nothing protects customers' keys: set {VARIABLE}, or `keys: {{passphrase: ...}}`")
    chest = open_chest(settings.state / CUSTODY, providers, settings.keys.custody)
    try:
        here = Desk(settings, open_keys(settings), Smith(chest, account(), now()))
        if changes:
            here.tell()
        yield here
    finally:
        chest.close()
