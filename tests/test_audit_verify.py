"""The verifier accepts what is sound, and names the first thing that is wrong in what was tampered with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from audit_logs import (
    FOREIGN_KEY,
    JWKS,
    NOW,
    SETTINGS,
    VKEY,
    full,
    grow,
    intent,
    ledger,
    outcome,
)

from gateway.audit.entry import encode
from gateway.audit.frame import frame, header
from gateway.audit.issued import issued
from gateway.audit.reading import bundle_entries, journal_file
from gateway.audit.show import Filter, published_size, show
from gateway.audit.verify import NOT_INDEPENDENT, NOTHING_REMEMBERED, Verified, verify
from gateway.crypto import public_jwk
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder

PUBLISHED, TAIL = 300, 20


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A log of 300 published entries and 20 more in the journal, as a kill leaves it; and an earlier checkpoint."""
    folder = tmp_path_factory.mktemp("sound") / "log"
    log = ledger(folder)
    grow(log, 99)
    log.publish()
    shutil.copy(folder / "checkpoint", folder.parent / "remembered")
    grow(log, PUBLISHED - 100, 100)
    log.publish()
    grow(log, TAIL, PUBLISHED)
    shutil.copytree(folder, folder.parent / "copy")
    log.close()
    return folder.parent


@pytest.fixture
def log(sound, tmp_path):
    shutil.copytree(sound / "copy", tmp_path / "log")
    return tmp_path / "log"


def check(folder: Path, remembered: bytes | None = None) -> Verified:
    return verify(Folder(folder), vkey=VKEY, jwks=JWKS, remembered=remembered)


def test_a_sound_log_is_accepted_with_what_it_holds(log, sound):
    found = check(log, (sound / "remembered").read_bytes())
    assert (found.entries, found.published, found.torn, found.notes) == (PUBLISHED + TAIL, PUBLISHED, 0, ())
    assert found.head.origin == SETTINGS.origin


def test_keys_from_beside_the_log_are_taken_and_loudly_said(log):
    assert verify(Folder(log)).notes == (NOT_INDEPENDENT, NOTHING_REMEMBERED)
    assert verify(Folder(log), vkey=VKEY).notes == (NOT_INDEPENDENT, NOTHING_REMEMBERED)
    assert check(log).notes == (NOTHING_REMEMBERED,)


def test_a_missing_log_is_not_ok(tmp_path):
    with pytest.raises(BrokenLog, match="checkpoint: missing"):
        check(tmp_path)
    with pytest.raises(BrokenLog, match="missing"):
        verify(Folder(tmp_path / "nowhere"))


def test_flows_without_an_outcome_are_named(tmp_path):
    log = ledger(tmp_path)
    log.record([encode(intent("finished")), encode(intent("lost")), encode(outcome("finished", 1))])
    log.close()
    (dangling,) = check(tmp_path).dangling
    assert (dangling.flow, dangling.counter, dangling.time) == ("lost", 2, NOW)


def entry_in_journal(folder: Path, n: int) -> tuple[Path, int]:
    path = folder / "journal" / f"{0:020}"
    data = path.read_bytes()
    return path, data.index(journal_file(path.name, data).entries[n])


def damage_journal(folder: Path, entry: int = 250) -> None:
    path, at = entry_in_journal(folder, entry)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_damage_in_the_newest_batch_can_t_be_told_from_a_write_cut_short_and_is_reported_as_such(log):
    damage_journal(log, 310)
    found = check(log)
    assert found.entries == 310
    assert found.torn > 0


def test_a_foreign_key_set_makes_every_entry_foreign(log):
    foreign = json.dumps({"keys": [public_jwk(FOREIGN_KEY.public_key())]}).encode()
    with pytest.raises(BrokenLog, match="entry 0: signed by a key that is not among the trusted ones"):
        verify(Folder(log), vkey=VKEY, jwks=foreign)


def test_a_log_that_grows_and_retires_its_journal_while_it_is_read_verifies(log):
    """Between reading the checkpoint and the journal, a newer checkpoint takes over."""
    grown = log.parent / "grown"
    shutil.copytree(log, grown)
    writer = ledger(grown)
    writer.close()
    newer = Folder(grown)

    class Moving(Folder):
        def read(self, path, /):
            return (super() if path == "checkpoint" and not moved else newer).read(path)

        def list(self, folder, /):
            if folder != "journal":
                return super().list(folder)
            moved.append(folder)
            return [f"{PUBLISHED + TAIL:020}"]

    moved: list[str] = []
    files = Moving(log)
    head = header(PUBLISHED + TAIL, b"{}")
    last = bundle_entries(newer.read, 1, 65)[-1]
    (grown / "journal" / f"{PUBLISHED + TAIL:020}").write_bytes(head + frame(last, len(head)))
    assert verify(files, vkey=VKEY, jwks=JWKS).published == PUBLISHED + TAIL + 1


def test_progress_is_told(log):
    told: list[tuple[int, int]] = []
    verify(Folder(log), vkey=VKEY, jwks=JWKS, progress=lambda done, total: told.append((done, total)))
    assert told == [(256, 300), (300, 300)]


# ---- finding entries


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    log = ledger(folder)
    grow(log, 100)
    log.record([encode(full("wanted"))])
    log.publish()
    log.record([encode(intent("late"))])
    yield Folder(folder)
    log.close()


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(mark="ABCD-1235"),
        Filter(customer="c_2"),
        Filter(operator="o_x"),
        Filter(class_="user.contact"),
        Filter(class_="user.contact.email", flow="wanted", kind="outcome"),
        Filter(operation="erp.list-orders", since=NOW, until=NOW + 1),
        Filter(verdict="allow", customer="c_1", kind="outcome"),
    ],
)
def test_entries_are_found_by_what_they_say(searched, wanted):
    (found,) = show(searched, wanted, published_size(searched))
    assert (found.index, found.payload["flow"], found.path) == (101, "wanted", "tile/entries/000.p/102")


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(mark="ABCD-1236"),
        Filter(customer="o_x"),
        Filter(class_="user.cont"),
        Filter(since=NOW + 2),
        Filter(flow="ABCD-1235"),
        Filter(verdict="refuse"),
        Filter(verdict="allow", kind="intent"),
    ],
)
def test_what_is_not_there_is_not_found(searched, wanted):
    assert list(show(searched, wanted, published_size(searched))) == []


def test_what_is_not_published_yet_is_found_too(searched):
    (found,) = show(searched, Filter(flow="late"), published_size(searched))
    assert (found.index, found.path) == (102, f"journal/{0:020}")


def test_a_checkpoint_of_a_gigantic_log_is_not_searched_for_ever(log):
    """Nothing has checked the checkpoint yet: what it says must end, at the first bundle that has no hashes either."""
    text = (log / "checkpoint").read_text().split("\n")
    (log / "checkpoint").write_text("\n".join([text[0], str(2**62), *text[2:]]))
    files, passed = Folder(log), []
    with pytest.raises(BrokenLog) as caught:
        list(show(files, Filter(), published_size(files), passed.append))
    assert (caught.value.kind, passed) == ("missing-tile", [])


def test_marks_are_found_in_a_log_whose_older_bodies_are_gone(tmp_path):
    log = ledger(tmp_path)
    grow(log, PUBLISHED)
    log.record([encode(full("wanted"))])
    log.close()
    (tmp_path / "tile/entries/000").unlink()
    files, passed = Folder(tmp_path), []
    found = list(issued(files, published_size(files), gap=passed.append))
    assert (passed, [issue.code for issue in found]) == ([256], ["ABCD-1234", "ABCD-1235"])
