"""Several at once: loans that are out while keys go, processes that make the same keys, providers that hang or err."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from custody_kit import (
    DAY,
    EMAIL,
    NOW,
    SECOND,
    SECRET,
    SETTINGS,
    encrypted,
    in_memory,
    keeping,
    lent,
    opened,
    program,
    providers,
    smith,
    tokenised,
)

from gateway.custody.file_provider import FileProvider
from gateway.custody.opening import open_chest, open_keeper
from gateway.custody.provider import Wrapped
from gateway.custody.smith import Smith
from gateway.errors import FaultyCustody, KeysUnavailable

SAME = """
import asyncio, json, pathlib, sys
from custody_kit import *
async def run():
    async with keeping(pathlib.Path(sys.argv[1])) as keeper:
        print("ready", flush=True); sys.stdin.readline()
        loan = await keeper.lend([f"C-{n}" for n in range(40)], "p", NOW, make=True)
        made = [loan.of(f"C-{n}").encrypt("1", EMAIL) for n in range(40)]
        made += [loan.of(f"C-{n}").tokenise("1", EMAIL, "text") for n in range(40)]
        await loan.settle()
        print(json.dumps(made))
asyncio.run(run())
"""


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


async def test_processes_that_make_the_same_customers_keys_at_once_make_one_set(folder):
    (await anext(aiter(_once(folder)))).close()
    workers = [program(SAME, folder) for _ in range(3)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n", worker.stderr.read()
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    made = []
    for worker in workers:
        out, errors = worker.communicate(timeout=30)
        assert errors == ""
        made.append(json.loads(out))
    async with keeping(folder) as keeper:
        for tokens in made:
            for number, token in enumerate(tokens):
                assert await opened(keeper, token, f"C-{number % 40}") == "1"
    with smith(folder) as worker:
        for number in range(40):
            _, versions, _ = worker.look(f"C-{number}")
            assert sorted(one.kind for one in versions) == ["data", "pseudonym", "vault"]


async def _once(folder):
    async with keeping(folder):
        yield open_chest(folder, providers(folder), SETTINGS)


async def test_a_leg_may_have_more_customers_than_are_remembered(folder):
    async with keeping(folder, replace(SETTINGS, capacity=10)) as keeper:
        customers = [f"C-{number}" for number in range(35)]
        loan = await keeper.lend(customers, "p", NOW, make=True)
        again = await keeper.lend(customers, "p", NOW, make=True)
        for one in (loan, again):
            for customer in customers:
                keys = one.of(customer)
                assert keys.reveal(keys.encrypt("1", EMAIL), EMAIL) == "1"
        assert len(keeper._cache) == 10


@pytest.mark.parametrize("capacity", [1, 1000])
async def test_a_loan_that_is_out_opens_nothing_more_once_its_customer_was_destroyed(folder, capacity):
    """Also where others took the room of its keys meanwhile."""
    async with keeping(folder, replace(SETTINGS, capacity=capacity)) as keeper:
        token, _ = await encrypted(keeper)
        keys = await lent(keeper)
        await encrypted(keeper, "C-2")
        assert keys.reveal(token, EMAIL) == '"a"'
        with smith(folder) as worker:
            worker.destroy("C-1")
        await lent(keeper, "C-2")
        with pytest.raises(KeysUnavailable, match="dropped while it was lent"):
            keys.reveal(token, EMAIL)


async def test_what_is_settled_after_the_destruction_isnt_kept_and_refuses_the_flow(folder):
    async with keeping(folder) as keeper:
        loan = await keeper.lend(["C-1"], "p", NOW, make=True)
        loan.of("C-1").tokenise('"a"', EMAIL, "text")
        with smith(folder) as worker:
            worker.destroy("C-1")
            with pytest.raises(KeysUnavailable, match="destroyed while they were lent"):
                await loan.settle()
            assert worker.chest.vault.count(worker.chest.handle("C-1")) == 0


async def test_keys_that_another_process_makes_are_seen_where_there_were_none(folder):
    async with keeping(folder) as keeper, keeping(folder) as other:
        await encrypted(keeper, purpose="q")  # so that the customer is known, without keys for this purpose
        for _ in range(2):
            assert await opened(keeper, "x", purpose="p") is None
        token, _ = await encrypted(other)
        assert await opened(keeper, token) == '"a"'


async def test_who_has_no_keys_is_asked_for_once_until_something_changes(folder):
    async with keeping(folder) as keeper:
        assert await lent(keeper, make=False) is None
        keeper._pools["file"].shutdown()
        assert await lent(keeper, make=False) is None


async def test_keys_end_in_time_and_a_leg_that_has_them_goes_on_for_a_while(folder):
    async with keeping(folder, replace(SETTINGS, cache_seconds=300)) as keeper:
        keys = await lent(keeper)
        later = NOW + 295 * SECOND
        assert (await lent(keeper, now=later))._set is not keys._set
        keeper._cache.expire(later)
        assert keys.reveal(keys.encrypt("1", EMAIL), EMAIL) == "1"
        keeper._cache.expire(NOW + 300 * SECOND)
        with pytest.raises(KeysUnavailable):
            keys.encrypt("1", EMAIL)


@pytest.mark.parametrize("back", [DAY, 3600 * SECOND])
async def test_a_clock_that_is_set_back_keeps_no_key_for_longer(folder, back):
    async with keeping(folder) as keeper:
        keys = await lent(keeper)
        assert (await lent(keeper, now=NOW - back))._set is not keys._set
        keeper._cache.expire(NOW - back + SETTINGS.cache_nanoseconds)
        assert len(keeper._cache) == 0


async def test_a_file_that_comes_in_the_place_of_the_one_in_use_is_believed_at_once(folder, tmp_path):
    async with keeping(folder) as keeper:
        await encrypted(keeper, "C-2")
        shutil.copytree(folder, tmp_path / "backup")
        token, _ = await encrypted(keeper)
        vault = await tokenised(keeper)
        for name in ("keys.sqlite", "vault.sqlite"):
            for end in ("", "-wal", "-shm"):
                (folder / f"{name}{end}").unlink(missing_ok=True)
            shutil.copy(tmp_path / "backup" / name, folder / f"{name}.new")
            if (tmp_path / "backup" / f"{name}-wal").exists():
                shutil.copy(tmp_path / "backup" / f"{name}-wal", folder / f"{name}-wal")
            (folder / f"{name}.new").rename(folder / name)
        assert await opened(keeper, token) is None
        assert await opened(keeper, vault) is None
        assert keeper.owner(token) is keeper.owner(vault) is None
        assert (await lent(keeper, "C-2", make=False)) is not None
        new, _ = await encrypted(keeper)
        assert await opened(keeper, new) == '"a"'


async def test_a_number_of_a_version_is_never_given_twice(folder):
    async with keeping(folder) as keeper:
        await encrypted(keeper)
        with smith(folder) as worker:
            worker.rotate("C-1", "p")
            numbers = {one.version for one in worker.look("C-1")[1]}
            worker.destroy("C-1")
            worker.create("C-1", "p")
            assert numbers.isdisjoint(one.version for one in worker.look("C-1")[1])


class Meddling(FileProvider):
    """Lets something happen while a key is being unwrapped."""

    meddle = staticmethod(lambda: None)

    def unwrap(self, wrapped, context):
        key = super().unwrap(wrapped, context)
        meddle, self.meddle = self.meddle, lambda: None
        meddle()
        return key


@pytest.mark.parametrize("action", ["rotate", "create", "bring"])
async def test_keys_that_are_destroyed_and_made_anew_while_others_work_on_them_stay_whole(folder, action):
    meddling = {"file": Meddling(folder / "kek.json", SECRET, os.urandom)}
    async with keeping(folder) as keeper:
        await encrypted(keeper)
    with smith(folder) as other:

        def meddle():
            other.destroy("C-1")
            other.create("C-1", "q")

        worker = Smith(open_chest(folder, meddling, SETTINGS), "ann", NOW)
        meddling["file"].meddle = meddle
        work = {
            "rotate": lambda: worker.rotate("C-1", "p"),
            "create": lambda: worker.create("C-1", "p"),
            "bring": lambda: worker.bring("C-1", "p", bytearray(32)),
        }
        with pytest.raises(KeysUnavailable, match="at the same time"):
            work[action]()
        worker.chest.close()
    async with keeping(folder) as keeper:
        for purpose in ("p", "q"):
            token, _ = await encrypted(keeper, purpose=purpose)
            assert await opened(keeper, token, purpose=purpose) == '"a"'


async def test_a_wrapping_key_that_was_dropped_wraps_nothing_more_that_is_kept(folder):
    """A gateway wrapped a new customer's key, and before it is kept somebody drops what wrapped it."""

    class Slow(FileProvider):
        def wrap(self, key, context):
            wrapped = super().wrap(key, context)
            with smith(folder) as worker:
                kek = worker.chest.providers["file"]
                kek.rotate()
                list(worker.rewrap("file"))
                worker.retire(kek)
            return wrapped

    slow = {"file": FileProvider(folder / "kek.json", SECRET, os.urandom)}
    async with _with(folder, slow) as keeper:
        await encrypted(keeper)
        keeper._providers["file"] = Slow(folder / "kek.json", SECRET, os.urandom)
        with pytest.raises(KeysUnavailable, match="retired at the same time"):
            await lent(keeper, "C-2")
        keeper._providers["file"] = FileProvider(folder / "kek.json", SECRET, os.urandom)
        token, _ = await encrypted(keeper, "C-2")
        assert await opened(keeper, token, "C-2") == '"a"'
    async with keeping(folder) as keeper:
        assert await opened(keeper, token, "C-2") == '"a"'


@asynccontextmanager
async def _with(folder, those, settings=SETTINGS):
    keeper = open_keeper(folder, those, settings, lambda: NOW)
    try:
        yield keeper
    finally:
        await keeper.close()


class Outside:
    """A provider in memory, which does as it is told."""

    def __init__(self, name="outside"):
        self.name, self.kept, self.calls = name, {}, 0
        self.answer = lambda key: key
        self.may = threading.Event()
        self.may.set()

    def current(self):
        return "1"

    def wrap(self, key, context):
        self.kept[context] = bytes(key)
        return Wrapped("1", context)

    def unwrap(self, wrapped, context):
        self.calls += 1
        self.may.wait(20)
        return self.answer(bytearray(self.kept[wrapped.data]))

    def close(self):
        pass


def held(folder, **more):
    settings = replace(SETTINGS, holders={"C-1": "outside"}, provider_seconds=0.3, **more)
    outside = Outside()
    return {**providers(folder), "outside": outside}, outside, settings


async def test_a_provider_that_hangs_holds_up_its_own_customers_alone_and_is_asked_once(folder):
    those, outside, settings = held(folder)
    outside.may.clear()
    async with _with(folder, those, settings) as keeper:
        asked = [asyncio.create_task(lent(keeper)) for _ in range(20)]
        await asyncio.sleep(0.05)
        for number in range(2, 30):
            assert await lent(keeper, f"C-{number}") is not None
        assert [type(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == [KeysUnavailable] * 20
        assert outside.calls == 1
        outside.may.set()
        token, _ = await encrypted(keeper)
        assert await opened(keeper, token) == '"a"'


async def test_a_provider_that_hangs_doesnt_hold_up_the_end(folder):
    those, outside, settings = held(folder)
    outside.may.clear()
    async with asyncio.timeout(10):
        async with _with(folder, those, settings) as keeper:
            with pytest.raises(KeysUnavailable, match="in time"):
                await lent(keeper)
    outside.may.set()


WRONG = {
    "another key": lambda key: bytearray(b"w" * 32),
    "a key of another length": lambda key: key[:16],
    "nothing": lambda key: bytearray(),
    "too much": lambda key: key * 2,
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_under_a_wrong_answer_of_a_provider_nothing_is_made_and_nothing_lost(folder, wrong):
    those, outside, settings = held(folder)
    async with _with(folder, those, settings) as keeper:
        token, _ = await encrypted(keeper)
        keeper._cache.clear()
        outside.answer = WRONG[wrong]
        for purpose in ("p", "new"):
            with pytest.raises(KeysUnavailable, match="another key"):
                await lent(keeper, purpose=purpose)
        outside.answer = lambda key: key
        assert await opened(keeper, token) == '"a"'
        assert await opened(keeper, (await encrypted(keeper, purpose="new"))[0], purpose="new") == '"a"'


async def test_who_moves_to_a_provider_that_wraps_wrongly_stays_where_they_are(folder):
    those, outside, settings = held(folder)
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
    outside.answer = WRONG["another key"]
    worker = Smith(open_chest(folder, those, settings), "ann", NOW)
    with pytest.raises(KeysUnavailable, match="another key"):
        list(worker.rewrap("outside"))
    worker.chest.close()
    async with keeping(folder) as keeper:
        assert await opened(keeper, token) == '"a"'


async def test_one_customers_trouble_is_no_other_customers(folder):
    those, outside, settings = held(folder)
    async with _with(folder, those, settings) as keeper:
        await encrypted(keeper)
        keeper._cache.clear()
        outside.answer = WRONG["another key"]
        told = await asyncio.gather(lent(keeper, "C-1"), lent(keeper, "C-2"), return_exceptions=True)
        assert isinstance(told[0], KeysUnavailable)
        assert told[1].reveal(told[1].encrypt("1", EMAIL), EMAIL) == "1"


async def test_a_thousand_new_customers_get_their_keys_in_few_transactions(folder):
    async with keeping(folder) as keeper:
        customers = [f"C-{number}" for number in range(1000)]
        loan = await keeper.lend(customers, "p", NOW, make=True)
        assert all(loan.of(customer) is not None for customer in customers)


def test_a_second_writer_of_the_wrapping_keys_waits_and_then_is_told(folder, monkeypatch):
    monkeypatch.setattr("gateway.custody.file_provider._PATIENCE", 0.2)
    first, second = (FileProvider(folder / "kek.json", SECRET, os.urandom) for _ in "12")
    with first._alone(), pytest.raises(FaultyCustody, match="another process is changing it"):
        second.rotate()
    assert second.rotate() == "2"
    assert first.wrap(bytearray(32), b"").kek == "2"  # it noticed
