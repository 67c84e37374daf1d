"""What every store of passports must do, and what the file must do besides."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.crypto import JwsSigner
from gateway.errors import BrokenPassport, FactsUnavailable, Place
from gateway.flow import STRANGER, CustomerFacts
from gateway.passport.chain import head, verify
from gateway.policy.model import ConsentKind
from gateway.storage.facts_memory import PassportsInMemory
from gateway.storage.passports import Passports

SIGNER = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEYS = {SIGNER.kid: SIGNER.key.public_key()}
PLACE = Place("consents.yaml", 1, 1)
CONTACT = ConsentKind("contact", PLACE)
YEARLY = ConsentKind("yearly", PLACE, days=365)
CONSENTS = {"contact": CONTACT, "yearly": YEARLY}
DAY = 86_400_000_000_000


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = PassportsInMemory(SIGNER, CONSENTS) if request.param == "memory" else at(tmp_path / "passports.db")
    yield made
    made.close()


def at(path, **options):
    return Passports(path, SIGNER, CONSENTS, **options)


@pytest.fixture
def file(tmp_path):
    made = at(tmp_path / "passports.db")
    yield made
    made.close()


def consents(store, customer="c-1", now=10):
    return store.facts([customer], now)[customer].consents


def test_a_customer_that_nobody_knows_granted_nothing(store):
    assert store.facts(["c-1", None, "c-1"], 5) == {"c-1": CustomerFacts("c-1"), None: STRANGER}
    assert store.facts([], 5) == {}
    assert store.history("c-1") == ()


def test_a_grant_is_in_force_at_the_next_question_and_a_revocation_ends_it(store):
    assert consents(store) == frozenset()
    first = store.grant("c-1", CONTACT, at=10, by="desk")
    assert store.facts(["c-1", "c-2"], 10) == {
        "c-1": CustomerFacts("c-1", frozenset({"contact"}), {}, first),
        "c-2": CustomerFacts("c-2"),
    }
    second = store.revoke("c-1", "contact", at=10, by="desk")
    assert store.facts(["c-1"], 10)["c-1"] == CustomerFacts("c-1", frozenset(), {}, second)
    assert head(store.history("c-1")) == second != first


def test_a_grant_ends_in_time(store):
    store.grant("c-1", CONTACT, at=10, by="desk", until=20)
    store.grant("c-1", YEARLY, at=10, by="desk")
    assert consents(store, now=9) == frozenset()
    assert consents(store, now=19) == {"contact", "yearly"}
    assert consents(store, now=20) == {"yearly"}
    assert consents(store, now=10 + 365 * DAY) == frozenset()


def test_the_history_is_a_passport_that_verifies(store):
    store.grant("c-1", CONTACT, at=10, by="desk")
    store.grant("c-2", CONTACT, at=11, by="desk")
    store.revoke("c-1", "contact", at=12, by="portal")
    events = verify(store.history("c-1"), KEYS, customer="c-1")
    assert [(event.action, event.at, event.by, event.sequence) for event in events] == [
        ("grant", 10, "desk", 1),
        ("revoke", 12, "portal", 2),
    ]


def test_attributes_are_replaced_as_a_whole(store):
    store.set_attributes("c-1", {"region": "eu", "tier": "gold"})
    assert store.facts(["c-1"], 5)["c-1"].attributes == {"region": "eu", "tier": "gold"}
    store.set_attributes("c-1", {"region": "cn"})
    assert store.facts(["c-1"], 5)["c-1"] == CustomerFacts("c-1", frozenset(), {"region": "cn"}, "")


def test_facts_keep_their_identity_until_something_changes(store):
    store.grant("c-1", CONTACT, at=10, by="desk", until=20)
    store.set_attributes("c-1", {"region": "eu"})
    before = store.facts(["c-1"], 10)["c-1"]
    store.grant("c-2", CONTACT, at=10, by="desk")
    assert store.facts(["c-1"], 19)["c-1"] is before
    assert store.facts(["c-1"], 20)["c-1"] is not before


def test_a_newer_wording_counts_from_its_declaration(store):
    store.grant("c-1", CONTACT, at=10, by="desk")
    newer = ConsentKind("contact", PLACE, version=2)
    assert consents(store) == {"contact"}
    store.declare({"contact": newer})
    assert consents(store) == frozenset()
    store.grant("c-1", newer, at=10, by="desk")
    assert consents(store) == {"contact"}
    store.declare({})
    assert consents(store) == frozenset()


def test_many_customers_at_once(store):
    names = [f"c-{number}" for number in range(1203)]
    for number in (0, 499, 500, 1202):
        store.grant(names[number], CONTACT, at=10, by="desk")
        store.set_attributes(names[number], {"tier": str(number)})
    found = store.facts([*names, None, *names], 10)
    assert set(found) == {*names, None}
    granted = {name: facts.attributes for name, facts in found.items() if facts.consents}
    assert granted == {f"c-{number}": {"tier": str(number)} for number in (0, 499, 500, 1202)}


def test_names_that_are_none_are_refused(store):
    for name in ("", "x" * 257):
        with pytest.raises(ValueError, match="a name has"):
            store.grant(name, CONTACT, at=10, by="desk")
        with pytest.raises(ValueError, match="a name has"):
            store.set_attributes(name, {})
    assert store.facts(["x" * 257, ""], 10) == {"x" * 257: CustomerFacts("x" * 257), "": CustomerFacts("")}


@pytest.mark.parametrize("name", ["李雷", "a\0b", "a' OR '1'='1", "A-1", "%", "é", "e\u0301"])
def test_names_are_compared_exactly(store, name):
    store.grant(name, CONTACT, at=10, by="desk")
    for other in ("a", "a-1", "李", "é", "e\u0301", "_"):
        assert consents(store, other) == (frozenset({"contact"}) if other == name else frozenset())
    assert consents(store, name) == {"contact"}


# what only the file can show


def test_what_was_written_is_there_after_opening_again(tmp_path, file):
    written = file.grant("c-1", CONTACT, at=10, by="desk")
    again = at(tmp_path / "passports.db")
    assert again.facts(["c-1"], 10)["c-1"].passport == written
    again.close()


def test_only_the_owner_may_read_the_files(tmp_path, file):
    file.grant("c-1", CONTACT, at=10, by="desk")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {f"passports.db{end}": 0o600 for end in ("", "-wal", "-shm")}


WRITER = """
import sys
from pathlib import Path
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gateway.crypto import JwsSigner
from gateway.errors import Place
from gateway.policy.model import ConsentKind
from gateway.storage.passports import Passports
contact = ConsentKind("contact", Place("consents.yaml", 1, 1))
signer = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
store = Passports(Path(sys.argv[1]), signer, {"contact": contact}, patience=5)
print("ready", flush=True)
for line in sys.stdin:
    if line == "grant\\n":
        print(store.grant("c-1", contact, at=10, by="cli"), flush=True)
    else:
        print(store.revoke("c-1", "contact", at=10, by="cli"), flush=True)
"""


@pytest.mark.parametrize("index", ["known", "unknown"])
def test_another_processs_writing_is_in_force_at_the_next_question(tmp_path, index, monkeypatch):
    if index == "unknown":  # SQLite is asked instead
        monkeypatch.setattr("gateway.storage.wal_index._VERSION", 7)
    path = str(tmp_path / "passports.db")
    file = at(tmp_path / "passports.db")
    assert (file._file._index is None) == (index == "unknown")
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "ready\n"
        for order, expected in (("grant", {"contact"}), ("revoke", set()), ("grant", {"contact"})):
            writer.stdin.write(f"{order}\n")
            writer.stdin.flush()
            told = writer.stdout.readline().strip()
            found = file.facts(["c-1"], 10)["c-1"]
            assert (found.consents, found.passport) == (expected, told)
        writer.stdin.close()
    file.close()


@pytest.mark.parametrize("others", ["before", "after", "none"])
def test_it_is_noticed_whatever_else_this_process_opened_and_closed(tmp_path, others):
    path = tmp_path / "passports.db"
    if others == "before":
        other = at(path)
        file = at(path)
        other.close()
    else:
        file = at(path)
        if others == "after":
            at(path).close()
    for granted in (True, False, True):  # each time by a process that comes and goes
        program = WRITER.replace("for line in sys.stdin:", f"for line in ['{'grant' if granted else 'revoke'}\\n']:")
        subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, timeout=60)
        assert consents(file) == ({"contact"} if granted else set())
        assert Path(f"{path}-shm").stat().st_ino == inode(file)
    file.close()
    assert not Path(f"{path}-shm").exists()


def inode(file):
    """The index that a file looks at."""
    return os.fstat(file._file._held._mine.descriptor).st_ino


def test_a_file_that_was_taken_away_is_noticed(tmp_path, file):
    file.grant("c-1", CONTACT, at=10, by="desk")
    file.facts(["c-1"], 10)
    (tmp_path / "passports.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(FactsUnavailable, match="gone"):
        file.facts(["c-1"], 10)
    with pytest.raises(FactsUnavailable, match="gone"):
        file.revoke("c-1", "contact", at=10, by="desk")


def test_a_file_put_in_its_place_counts_at_once(tmp_path, file):
    file.grant("c-1", CONTACT, at=10, by="desk")
    assert consents(file) == {"contact"}
    (tmp_path / "other").mkdir()
    other = at(tmp_path / "other" / "passports.db")
    other.grant("c-2", CONTACT, at=10, by="desk")
    other.close()
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"passports.db{end}").unlink()
    (tmp_path / "other" / "passports.db").rename(tmp_path / "passports.db")
    assert (consents(file), consents(file, "c-2")) == (frozenset(), {"contact"})


def test_a_file_that_comes_back_is_used_again(tmp_path, file):
    path, away = tmp_path / "passports.db", tmp_path / "away.db"
    file.grant("c-1", CONTACT, at=10, by="desk")
    edit(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(away)
    path.write_bytes(b"something else" * 100)
    with pytest.raises(FactsUnavailable):
        consents(file)
    away.replace(path)
    assert consents(file) == {"contact"}


def edit(path, sql, *values):
    with sqlite3.connect(path) as connection:
        connection.execute(sql, values)
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET jws = replace(jws, 'A', 'B') WHERE customer = 'c-1'",
        "UPDATE events SET customer = 'c-1' WHERE customer = 'c-2'",
        "DELETE FROM events WHERE customer = 'c-1' AND sequence = 1",
        "UPDATE events SET jws = 'text' WHERE sequence = 2",
        "UPDATE events SET jws = x'00ff' WHERE sequence = 2",
        "UPDATE events SET sequence = sequence * -1",
    ],
)
def test_a_passport_changed_behind_our_back_is_refused(tmp_path, file, sql):
    file.grant("c-1", CONTACT, at=10, by="desk")
    file.revoke("c-1", "contact", at=11, by="desk")
    file.facts(["c-1"], 10)
    for number in range(3):
        file.grant("c-2", CONTACT, at=number, by="desk")
    edit(tmp_path / "passports.db", "DELETE FROM events WHERE customer = 'c-2' AND sequence < 3")
    edit(tmp_path / "passports.db", sql)
    fresh = at(tmp_path / "passports.db")
    with pytest.raises(BrokenPassport):
        fresh.facts(["c-1"], 10)
    with pytest.raises(BrokenPassport):
        fresh.grant("c-1", CONTACT, at=12, by="desk")
    fresh.close()


def test_a_grant_that_somebody_else_signed_is_refused(tmp_path, file):
    stranger = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    (tmp_path / "forged").mkdir()
    forger = Passports(tmp_path / "forged" / "passports.db", stranger, CONSENTS)
    forger.grant("c-1", CONTACT, at=10, by="desk")
    edit(tmp_path / "passports.db", "INSERT INTO events VALUES ('c-1', 1, ?)", forger.history("c-1")[0])
    forger.close()
    with pytest.raises(BrokenPassport, match="key that is not known"):
        file.facts(["c-1"], 10)


def test_a_passport_that_lost_its_last_event_is_read_anew(tmp_path, file):
    file.grant("c-1", CONTACT, at=10, by="desk")
    file.revoke("c-1", "contact", at=11, by="desk")
    told = file.facts(["c-1"], 11)["c-1"].passport
    edit(tmp_path / "passports.db", "DELETE FROM events WHERE sequence = 2")
    assert file.facts(["c-1"], 11)["c-1"].passport != told  # the head in the audit log tells what is missing
    with pytest.raises(BrokenPassport, match="events are missing"):
        verify(file.history("c-1"), KEYS, expected_head=told)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"no database at all" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 5000),
        lambda path: edit(path, "PRAGMA application_id = 7"),
        lambda path: edit(path, "CREATE TABLE more (a)"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_and_left_alone(tmp_path, spoil):
    path = tmp_path / "passports.db"
    at(path).close()
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(FactsUnavailable):
        at(path)
    assert path.read_bytes() == before


def test_a_file_that_can_not_be_made_is_said_so(tmp_path):
    with pytest.raises(FactsUnavailable, match="opened or made"):
        at(tmp_path / "missing" / "passports.db")
    with pytest.raises(FactsUnavailable, match="opened or made"):
        at(tmp_path)


def test_a_locked_file_can_be_read_and_not_written(tmp_path):
    path = tmp_path / "passports.db"
    store = at(path, patience=0.01)
    store.grant("c-1", CONTACT, at=10, by="desk")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert consents(store) == {"contact"}
    with pytest.raises(FactsUnavailable, match="SQLITE_BUSY"):
        store.revoke("c-1", "contact", at=11, by="desk")
    other.execute("ROLLBACK")
    other.close()
    store.revoke("c-1", "contact", at=11, by="desk")
    assert consents(store) == frozenset()
    store.close()


def test_a_full_disk_is_an_error_and_leaves_the_passport_whole(tmp_path):
    store = at(tmp_path / "passports.db")
    written = store.grant("c-1", CONTACT, at=10, by="desk")
    connection = store._file.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    heads = [written]

    def fill():
        for number in range(1000):
            heads.append(store.grant("c-1", CONTACT, at=number, by="desk"))  # noqa: PERF401 - kept up to the failure

    with pytest.raises(FactsUnavailable, match="SQLITE_FULL"):
        fill()
    written = heads[-1]
    assert store.facts(["c-1"], 2000)["c-1"].passport == written
    assert verify(store.history("c-1"), KEYS, expected_head=written)
    store.close()


def test_a_failed_write_leaves_nothing_behind(file):
    file.set_attributes("c-1", {"region": "eu"})
    with pytest.raises(FactsUnavailable):
        file.set_attributes("c-1", {"region": object()})
    assert file.facts(["c-1"], 5)["c-1"].attributes == {"region": "eu"}
    file.set_attributes("c-1", {"region": "cn"})
    assert file.facts(["c-1"], 5)["c-1"].attributes == {"region": "cn"}


def test_a_name_that_is_no_text_is_refused(file):
    with pytest.raises(FactsUnavailable):
        file.facts(["\ud800"], 5)


def test_only_so_many_customers_are_remembered(tmp_path):
    store = at(tmp_path / "passports.db", capacity=3)
    store.grant("c-0", CONTACT, at=10, by="desk")
    for number in range(9):
        assert store.facts([f"c-{number}", "c-0"], 10)["c-0"].consents == {"contact"}
    assert set(store._known) == {"c-7", "c-8", "c-0"}
    store.close()


def test_signatures_of_an_older_key_still_count(tmp_path):
    older = at(tmp_path / "passports.db")
    older.grant("c-1", CONTACT, at=10, by="desk")
    older.close()
    newer = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(os.urandom(32)))
    store = Passports(tmp_path / "passports.db", newer, CONSENTS, older_keys=KEYS)
    assert consents(store) == {"contact"}
    store.revoke("c-1", "contact", at=11, by="desk")
    assert consents(store) == frozenset()
    store.close()
