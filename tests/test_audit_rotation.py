"""The log's own keys are exchanged inside the log: whoever has the old public key follows to the new one."""

from __future__ import annotations

import shutil

import pytest
from audit_logs import (
    CHECKPOINT_KEY,
    ENTRY_KEY,
    JWKS,
    NOW,
    SETTINGS,
    VKEY,
    FailingDisk,
    abandon,
    grow,
    journal,
    ledger,
    payload,
)  # fmt: skip

from gateway.audit.reading import published_size, stored_entries
from gateway.audit.verify import verify
from gateway.crypto import JwsSigner, thumbprint
from gateway.errors import BrokenLog, NotRecorded, Place
from gateway.policy.model import ConsentKind
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder
from gateway.storage.keyring import Keyring
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import FolderKeys, LentKeys
from gateway.storage.passports import Passports
from gateway.storage.public_keys import EverUsed, PublicKeys
from gateway.storage.wire import Rotate

BOTH = ("entries", "checkpoints")


def check(folder):
    return verify(Folder(folder), vkey=VKEY, jwks=JWKS)


def said(folder):
    return [payload(jws) for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder)))]


def opened(folder, keys, **more):
    return Ledger.open(folder, keys=keys, settings=SETTINGS, now=NOW, **more)


@pytest.mark.parametrize("which", BOTH)
def test_who_has_the_old_key_alone_follows_to_the_new_one(tmp_path, which):
    keys = LentKeys(ENTRY_KEY, CHECKPOINT_KEY)
    log = opened(tmp_path, keys)
    grow(log, 300)
    counter = log.rotate(which, NOW, reason="yearly")
    grow(log, 10)
    log.close()
    assert check(tmp_path).entries == 312
    told = said(tmp_path)[counter]
    old = {"entries": ENTRY_KEY, "checkpoints": CHECKPOINT_KEY}[which]
    assert told["rotation"]["old"] == thumbprint(old.public_key())
    assert keys.present(which) is not old
    assert (len(PublicKeys.read(tmp_path).entries), len(PublicKeys.read(tmp_path).checkpoints)) == (
        (2, 1) if which == "entries" else (1, 2)
    )
    again = opened(tmp_path, keys)
    grow(again, 2)
    again.close()
    assert check(tmp_path).entries == 315


def test_keys_are_exchanged_again_and_again_and_the_log_goes_on(tmp_path):
    keys = LentKeys(ENTRY_KEY, CHECKPOINT_KEY)
    for round_ in range(3):
        log = opened(tmp_path, keys)
        for which in BOTH:
            grow(log, 2)
            log.rotate(which, NOW + round_)
        log.close()
    assert len(PublicKeys.read(tmp_path).entries) == 4
    assert check(tmp_path).entries == 3 * 7


def test_a_key_that_is_not_in_use_any_more_does_not_open_the_log(tmp_path):
    log = opened(tmp_path, LentKeys(ENTRY_KEY, CHECKPOINT_KEY))
    log.rotate("entries", NOW)
    log.close()
    with pytest.raises(BrokenLog, match="the key of entries is not the one that this log uses"):
        ledger(tmp_path)


@pytest.mark.parametrize("gone", [("entries",), ("checkpoints",), BOTH])
def test_a_lost_key_gets_a_successor_and_the_log_says_so(tmp_path, gone):
    ledger(tmp_path).close()
    keys = LentKeys(
        *(None if which in gone else key for which, key in zip(BOTH, (ENTRY_KEY, CHECKPOINT_KEY), strict=True))
    )
    with pytest.raises(BrokenLog, match="if it is lost, say so"):
        opened(tmp_path, keys)
    log = opened(tmp_path, keys, lost=frozenset(gone), reason="the disk died")
    grow(log, 4)
    log.close()
    told = [entry["rotation"] for entry in said(tmp_path) if entry["kind"] == "rotation"]
    assert [(one["key"], one["lost"], one["reason"], "endorsed" in one) for one in told] == [
        (which, True, "the disk died", False) for which in gone
    ]
    opened(tmp_path, keys).close()


class Cut(BaseException):
    """The power went."""


class Fragile(Disk):
    """Does so many things, and then the power goes."""

    left = 10**9

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise Cut

    def write(self, file, data, offset):
        self._step()
        super().write(file, data, offset)

    def sync(self, file):
        self._step()
        super().sync(file)

    def sync_folder(self, path):
        self._step()
        super().sync_folder(path)


@pytest.mark.parametrize("which", BOTH)
def test_whenever_it_is_cut_short_the_key_was_exchanged_or_was_not(tmp_path, which):
    outcomes = set()
    for steps in range(40):
        folder = tmp_path / str(steps)
        disk, keyring = Fragile(), folder / "keys"
        Keyring.open(keyring)
        before = FolderKeys(keyring).present(which).private_bytes_raw()
        log = opened(folder / "log", FolderKeys(keyring), disk=disk)
        vkey, jwks = ((folder / "log" / name).read_bytes() for name in ("log.vkey", "keys.jwks"))
        disk.left = steps
        try:
            log.rotate(which, NOW)
            log.publish()
            done = True
        except (Cut, NotRecorded):
            done = False
        abandon(log)
        disk.left = 10**9
        again = opened(folder / "log", FolderKeys(keyring))
        grow(again, 2)
        again.close()
        after = FolderKeys(keyring).present(which).private_bytes_raw()
        rotated = any(entry["kind"] == "rotation" for entry in said(folder / "log"))
        assert rotated == (after != before)
        assert rotated or not done
        assert not list(keyring.glob("*.next.pem"))
        verify(Folder(folder / "log"), vkey=vkey.decode(), jwks=jwks)
        outcomes.add((rotated, done))
        shutil.rmtree(folder)
        if done:
            break
    assert outcomes == {(False, False), (True, False), (True, True)}


def test_a_full_disk_leaves_the_old_key_in_use(tmp_path):
    disk, keys = FailingDisk(), LentKeys(ENTRY_KEY, CHECKPOINT_KEY)
    log = opened(tmp_path, keys, disk=disk)
    disk.full = True
    with pytest.raises(NotRecorded):
        log.rotate("entries", NOW)
    disk.full = False
    grow(log, 2)
    log.close()
    assert keys.present("entries") is ENTRY_KEY
    assert keys.following("entries") is None
    assert check(tmp_path).entries == 3


async def test_the_running_sequencer_exchanges_a_key_between_two_entries(tmp_path):
    log = journal(tmp_path)
    counters = [await log.run(Rotate(which, NOW)) for which in BOTH]
    await log.close()
    assert counters == [1, 2]
    assert check(tmp_path).entries == 3


def test_whoever_checks_passports_finds_a_new_key_by_itself(tmp_path):
    keys = LentKeys(ENTRY_KEY, CHECKPOINT_KEY)
    log, ever = opened(tmp_path, keys), EverUsed(tmp_path)
    assert ever[thumbprint(ENTRY_KEY.public_key())] == ENTRY_KEY.public_key()
    log.rotate("entries", NOW)
    log.close()
    new = keys.present("entries").public_key()
    assert ever[thumbprint(new)] == new
    assert "nobody's" not in ever


def test_a_passport_that_an_earlier_key_signed_is_read_after_the_exchange(tmp_path):
    keys, kind = LentKeys(ENTRY_KEY, CHECKPOINT_KEY), ConsentKind("contact", Place("consents.yaml", 1, 1))
    log = opened(tmp_path / "log", keys)
    held = Passports(tmp_path / "p", JwsSigner.of(ENTRY_KEY), {"contact": kind}, older_keys=EverUsed(tmp_path / "log"))
    held.grant("C-1", kind, at=NOW, by="ann")
    log.rotate("entries", NOW)
    signer = JwsSigner.of(keys.present("entries"))
    newer = Passports(tmp_path / "p", signer, {"contact": kind}, older_keys=EverUsed(tmp_path / "log"))
    newer.grant("C-1", kind, at=NOW + 1, by="ann")
    assert held.facts(["C-1"], NOW + 2) == newer.facts(["C-1"], NOW + 2)
    assert len(held.history("C-1")) == 2
    for one in (held, newer, log):
        one.close()
