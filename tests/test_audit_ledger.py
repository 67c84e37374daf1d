"""The log on disk: what was acknowledged is there, whatever the disk does; what was not recorded is not there."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from audit_logs import (
    CHECKPOINT_KEY,
    FOREIGN_KEY,
    JWKS,
    NOW,
    SETTINGS,
    VKEY,
    FailingDisk,
    abandon,
    grow,
    intent,
    ledger,
    outcome,
    payload,
)
from msgspec import structs

from gateway.audit.entry import Decided, Entry, FieldTreated, Mark, encode
from gateway.audit.frame import frame, header
from gateway.audit.reading import journal_file, journal_names, published_size, stored_entries
from gateway.audit.verify import verify
from gateway.crypto import JwsSigner
from gateway.errors import BrokenLog, LogInUse, NotRecorded
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import LentKeys


def check(folder):
    return verify(Folder(folder), vkey=VKEY, jwks=JWKS)


def said(folder):
    return [payload(jws) for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder)))]


def one(log: Ledger, flow: str) -> int | str:
    (result,) = log.record([encode(intent(flow))])
    return str(result) if isinstance(result, NotRecorded) else result


def test_a_new_log_begins_with_a_start_and_verifies(tmp_path):
    log = ledger(tmp_path / "new" / "log")
    assert (log.recovered.entries, log.entries, log.published) == (0, 1, 1)
    assert one(log, "f1") == 1
    log.close()
    (start, first) = said(tmp_path / "new" / "log")
    assert start == {
        "counter": 0, "instance": "gw-1", "kind": "start", "start": {"version": "0.1"}, "time": NOW,
    }  # fmt: skip
    assert (first["kind"], first["counter"], len(str(first["prev"]))) == ("intent", 1, 64)
    assert check(tmp_path / "new" / "log").entries == 2


def test_a_log_that_is_reopened_goes_on_at_any_size(tmp_path):
    for entries in (0, 5, 248, 1, 1, 254, 3):
        log = ledger(tmp_path)
        grow(log, entries)
        log.close()
        check(tmp_path)
    assert check(tmp_path).entries == 7 + 512


def test_what_was_not_published_when_the_power_went_is_published_at_the_next_start(tmp_path):
    first = ledger(tmp_path)
    grow(first, 300)
    abandon(first)
    assert published_size(Folder(tmp_path)) == 1
    again = ledger(tmp_path)
    assert again.recovered.entries == 301
    assert again.published == 302
    again.close()
    assert check(tmp_path).entries == 302


def test_one_writer_at_a_time(tmp_path):
    log = ledger(tmp_path)
    with pytest.raises(LogInUse, match="this process writes this log already"):
        ledger(tmp_path)
    log.close()
    ledger(tmp_path).close()


def test_a_full_disk_refuses_and_the_log_recovers_by_itself(tmp_path):
    disk = FailingDisk()
    log = ledger(tmp_path, disk)
    assert one(log, "before") == 1
    disk.full = True
    for _ in range(3):
        assert one(log, "lost") == f"the audit log can't be written: {os.strerror(errno.ENOSPC)}"
    assert log.failing
    disk.full = False
    assert one(log, "after") == 2
    assert log.failing == ""
    log.close()
    assert [entry.get("flow") for entry in said(tmp_path)] == [None, "before", "after"]
    check(tmp_path)


@pytest.mark.parametrize("cut_fails_first", [False, True])
def test_a_sync_that_fails_means_not_recorded_and_the_log_recovers_by_itself(tmp_path, cut_fails_first):
    disk = FailingDisk()
    log = ledger(tmp_path, disk)
    disk.sync_fails = True
    assert one(log, "lost") == f"the audit log can't be written: {os.strerror(errno.EIO)}"
    disk.sync_fails, disk.truncate_fails = False, cut_fails_first
    if cut_fails_first:
        assert "can't be written" in str(one(log, "lost too"))
        disk.truncate_fails = False
    assert one(log, "after") == 1
    log.close()
    assert [entry.get("flow") for entry in said(tmp_path)] == [None, "after"]
    check(tmp_path)


def test_a_crash_after_a_write_that_failed_leaves_nothing_of_it(tmp_path):
    disk = FailingDisk()
    log = ledger(tmp_path, disk)
    disk.full = True
    one(log, "lost")
    disk.full = False
    (name,) = journal_names(Folder(tmp_path))
    assert journal_file(name, (tmp_path / "journal" / name).read_bytes()).torn > 0
    log.close()
    again = ledger(tmp_path)
    assert again.recovered.torn > 0
    assert again.recovered.entries == 1
    again.close()
    assert said(tmp_path)[1]["start"] == {"torn": again.recovered.torn, "version": "0.1"}
    check(tmp_path)


def test_a_journal_that_lost_what_is_published_is_left_alone(tmp_path):
    log = ledger(tmp_path)
    one(log, "f1")
    log.close()
    (path,) = (tmp_path / "journal").iterdir()
    cut = path.read_bytes()[:-5]
    path.write_bytes(cut)
    with pytest.raises(BrokenLog, match="ends before entry 2, which is published"):
        ledger(tmp_path)
    assert path.read_bytes() == cut


@pytest.mark.parametrize("kept", [1, 19, 20, 21, 200])
def test_a_torn_tail_is_cut_off_and_told(tmp_path, kept):
    log = ledger(tmp_path)
    (path,) = (tmp_path / "journal").iterdir()
    before = path.stat().st_size
    one(log, "torn")
    path.write_bytes(path.read_bytes()[: before + kept])
    abandon(log)
    again = ledger(tmp_path)
    assert (again.recovered.entries, again.recovered.torn) == (1, kept)
    assert one(again, "after") == 2
    again.close()
    check(tmp_path)


def gone(journal):
    journal.unlink()


def replaced(journal):
    data = journal.read_bytes()
    journal.unlink()
    journal.write_bytes(data)


def shortened(journal):
    journal.write_bytes(journal.read_bytes()[:-10])


def lengthened(journal):
    journal.write_bytes(journal.read_bytes() + b"x")


@pytest.mark.parametrize("tamper", [gone, replaced, shortened, lengthened])
def test_a_journal_that_is_changed_under_the_log_s_feet_refuses_everything(tmp_path, tamper):
    log = ledger(tmp_path)
    assert one(log, "before") == 1
    (path,) = (tmp_path / "journal").iterdir()
    tamper(path)
    for _ in range(2):
        assert "deleted, replaced or changed by someone else" in str(one(log, "after"))
    log.close()  # what was recorded before is published all the same
    assert published_size(Folder(tmp_path)) == 2


def test_a_deleted_journal_is_noticed_at_the_start_and_the_way_out_is_told(tmp_path):
    log = ledger(tmp_path)
    log.close()
    (path,) = (tmp_path / "journal").iterdir()
    path.unlink()
    with pytest.raises(BrokenLog, match=r"create the empty file journal/0{19}1"):
        ledger(tmp_path)
    (tmp_path / "journal" / f"{1:020}").touch()
    ledger(tmp_path).close()
    assert check(tmp_path).entries == 2


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2"])
def test_a_log_that_lost_a_file_is_not_taken_up(tmp_path, path):
    log = ledger(tmp_path)
    one(log, "f1")
    log.close()
    (tmp_path / path).unlink()
    with pytest.raises(BrokenLog, match="missing"):
        ledger(tmp_path)


def test_a_log_whose_tiles_have_another_root_than_its_checkpoint_is_not_taken_up(tmp_path):
    log = ledger(tmp_path)
    grow(log, 299)
    log.close()
    tile = tmp_path / "tile" / "1" / "000.p" / "1"
    tile.write_bytes(tile.read_bytes()[::-1])
    with pytest.raises(BrokenLog, match="the tiles have another root than the checkpoint"):
        ledger(tmp_path)


class Meanwhile(Disk):
    """A disk on which something else happens just before a checkpoint appears."""

    happens: Callable[[], object] | None = None

    def put(self, path, data):
        if path.name == "checkpoint" and self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        super().put(path, data)


def test_a_journal_file_that_began_while_a_checkpoint_was_made_is_kept(tmp_path):
    disk = Meanwhile()
    log = ledger(tmp_path, disk, replace(SETTINGS, segment=1_000))
    grow(log, 20)
    disk.happens = lambda: [one(log, f"later-{n}") for n in range(10)]
    log.publish()
    abandon(log)
    again = ledger(tmp_path)
    assert again.recovered.entries == 31
    again.close()
    assert check(tmp_path).entries == 32


def test_a_log_under_another_key_or_name_is_not_taken_up(tmp_path):
    ledger(tmp_path).close()
    with pytest.raises(BrokenLog, match="not signed by the key"):
        ledger(tmp_path, settings=replace(SETTINGS, origin="example.com/other"))
    with pytest.raises(BrokenLog, match="the key of entries is not the one that this log uses"):
        Ledger.open(tmp_path, keys=LentKeys(FOREIGN_KEY, FOREIGN_KEY), settings=SETTINGS, now=NOW)


def test_a_forged_tail_is_not_published(tmp_path):
    log = ledger(tmp_path)
    log.close()
    (path,) = (tmp_path / "journal").iterdir()
    data = path.read_bytes()
    path.write_bytes(data + frame(JwsSigner.of(FOREIGN_KEY).sign(b'{"counter":1,"kind":"intent"}'), len(data)))
    with pytest.raises(BrokenLog, match="signed by a key that is not among the trusted ones"):
        ledger(tmp_path)


def test_a_start_that_was_cut_short_before_the_first_checkpoint_begins_again(tmp_path):
    ledger(tmp_path / "log").close()
    head = (tmp_path / "log" / "journal" / f"{0:020}").read_bytes()[:31]
    folder = tmp_path / "again"
    (folder / "journal").mkdir(parents=True)
    (folder / "journal" / f"{0:020}").write_bytes(head)
    ledger(folder).close()
    assert check(folder).entries == 1


def test_dangling_flows_are_told_once_across_rotations(tmp_path):
    small = replace(SETTINGS, segment=2_000)
    log = ledger(tmp_path, settings=small)
    first = one(log, "lost")
    grow(log, 60)
    log.publish()
    for n in range(20):
        log.record([encode(intent(f"g{n}")), encode(outcome(f"g{n}"))])
        log.publish()
    assert len(journal_names(Folder(tmp_path))) < 3  # what is published is retired
    log.close()
    again = ledger(tmp_path, settings=small)
    assert again.recovered.dangling == ("lost",)
    again.close()
    last = ledger(tmp_path, settings=small)
    assert last.recovered.dangling == ()
    last.close()
    starts = [entry["start"] for entry in said(tmp_path) if entry["kind"] == "start"]
    assert [start.get("dangling") for start in starts] == [None, ["lost"], None]
    assert [(found.flow, found.counter) for found in check(tmp_path).dangling] == [("lost", first)]


def test_a_long_entry_is_recorded_in_parts_as_one(tmp_path):
    log = ledger(tmp_path)
    decided = tuple(
        Decided((f"c_{n:022}",), (), 1, (FieldTreated("/a", ("user",), "mask", ("p/r",), 1),)) for n in range(3000)
    )
    entry = structs.replace(outcome("f1"), decided=decided, marks=tuple(Mark(f"M{n:08}", n + 1) for n in range(2000)))
    assert one(log, "f1") == 1
    results = log.record([encode(entry), encode(intent("f2"))])
    log.close()
    parts = [found for found in said(tmp_path) if found.get("parts")]
    assert len(parts) > 5
    assert results == [2, 2 + len(parts)]
    assert sum(len(part.get("decided", ())) for part in parts) == 3000
    found = check(tmp_path)
    assert [one.flow for one in found.dangling] == ["f2"]


def test_an_entry_that_can_t_be_recorded_does_not_take_the_others_with_it(tmp_path):
    log = ledger(tmp_path)
    huge = Entry(kind="outcome", time=NOW, trace="x" * 100_000)
    results = log.record([encode(intent("f1")), b"nonsense", encode(huge), encode(intent("f2"))])
    assert [isinstance(result, NotRecorded) for result in results] == [False, True, True, False]
    assert (results[0], results[3]) == (1, 2)
    log.close()
    assert check(tmp_path).entries == 3


class UnwritableTiles(Disk):
    full = False

    def put(self, path, data):
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().put(path, data)


def test_a_log_that_can_t_publish_goes_on_until_too_much_waits_and_loses_nothing(tmp_path):
    disk = UnwritableTiles()
    log = ledger(tmp_path, disk, replace(SETTINGS, unpublished=500))
    disk.full = True
    refused = 0
    for n in range(80):
        (*_, last) = log.record([encode(intent(f"f{n}-{m}")) for m in range(10)])
        refused += isinstance(last, NotRecorded)
        with pytest.raises(OSError, match="space"):
            log.publish()
    assert 20 < refused < 40
    assert "can't be published" in log.failing
    assert log.published == 1
    disk.full = False
    log.publish()
    assert log.published == log.entries == 1 + 10 * (80 - refused)
    log.close()
    check(tmp_path)


def test_partial_tiles_go_once_the_full_one_is_there(tmp_path):
    log = ledger(tmp_path)
    for n in range(6):
        grow(log, 60, n * 60)
        log.publish()
    log.close()
    assert sorted(path.name for path in (tmp_path / "tile" / "0").iterdir()) == ["000", "001.p"]
    assert not list(tmp_path.rglob("*.tmp"))
    check(tmp_path)


def test_publishing_and_recording_at_the_same_time_lose_nothing(tmp_path):
    log = ledger(tmp_path)
    ending = threading.Event()

    def publish():
        while not ending.is_set():
            log.publish()

    publisher = threading.Thread(target=publish)
    publisher.start()
    grow(log, 2000)
    ending.set()
    publisher.join()
    log.close()
    found = check(tmp_path)
    assert found.entries == found.published == 2001


def test_the_public_keys_lie_beside_the_log(tmp_path):
    ledger(tmp_path).close()
    assert (tmp_path / "log.vkey").read_text() == VKEY + "\n"
    assert b"PRIVATE" not in (tmp_path / "keys.jwks").read_bytes()
    assert CHECKPOINT_KEY.private_bytes_raw() not in b"".join(
        p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()
    )


def test_a_log_that_failed_is_tried_without_an_entry(tmp_path):
    disk = FailingDisk()
    log = ledger(tmp_path, disk=disk)
    disk.full = True
    assert one(log, "f1") == "the audit log can't be written: No space left on device"
    with pytest.raises(NotRecorded, match="No space left"):
        log.probe()
    disk.full = False
    assert log.probe() == 1
    assert not log.failing
    assert one(log, "f2") == 1
    log.close()
    assert check(tmp_path).entries == 2


@pytest.mark.parametrize("tamper", [gone, replaced, shortened, lengthened])
def test_a_log_whose_journal_was_changed_does_not_say_that_it_can_be_written(tmp_path, tamper):
    log = ledger(tmp_path)
    assert one(log, "before") == 1
    (path,) = (tmp_path / "journal").iterdir()
    kept = path.with_suffix(".kept")
    os.link(path, kept)
    sound = path.read_bytes()
    tamper(path)
    for errand in (log.probe, log.roll):
        with pytest.raises(NotRecorded, match="deleted, replaced or changed"):
            errand()
    kept.replace(path)  # the same file is put back, as it was
    path.write_bytes(sound)
    assert log.probe() == 2
    assert one(log, "after") == 2
    log.close()
    check(tmp_path)


def test_a_folder_of_tiles_that_is_deleted_comes_back_as_far_as_it_is_in_memory_and_the_rest_is_missed(tmp_path):
    log = ledger(tmp_path)
    grow(log, 20)
    log.publish()
    shutil.rmtree(tmp_path / "tile")
    grow(log, 1, 20)
    log.publish()
    check(tmp_path)
    grow(log, 300, 21)
    log.publish()
    shutil.rmtree(tmp_path / "tile")
    assert one(log, "after") == 322
    log.close()
    with pytest.raises(BrokenLog, match=r"tile/.*000: missing"):
        check(tmp_path)


def test_a_clock_that_is_set_back_or_ahead_changes_no_order_and_is_told(tmp_path):
    log = ledger(tmp_path)
    hour = 3_600 * 10**9
    for flow, time in (("a", NOW), ("b", NOW + 5 * hour), ("c", NOW + hour), ("d", NOW + 2 * hour), ("e", NOW - hour)):
        log.record([encode(Entry(kind="refusal", time=time, flow=flow))])
    log.record([encode(Entry(kind="refusal", time=NOW - hour - 10**9, flow="f"))])  # as flows at the same time have it
    log.close()
    assert [entry.get("flow") for entry in said(tmp_path)][1:] == ["a", "b", "c", "d", "e", "f"]
    told = [note.split(": a clock")[0] for note in check(tmp_path).notes if "clock" in note]
    assert told == [
        "entry 3: its time is 14400 seconds earlier than one before it",
        "entry 5: its time is 10800 seconds earlier than one before it",
    ]
    again = ledger(tmp_path)
    assert one(again, "g") == 8
    again.close()
    check(tmp_path)


@pytest.mark.parametrize("state", [b"", b"[]", b"{}", b"null", b'{"open":[]}', b'{"open":{"f":"1"}}', b"[" * 9000])
def test_a_journal_whose_open_flows_can_t_be_read_is_refused_with_its_name(tmp_path, state):
    log = ledger(tmp_path)
    grow(log, 4)
    log.close()
    (path,) = (tmp_path / "journal").iterdir()
    held = journal_file(path.name, path.read_bytes())
    start = header(held.first, state)
    path.write_bytes(start + b"".join(frame(entry, len(start)) for entry in held.entries))
    with pytest.raises(BrokenLog, match=f"journal/{path.name}: the flows that were open before it can't be read"):
        ledger(tmp_path)
