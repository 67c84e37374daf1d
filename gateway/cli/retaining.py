"""The log's retention, carried out: by `sovgate audit prune`, and by the gateway once in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from gateway.audit.entry import Entry
from gateway.audit.reading import published_size
from gateway.audit.upkeep import Prune
from gateway.cli.house import AUDIT, now
from gateway.config import Settings
from gateway.errors import LogInUse, NotRecorded, SovgateError
from gateway.proxy.logs import Log
from gateway.storage.disk import Disk, lock, unlock
from gateway.storage.folder import Folder
from gateway.storage.journal import Journal
from gateway.storage.pruning import LOCK, Pruning, Retention
from gateway.storage.wire import Roll
from gateway.witness.kept import Kept, cosigned_by
from gateway.witness.times import attested_at

_LOOKS, _PAUSE = 300, 0.2  # how often, and every how many seconds, it is seen whether the log is published
_HOUR = 3600.0


def pruning(settings: Settings, retention: Retention) -> Pruning:
    """Say what may be pruned: what is published, and cosigned as well where witnesses are asked; by whose time."""
    folder = settings.state / AUDIT
    return Pruning(folder, retention, lambda: _limit(settings, folder), Disk(), lambda: _attested(settings, folder))


def _limit(settings: Settings, folder: Path) -> int:
    witness = settings.audit.witness
    if not witness.asked:
        return published_size(Folder(folder))
    head = Kept(folder, Disk()).cosigned()
    signed = sum(cosigned_by(head, one.key) is not None for one in witness.asked)
    return head.checkpoint.size if head is not None and signed >= witness.quorum else 0


def _attested(settings: Settings, folder: Path) -> int | None:
    """Give the latest time that witnesses or an authority attested, in nanoseconds; None where none is asked."""
    found = attested_at(Kept(folder, Disk()), settings.audit.witness, settings.audit.timestamps)
    return None if found is None else int(found * 10**9)


async def prune(
    work: Pruning, journal: Journal, reason: str, clock: Callable[[], int] = now
) -> tuple[tuple[Prune, ...], int]:
    """Remove what is over; gives what, and how many entries. Raises `LogInUse`, `NotRecorded`, `BrokenLog`, `OSError`.

    What a run that was cut short had told the log is removed first.
    """
    held = lock(work.folder / LOCK)
    try:
        if await asyncio.to_thread(work.finish) is None:
            await asyncio.to_thread(work.forget)  # the log never said so, or said it in part: planned anew
        prunes = await asyncio.to_thread(work.plan, clock(), reason)
        if not prunes:
            return (), 0
        await asyncio.to_thread(work.note, prunes)
        await journal.run(Roll())  # what is published leaves the journal as well
        for one in prunes:
            await journal.append(Entry(kind="prune", time=clock(), prune=one))
        for _ in range(_LOOKS):
            removed = await asyncio.to_thread(work.finish)
            if removed is not None:
                return prunes, removed
            await asyncio.sleep(_PAUSE)
        raise NotRecorded("the log is not published, so nothing was removed yet; the next run goes on from here")
    finally:
        unlock(work.folder / LOCK, held)


async def keep_pruning(settings: Settings, journal: Journal, log: Log, stack: AsyncExitStack) -> None:
    """Prune by the configured retention for as long as the gateway runs, if there is one."""
    retention = settings.audit.retention
    if retention is None:
        return

    async def work() -> None:
        while True:
            try:
                _, removed = await prune(pruning(settings, retention), journal, "scheduled")
                if removed:
                    log.info("pruned", entries=removed)
            except LogInUse:
                pass  # somebody does it by hand
            except (SovgateError, OSError) as error:
                log.error("not-pruned", error=type(error).__name__)  # noqa: TRY400 - the kind says it all
            await asyncio.sleep(settings.audit.prune_hours * _HOUR)

    task = asyncio.create_task(work())

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
