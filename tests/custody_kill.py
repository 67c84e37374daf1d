"""Kills a process that works on customers' keys, at every single step to the disk, and looks at what it left.

A program of its own, so that it may fork: `python -c "import custody_kill; custody_kill.main()" FOLDER ACTION`. It
prints a line of JSON for each step at which a child was killed, and a last one for the child that came to the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from custody_kit import EMAIL, NOW, encrypted, keeping, opened, smith, tokenised

from gateway.audit.entry import Entry
from gateway.audit.pseudonym import Pseudonyms
from gateway.cli.key_log import tell
from gateway.custody.smith import Smith

STEPS = {"execute", "executemany", "pwrite", "fdatasync", "fsync", "replace", "unlink", "open", "ftruncate"}
"""What Python calls when it works on files: a kill comes just before."""


def rewrap(worker: Smith) -> None:
    kek = worker.chest.providers["file"]
    kek.rotate()
    for _ in worker.rewrap("file"):
        pass
    worker.retire(kek)


BEGIN = "begin"
"""To open an empty folder for the first time."""

ACTIONS: dict[str, Callable[[Smith], object]] = {
    "create": lambda worker: worker.create("C-3", "p"),
    "rotate": lambda worker: worker.rotate("C-1", all_purposes=True),
    "revoke": lambda worker: worker.revoke("C-1", 1),
    "bring": lambda worker: worker.bring("C-1", "p", bytearray(b"b" * 32)),
    "destroy": lambda worker: worker.destroy("C-1"),
    "rewrap": rewrap,
    BEGIN: lambda _: None,
}


async def prepare(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Give two customers keys, and tokens by customer with their purposes."""
    made: dict[str, list[tuple[str, str]]] = {}
    async with keeping(folder) as keeper:
        for customer in ("C-1", "C-2"):
            made[customer] = [
                pair
                for purpose in ("p", "q")
                for pair in (
                    ((await encrypted(keeper, customer, purpose))[0], purpose),
                    (await tokenised(keeper, customer, purpose), purpose),
                )
            ]
    return made


def state(folder: Path) -> dict[str, list[object]]:
    """Tell of every customer what there is, and what is owed to the audit log."""
    with smith(folder) as worker:
        store = worker.chest.store
        told: dict[str, list[object]] = {
            row.handle: [row.state, row.customer, [(one.version, one.kind, one.state) for one in versions]]
            for row in worker.customers()
            for versions in [store.versions(row.handle)]
        }
        told["owed"] = [one.change.action for one in worker.owed()]
    return told


async def left(folder: Path, tokens: dict[str, list[tuple[str, str]]]) -> dict[str, object]:
    """Tell what can be done with what was left: what opens, whether new tokens can be made, what the log is told."""
    told = {"state": state(folder)}
    async with keeping(folder) as keeper:
        for customer, made in tokens.items():
            told[customer] = [await opened(keeper, token, customer, why) for token, why in made]
            keys = (await keeper.lend([customer], "p", NOW, make=True)).of(customer)
            told[f"new {customer}"] = keys is not None and keys.reveal(keys.encrypt("1", EMAIL), EMAIL)
    entries: list[Entry] = []
    with smith(folder) as worker:
        await tell(worker.chest.store, worker.chest.vault, worker.chest.handle, Pseudonyms(b"p" * 32), _into(entries))
        told["recorded"] = [entry.key.action for entry in entries]
        told["rows"] = worker.chest.vault.count(worker.chest.handle("C-1"))
    return told


def _into(entries: list[Entry]):
    async def append(entry: Entry) -> int:
        entries.append(entry)
        return len(entries)

    return append


def killed(step: int, folder: Path, action: str) -> bool:
    """Do something in a child that is killed at a step; False where it comes to its end before."""
    child = os.fork()
    if child == 0:
        count = 0

        def profile(_frame: object, event: str, what: object) -> None:
            nonlocal count
            if event == "c_call" and getattr(what, "__name__", "") in STEPS:
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            if action == BEGIN:
                sys.setprofile(profile)
            with smith(folder) as worker:
                sys.setprofile(profile)
                ACTIONS[action](worker)
        except BaseException as error:  # noqa: BLE001 - a child of a fork never returns
            sys.stderr.write(repr(error))
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def every_step(folder: Path, action: str) -> Iterator[dict[str, object]]:
    """Kill at the first step, at the second, and so on until nothing is left to kill."""
    base, tried = folder / "base", folder / "tried"
    tokens = {}
    if action == BEGIN:
        base.mkdir(mode=0o700)
    else:
        tokens = asyncio.run(prepare(base))
        yield {"before": state(base)}
    step, going = 1, True
    while going:
        shutil.copytree(base, tried)
        going = killed(step, tried, action)
        yield {"killed": step if going else None, **asyncio.run(left(tried, tokens))}
        shutil.rmtree(tried)
        step += 1


def serve(folder: Path) -> None:
    """Make tokens, and say each once it may leave, until somebody kills this."""

    async def run() -> None:
        async with keeping(folder) as keeper:
            number = 0
            while True:
                number += 1
                customer = f"C-{number}"
                token, (use,) = await encrypted(keeper, customer)
                vault = await tokenised(keeper, customer)
                say([customer, token, vault, use.keys])

    asyncio.run(run())


def say(told: object) -> None:
    """Give a line of JSON to whoever waits for it."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    for told in every_step(Path(sys.argv[1]), sys.argv[2]):
        say(told)
