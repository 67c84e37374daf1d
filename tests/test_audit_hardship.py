"""A gateway under load whose log can't be written: it refuses, releases nothing that isn't recorded, and recovers."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from live import Running
from workers_kit import Got, check, house, load, ready, recorded, running, sequencer

from gateway.audit.show import Filter, published_size, show
from gateway.storage.folder import Folder


async def refusing(gateway: Running, got: Got) -> None:
    """Wait until flows are refused, and the gateway says so itself."""
    before = got.refused
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with session.get(gateway.admin + "/readyz") as answer:
                    if answer.status == 503 and got.refused > before:
                        return
            await asyncio.sleep(0.02)


async def going(got: Got) -> None:
    """Wait until flows pass again."""
    before = len(got.released)
    async with asyncio.timeout(30):
        while len(got.released) <= before:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.02)


def limited(pid: int, size: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def newest(log: Path) -> Path:
    return max(path for path in (log / "journal").iterdir() if path.name.isdigit())


@contextmanager
def full(gateway: Running, log: Path) -> Iterator[None]:
    """Let no file grow beyond what the journal has, and a bit: a write fails halfway, as on a disk that is full."""
    (pid,) = sequencer(gateway)
    limited(pid, newest(log).stat().st_size + 333)
    yield
    limited(pid, resource.RLIM_INFINITY)


@contextmanager
def taken_away(_: Running, log: Path) -> Iterator[None]:
    path, aside = newest(log), log.parent / "aside"
    path.rename(aside)
    yield
    aside.rename(path)


@contextmanager
def replaced(_: Running, log: Path) -> Iterator[None]:
    path, aside = newest(log), log.parent / "aside"
    path.rename(aside)
    shutil.copy(aside, path)
    yield
    aside.rename(path)


@contextmanager
def cut(_: Running, log: Path) -> Iterator[None]:
    path = newest(log)
    with path.open("r+b") as file:
        data = file.read()[-10:]
        file.seek(-10, os.SEEK_END)
        at = file.tell()
        file.truncate()
    yield
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


@contextmanager
def added_to(_: Running, log: Path) -> Iterator[None]:
    path = newest(log)
    with path.open("ab") as file:
        at = file.tell()
        file.write(b"nonsense")
    yield
    os.truncate(path, at)


HARDSHIPS = [full, taken_away, replaced, cut, added_to]


@pytest.mark.parametrize(
    ("workers", "hardships"), [("", HARDSHIPS), ("workers: 2\n", [full, taken_away])], ids=["one", "two workers"]
)
async def test_under_load_nothing_unrecorded_is_released_and_it_goes_on_by_itself(tmp_path, workers, hardships):
    async with house(tmp_path, workers) as place:
        with running(place) as gateway:
            for hardship in hardships:
                async with load(gateway) as got:
                    await going(got)
                    with hardship(gateway, place.log):
                        await refusing(gateway, got)
                    await going(got)
                assert got.released <= recorded(place.log)
                await ready(gateway)
        assert gateway.process.returncode == 0
        found = check(place.log)
        assert found.torn == 0
        with running(place):
            pass
        starts = show(Folder(place.log), Filter(kind="start"), published_size(Folder(place.log)))
        *_, last = (one.payload["start"] for one in starts)
        assert set(last.get("dangling", ())) == {one.flow for one in found.dangling}  # their answers were refused


async def test_without_any_flow_it_finds_out_that_the_log_can_be_written_again(tmp_path):
    async with house(tmp_path, "") as place:
        with running(place) as gateway:
            with full(gateway, place.log):
                async with load(gateway) as got:
                    await refusing(gateway, got)
            await ready(gateway)
        check(place.log)


async def test_tiles_that_are_deleted_come_back_with_the_next_checkpoint(tmp_path):
    async with house(tmp_path, "") as place:
        with running(place) as gateway:
            async with load(gateway) as got:
                await going(got)
                shutil.rmtree(place.log / "tile", ignore_errors=True)
                await going(got)
        check(place.log)
        assert got.released <= recorded(place.log)


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    """Mount a disk of two megabytes."""
    at.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(at)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here: that takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


async def test_on_a_disk_that_is_really_full_it_refuses_until_there_is_room(tmp_path):
    async with house(tmp_path, "") as place:
        with small_disk(tmp_path / "state"), running(place) as gateway:
            async with load(gateway) as got:
                await going(got)
                ballast = tmp_path / "state" / "ballast"
                with suppress(OSError), ballast.open("wb", buffering=0) as file:
                    while True:
                        file.write(b"x" * 4096)
                await refusing(gateway, got)
                ballast.unlink()
                await going(got)
            await ready(gateway)
            gateway.process.terminate()
            await asyncio.to_thread(gateway.process.wait, 20)
            check(place.log)
            assert got.released <= recorded(place.log)
