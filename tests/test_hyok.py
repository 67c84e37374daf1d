"""A customer who holds their own key: nobody else's depends on it, and taking it away takes effect as promised."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from gate_kit import NOW, Bench, answering, written
from services_kit import DOWN, MemoryService

from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.opening import open_chest, open_keeper
from gateway.custody.outside import OutsideProvider
from gateway.custody.settings import CustodySettings
from gateway.custody.smith import Smith
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable
from gateway.gate import Gate
from gateway.regime import establish
from gateway.steps.edit import Editor

SECOND = 10**9
EMAIL = "user.contact.email"
SETTINGS = CustodySettings(cache_seconds=60, holders={"acme": "acme-hsm"})
CATALOG = """
version: 1
catalog: erp
operations: {orders: {request: GET /orders, response: orders}}
messages:
  order: {format: json, customer: $.customer, unlisted: keep, fields: {$.email: user.contact.email}}
  orders: {format: json, records: "$[*]", each: order}
"""
CRM = "version: 1\ncatalog: crm\noperations: {x: {request: GET /x}}\nmessages: {}\n"
POLICY = """
version: 1
policy: p
scope: {from: crm, to: erp}
allow: true
protect: [{classes: [user.contact], leg: response, treatment: encrypt}]
"""


class House:
    """Keys on disk, a file for everybody, services of customers' own, and a clock that can be moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.service = MemoryService()
        self.services = {"acme-hsm": self.service}
        self.now = NOW
        self.pause = 0.0

    def providers(self):
        def moment():
            self.pause += 100  # no service is left alone here
            return self.pause

        outside = {name: OutsideProvider(name, one, os.urandom, clock=moment) for name, one in self.services.items()}
        return {"file": FileProvider(self.folder / "kek.json", Secret("key", b"k" * 32), os.urandom), **outside}

    def keeper(self, settings=SETTINGS):
        return open_keeper(self.folder, self.providers(), settings, lambda: self.now)

    def smith(self, settings=SETTINGS):
        return Smith(open_chest(self.folder, self.providers(), settings), "ann", self.now)


@pytest.fixture
def house(tmp_path):
    folder = tmp_path / "custody"
    folder.mkdir(mode=0o700)
    return House(folder)


@pytest.fixture
async def keeper(house):
    opened = house.keeper()
    yield opened
    await opened.close()


async def encrypted(keeper, customer, now=NOW):
    loan = await keeper.lend([customer], "p", now, make=True)
    token = loan.of(customer).encrypt('"a"', EMAIL)
    await loan.settle()
    return token


async def opened(keeper, customer, token, now):
    keys = (await keeper.lend([customer], "p", now, make=False)).of(customer)
    return None if keys is None else keys.reveal(token, EMAIL)


# -- in the gate


def order(customer):
    return {"customer": customer, "email": f"{customer}@x.test"}


def gate_over(keeper, house, *customers):
    bench = Bench(
        written(catalog_erp=CATALOG, catalog_crm=CRM, p=POLICY), answering([order(customer) for customer in customers])
    )
    ports = replace(bench.gate.ports, custody=keeper, clock=lambda: house.now)
    bench.gate = Gate(establish(bench.policies), ports, Editor(), bench.limits)
    return bench


async def test_when_a_customer_disables_their_key_the_gateway_loses_it_within_the_caches_time(house, keeper):
    acme, both, beta = (gate_over(keeper, house, *names) for names in (("acme",), ("acme", "beta"), ("beta",)))
    assert [(await gate.ask("GET", "/orders")).status for gate in (acme, both, beta)] == [200, 200, 200]
    house.service.fault = KeyGone("disabled")
    house.now += 50 * SECOND
    assert [(await gate.ask("GET", "/orders")).status for gate in (acme, both, beta)] == [200, 200, 200]
    house.now += 11 * SECOND
    refused = await acme.ask("GET", "/orders")
    assert (refused.status, json.loads(refused.body)["type"]) == (403, "urn:sovgate:refusal:keys-missing")
    assert (await both.ask("GET", "/orders")).status == 403  # a list is refused as a whole
    passed = await beta.ask("GET", "/orders")
    assert (passed.status, b"beta@x.test" in passed.body) == (200, False)


async def test_a_customers_service_that_fails_refuses_theirs_for_now_and_nobody_elses(house, keeper):
    acme, beta = gate_over(keeper, house, "acme"), gate_over(keeper, house, "beta")
    house.service.fault = DOWN
    assert [(await gate.ask("GET", "/orders")).status for gate in (acme, beta)] == [503, 200]
    house.service.fault = None
    assert (await acme.ask("GET", "/orders")).status == 200


# -- in custody


async def test_what_was_encrypted_opens_until_the_time_is_over_and_again_once_the_key_is_back(house, keeper):
    token = await encrypted(keeper, "acme")
    house.service.fault = KeyGone("disabled")
    assert await opened(keeper, "acme", token, NOW + 50 * SECOND) == '"a"'
    assert await opened(keeper, "acme", token, NOW + 61 * SECOND) is None
    house.service.fault = None
    assert await opened(keeper, "acme", token, NOW + 62 * SECOND) == '"a"'


async def test_using_a_key_does_not_keep_it_longer(house, keeper):
    token = await encrypted(keeper, "acme")
    house.service.fault = KeyGone("disabled")
    for second in range(0, 51, 10):
        assert await opened(keeper, "acme", token, NOW + second * SECOND) == '"a"'
    assert await opened(keeper, "acme", token, NOW + 60 * SECOND) is None


async def test_a_key_that_was_destroyed_at_its_owners_is_gone_for_good(house, keeper):
    token = await encrypted(keeper, "acme")
    house.service.keys.clear()
    house.service.rotate("one")  # one of the same name
    assert await opened(keeper, "acme", token, NOW + 61 * SECOND) is None
    assert (await keeper.lend(["acme"], "p", NOW + 62 * SECOND, make=True)).of("acme") is None  # none is made unasked


async def test_a_service_that_hangs_holds_up_nobody_else(house):
    leave, inside = threading.Event(), threading.Event()

    def hang(*_):
        inside.set()
        leave.wait(60)
        raise DOWN

    house.service.seal = hang
    keeper = house.keeper()
    try:
        waiting = [asyncio.create_task(keeper.lend(["acme"], "p", NOW, make=True)) for _ in range(20)]
        await asyncio.to_thread(inside.wait, 60)
        for number in range(20):
            assert await encrypted(keeper, f"C-{number}")
        leave.set()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in told} == {KeysUnavailable}
    finally:
        leave.set()
        await keeper.close()


async def test_a_gateway_starts_while_a_customers_service_is_down(house):
    house.service.fault = DOWN
    keeper = house.keeper()
    try:
        assert await encrypted(keeper, "beta")
        with pytest.raises(KeysUnavailable, match="acme-hsm"):
            await encrypted(keeper, "acme")
    finally:
        await keeper.close()


async def test_a_customer_whose_provider_is_configured_no_more_is_unavailable_not_gone(house):
    keeper = house.keeper()
    await encrypted(keeper, "acme")
    await keeper.close()
    house.services = {}
    keeper = house.keeper(CustodySettings())
    try:
        with pytest.raises(KeysUnavailable, match="does not name"):
            await keeper.lend(["acme"], "p", NOW, make=False)
    finally:
        await keeper.close()


async def test_a_key_that_a_customer_brings_is_wrapped_by_their_own_service(house, keeper):
    key = bytearray(os.urandom(32))
    kept = bytes(key)
    house.smith().bring("acme", "p", key)
    assert bytes(key) == bytes(32)
    keys = (await keeper.lend(["acme"], "p", NOW, make=True)).of("acme")
    token = keys.encrypt('"a"', EMAIL)
    everything = b"".join(path.read_bytes() for path in house.folder.iterdir())
    assert kept not in everything
    assert kept not in house.service.seen
    house.service.fault = KeyGone("disabled")
    assert await opened(keeper, "acme", token, NOW + 61 * SECOND) is None


# -- from one provider to another


async def test_keys_move_to_where_the_configuration_has_them_now_and_nothing_has_to_be_encrypted_anew(house):
    house.services["other"] = MemoryService()
    keeper = house.keeper()
    tokens = {name: await encrypted(keeper, name) for name in ("acme", "beta", "gamma")}
    await keeper.close()
    for settings, where in (
        (CustodySettings(holders={"acme": "other", "beta": "acme-hsm"}), ["other", "acme-hsm", "file"]),
        (CustodySettings(default="other"), ["other", "other", "other"]),
        (CustodySettings(), ["file", "file", "file"]),
    ):
        smith = house.smith(settings)
        for name in dict.fromkeys((settings.default, *settings.holders.values())):
            list(smith.rewrap(name))
            assert smith.left(name) == 0
        assert [smith.look(name)[0].provider for name in ("acme", "beta", "gamma")] == where
        smith.chest.close()
        keeper = house.keeper(settings)
        for name, token in tokens.items():
            assert await opened(keeper, name, token, NOW) == '"a"'
        await keeper.close()
    assert house.smith().chest.store.keks("acme-hsm") == set()


async def test_the_stores_own_key_moves_with_the_default_so_that_the_old_provider_can_go(house):
    keeper = house.keeper()
    token = await encrypted(keeper, "beta")
    await keeper.close()
    moved = CustodySettings(default="acme-hsm")
    smith = house.smith(moved)
    list(smith.rewrap("acme-hsm"))
    assert smith.chest.store.keks("file") == set()
    smith.chest.close()
    (house.folder / "kek.json").unlink()
    keeper = open_keeper(house.folder, {"acme-hsm": house.providers()["acme-hsm"]}, moved, lambda: house.now)
    assert await opened(keeper, "beta", token, NOW) == '"a"'
    await keeper.close()


def test_a_store_whose_own_key_is_gone_says_so_and_makes_no_other(house):
    settings = CustodySettings(default="acme-hsm")
    house.smith(settings).create("beta", "p")
    house.service.keys.clear()
    with pytest.raises(FaultyCustody, match="acme-hsm"):
        house.smith(settings)


def test_a_service_that_got_a_new_key_wraps_everything_with_it(house):
    smith = house.smith()
    smith.create("acme", "p")
    house.service.rotate("two")
    assert smith.left("acme-hsm") == 1
    assert list(smith.rewrap("acme-hsm")) == [1]
    assert (list(smith.rewrap("acme-hsm")), smith.left("acme-hsm")) == ([], 0)
    del house.service.keys["one"]
    assert smith.chest.unwrap(smith.look("acme")[0])


def test_who_took_their_key_away_is_left_as_they_are_and_the_others_move_on(house):
    smith = house.smith()
    for name in ("acme", "beta"):
        smith.create(name, "p")
    house.services["other"] = MemoryService()
    house.service.fault = KeyGone("disabled")
    smith = house.smith(CustodySettings(default="other"))
    assert list(smith.rewrap("other")) == [1]
    assert smith.left("other") == 1
    assert [smith.look(name)[0].provider for name in ("acme", "beta")] == ["acme-hsm", "other"]


def test_a_provider_that_fails_in_the_middle_leaves_everybody_whole_and_the_rest_for_the_next_time(house):
    smith = house.smith(CustodySettings())
    for number in range(5):
        smith.create(f"C-{number}", "p")
    house.services["other"] = target = MemoryService()
    smith = house.smith(CustodySettings(default="other"))
    seal, left = target.seal, iter(range(4))

    def tires(data, context):
        if next(left, None) is None:
            raise DOWN
        return seal(data, context)

    target.seal = tires
    with pytest.raises(KeysUnavailable):
        list(smith.rewrap("other"))
    where = [smith.look(f"C-{number}")[0].provider for number in range(5)]
    assert 0 < where.count("other") < 5
    assert all(smith.chest.unwrap(smith.look(f"C-{number}")[0]) for number in range(5))
    target.seal = seal
    list(smith.rewrap("other"))
    assert {smith.look(f"C-{number}")[0].provider for number in range(5)} == {"other"}


def test_the_log_is_told_of_each_customer_whose_keys_changed_hands(house):
    smith = house.smith(CustodySettings())
    for name in ("acme", "beta"):
        smith.create(name, "p")
    for owed in smith.owed():
        smith.recorded(owed)
    smith = house.smith()
    list(smith.rewrap("acme-hsm"))
    told = [(one.customer, one.change.action, one.change.provider, one.change.by) for one in smith.owed()]
    assert told == [("acme", "rewrapped", "acme-hsm", "ann"), ("", "rewrapped", "acme-hsm", "ann")]


def test_a_customer_who_was_destroyed_meanwhile_stays_so(house):
    smith = house.smith(CustodySettings())
    smith.create("beta", "p")
    house.services["other"] = target = MemoryService()
    moving = house.smith(CustodySettings(default="other"))
    seal = target.seal

    def slow(data, context):
        if context == smith.chest.handle("beta").encode():
            smith.destroy("beta")
            smith.create("beta", "p")  # by a person, anew: another key, which must not be overwritten
        return seal(data, context)

    target.seal = slow
    assert list(moving.rewrap("other")) == []
    row = smith.look("beta")[0]
    assert row.provider == "file"
    assert smith.chest.unwrap(row)


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_hyok import House, CustodySettings
from gateway.custody.file_provider import FileProvider
house = House(Path({folder!r}))
smith = house.smith(CustodySettings(rotate_days=0))
smith.chest.providers["file"].rotate()
store, count = type(smith.chest.store), [0]
before = store.rewrap
def rewrap(self, *arguments):
    done = before(self, *arguments)
    count[0] += 1
    if count[0] == {at}:
        os.kill(os.getpid(), 9)
    return done
store.rewrap = rewrap
list(smith.rewrap("file"))
"""


@pytest.mark.parametrize("at", [1, 3])
def test_a_process_that_is_killed_in_the_middle_goes_on_where_it_was(house, at):
    smith = house.smith(CustodySettings())
    for number in range(4):
        smith.create(f"C-{number}", "p")
    smith.chest.close()
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(house.folder), at=at)
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == -9
    smith = house.smith(CustodySettings())
    (done,) = smith.rewrap("file")
    assert done == 4 - (at - 1)  # the one in whose transaction it was killed is done again
    smith.retire(smith.chest.providers["file"])
    again = house.smith(CustodySettings())
    assert all(again.chest.unwrap(again.look(f"C-{number}")[0]) for number in range(4))
