"""`sovgate keys rotate --wrapping`: everybody's keys, wrapped anew by whom the configuration names."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway.cli.key_desk import Desk
from gateway.cli.key_words import say
from gateway.cli.main import NO
from gateway.custody.file_provider import FileProvider
from gateway.errors import KeysUnavailable


@dataclass(slots=True)
class _Done:
    """What became of one provider's customers: `left` couldn't be wrapped; `trouble` is why no more were tried."""

    provider: str
    by: str = ""
    customers: int = 0
    left: int = 0
    trouble: str = ""

    def __str__(self) -> str:
        told = f"{self.customers} customers' keys are wrapped with {self.provider}:{self.by}"
        if self.trouble:
            told = f"{self.provider}: {self.customers} customers' keys are wrapped anew, then: {self.trouble}"
        if self.left:
            told += f"; {self.left} are left as they are, because whoever wraps them doesn't give them"
        return told


def rewrap_all(here: Desk, form: str) -> None:
    """Make a new key that wraps where we can, and wrap everybody's anew; exit 1 where somebody's was left."""
    smith, chest, screen = here.smith, here.smith.chest, Console(stderr=True)
    columns = SpinnerColumn(), TextColumn("wrapping"), TextColumn("{task.completed} customers"), TimeElapsedColumn()
    told: list[_Done] = []
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("wrapping", total=None)
        for name in dict.fromkeys((chest.settings.default, *chest.settings.holders.values())):
            done = _Done(name)
            told.append(done)
            before = sum(one.customers for one in told)
            try:
                _rotate(here, name)
                for done.customers in smith.rewrap(name):
                    progress.update(task, completed=before + done.customers)
                done.by, done.left = chest.provider(name).current(), smith.left(name)
            except KeysUnavailable as error:
                done.trouble = str(error)
    for provider in chest.providers.values():
        if isinstance(provider, FileProvider):
            smith.retire(provider)
    here.done()
    said = {"action": "rewrapped", "customers": sum(one.customers for one in told), "providers": [*map(asdict, told)]}
    if form == "json":
        say(form, "", said)
    else:
        for one in told:
            say(form, str(one), {})
    if any(one.left or one.trouble for one in told):
        sys.exit(NO)


def _rotate(here: Desk, name: str) -> None:
    """Make a new key where that is ours to do; others are rotated by whoever has them."""
    provider = here.smith.chest.provider(name)
    if isinstance(provider, FileProvider):
        provider.rotate()
