"""Old bodies go when their time is over; hashes and proofs stay, and the log says what went."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from audit_logs import CHECKPOINT_KEY, ENTRY_KEY, JWKS, NOW, SETTINGS, VKEY, grow, journal, ledger
from msgspec import structs

from gateway.audit.entry import Consent, Entry, encode
from gateway.audit.reading import WIDTH, published_size
from gateway.audit.show import Filter, show
from gateway.audit.verify import verify
from gateway.cli.retaining import prune
from gateway.errors import BrokenLog, LogInUse
from gateway.storage.disk import Disk, lock, unlock
from gateway.storage.folder import Folder
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import LentKeys
from gateway.storage.pruning import LOCK, NOTE, Pruning, Retention

DAY = 86_400 * 10**9
OLD = 2 * WIDTH


def check(folder):
    return verify(Folder(folder), vkey=VKEY, jwks=JWKS)


def aged(folder, *, special: Entry | None = None, rotate: bool = False) -> Path:
    """Make a log with two bundles of forty days ago, and one of today; `special` is in the first."""
    log = Ledger.open(folder, keys=LentKeys(ENTRY_KEY, CHECKPOINT_KEY), settings=SETTINGS, now=NOW - 40 * DAY)
    if special is not None:
        log.record([encode(structs.replace(special, time=NOW - 40 * DAY))])
    log.record([encode(Entry(kind="refusal", time=NOW - 40 * DAY, flow=f"old{n}")) for n in range(log.entries, OLD)])
    grow(log, WIDTH + 10)
    log.close()
    return folder


def found(folder, wanted: Filter):
    files = Folder(folder)
    return [shown.payload for shown in show(files, wanted, published_size(files), gap=lambda _: None)]


def work(folder, disk: Disk | None = None, limit: int = 10**9, **longer) -> Pruning:
    return Pruning(folder, Retention(30, **longer), lambda: limit, disk or Disk())


async def pruned(folder, **more) -> int:
    log = journal(folder)
    try:
        told, removed = await prune(work(folder, **more), log, "for a test", lambda: NOW)
        assert removed == sum(one.end - one.first for one in told)
        return removed
    finally:
        await log.close()


async def test_what_is_over_goes_and_the_log_verifies_and_is_searched_as_before(tmp_path):
    before = check(aged(tmp_path)).head
    tiles = {path: path.read_bytes() for path in tmp_path.glob("tile/[0-9]*/*") if path.is_file()}
    assert await pruned(tmp_path) == OLD
    assert not list(tmp_path.glob("tile/entries/00[01]"))
    assert {path: path.read_bytes() for path in tiles} == tiles
    after = check(tmp_path)
    assert after.entries == before.size + 2  # a start, and what the pruning says
    (said,) = found(tmp_path, Filter(kind="prune"))
    assert said["prune"]["reason"] == "for a test"
    assert said["prune"]["rule"] == "30 days"
    assert not found(tmp_path, Filter(flow="old1"))


async def test_nothing_of_it_is_left_in_the_journal_either(tmp_path):
    await pruned(aged(tmp_path))
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(str(NOW - 40 * DAY).encode() in part for part in _payloads(left))


def _payloads(data: bytes):
    for found in re.findall(rb"\.([A-Za-z0-9_-]{40,})\.", data):
        yield urlsafe_b64decode(found + b"=" * (-len(found) % 4))


async def test_a_second_run_finds_nothing(tmp_path):
    await pruned(aged(tmp_path))
    assert await pruned(tmp_path) == 0
    check(tmp_path)


@pytest.mark.parametrize(
    "longer", [{"kinds": {"consent": 100}}, {"operations": {"erp.special": 100}}], ids=["a kind", "an operation"]
)
async def test_a_bundle_that_holds_something_kept_longer_stays(tmp_path, longer):
    special = Entry(kind="consent", time=0, consent=Consent("c_1", "contact", "granted"), operation="erp.special")
    assert await pruned(aged(tmp_path, special=special), **longer) == WIDTH
    check(tmp_path)
    assert len(found(tmp_path, Filter(kind="consent"))) == 1


async def test_what_says_that_a_key_was_exchanged_stays(tmp_path):
    keys = LentKeys(ENTRY_KEY, CHECKPOINT_KEY)
    log = Ledger.open(tmp_path, keys=keys, settings=SETTINGS, now=NOW - 40 * DAY)
    log.rotate("checkpoints", NOW - 40 * DAY)
    log.close()
    log = Ledger.open(tmp_path, keys=keys, settings=SETTINGS, now=NOW - 40 * DAY)
    grow(log, 2 * WIDTH)
    log.close()
    assert work(tmp_path).plan(NOW + 40 * DAY, "")[0].first == WIDTH


async def test_what_witnesses_did_not_cosign_stays(tmp_path):
    assert await pruned(aged(tmp_path), limit=WIDTH + 1) == WIDTH
    assert await pruned(tmp_path, limit=0) == 0


@pytest.mark.parametrize(("attested", "removed"), [(-12, 0), (-2, OLD), (None, OLD)])
async def test_a_clock_that_is_ahead_of_all_who_attest_the_log_removes_nothing_too_early(tmp_path, attested, removed):
    aged(tmp_path)  # its old entries are of forty days ago, and kept for thirty
    known = None if attested is None else NOW + attested * DAY
    ahead = replace(work(tmp_path), attested=lambda: known)
    plan = ahead.plan(NOW, "")
    assert sum(one.end - one.first for one in plan) == removed


async def test_the_newest_bundle_stays_so_that_the_log_goes_on(tmp_path):
    log = ledger(tmp_path)
    grow(log, WIDTH - 1)
    log.close()
    assert work(tmp_path).plan(NOW + 400 * DAY, "") == ()


async def test_only_one_prunes_at_a_time(tmp_path):
    held = lock(aged(tmp_path) / LOCK)
    with pytest.raises(LogInUse):
        await pruned(tmp_path)
    unlock(tmp_path / LOCK, held)


@pytest.mark.parametrize("step", ["noted", "said", "half-deleted"])
async def test_a_run_that_was_cut_short_is_finished_by_the_next_or_never_was(tmp_path, step):
    aged(tmp_path)
    cut = work(tmp_path)
    plan = cut.plan(NOW, "cut short")
    cut.note(plan)
    if step != "noted":
        log = journal(tmp_path)
        for one in plan:
            await log.append(Entry(kind="prune", time=NOW, prune=one))
        await log.close()
    if step == "half-deleted":
        (tmp_path / "tile/entries/000").unlink()
        check(tmp_path)
    await pruned(tmp_path)
    check(tmp_path)
    assert not (tmp_path / NOTE).exists()
    assert not list(tmp_path.glob("tile/entries/00[01]"))


async def test_a_bundle_that_someone_else_deleted_is_missed(tmp_path):
    await pruned(aged(tmp_path))
    (tmp_path / "tile/entries/002").unlink()
    with pytest.raises(BrokenLog, match="no entry of the log says that it was to be removed"):
        check(tmp_path)
