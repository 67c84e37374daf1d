"""What every append port promises, the real log and its twin in memory alike."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Decided, Entry
from gateway.errors import NotRecorded
from gateway.storage.journal import Journal, LogSettings
from gateway.storage.memory import MemoryLog

KEYS = (Ed25519PrivateKey.from_private_bytes(b"e" * 32), Ed25519PrivateKey.from_private_bytes(b"c" * 32))


def intent(flow: str) -> Entry:
    return Entry(kind="intent", time=1, flow=flow)


@pytest.fixture(params=["memory", "disk"])
async def log(request, tmp_path):
    if request.param == "memory":
        opened: MemoryLog | Journal = MemoryLog()
    else:
        settings = LogSettings("example.com/log", "gw-1")
        opened = Journal.open(tmp_path, keys=KEYS, settings=settings, clock=lambda: 1)
    yield opened
    await opened.close()


async def test_counters_rise_by_one_in_the_order_of_the_appends(log):
    first = await log.append(intent("f0"))
    assert [await log.append(intent(f"f{n}")) for n in range(1, 5)] == [first + n for n in range(1, 5)]


async def test_appends_at_the_same_time_each_get_their_own_counter(log):
    found = await asyncio.gather(*(log.append(intent(f"f{n}")) for n in range(300)))
    assert found == list(range(found[0], found[0] + 300))


async def test_a_long_entry_takes_several_places_and_is_named_by_its_first(log):
    customers = tuple(f"c_{n:022}" for n in range(9000))
    first = await log.append(Entry(kind="outcome", time=1, decided=(Decided(customers),)))
    assert await log.append(intent("f")) > first + 1


async def test_an_entry_that_can_t_be_cut_is_not_recorded_and_the_log_goes_on(log):
    first = await log.append(intent("f1"))
    with pytest.raises(NotRecorded):
        await log.append(Entry(kind="intent", time=1, trace="x" * 70_000))
    assert await log.append(intent("f2")) == first + 1


async def test_an_appender_that_goes_away_does_not_disturb_the_others(log):
    tasks = [asyncio.create_task(log.append(intent(f"f{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [counter for counter in found[1::2] if isinstance(counter, int)]
    assert len(kept) == 10
    assert kept == sorted(set(kept))


async def test_a_closed_log_records_nothing(log):
    await log.append(intent("f"))
    await log.close()
    with pytest.raises(NotRecorded, match="closed"):
        await log.append(intent("late"))
    await log.close()
