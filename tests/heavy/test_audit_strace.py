"""The writer of the audit log at each of its system calls: killed there, or told by the disk that it failed.

What was acknowledged is in the log, what was refused is not, the log verifies with the keys that it had at first, and
it goes on by itself. Needs strace (ptrace allowed); takes some minutes. Where a call happens often, some of its
occurrences are tried, spread over the whole work; `SOVGATE_STRACE=all` tries each.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from audit_faults import (
    SMALL,
    Parent,
    attached,
    check,
    once_free,
    parent,
    prepare,
    said,
)
from audit_logs import NOW, intent, outcome
from custody_kit import in_memory

from gateway.audit.reading import WIDTH
from gateway.errors import NotRecorded
from gateway.storage.journal import Journal
from gateway.storage.wire import Roll, Rotate

pytestmark = [pytest.mark.heavy, pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")]

CHANGES = ("pwrite64", "fdatasync", "fsync", "rename", "mkdir", "unlink", "unlinkat", "rmdir", "link", "ftruncate")
LOOKS = ("openat", "pread64", "newfstatat", "getdents64", "read")
FAULTS = [
    *((call, "error=EIO") for call in (*CHANGES, *LOOKS)),
    *((call, "error=EINTR") for call in (*CHANGES, "openat")),
    *((call, "error=ENOSPC") for call in ("pwrite64", "openat", "mkdir", "rename", "fdatasync", "link")),
    *((call, "error=EROFS") for call in ("openat", "rename", "unlink")),
    ("pwrite64", "retval=0"),  # a write that writes nothing, and says so
]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Parent, Path, dict[str, int]]]:
    """The process whose children write logs, a folder with a log to begin with, how often each call is made."""
    with in_memory() as folder, parent() as writers:
        prepare(folder / "base")
        tried = fresh(folder)
        told = writers.run(tried, ",".join((*CHANGES, *LOOKS)))
        assert not told.error
        assert told.kinds == {"intent": 16, "outcome": 16, "rotation": 2, "prune": 1, "done": 1}
        assert check(tried).removed == WIDTH
        yield writers, folder, dict(told.calls)


def fresh(folder: Path) -> Path:
    """Give a copy of the log to begin with, in the place of the one before."""
    shutil.rmtree(folder / "tried", ignore_errors=True)
    return shutil.copytree(folder / "base", folder / "tried")


def name(part: object) -> str:
    """Name a case."""
    return str(part)


def some(count: int, most: int) -> Iterable[int]:
    """Choose occurrences of a call, from the first to the last."""
    step = 1 if os.environ.get("SOVGATE_STRACE") == "all" else max(1, count // most)
    return range(1, count + 1, step)


def fits(folder: Path, recorded: dict[int, str]) -> dict[int, dict[str, object]]:
    """See that the log verifies and has what was acknowledged; give what it says."""
    found, entries = check(folder), said(folder)
    there = {counter: entries.get(counter, {}).get("flow") for counter in recorded}
    assert {n: flow for n, flow in there.items() if n >= found.removed} == {
        n: flow for n, flow in recorded.items() if n >= found.removed
    }
    return entries


@pytest.mark.parametrize("call", CHANGES)
def test_killed_at_a_system_call_it_keeps_its_word_and_goes_on(place, call):
    writers, folder, calls = place
    kills = 0
    for number in some(calls[call], 24):
        tried = fresh(folder)
        told = writers.run(tried, call, f"{call}:signal=KILL:when={number}")
        assert not told.error
        kills += told.killed
        entries = fits(tried, told.recorded)
        log = once_free(tried)
        ended = {entry["flow"] for entry in entries.values() if entry["kind"] == "outcome"}
        open_ = {flow for counter, flow in told.recorded.items() if counter in entries and flow not in ended}
        assert open_ <= set(log.recovered.dangling)
        log.close()
        fits(tried, told.recorded)
        found = check(tried)
        assert found.torn == 0
        assert len(found.rotations) >= told.kinds["rotation"]
        assert not list(tried.glob("keys/*.next.pem"))
    assert kills >= len(some(calls[call], 24)) - 1  # the last one of all may not come again


@pytest.mark.parametrize(("call", "fault"), FAULTS, ids=name)
def test_a_call_that_fails_is_a_refusal_or_nothing_and_the_log_goes_on(place, call, fault):
    writers, folder, calls = place
    injected = 0
    for number in some(calls[call], 6):
        tried = fresh(folder)
        told = writers.run(tried, call, f"{call}:{fault}:when={number}..{number + 2}")
        assert (told.error, told.killed) == ("", False), (number, told)
        injected += told.injected
        assert told.kinds["done"]
        entries = fits(tried, told.recorded)
        flows = [entry.get("flow") for entry in entries.values()]
        assert not told.refused.intersection(map(str, flows))
        assert check(tried).torn == 0
    assert injected


@pytest.mark.parametrize("room", [0, 3, 100, 701, 2_000, 4_096, 8_191])
def test_a_write_that_is_cut_short_is_a_refusal_or_nothing_and_the_log_goes_on(place, room):
    writers, folder, _ = place
    tried = fresh(folder)
    told = writers.run(tried, "pwrite64", room=room)
    assert told.error == ""
    assert told.kinds["done"]
    entries = fits(tried, told.recorded)
    assert not told.refused.intersection(str(entry.get("flow")) for entry in entries.values())


SEQUENCER = [
    *(
        (call, "signal=KILL")
        for call in ("pwrite64", "fdatasync", "fsync", "rename", "ftruncate", "sendto", "recvfrom")
    ),
    ("pwrite64", "error=ENOSPC"),
    ("fdatasync", "error=EIO"),
    ("rename", "error=EROFS"),
    ("openat", "error=EMFILE"),
]


@pytest.mark.parametrize(("call", "fault"), SEQUENCER, ids=name)
async def test_the_gateway_releases_nothing_that_its_sequencer_did_not_record(place, call, fault):
    _, folder, _ = place
    for number in (1, 5, 17):
        tried = fresh(folder)
        log = Journal.open(tried / "log", keys=tried / "keys", settings=SMALL, clock=lambda: NOW)
        released: dict[int, str] = {}

        async def flow(name: str, log: Journal = log, released: dict[int, str] = released) -> None:
            first = await log.append(intent(name))
            released[first] = name
            released[await log.append(outcome(name, first))] = name

        async def flows(name: str) -> None:
            for n in range(6):
                with suppress(NotRecorded):
                    await flow(f"{name}-{n}")
                await asyncio.sleep(0.01)

        process = log._launched.process
        assert process is not None
        with attached(process.pid, tried / "trace", call, f"{call}:{fault}:when={number}..{number + 2}"):
            for errand in (Roll(), Rotate("entries", NOW), Rotate("checkpoints", NOW)):
                await asyncio.gather(*(flows(f"{type(errand).__name__}{worker}") for worker in range(3)))
                with suppress(NotRecorded):
                    await log.run(errand)
            async with asyncio.timeout(20):  # by itself
                while "after" not in released.values():
                    with suppress(NotRecorded):
                        await flow("after")
                    await asyncio.sleep(0.02)
        await log.close()
        fits(tried, released)
        assert check(tried).torn == 0
