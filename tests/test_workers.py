"""Several workers, one log: they are one gateway, and whoever is killed, nothing that was released is missing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import aiohttp
from live import lines
from workers_kit import AUTH, Got, check, house, kill, load, ready, recorded, running, sequencer, workers

from gateway.audit.show import Filter, published_size, show
from gateway.storage.folder import Folder


async def text(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


def counted(metrics: str, name: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name))


def both(said: dict) -> bool:
    return all(worker["ready"] for worker in said["workers"].values())


def found(log: Path, kind: str) -> list[dict]:
    files = Folder(log)
    return [one.payload for one in show(files, Filter(kind=kind), published_size(files))]


async def test_they_are_one_gateway_with_one_log_and_one_admin_port(tmp_path):
    async with house(tmp_path) as place:
        with running(place) as gateway:
            assert len(workers(gateway)) == 2
            assert len(sequencer(gateway)) == 1
            async with load(gateway, callers=24) as got:  # so many connections never all go to one worker
                await asyncio.sleep(1.0)
            said = await ready(gateway, both)
            metrics = await text(gateway.admin + "/metrics")
            assert counted(metrics, 'sovgate_requests_total{leg="response"') == len(got.released) > 0
            assert counted(metrics, "sovgate_workers") == 2
            assert {worker["policies"]["digest"] for worker in said["workers"].values()} == {said["policies"]["digest"]}
            told = lines(gateway.errors)
        assert gateway.process.returncode == 0
        assert (got.refused, got.broken) == (0, 0)
        assert check(place.log).dangling == ()
        assert got.released == recorded(place.log)
        assert {line["worker"] for line in told if line["event"] == "flow"} == {1, 2}


async def test_a_worker_that_is_killed_is_replaced_and_counters_never_go_back(tmp_path):
    async with house(tmp_path) as place:
        with running(place) as gateway:
            async with load(gateway) as got:
                await asyncio.sleep(0.7)
                before = counted(await text(gateway.admin + "/metrics"), "sovgate_requests_total")
                old = workers(gateway)
                os.kill(old[0], signal.SIGKILL)
                await ready(gateway, lambda said: both(said) and said["restarts"] == 1)
                assert counted(await text(gateway.admin + "/metrics"), "sovgate_requests_total") >= before > 0
                assert len(set(workers(gateway)) - set(old)) == 1
        check(place.log)
        assert got.released <= recorded(place.log)


async def test_while_the_sequencer_is_gone_nothing_is_released_and_then_it_goes_on(tmp_path):
    async with house(tmp_path) as place:
        with running(place) as gateway:
            async with load(gateway) as got:
                await asyncio.sleep(0.5)
                (first,) = sequencer(gateway)
                os.kill(first, signal.SIGKILL)
                await asyncio.sleep(0.1)
                await ready(gateway, lambda said: both(said) and sequencer(gateway) not in ([], [first]))
                after = len(got.released)
                async with asyncio.timeout(10):
                    while len(got.released) == after:  # noqa: ASYNC110 - another process's work
                        await asyncio.sleep(0.02)
        check(place.log)
        assert got.released <= recorded(place.log)
        starts = found(place.log, "start")
        assert len(starts) == 2


async def test_a_supervisor_that_is_killed_takes_all_with_it_and_the_next_one_goes_on(tmp_path):
    async with house(tmp_path) as place:
        everything = Got()
        for _ in range(2):
            with running(place) as gateway:
                async with load(gateway) as got:
                    await asyncio.sleep(0.6)
                    gateway.process.kill()
                    await asyncio.sleep(0.3)
                everything.released |= got.released
        with running(place) as gateway:
            await ready(gateway)
        check(place.log)
        assert everything.released
        assert everything.released <= recorded(place.log)
        starts = found(place.log, "start")
        assert len(starts) == 3


async def test_policies_are_taken_by_all_or_by_none(tmp_path):
    async with house(tmp_path) as place:
        policy = tmp_path / "policies" / "sales-reads-orders.yaml"
        sound = policy.read_text()
        with running(place) as gateway:
            first = (await ready(gateway, both))["policies"]["digest"]
            policy.write_text(sound + "\nnonsense: [\n")
            said = await ready(gateway, lambda said: said["policies"]["last_reload"] == "refused")
            assert {one["policies"]["digest"] for one in said["workers"].values()} == {first}
            os.kill(
                workers(gateway)[0], signal.SIGKILL
            )  # its successor begins with what is in force, not with the folder
            said = await ready(gateway, lambda said: both(said) and said["restarts"] == 1)
            assert {one["policies"]["digest"] for one in said["workers"].values()} == {first}
            policy.write_text(sound.replace("keep_last: 4", "keep_last: 2") + "\n# other\n")

            def taken(said: dict) -> bool:
                digests = {one["policies"]["digest"] for one in said["workers"].values()}
                return digests == {said["policies"]["digest"]} != {first}

            await ready(gateway, taken)


async def test_what_a_customer_revokes_counts_in_every_worker_at_once(tmp_path):
    async with house(tmp_path) as place:
        with running(place) as gateway:

            async def seen() -> set[str]:
                found = set()
                for _ in range(12):  # each on a connection of its own: both workers get some
                    async with (
                        aiohttp.ClientSession() as session,
                        session.get(gateway.data + "/erp/api/orders/1", headers=AUTH) as answer,
                    ):
                        found.add((await answer.json())["customer"]["email"])
                return found

            (masked,) = await seen()
            granted = await asyncio.to_thread(place.sovgate, "passport", "grant", "C-1", "contact")
            assert granted.returncode == 0, granted.stderr
            assert await seen() == {"a@example.com"} != {masked}
            assert (await asyncio.to_thread(place.sovgate, "passport", "revoke", "C-1", "contact")).returncode == 0
            assert await seen() == {masked}
            rotated = await asyncio.to_thread(place.sovgate, "audit", "rotate-key", "entries")
            assert rotated.returncode == 0, rotated.stderr
            again = await asyncio.to_thread(place.sovgate, "passport", "grant", "C-1", "contact")  # by the new key
            assert again.returncode == 0, again.stderr
            assert await seen() == {"a@example.com"}
        assert check(place.log).rotations


async def test_a_house_that_can_not_be_opened_says_why_and_ends(tmp_path):
    async with house(tmp_path, "workers: 2\ncapture: {folder: captures, key: nowhere.pem}\n") as place:
        done = await asyncio.to_thread(place.sovgate, "serve")
        assert (done.returncode, done.stdout) == (2, "")
        assert "nowhere.pem" in done.stderr


async def test_under_load_whoever_is_killed_nothing_released_is_missing(tmp_path):
    dice = random.Random(7)
    async with house(tmp_path) as place:
        with running(place) as gateway:
            async with load(gateway) as got:
                for _ in range(6):
                    await asyncio.sleep(dice.uniform(0.05, 0.4))
                    kill(dice.choice((workers, sequencer))(gateway), dice)
                await ready(gateway, both)
                await asyncio.sleep(0.3)
        check(place.log)
        assert got.released
        assert got.released <= recorded(place.log)
