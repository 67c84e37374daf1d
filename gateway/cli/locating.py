"""Where requests come from, wired: databases of networks, read at the start and again whenever their files change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from gateway.config.settings import NetworkSettings
from gateway.errors import FaultyFiles, Place, Problem
from gateway.faults import Fault
from gateway.provenance.addresses import recorder
from gateway.provenance.places import Places, read_places
from gateway.proxy.logs import Log
from gateway.proxy.whereabouts import Whereabouts

_EVERY = 5.0  # seconds between two looks at the files


async def open_whereabouts(
    settings: NetworkSettings, pseudonym: Callable[[str], str], log: Log, stack: AsyncExitStack, every: float = _EVERY
) -> Whereabouts:
    """Make ready what finds out where requests come from. Raises `FaultyFiles` for a database that can't be used.

    The databases' files are looked at `every` so many seconds.
    """
    made = Whereabouts(recorder(settings.addresses, pseudonym), settings.trust)
    if settings.databases:
        seen = _stamps(settings.databases)
        made.places = _places(settings.databases)
        task = asyncio.create_task(_watch(settings.databases, made, log, seen, every), name="databases of networks")
        stack.push_async_callback(_stop, task)
    return made


async def _watch(paths: tuple[Path, ...], made: Whereabouts, log: Log, seen: object, every: float) -> None:
    """Read the files anew when one changes; a broken one changes nothing, and is told once."""
    while True:
        await asyncio.sleep(every)
        stamps = _stamps(paths)
        if stamps == seen:
            continue
        seen = stamps
        try:
            made.places = await asyncio.to_thread(_places, paths)
            log.info("databases-read")
        except FaultyFiles as error:
            told = [f"{problem.place}: {problem.message}" for problem in error.problems]
            log.error("databases-refused", problems=told)  # noqa: TRY400 - the problems say it all


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _stamps(paths: tuple[Path, ...]) -> list[tuple[int, int, int] | None]:
    """Tell one state of the files from another."""
    return [_stamp(path) for path in paths]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _places(paths: tuple[Path, ...]) -> Places:
    try:
        return read_places([(str(path), path.read_bytes()) for path in paths])
    except OSError as error:
        place, message = Place(str(error.filename), 1, 1), f"can't be read: {error.strerror}"
        raise FaultyFiles([Problem(place, message, code=Fault.BAD_DATABASE)]) from None
    except ValueError as error:
        place, message = Place(str(error), 1, 1), "this is no database of networks, or a damaged one"
        raise FaultyFiles([Problem(place, message, code=Fault.BAD_DATABASE)]) from None
