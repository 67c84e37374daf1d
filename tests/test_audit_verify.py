"""The verifier accepts what is sound, and names the first thing that is wrong in what was tampered with."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from audit_logs import (
    CHECKPOINT_KEY,
    ENTRY_KEY,
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
    payload,
)

from gateway.audit.entry import encode
from gateway.audit.frame import frame, header
from gateway.audit.merkle import leaf_hash
from gateway.audit.note import NoteSigner
from gateway.audit.reading import bundle_entries, journal_file, stored_entries
from gateway.audit.show import Filter, published_size, show
from gateway.audit.tiles import Tree
from gateway.audit.verify import NOT_INDEPENDENT, NOTHING_REMEMBERED, Verified, verify
from gateway.crypto import JwsSigner, b64url, public_jwk
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


def entries_of(folder: Path) -> list[bytes]:
    return [jws for _, _, jws in stored_entries(Folder(folder), published_size(Folder(folder)))]


def forge(folder: Path, entries: list[bytes], published: int, *, checkpoint: bytes | None = None) -> None:
    """Lay a log out anew, tiles, journal and all; without a checkpoint given the old one stays."""
    shutil.rmtree(folder / "tile")
    tree, files = Tree(), {}
    for entry in entries[:published]:
        files.update(tree.add(entry, leaf_hash(entry)))
    files.update(tree.partial())
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    head = header(0, b'{"open":{}}')
    for name in (folder / "journal").iterdir():
        name.unlink()
    (folder / "journal" / f"{0:020}").write_bytes(head + b"".join(frame(entry, len(head)) for entry in entries))
    if checkpoint is not None:
        (folder / "checkpoint").write_bytes(checkpoint.replace(b"ROOT", b""))


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


# ---- one entry is changed, in place


def edited(jws: bytes) -> bytes:
    head, _, signature = jws.split(b".")
    said = json.dumps({**payload(jws), "to": "mes"}, separators=(",", ":")).encode()
    return b".".join((head, b64url(said), signature))


def re_signed(jws: bytes) -> bytes:
    return JwsSigner.of(FOREIGN_KEY).sign(json.dumps(payload(jws)).encode())


def swap(at: int, change) -> object:
    return lambda entries: [change(entry) if n == at else entry for n, entry in enumerate(entries)]


TAMPERED = {
    "an edited body": (swap(150, edited), r"entry 150: the signature doesn't fit: edited"),
    "an entry signed with another key": (swap(150, re_signed), r"entry 150: signed by a key that is not among"),
    "a dropped entry": (
        lambda all_: all_[:150] + all_[151:],
        r"entry 150: it says that it is entry 151: entries were dr",
    ),
    "two entries in each other's place": (
        lambda all_: [*all_[:150], all_[151], all_[150], *all_[152:]],
        r"entry 150: it says that it is entry 151",
    ),
    "an entry twice": (lambda all_: [*all_[:150], all_[149], *all_[150:]], r"entry 150: it says that it is entry 149"),
    "an entry of no form": (swap(150, lambda _: b"!"), r"entry 150: not a signed entry"),
    "an entry in the tail that the right key signed twice": (
        swap(310, lambda jws: JwsSigner.of(ENTRY_KEY).sign(json.dumps({**payload(jws), "to": "mes"}).encode())),
        r"entry 311: it follows another entry than the one before it: exchanged",
    ),
    "an edited entry in the tail": (swap(310, edited), r"journal/0+: entry 310: the signature doesn't fit"),
    "a dropped entry in the tail": (lambda all_: all_[:310] + all_[311:], r"entry 310: it says that it is entry 311"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_with_entries_is_named_even_when_all_tiles_are_made_to_fit(log, name):
    change, said = TAMPERED[name]
    forge(log, change(entries_of(log)), PUBLISHED)
    with pytest.raises(BrokenLog, match=said):
        check(log)


def test_a_history_that_was_rewritten_with_the_right_entry_key_fails_at_the_checkpoint(log):
    """Whoever has stolen the entries' key alone can chain anew, but can't sign a head."""
    signer, entries, last = JwsSigner.of(ENTRY_KEY), [], b""
    for n, jws in enumerate(entries_of(log)):
        said = {**payload(jws), "to": "mes"} if n == 150 else payload(jws)
        told = json.dumps({**said, "prev": last.hex()} if last else said).encode()
        entries.append(signer.sign(told))
        last = sha256(told).digest()
    forge(log, entries, PUBLISHED)
    with pytest.raises(BrokenLog, match="checkpoint: its root is not that of the 300 entries"):
        check(log)


def test_a_history_that_was_rewritten_with_both_keys_fails_against_a_remembered_head(log, sound):
    signer, entries, last = JwsSigner.of(ENTRY_KEY), [], b""
    for n, jws in enumerate(entries_of(log)):
        said = {**payload(jws), "to": "mes"} if n == 50 else payload(jws)
        told = json.dumps({**said, "prev": last.hex()} if last else said).encode()
        entries.append(signer.sign(told))
        last = sha256(told).digest()
    tree = Tree()
    for entry in entries[:PUBLISHED]:
        tree.add(entry, leaf_hash(entry))
    forge(log, entries, PUBLISHED, checkpoint=NoteSigner(SETTINGS.origin, CHECKPOINT_KEY).checkpoint(300, tree.root()))
    check(log)  # it is sound in itself
    with pytest.raises(
        BrokenLog, match="remembered checkpoint of 100 entries had another root: the past was rewritten"
    ):
        check(log, (sound / "remembered").read_bytes())


def test_a_log_that_was_cut_and_given_its_own_old_checkpoint_is_shorter_than_remembered(log, sound):
    newest = (log / "checkpoint").read_bytes()
    forge(log, entries_of(log)[:100], 100, checkpoint=(sound / "remembered").read_bytes())
    assert check(log).entries == 100
    with pytest.raises(BrokenLog, match="truncated: 300 entries are remembered and 100 are left"):
        check(log, newest)


# ---- files are changed


def rewrite(path: str, change) -> object:
    def tamper(folder: Path) -> None:
        (folder / path).write_bytes(change((folder / path).read_bytes()))

    return tamper


def entry_in_journal(folder: Path, n: int) -> tuple[Path, int]:
    path = folder / "journal" / f"{0:020}"
    data = path.read_bytes()
    return path, data.index(journal_file(path.name, data).entries[n])


def damage_journal(folder: Path, entry: int = 250) -> None:
    path, at = entry_in_journal(folder, entry)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def cut_journal(folder: Path) -> None:
    path, at = entry_in_journal(folder, 250)
    path.write_bytes(path.read_bytes()[: at - 20])


def other_entry_in_journal(folder: Path) -> None:
    entries = entries_of(folder)
    entries[250] = JwsSigner.of(ENTRY_KEY).sign(json.dumps({**payload(entries[250]), "to": "mes"}).encode())
    head = header(0, b"{}")
    (folder / "journal" / f"{0:020}").write_bytes(head + b"".join(frame(entry, len(head)) for entry in entries))


FILES = {
    "an exchanged hash in a full tile": (
        rewrite("tile/0/000", lambda data: data[:320] + data[:32] + data[352:]),
        r"tile/0/000: hash 10 is not that of the signed entry",
    ),
    "an exchanged hash in a partial tile": (
        rewrite("tile/0/001.p/44", lambda data: data[32:64] + data[32:]),
        r"tile/0/001\.p/44: hash 256 is not",
    ),
    "a swapped tile": (
        lambda log: shutil.copy(log / "tile/0/000", log / "tile/0/001.p/44"),
        r"tile/0/001\.p/44: 8192 bytes are not 44 hashes",
    ),
    "an exchanged hash in the level above": (
        rewrite("tile/1/000.p/1", lambda data: data[::-1]),
        r"tile/1/000\.p/1: its hashes are not those of the entries",
    ),
    "a tile that is gone": (lambda log: (log / "tile/0/000").unlink(), r"tile/0/000: missing"),
    "a bundle that is gone": (
        lambda log: (log / "tile/entries/000").unlink(),
        r"tile/entries/000: entry 0: missing, and no",
    ),
    "a bundle that was cut": (
        rewrite("tile/entries/001.p/44", lambda data: data[:-5]),
        r"tile/entries/001\.p/44: the bundle does not hold 44 whole entries",
    ),
    "an edited checkpoint": (
        rewrite("checkpoint", lambda data: data.replace(b"\n300\n", b"\n299\n")),
        "checkpoint: the signature doesn't fit: edited",
    ),
    "a checkpoint by another key": (
        lambda log: (log / "checkpoint").write_bytes(
            NoteSigner(SETTINGS.origin, FOREIGN_KEY).checkpoint(0, b"\0" * 32)
        ),
        "checkpoint: not signed by the key",
    ),
    "no journal": (lambda log: shutil.rmtree(log / "journal"), "journal: missing"),
    "a damaged entry in the journal, with later ones sound": (
        damage_journal,
        r"journal/0+: entry 250: at byte \d+: damaged after it had been written",
    ),
    "a journal that ends before the checkpoint": (
        cut_journal,
        r"journal/0+: it ends before entry 300, which is published",
    ),
    "another entry in the journal than was published": (
        other_entry_in_journal,
        r"journal/0+: entry 250: it is not the one that was published: exchanged",
    ),
    "a journal file under another's name": (
        lambda log: (log / "journal" / f"{0:020}").rename(log / "journal" / f"{5:020}"),
        "the header is damaged, or the file has another's name",
    ),
    "a journal that begins after the checkpoint": (
        lambda log: [
            (log / "journal" / f"{0:020}").unlink(),
            (log / "journal" / f"{310:020}").write_bytes(header(310, b"{}")),
        ],
        "the entries from 300 on are missing before it",
    ),
    "an empty journal file": (lambda log: (log / "journal" / f"{0:020}").write_bytes(b""), "lost its header"),
}


@pytest.mark.parametrize("name", FILES)
def test_tampering_with_files_is_named(log, name):
    tamper, said = FILES[name]
    tamper(log)
    with pytest.raises(BrokenLog, match=said):
        check(log)


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
