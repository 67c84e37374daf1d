"""Customers' keys on disk: lent, cached, replaced, destroyed, in one process and across several."""

import asyncio
import base64
import json
import os
from dataclasses import replace

import pytest
from custody_kit import DAY, EMAIL, NOW, SECRET, SETTINGS, encrypted, in_memory, keeping, opened, smith

from gateway.custody.file_provider import FileProvider, Secret
from gateway.errors import FaultyCustody, KeyGone, KeysUnavailable, UnknownKey


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made


async def test_what_was_encrypted_opens_again_also_after_a_restart_and_in_another_process(folder):
    async with keeping(folder) as keeper, keeping(folder) as other:
        token, _ = await encrypted(keeper)
        assert await opened(keeper, token) == '"a"'
        assert await opened(other, token) == '"a"'
        assert keeper.owner(token) == other.owner(token) == "C-1"
    async with keeping(folder) as again:
        assert await opened(again, token) == '"a"'


async def test_a_token_opens_for_its_customer_field_and_purpose_alone(folder):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        await encrypted(keeper, "C-2")
        await encrypted(keeper, "C-1", "q")
        assert await opened(keeper, token, customer="C-2") is None
        assert await opened(keeper, token, purpose="q") is None
        assert await opened(keeper, token, purpose=None) is None
        assert await opened(keeper, token, field="user.name") is None


async def test_reading_makes_no_keys(folder):
    async with keeping(folder) as keeper:
        loan = await keeper.lend(["C-1"], "p", NOW, make=False)
        assert loan.of("C-1") is None
        assert await loan.settle() == ()


async def test_a_token_of_the_vault_is_the_same_each_time_and_lasts(folder):
    async with keeping(folder) as keeper:
        loan = await keeper.lend(["C-1"], "p", NOW, make=True)
        first, again = (loan.of("C-1").tokenise('"a"', EMAIL, "text") for _ in range(2))
        other = loan.of("C-1").tokenise('"b"', EMAIL, "text")
        (use,) = await loan.settle()
        assert first == again != other
        assert use.made == 3
    async with keeping(folder) as keeper:
        loan = await keeper.lend(["C-1"], "p", NOW, make=True)
        assert loan.of("C-1").tokenise('"a"', EMAIL, "text") == first
        assert loan.of("C-1").reveal(first, EMAIL) == '"a"'
        assert keeper.owner(first) == "C-1"


async def test_a_row_that_was_never_settled_is_not_there(folder):
    async with keeping(folder) as keeper:
        loan = await keeper.lend(["C-1"], "p", NOW, make=True)
        token = loan.of("C-1").tokenise('"a"', EMAIL, "text")
        assert keeper.owner(token) is None


@pytest.mark.parametrize("warm", [False, True])
async def test_after_a_destruction_nothing_opens_in_any_process_at_once(folder, warm):
    async with keeping(folder) as keeper, keeping(folder) as other:
        token, _ = await encrypted(keeper)
        loan = await keeper.lend(["C-1"], "p", NOW, make=True)
        short = loan.of("C-1").tokenise('"a"', EMAIL, "text")
        await loan.settle()
        if warm:
            assert await opened(other, token) == '"a"'
        with smith(folder) as worker:
            worker.destroy("C-1")
        for one in (keeper, other):
            assert await opened(one, token) is None
            assert await opened(one, short) is None
            assert one.owner(token) is None
            assert one.owner(short) is None
            assert (await one.lend(["C-1"], "p", NOW, make=True)).of("C-1") is None  # nor are new ones made


async def test_after_a_destruction_no_file_holds_the_id_the_keys_or_the_rows(folder):
    async with keeping(folder) as keeper:
        await encrypted(keeper, "a-customer-to-find")
        loan = await keeper.lend(["a-customer-to-find"], "p", NOW, make=True)
        token = loan.of("a-customer-to-find").tokenise('"a"', EMAIL, "text")
        await loan.settle()
        with smith(folder) as worker:
            wrapped = worker.look("a-customer-to-find")[0].wrapped.data
            worker.destroy("a-customer-to-find")
            for owed in worker.owed():
                worker.recorded(owed)
            worker.chest.store.forget()
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"a-customer-to-find" not in everything
    assert token.encode() not in everything
    assert wrapped not in everything


async def test_only_a_person_gives_a_destroyed_customer_new_keys(folder):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        with smith(folder) as worker:
            worker.destroy("C-1")
            worker.create("C-1", "p")
        assert await opened(keeper, token) is None
        new, _ = await encrypted(keeper)
        assert await opened(keeper, new) == '"a"'


async def test_a_rotation_keeps_what_is_old_readable_and_writes_with_the_new(folder):
    async with keeping(folder) as keeper:
        token, (before,) = await encrypted(keeper)
        with smith(folder) as worker:
            (rotated, *_) = worker.rotate("C-1", "p")
        new, (after,) = await encrypted(keeper)
        assert after.keys == (rotated,) != before.keys
        assert await opened(keeper, token) == await opened(keeper, new) == '"a"'


async def test_a_revoked_version_opens_nothing_while_the_others_do(folder):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        version = int(_kid(token).split(".")[1])
        with smith(folder) as worker:
            worker.rotate("C-1", "p")
            new, _ = await encrypted(keeper)
            worker.revoke("C-1", version)
        assert await opened(keeper, token) is None
        assert await opened(keeper, new) == '"a"'


async def test_keys_are_replaced_when_their_days_are_over(folder):
    async with keeping(folder, replace(SETTINGS, rotate_days=90, cache_seconds=1)) as keeper:
        token, (first,) = await encrypted(keeper)
        _, (same,) = await encrypted(keeper, now=NOW + 89 * DAY)
        _, (later,) = await encrypted(keeper, now=NOW + 91 * DAY)
        assert first.keys == same.keys != later.keys
        assert await opened(keeper, token, now=NOW + 91 * DAY) == '"a"'


async def test_keys_are_replaced_when_they_were_used_often(folder):
    async with keeping(folder, replace(SETTINGS, rotate_uses=1, cache_seconds=1)) as keeper:
        _, (first,) = await encrypted(keeper)
        _, (second,) = await encrypted(keeper, now=NOW + 2 * 10**9)
        assert first.keys != second.keys


async def test_a_wrong_secret_opens_nothing(folder):
    async with keeping(folder) as keeper:
        await encrypted(keeper)
    with pytest.raises(FaultyCustody, match="the key is wrong"):
        FileProvider(folder / "kek.json", Secret("key", b"x" * 32), os.urandom)


async def test_a_row_that_was_changed_opens_nothing(folder):
    async with keeping(folder, replace(SETTINGS, cache_seconds=1)) as keeper:
        token, _ = await encrypted(keeper)
        with smith(folder) as worker, worker.chest.store.writing():
            worker.chest.store._do("UPDATE versions SET purpose = 'q'")
        assert await opened(keeper, token, now=NOW + 2 * 10**9) is None
        assert await opened(keeper, token, purpose="q", now=NOW + 2 * 10**9) is None


async def test_a_rewrap_touches_no_data_key(folder):
    async with keeping(folder, replace(SETTINGS, cache_seconds=1)) as keeper:
        token, (use,) = await encrypted(keeper)
        with smith(folder) as worker:
            kek = worker.chest.providers["file"]
            kek.rotate()
            assert list(worker.rewrap("file")) == [1]
            assert list(worker.rewrap("file")) == []
            worker.retire(kek)
            assert kek.versions() == {"2"}
        assert await opened(keeper, token, now=NOW + 2 * 10**9) == '"a"'
        _, (after,) = await encrypted(keeper, now=NOW + 2 * 10**9)
        assert after.keys == use.keys


async def test_what_the_log_has_to_tell_is_owed_until_it_is_told(folder):
    with smith(folder) as worker, smith(folder) as other:
        worker.create("C-1", "p")
        worker.rotate("C-1", "p")
        worker.destroy("C-1")
        assert [one.change.action for one in other.owed()] == ["created", "rotated", "destroyed"]
        worker.recorded(worker.owed()[0])
        assert [one.change.action for one in other.owed()] == ["rotated", "destroyed"]


async def test_many_flows_that_ask_at_once_fetch_once_and_get_the_same(folder):
    async with keeping(folder) as keeper:
        told = await asyncio.gather(*[encrypted(keeper) for _ in range(50)])
        assert len({use.keys for _, (use,) in told}) == 1
        nonces = {token.split(".")[2] for token, _ in told}
        assert len(nonces) == 50


async def test_nonces_of_processes_that_share_a_store_never_meet(folder):
    seen = set()
    for _ in range(3):
        async with keeping(folder) as keeper, keeping(folder) as other:
            for one in (keeper, other):
                for _ in range(5):
                    token, _ = await encrypted(one)
                    seen.add(token.split(".")[2])
    assert len(seen) == 30


class Broken(FileProvider):
    def unwrap(self, wrapped, context):
        raise self.fault


@pytest.mark.parametrize(("fault", "keys"), [(KeyGone("disabled"), None), (KeysUnavailable("down"), KeysUnavailable)])
async def test_a_provider_that_fails_is_told_apart_from_a_key_that_is_gone(folder, fault, keys):
    async with keeping(folder) as keeper:
        await encrypted(keeper)
        broken = Broken(folder / "kek.json", SECRET, os.urandom)
        broken.fault = fault
        keeper._cache.clear()
        keeper._providers["file"] = broken
        if keys is None:
            assert (await keeper.lend(["C-1"], "p", NOW, make=True)).of("C-1") is None
        else:
            with pytest.raises(KeysUnavailable):
                await keeper.lend(["C-1"], "p", NOW, make=True)


def test_what_is_asked_of_a_customer_without_keys_is_refused_clearly(folder):
    with smith(folder) as worker:
        for ask in (worker.rotate, worker.destroy):
            with pytest.raises(UnknownKey, match="has no keys"):
                ask("nobody")


def _kid(token):
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
