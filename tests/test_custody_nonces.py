"""No nonce is ever given twice: not to threads, processes or forks, nor after a restart or from a restored backup."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from itertools import count

import pytest
from custody_kit import NOW, encrypted, in_memory, keeping, program
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.nonces import Nonces
from gateway.errors import KeysUnavailable

SOME = 300
PROCESS = f"""
import asyncio, os, pathlib, sys
from custody_kit import *

def give(nonces):
    for _ in range({SOME}):
        print(nonces().hex())
    sys.stdout.flush()

async def run():
    async with keeping(pathlib.Path(sys.argv[1])) as keeper:
        give(keeper._nonces)
        for _ in range(2):
            if os.fork() == 0:
                give(keeper._nonces)
                os._exit(0)
            os.wait()
        give(keeper._nonces)
asyncio.run(run())
"""


class Store:
    """The epochs of a store, and a clock; a backup brings an old number back."""

    def __init__(self):
        self.last, self.seconds = 0, 1_700_000_000

    def epoch(self):
        self.last = max(self.last + 1, self.seconds)
        return self.last


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


def test_processes_and_forks_of_them_over_one_store_never_give_the_same(folder):
    with program(PROCESS, folder) as first, program(PROCESS, folder) as second:
        given_ = []
        for process in (first, second):
            out, errors = process.communicate(timeout=60)
            assert errors == ""
            given_ += out.split()
    assert len(given_) == len(set(given_)) == 2 * 4 * SOME
    assert len({nonce[:8] for nonce in given_}) == 6  # an epoch for each process and each fork


def test_threads_never_get_the_same():
    nonces, given_ = Nonces(Store().epoch, bytes), []

    def take():
        mine = [nonces() for _ in range(5000)]
        given_.extend(mine)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given_) == len(set(given_)) == 30_000
    assert {len(nonce) for nonce in given_} == {12}


@given(st.lists(st.sampled_from(["start", "give", "backup", "restore", "wait"]), max_size=60))
def test_whatever_is_restored_and_started_nothing_repeats_while_the_clock_goes_on(steps):
    """Though chance were no help at all: every draw is the same."""
    store, backup, given_ = Store(), 0, []
    running = []
    for step in steps:
        store.seconds += 1 if step in {"start", "restore"} else 0  # nothing starts in no time
        match step:
            case "start":
                running.append(Nonces(store.epoch, bytes))
            case "give":
                given_ += [nonces() for nonces in running]
                store.seconds += len(running)
            case "backup":
                backup = store.last
            case "restore":
                store.last = backup
            case "wait":
                store.seconds += 3600
    assert len(given_) == len(set(given_))


@given(st.integers(1, 50))
def test_where_the_clock_is_set_back_as_well_the_drawn_bytes_keep_nonces_apart(starts):
    store, given_, draws = Store(), [], count()
    for _ in range(starts):
        store.last = 0
        given_.append(Nonces(store.epoch, lambda size: next(draws).to_bytes(size))())
    assert len(set(given_)) == starts


def test_where_a_counter_ends_another_epoch_begins():
    nonces = Nonces(Store().epoch, os.urandom)
    first = nonces()
    nonces._run = replace(nonces._run, counter=count(2**32 - 2))
    near_the_end = [nonces() for _ in range(4)]
    assert [nonce[:4] == first[:4] for nonce in near_the_end] == [True, True, False, False]
    assert [int.from_bytes(nonce[8:]) for nonce in near_the_end] == [2**32 - 2, 2**32 - 1, 0, 1]


def test_where_no_epoch_can_be_had_there_are_no_nonces():
    def none():
        raise KeysUnavailable("down")

    with pytest.raises(KeysUnavailable):
        Nonces(none, os.urandom)()
    with pytest.raises(KeysUnavailable, match="used up"):
        Nonces(lambda: 2**32, os.urandom)()


async def test_every_start_takes_an_epoch_before_anything_is_asked(folder):
    epochs = []
    for _ in range(3):
        async with keeping(folder) as keeper:
            epochs.append(int(keeper._store.meta("epoch")))
            await encrypted(keeper)
            assert int(keeper._store.meta("epoch")) == epochs[-1]
    assert epochs == [NOW // 10**9 + number for number in range(3)]
