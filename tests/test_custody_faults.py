"""Disks that are full or read-only, files that are damaged, swapped, old, locked: refused, told, and nothing lost."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from custody_kit import (
    EMAIL,
    SECRET,
    SETTINGS,
    change,
    encrypted,
    in_memory,
    keeping,
    lent,
    opened,
    providers,
    smith,
    tokenised,
)

from gateway.crypto import b64url_decode
from gateway.custody.file_provider import COST, FileProvider, Secret
from gateway.custody.opening import open_keeper
from gateway.errors import FaultyCustody, KeysUnavailable

SHORT = replace(SETTINGS, provider_seconds=0.3)
FILES = ("keys.sqlite", "vault.sqlite", "kek.json")


@pytest.fixture
def folder():
    with in_memory() as made:
        yield made / "custody"


@contextmanager
def full(folder):
    """A disk that takes nothing more: no file may grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@contextmanager
def mounted(folder, *options):
    """A small disk of its own, where we may mount one."""
    folder.mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(["mode=0700", *options]), "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this takes the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def remount(folder, option):
    subprocess.run(["mount", "-o", f"remount,{option}", folder], check=True)


WORKS = {
    "create": lambda worker: worker.create("C-2", "p"),
    "rotate": lambda worker: worker.rotate("C-1", "p"),
    "revoke": lambda worker: worker.revoke("C-1", 1),
    "destroy": lambda worker: worker.destroy("C-1"),
    "rotate what wraps": lambda worker: worker.chest.providers["file"].rotate(),
}


@pytest.mark.parametrize("work", WORKS)
async def test_on_a_full_disk_nothing_is_done_nothing_lost_and_later_it_works(folder, work):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        vault = await tokenised(keeper)
        with smith(folder) as worker:
            with full(folder), pytest.raises((KeysUnavailable, FaultyCustody)):
                WORKS[work](worker)
            assert await opened(keeper, token) == await opened(keeper, vault) == '"a"'
            assert worker.owed() == []
            with full(folder):
                assert await opened(keeper, token) == '"a"'
                with pytest.raises(KeysUnavailable, match="SQLITE_"):
                    await lent(keeper, "C-9")
                with pytest.raises(KeysUnavailable, match="SQLITE_"):
                    await tokenised(keeper, text='"b"')
            WORKS[work](worker)
        assert await lent(keeper, "C-9") is not None
    assert not list(folder.glob("*.draft"))


async def fill(keeper, tokens):
    for number in range(2000):
        tokens[f"C-{number}"], _ = await encrypted(keeper, f"C-{number}")


def rotate_all(worker, customers):
    for customer in customers:
        worker.rotate(customer, "p")


async def test_a_disk_that_fills_up_in_the_middle_loses_nothing(tmp_path):
    folder, tokens = tmp_path / "small", {}
    with mounted(folder, "size=600k"):
        async with keeping(folder) as keeper:
            with pytest.raises(KeysUnavailable, match="SQLITE_FULL"):
                await fill(keeper, tokens)
            assert len(tokens) >= 10
            with smith(folder) as worker, pytest.raises(KeysUnavailable):
                rotate_all(worker, tokens)
            remount(folder, "size=9M")
            for customer, token in tokens.items():
                assert await opened(keeper, token, customer) == '"a"'
                assert (await encrypted(keeper, customer))[0]
        async with keeping(folder) as keeper:
            for customer, token in tokens.items():
                assert await opened(keeper, token, customer) == '"a"'


async def test_a_folder_that_cant_be_written_is_refused_at_the_start(tmp_path):
    folder = tmp_path / "disk"
    with mounted(folder, "ro"), pytest.raises(FaultyCustody, match="Read-only"):
        open_keeper(folder, providers(folder), SETTINGS, lambda: 0)


BAD = {
    "empty": lambda whole: b"",
    "text": lambda whole: b"not this\n" * 99,
    "half": lambda whole: whole[: len(whole) // 2],
    "zeros": lambda whole: bytes(len(whole)),
}


async def use(folder):
    async with keeping(folder) as keeper:
        await encrypted(keeper, "C-2")
        await tokenised(keeper)


@pytest.mark.parametrize(
    ("name", "how"), [(name, how) for name in FILES for how in BAD if (name, how) != ("vault.sqlite", "empty")]
)
async def test_a_file_that_is_no_such_file_is_told_of_and_not_made_anew(folder, name, how):
    async with keeping(folder) as keeper:
        await encrypted(keeper)
        token = await tokenised(keeper)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(BAD[how](whole))
    for _ in "12":
        with pytest.raises((FaultyCustody, KeysUnavailable), match=f"{name}|the file of"):
            await use(folder)
    for end in ("-wal", "-shm"):
        (folder / f"{name}{end}").unlink(missing_ok=True)
    (folder / name).write_bytes(whole)
    async with keeping(folder) as keeper:
        assert await opened(keeper, token) == '"a"'


def flips(data, chance, count):
    for _ in range(count):
        at = chance.randrange(len(data))
        yield data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


@pytest.mark.parametrize("name", FILES)
async def test_a_flipped_bit_opens_nothing_wrongly_and_is_told_in_our_words(folder, name, tmp_path):
    async with keeping(folder) as keeper:
        tokens = [(await encrypted(keeper))[0], await tokenised(keeper), (await encrypted(keeper, "C-2"))[0]]
        await tokenised(keeper, "C-2", text='"b"')
        with smith(folder) as worker:
            worker.rotate("C-2", "p")
            worker.revoke("C-2", 1)
    shutil.copytree(folder, tmp_path / "whole")
    chance = random.Random(name)
    for data in flips((folder / name).read_bytes(), chance, 60):
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "whole", folder)
        (folder / name).write_bytes(data)
        try:
            async with keeping(folder, SHORT) as keeper:
                for token, customer, truth in zip(tokens, ("C-1", "C-1", "C-2"), ('"a"', '"a"', None), strict=True):
                    with suppress(KeysUnavailable):
                        assert await opened(keeper, token, customer) in {truth, None}
                        assert keeper.owner(token) in {customer, None} or name == "keys.sqlite"
        except (FaultyCustody, KeysUnavailable):
            pass


_OTHER = "UPDATE {0} SET wrapped = (SELECT wrapped FROM old_{0} o WHERE {1})"
SWAPS = {
    "customers' own keys": _OTHER.format("customers", "o.handle <> customers.handle"),
    "data keys of customers": _OTHER.format("versions", "o.handle <> versions.handle AND o.version = versions.version"),
    "data keys of purposes": _OTHER.format(
        "versions", "o.handle = versions.handle AND o.kind = versions.kind AND o.purpose <> versions.purpose"
    ),
    "what keys are for": (
        "UPDATE versions SET kind = CASE kind WHEN 'data' THEN 'vault' ELSE 'data' END WHERE kind <> 'pseudonym'"
    ),
    "purposes": "UPDATE versions SET purpose = CASE purpose WHEN 'p' THEN 'q' ELSE 'p' END",
    "the numbers of versions": "UPDATE versions SET version = version + 100",
}


@pytest.mark.parametrize("swap", SWAPS)
async def test_rows_of_keys_that_were_swapped_open_and_make_nothing(folder, swap):
    async with keeping(folder) as keeper:
        tokens = {
            (customer, purpose): (await encrypted(keeper, customer, purpose))[0]
            for customer in ("C-1", "C-2")
            for purpose in ("p", "q")
        }
    copies = [f"CREATE TEMP TABLE old_{table} AS SELECT * FROM {table}" for table in ("customers", "versions")]
    change(folder / "keys.sqlite", *copies, SWAPS[swap])
    async with keeping(folder) as keeper:
        for (customer, purpose), token in tokens.items():
            for asked in (purpose, {"p": "q", "q": "p"}[purpose]):
                try:
                    keys = await lent(keeper, customer, asked)
                except KeysUnavailable:
                    continue
                assert keys is None or keys.reveal(token, EMAIL) is None


async def test_rows_of_the_vault_that_were_swapped_open_nothing(folder):
    async with keeping(folder) as keeper:
        values = (("C-1", "1"), ("C-1", "2"), ("C-2", "3"))
        mine, another, other = [await tokenised(keeper, customer, text=text) for customer, text in values]
    change(
        folder / "vault.sqlite",
        f"UPDATE tokens SET sealed = (SELECT sealed FROM tokens WHERE token = '{another}') WHERE token = '{mine}'",
        f"UPDATE tokens SET handle = (SELECT handle FROM tokens WHERE token = '{mine}') WHERE token = '{other}'",
    )
    async with keeping(folder) as keeper:
        assert await opened(keeper, mine) is None
        assert await opened(keeper, other) is None
        assert await opened(keeper, other, "C-2") is None
        assert await opened(keeper, another) == "2"


async def test_a_revoked_version_doesnt_come_back_with_its_state(folder):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        with smith(folder) as worker:
            worker.revoke("C-1", 1)
    change(folder / "keys.sqlite", "UPDATE versions SET state = 'older'")
    async with keeping(folder) as keeper:
        assert await opened(keeper, token) is None


async def test_an_older_backup_opens_what_it_knew_and_repeats_no_nonce_and_no_number(folder, tmp_path):
    async with keeping(folder) as keeper:
        old, _ = await encrypted(keeper)
    shutil.copytree(folder, tmp_path / "backup")
    async with keeping(folder) as keeper:
        new, _ = await encrypted(keeper)
        lost, _ = await encrypted(keeper, "C-2")
    epochs = {epoch(token) for token in (old, new, lost)}
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    later = 1_763_900_600_000_000_000
    async with keeping(folder, clock=lambda: later) as keeper:
        assert await opened(keeper, old) == await opened(keeper, new) == '"a"'
        assert await lent(keeper, "C-2", make=False) is None
        again, _ = await encrypted(keeper)
        assert await opened(keeper, lost, "C-2") is None
    assert epoch(again) not in epochs


def epoch(token):
    return b64url_decode(token.split(".")[2].encode())[:4]


@pytest.mark.parametrize("there", ["keys.sqlite", "kek.json"])
async def test_where_one_of_the_files_is_missing_no_new_one_takes_its_place_unnoticed(folder, there):
    async with keeping(folder) as keeper:
        await encrypted(keeper)
    (folder / there).unlink()
    with pytest.raises(FaultyCustody, match=r"restore it from a backup|of another age"):
        open_keeper(folder, providers(folder), SETTINGS, lambda: 0)


async def test_a_store_that_another_process_locks_gives_what_it_has_and_refuses_what_it_must_write(folder):
    async with keeping(folder, SHORT) as keeper:
        token, _ = await encrypted(keeper)
        holder = sqlite3.connect(folder / "keys.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        keeper._cache.clear()
        assert await opened(keeper, token) == '"a"'
        with pytest.raises(KeysUnavailable):
            await lent(keeper, "C-2")
        holder.execute("ROLLBACK")
        holder.close()
        assert await lent(keeper, "C-2") is not None


async def test_a_vault_that_another_process_locks_refuses_new_tokens_and_finds_old_ones(folder):
    async with keeping(folder, SHORT) as keeper:
        token = await tokenised(keeper)
        holder = sqlite3.connect(folder / "vault.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert await tokenised(keeper) == token
        assert await opened(keeper, token) == '"a"'
        with pytest.raises(KeysUnavailable, match="SQLITE_BUSY"):
            await tokenised(keeper, text='"b"')
        holder.execute("ROLLBACK")
        holder.close()
        assert (await tokenised(keeper, text='"b"')).startswith("tk_")


async def test_files_that_are_gone_refuse_everything_and_leave_no_key(folder):
    async with keeping(folder) as keeper:
        keys = await lent(keeper)
        keeper.start()
        (folder / "keys.sqlite").rename(folder / "away")
        with pytest.raises(KeysUnavailable, match="gone"):
            await lent(keeper)
        with pytest.raises(KeysUnavailable, match="gone"):
            keeper.owner(keys.encrypt("1", EMAIL))
        (folder / "away").rename(folder / "keys.sqlite")
        assert await lent(keeper) is not None


PHRASE = Secret("passphrase", b"what is right")
SECRETS = {
    "another passphrase": (PHRASE, Secret("passphrase", b"planted secret"), "the passphrase is wrong"),
    "another key": (SECRET, Secret("key", b"x" * 32), "the key is wrong"),
    "a key for a passphrase": (PHRASE, SECRET, "protected by a passphrase, and a key is given"),
    "a passphrase for a key": (SECRET, PHRASE, "protected by a key, and a passphrase is given"),
}


@pytest.mark.parametrize("which", SECRETS)
def test_a_wrong_secret_is_told_and_says_nothing(folder, which):
    right, wrong, message = SECRETS[which]
    providers(folder, right)
    before = (folder / "kek.json").read_bytes()
    with pytest.raises(FaultyCustody, match=message) as raised:
        providers(folder, wrong)
    assert wrong.data.decode("latin1") not in str(raised.value)
    assert (folder / "kek.json").read_bytes() == before


@pytest.mark.parametrize(("name", "mode"), [("kek.json", 0o640), ("kek.json", 0o604), (".", 0o750), (".", 0o701)])
async def test_what_others_may_read_is_refused(folder, name, mode):
    async with keeping(folder):
        pass
    (folder / name).chmod(mode)
    with pytest.raises(FaultyCustody, match="others may read or change it"):
        open_keeper(folder, providers(folder), SETTINGS, lambda: 0)


async def test_every_file_is_for_its_owner_alone(folder):
    umask = os.umask(0)
    try:
        async with keeping(folder) as keeper:
            await tokenised(keeper)
            modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    finally:
        os.umask(umask)
    assert set(modes.values()) == {0o600}, modes
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_file_of_wrapping_keys_that_is_damaged_while_it_is_used_wraps_nothing_new(folder):
    async with keeping(folder) as keeper:
        token, _ = await encrypted(keeper)
        whole = (folder / "kek.json").read_bytes()
        (folder / "kek.json").write_bytes(b"{}")
        keeper._cache.clear()
        assert await opened(keeper, token) == '"a"'  # what it holds in memory still opens
        with pytest.raises(KeysUnavailable, match="not a file of wrapping keys"):
            await lent(keeper, "C-2")
        (folder / "kek.json").write_bytes(whole)
        assert await lent(keeper, "C-2") is not None


def test_a_passphrase_costs_an_attacker_time(folder):
    FileProvider(folder / "kek.json", Secret("passphrase", b"a passphrase"), os.urandom)
    assert COST >= 2**15
