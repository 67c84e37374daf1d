"""All memory of a real process is searched: a destroyed customer's keys are nowhere, in the time that is promised."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from custody_kit import in_memory, program, smith
from live import running, system
from memory_search import may_search, search
from test_keys_cli import CONFIG, write

from gateway.tokens.keyset import _LOOKUPS, _ROWS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/PID/mem")

WORKER = """
import asyncio, hmac, pathlib, sys, time
from custody_kit import *

async def use(keeper, customer):
    loan = await keeper.lend([customer], "p", time.time_ns(), make=True)
    keys = loan.of(customer)
    for number in range(30):
        assert keys.reveal(keys.encrypt(str(number), EMAIL), EMAIL) == str(number)
        assert keys.reveal(keys.tokenise(str(number), EMAIL, "text"), EMAIL) == str(number)
        hmac.digest(keys.pseudonym_key(), b"value", "sha256")
    await loan.settle()

async def run():
    folder, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    settings = CustodySettings(cache_seconds=seconds)
    keeper = open_keeper(folder, providers(folder), settings, time.time_ns)
    keeper.start()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        word, *rest = line.split()
        if word == "close":
            await keeper.close()
        else:
            await use(keeper, *rest)
        print("done", flush=True)

asyncio.run(run())
"""


def keys_of(folder, customer, **options):
    """Give everything that must not stay: the customer's key, the data keys, what is derived of them, and halves."""
    with smith(folder, **options) as worker:
        row, versions, _ = worker.look(customer)
        under = worker.chest.unwrap(row)
        opened = [worker.chest.opened(row.handle, under, one) for one in versions]
        whole = [bytes(under)] + [bytes(key.key) for key in opened]
        whole += [bytes(key._derived(info)) for key in opened if key.kind == "vault" for info in (_LOOKUPS, _ROWS)]
    return [key[start : start + 16] for key in whole for start in (0, 16)]


class Worker:
    """A process that works with keys, and does what it is told."""

    def __init__(self, process):
        self.process = process

    def __call__(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n", self.process.stderr.read()

    def holds(self, keys):
        return search(self.process.pid, keys)


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


@pytest.fixture
def worker(folder, request):
    with program(WORKER, folder, getattr(request, "param", 300)) as process:
        if not may_search(process.pid):
            process.kill()
            pytest.skip("this machine doesn't let a process read another's memory")
        yield Worker(process)
        process.stdin.close()
        process.wait(20)


def gone(look, seconds=10.0):
    """Wait until nothing is found, and tell after how many seconds."""
    began = time.monotonic()
    while any(look()):
        assert time.monotonic() - began < seconds, "a key stays"
        time.sleep(0.1)
    return time.monotonic() - began


def used(look):
    """The keys that were used are there, or this test would find nothing whatever happened."""
    assert sum(1 for count in look() if count) >= 6


def test_the_next_leg_of_a_worker_has_no_key_of_a_destroyed_customer_any_more(folder, worker):
    worker("use", "C-1")
    worker("use", "C-2")
    first, second = keys_of(folder, "C-1"), keys_of(folder, "C-2")
    used(lambda: worker.holds(first))
    with smith(folder) as here:
        here.destroy("C-1")
    worker("use", "C-2")
    assert not any(worker.holds(first))
    used(lambda: worker.holds(second))


def test_a_worker_that_idles_has_none_either_within_a_moment(folder, worker):
    worker("use", "C-1")
    first = keys_of(folder, "C-1")
    used(lambda: worker.holds(first))
    with smith(folder) as here:
        here.destroy("C-1")
    gone(lambda: worker.holds(first))


def test_a_version_that_was_revoked_is_gone_as_well(folder, worker):
    worker("use", "C-1")
    with smith(folder) as here:
        row, versions, _ = here.look("C-1")
        under = here.chest.unwrap(row)
        held = [here.chest.opened(row.handle, under, one) for one in versions]  # each wipes itself when it goes
        lost = [bytes(one.key) for one in held]
        here.revoke("C-1", versions[0].version)
    worker("use", "C-1")
    assert worker.holds(lost[:1]) == [0]
    assert all(worker.holds(lost[1:]))


@pytest.mark.parametrize("worker", [1], indirect=True)
def test_when_their_time_is_over_keys_are_gone_though_nobody_asks(folder, worker):
    worker("use", "C-1")
    first = keys_of(folder, "C-1")
    gone(lambda: worker.holds(first))
    worker("use", "C-1")
    used(lambda: worker.holds(first))


def test_at_the_end_no_key_is_left(folder, worker):
    for number in range(5):
        worker("use", f"C-{number}")
    keys = [key for number in range(5) for key in keys_of(folder, f"C-{number}")]
    used(lambda: worker.holds(keys))
    worker("close")
    assert not any(worker.holds(keys))


async def answer(request):
    return web.json_response({"email": "planted@example.cn"})


@asynccontextmanager
async def gateway(folder: Path):
    async with system(answer) as upstream, aiohttp.ClientSession() as client:
        house = write(folder, CONFIG.replace("http://127.0.0.1:1", upstream))
        with running(house) as here:
            yield house, here, client


async def test_the_gateway_itself_forgets_a_customer_whom_somebody_destroys(tmp_path):
    async with gateway(tmp_path) as (house, here, client):
        if not may_search(here.process.pid):
            pytest.skip("only root may read the gateway's memory")
        for customer in ("C-1", "C-2"):
            async with client.get(f"{here.data}/erp/api/customers/{customer}") as got:
                assert (await got.json())["email"].startswith("eyJ")
        custody = house.folder / "state" / "custody"
        first, second = keys_of(custody, "C-1"), keys_of(custody, "C-2")
        used(lambda: search(here.process.pid, first))
        done = await asyncio.to_thread(house.sovgate, "keys", "destroy", "C-1", "--yes")
        assert done.returncode == 0, done.stderr
        await asyncio.to_thread(gone, lambda: search(here.process.pid, first))
        used(lambda: search(here.process.pid, second))


async def test_the_gateway_leaves_no_core_file_and_lets_nobody_but_root_look(tmp_path):
    async with gateway(tmp_path) as (_, here, _):
        pid = here.process.pid
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
        # The memory of what can't be dumped belongs to root, whoever it is that runs it.
        assert Path(f"/proc/{pid}/mem").stat().st_uid == 0  # noqa: ASYNC240
        if os.getuid():
            assert not may_search(pid)


def test_what_keys_verbs_hold_is_not_dumped_either():
    told = program(
        "import json, resource, ctypes; from gateway.cli.keys import command; command.callback();"
        "print(json.dumps([resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)]))"
    )
    out, errors = told.communicate(timeout=20)
    assert errors == ""
    assert json.loads(out) == [[0, 0], 0]
