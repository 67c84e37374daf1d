"""The log in its own process: nothing that was acknowledged is ever missing, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop
from audit_logs import JWKS, NOW, SETTINGS, VKEY, intent, journal, ledger, outcome, payload

from gateway.audit.reading import published_size, stored_entries
from gateway.audit.verify import Verified, verify
from gateway.errors import BrokenLog, LogInUse, NotRecorded
from gateway.storage.folder import Folder
from gateway.storage.journal import Journal


def check(folder: Path) -> Verified:
    return verify(Folder(folder), vkey=VKEY, jwks=JWKS)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - there is nobody here who could set an event
            await asyncio.sleep(0.005)


def flows(folder: Path) -> dict[object, object]:
    """The flow of each entry, by its counter."""
    found = (payload(jws) for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder))))
    return {said["counter"]: said.get("flow") for said in found}


async def test_closing_records_what_was_handed_over_and_publishes_it(tmp_path):
    log = journal(tmp_path)
    await log.append(intent("first"))
    tasks = [asyncio.create_task(log.append(intent(f"f{n}"))) for n in range(2, 501)]
    await asyncio.sleep(0)
    await log.close()
    assert [await task for task in tasks] == list(range(2, 501))
    found = check(tmp_path)
    assert found.entries == found.published == log.entries == log.published == 501


def test_it_runs_on_uvloop(tmp_path):
    async def run() -> int:
        log = journal(tmp_path)
        counter = await log.append(intent("f1"))
        await log.close()
        return counter

    assert uvloop.run(run()) == 1
    assert check(tmp_path).entries == 2


async def test_a_log_that_is_never_used_closes(tmp_path):
    log = journal(tmp_path)
    assert log.recovered is not None
    await log.close()
    assert check(tmp_path).entries == 1


async def test_a_checkpoint_is_published_while_it_runs(tmp_path):
    log = journal(tmp_path)
    counter = await log.append(intent("f1"))
    await until(lambda: log.published > counter)
    check(tmp_path)
    await log.close()


async def test_too_many_at_once_are_refused_rather_than_kept(tmp_path):
    log = journal(tmp_path, replace(SETTINGS, waiting=10))
    await log.append(intent("first"))
    found = await asyncio.gather(*(log.append(intent(f"f{n}")) for n in range(50)), return_exceptions=True)
    assert sum(isinstance(one, int) for one in found) == 10
    assert {str(one) for one in found if not isinstance(one, int)} == {"too many entries wait for the audit log"}
    await log.append(intent("later"))
    await log.close()
    assert check(tmp_path).entries == 13


async def test_another_process_hands_entries_to_the_log_of_a_running_gateway(tmp_path):
    with pytest.raises(NotRecorded, match="no running gateway"):
        Journal.join(tmp_path)
    log = journal(tmp_path)
    other = Journal.join(tmp_path)
    assert [await log.append(intent("a")), await other.append(intent("b")), await log.append(intent("c"))] == [1, 2, 3]
    await other.close()
    assert await log.append(intent("d")) == 4
    await log.close()
    assert flows(tmp_path) == {0: None, 1: "a", 2: "b", 3: "c", 4: "d"}
    with pytest.raises(NotRecorded, match="no running gateway"):
        Journal.join(tmp_path)


def test_what_is_wrong_with_a_log_is_said_where_it_is_opened(tmp_path):
    held = ledger(tmp_path / "log")
    held.close()
    (tmp_path / "log" / "checkpoint").unlink()
    with pytest.raises(BrokenLog, match="checkpoint: missing, and yet there are entries"):
        journal(tmp_path / "log")


async def test_a_log_that_another_gateway_writes_is_in_use(tmp_path):
    log = journal(tmp_path)
    with pytest.raises(LogInUse, match="another process writes this log"):
        ledger(tmp_path)
    await log.append(intent("f1"))
    await log.close()


async def test_a_folder_that_can_t_be_written_is_not_recorded(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotRecorded, match="can't be written"):
        journal(tmp_path / "file" / "log")


async def test_a_sequencer_that_is_killed_is_started_again_and_nothing_acknowledged_is_missing(tmp_path):
    log = journal(tmp_path)
    known: dict[int, str] = {}

    async def append(name: str) -> None:
        for n in range(150):
            try:
                known[await log.append(intent(f"{name}-{n}"))] = f"{name}-{n}"
            except NotRecorded:
                await asyncio.sleep(0.02)

    async def kill() -> None:
        for _ in range(3):
            before = len(known)
            await until(lambda wanted=before + 20: len(known) >= wanted)
            process = log._launched.process
            assert process is not None
            process.send_signal(signal.SIGKILL)

    async with asyncio.timeout(60):
        killer = asyncio.create_task(kill())
        while not killer.done():
            await asyncio.gather(*(append(f"w{worker}") for worker in range(8)))
        await killer
    async with asyncio.timeout(20):
        while True:
            try:
                known[await log.append(outcome("last"))] = "last"
                break
            except NotRecorded:
                await asyncio.sleep(0.02)
    await log.close()
    check(tmp_path)
    there = flows(tmp_path)
    assert {counter: there.get(counter) for counter in known} == known


async def test_a_sequencer_that_stalls_is_a_refusal_and_not_a_hang(tmp_path):
    log = journal(tmp_path, replace(SETTINGS, patience=0.2))
    await log.append(intent("before"))
    process = log._launched.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(NotRecorded, match="does not answer"):
        await log.append(intent("during"))
    assert log.failing
    process.send_signal(signal.SIGCONT)
    assert await log.append(intent("after")) == 3  # what was handed over is recorded all the same
    assert log.failing == ""
    await log.close()


async def test_a_log_can_be_closed_while_its_sequencer_is_gone(tmp_path):
    log = journal(tmp_path)
    await log.append(intent("f1"))
    process = log._launched.process
    assert process is not None
    process.kill()
    await until(lambda: bool(log.failing))
    await log.close()
    ledger_once_free(tmp_path).close()
    assert check(tmp_path).entries >= 2


LOAD = """
import asyncio, sys
from pathlib import Path
from audit_logs import intent, journal, outcome

async def flow(log, name):
    n = 0
    while True:
        counter = await log.append(intent(f"{name}-{n}"))
        sys.stdout.write(f"{counter} {name}-{n}\\n")
        counter = await log.append(outcome(f"{name}-{n}", counter))
        sys.stdout.write(f"{counter} {name}-{n}\\n")
        sys.stdout.flush()
        n += 1

async def main():
    log = journal(Path(sys.argv[1]))
    await asyncio.gather(*(flow(log, f"w{worker}") for worker in range(16)))

asyncio.run(main())
"""


def test_a_gateway_that_is_killed_under_load_has_every_entry_that_it_was_told_is_recorded(tmp_path):
    folder, known = tmp_path / "log", dict[int, str]()
    here = str(Path(__file__).parent)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(here).parent), here))}
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", LOAD, str(folder)], stdout=subprocess.PIPE, env=env, text=True
        ) as load:
            assert load.stdout is not None
            lines = [load.stdout.readline() for _ in range(random.randint(1, 600))]
            load.send_signal(signal.SIGKILL)
            lines += load.stdout.readlines()
        known |= {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}
        log = ledger_once_free(folder)
        log.close()
        found = check(folder)
        there = flows(folder)
        assert {counter: there.get(counter) for counter in known} == known
        assert len(found.dangling) <= 5 * 16
        assert found.torn == 0


def ledger_once_free(folder: Path):
    """Open the log as soon as the killed gateway's sequencer has finished."""
    while True:
        try:
            return ledger(folder)
        except LogInUse:
            continue


def test_the_time_of_the_start_is_the_clock_s(tmp_path):
    log = journal(tmp_path)
    asyncio.run(log.close())
    ((_, _, start),) = stored_entries(Folder(tmp_path), 1)
    assert payload(start)["time"] == NOW
