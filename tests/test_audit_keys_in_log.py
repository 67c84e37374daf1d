"""The log's own keys change inside the log, and bodies are removed by its word: the verifier follows, or tells."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from audit_logs import CHECKPOINT_KEY, ENTRY_KEY, FOREIGN_KEY, JWKS, VKEY
from tamper_kit import (
    NEXT_KEY,
    ORIGIN,
    chained,
    check,
    endorsed,
    journal,
    jwk,
    kid,
    log,
    note,
    prune,
    rotation,
    told,
)

from gateway.audit.note import NoteSigner
from gateway.audit.proof import leaf_hash
from gateway.audit.show import Filter, published_size, show
from gateway.audit.tampering import Kind
from gateway.audit.trust import Rotated
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder

NEXT_VKEY = NoteSigner(ORIGIN, NEXT_KEY).verifier_key()
BOTH = json.dumps({"keys": [jwk(ENTRY_KEY), jwk(NEXT_KEY)]}).encode()
SIZE, AT = 30, 10


def with_rotation(said, at: int = AT, size: int = SIZE) -> list:
    return [said if n == at else told(n) for n in range(size)]


def key_after(at: int, new=NEXT_KEY, old=ENTRY_KEY):
    """Give the key of each entry: the old one signs entry `at`, the new one what follows."""
    return lambda n: old if n <= at else new


def broken(folder, **given):
    with pytest.raises(BrokenLog) as caught:
        check(folder, **given)
    found = caught.value
    return found.kind, found.place, found.entry


BUNDLE = f"tile/entries/000.p/{SIZE}"


@pytest.fixture
def rotated(tmp_path):
    entries = chained(with_rotation(rotation("entries", ENTRY_KEY, NEXT_KEY)), key_after(AT))
    return log(tmp_path / "log", entries, SIZE, jwks=BOTH)


@pytest.mark.parametrize("jwks", [JWKS, BOTH])
def test_a_new_key_of_entries_that_the_old_one_signed_for_is_followed(rotated, jwks):
    found = check(rotated, jwks=jwks)
    assert found.rotations == (Rotated(AT, "entries", kid(ENTRY_KEY), kid(NEXT_KEY), lost=False),)
    assert found.notes[-1].startswith(f"entry {AT}: the key of entries {kid(ENTRY_KEY)} was replaced")


def test_a_log_whose_old_key_the_reader_does_not_have_is_foreign_to_him(rotated):
    jwks = json.dumps({"keys": [jwk(NEXT_KEY)]}).encode()
    assert broken(rotated, jwks=jwks) == (Kind.FOREIGN_ENTRY, BUNDLE, 0)


def test_a_key_that_was_replaced_signs_nothing_any_more(tmp_path):
    keys = {AT + 5: ENTRY_KEY}
    entries = chained(with_rotation(rotation("entries", ENTRY_KEY, NEXT_KEY)), lambda n: keys.get(n, key_after(AT)(n)))
    assert broken(log(tmp_path, entries, SIZE), jwks=BOTH) == (Kind.RETIRED_KEY, BUNDLE, AT + 5)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (rotation("entries", FOREIGN_KEY, NEXT_KEY), ENTRY_KEY),  # it replaces a key that wasn't in use
        (rotation("entries", ENTRY_KEY, ENTRY_KEY), ENTRY_KEY),
        (rotation("entries", ENTRY_KEY, NEXT_KEY, lost=True), ENTRY_KEY),  # lost, and yet it signs
        (rotation("checkpoints", CHECKPOINT_KEY, NEXT_KEY), ENTRY_KEY),  # not endorsed
        (rotation("checkpoints", CHECKPOINT_KEY, NEXT_KEY, endorsed=endorsed(ENTRY_KEY, NEXT_KEY)), ENTRY_KEY),
        (rotation("checkpoints", CHECKPOINT_KEY, NEXT_KEY, endorsed="!"), ENTRY_KEY),
        (rotation("checkpoints", FOREIGN_KEY, NEXT_KEY, endorsed=endorsed(FOREIGN_KEY, NEXT_KEY)), ENTRY_KEY),
    ],
)
def test_a_rotation_that_nobody_entitled_signed_for_is_false(tmp_path, said, key):
    entries = chained(with_rotation(said), key_after(AT, old=key, new=ENTRY_KEY))
    assert broken(log(tmp_path, entries, SIZE)) == (Kind.FALSE_ROTATION, BUNDLE, AT)


def test_a_new_key_under_which_every_signature_fits_is_refused(tmp_path):
    said = rotation("entries", ENTRY_KEY, NEXT_KEY)
    said["rotation"]["new"]["x"] = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # the neutral point
    assert broken(log(tmp_path, chained(with_rotation(said)), SIZE)) == (Kind.WEAK_KEY, BUNDLE, AT)


@pytest.mark.parametrize("said", [{"key": "entries"}, {"key": "all", "old": "", "new": {}}, []])
def test_a_rotation_of_no_form_is_no_entry(tmp_path, said):
    entries = chained(with_rotation({"kind": "rotation", "time": 1, "rotation": said}))
    assert broken(log(tmp_path, entries, SIZE)) == (Kind.MALFORMED_ENTRY, BUNDLE, AT)


def test_the_successor_of_a_lost_key_must_be_accepted_by_name(tmp_path):
    lost = rotation("entries", ENTRY_KEY, NEXT_KEY, lost=True)
    folder = log(tmp_path, chained(with_rotation(lost), key_after(AT - 1)), SIZE, jwks=BOTH)
    assert broken(folder) == (Kind.LOST_KEY, BUNDLE, AT)
    assert broken(folder, accepted=[kid(FOREIGN_KEY)]) == (Kind.LOST_KEY, BUNDLE, AT)
    for given in ({"accepted": [kid(NEXT_KEY)]}, {"jwks": BOTH}):
        found = check(folder, **given)
        assert found.rotations == (Rotated(AT, "entries", kid(ENTRY_KEY), kid(NEXT_KEY), lost=True),)
        assert "was lost, and nothing but the new key speaks for it" in found.notes[-1]


def test_a_stranger_who_says_that_the_key_was_lost_must_name_the_key_that_signs(tmp_path):
    lost = rotation("entries", ENTRY_KEY, NEXT_KEY, lost=True)
    folder = log(tmp_path, chained(with_rotation(lost), key_after(AT - 1, new=FOREIGN_KEY)), SIZE)
    assert broken(folder, accepted=[kid(NEXT_KEY)]) == (Kind.FOREIGN_ENTRY, BUNDLE, AT)


@pytest.fixture
def new_head(tmp_path):
    said = rotation("checkpoints", CHECKPOINT_KEY, NEXT_KEY, endorsed=endorsed(CHECKPOINT_KEY, NEXT_KEY))
    entries = chained(with_rotation(said))
    folder = log(tmp_path / "log", entries, SIZE, vkey=f"{VKEY}\n{NEXT_VKEY}")
    (folder / "checkpoint").write_bytes(note(entries, NEXT_KEY))
    return folder, entries


@pytest.mark.parametrize("vkey", [VKEY, NEXT_VKEY, f"{VKEY}\n{NEXT_VKEY}"])
def test_a_new_key_of_checkpoints_that_the_old_one_signed_for_is_followed(new_head, vkey):
    folder, _ = new_head
    found = check(folder, vkey=vkey)
    assert found.rotations == (Rotated(AT, "checkpoints", kid(CHECKPOINT_KEY), kid(NEXT_KEY), lost=False),)


def test_heads_from_before_and_after_a_rotation_are_remembered_alike(new_head):
    folder, entries = new_head
    assert check(folder, remembered=[note(entries[:5]), note(entries[:20], NEXT_KEY)]).entries == SIZE


def test_a_replaced_key_of_checkpoints_signs_no_later_head(new_head):
    folder, entries = new_head
    (folder / "checkpoint").write_bytes(note(entries))
    assert broken(folder) == (Kind.RETIRED_KEY, "checkpoint", None)


def test_a_key_of_checkpoints_beside_the_log_that_no_entry_names_is_not_the_log_s(tmp_path):
    entries = chained(map(told, range(SIZE)))
    folder = log(tmp_path, entries, SIZE, vkey=f"{VKEY}\n{NEXT_VKEY}")
    (folder / "checkpoint").write_bytes(note(entries, NEXT_KEY))
    assert broken(folder) == (Kind.FOREIGN_CHECKPOINT, "checkpoint", None)


def test_the_successor_of_a_lost_key_of_checkpoints_must_be_accepted_by_name(tmp_path):
    entries = chained(with_rotation(rotation("checkpoints", CHECKPOINT_KEY, NEXT_KEY, lost=True)))
    folder = log(tmp_path, entries, SIZE, vkey=f"{VKEY}\n{NEXT_VKEY}")
    (folder / "checkpoint").write_bytes(note(entries, NEXT_KEY))
    assert broken(folder) == (Kind.LOST_KEY, BUNDLE, AT)
    assert check(folder, accepted=[kid(NEXT_KEY)]).entries == SIZE
    assert check(folder, vkey=f"{VKEY}\n{NEXT_VKEY}").entries == SIZE


def test_a_rotation_in_the_unpublished_tail_is_followed_too(tmp_path):
    entries = chained(with_rotation(rotation("entries", ENTRY_KEY, NEXT_KEY), at=20), key_after(20))
    assert check(log(tmp_path, entries, 15)).rotations[0].entry == 20


# ---- bodies that retention removed

MANY, PRUNED_AT = 1100, 1050


@pytest.fixture(scope="module")
def whole():
    sayings = [told(n) for n in range(PRUNED_AT)]
    before = chained(sayings)
    return chained([*sayings, prune(before, 256, 768), *(told(n) for n in range(PRUNED_AT + 1, MANY))])


@pytest.fixture
def pruned(tmp_path, whole):
    folder = log(tmp_path / "log", whole, MANY)
    for bundle in ("001", "002"):
        (folder / "tile/entries" / bundle).unlink()
    lay_tail(folder, whole)
    return folder


def lay_tail(folder, entries) -> None:
    journal(folder, entries[1000:], 1000)


def test_removed_bodies_are_accounted_for_and_what_they_said_is_not_claimed(pruned):
    found = check(pruned)
    assert (found.entries, found.removed) == (MANY, 512)
    assert "512 entries could not be read: the log says that their bodies were removed" in found.notes[1]


def test_bodies_that_are_not_removed_yet_are_verified_as_ever(tmp_path, whole):
    assert check(log(tmp_path, whole, MANY)).removed == 0


def test_bodies_that_no_entry_says_were_removed_are_missing(pruned):
    (pruned / "tile/entries/000").unlink()
    assert broken(pruned) == (Kind.MISSING_ENTRIES, "tile/entries/000", 0)


def test_hashes_of_removed_bodies_are_still_proven(pruned):
    tile = pruned / "tile/0/001"
    tile.write_bytes(tile.read_bytes()[::-1])
    kind, place, _ = broken(pruned)
    assert (kind, place) == (Kind.FALSE_PRUNE, "tile/entries/004.p/76")


@pytest.mark.parametrize(
    "lie",
    [
        {"digest": "0" * 64},
        {"last": "0" * 64},
        {"first": 250},
        {"end": 4 * 256 + 1},
        {"end": 5 * 256},
        {"first": 768},
        {"first": -256},
    ],
)
def test_a_false_word_about_what_was_removed_is_named(tmp_path, whole, lie):
    sayings = [told(n) for n in range(PRUNED_AT)]
    said = prune(whole, 256, 768)
    said["prune"].update(lie)
    entries = chained([*sayings, said, *(told(n) for n in range(PRUNED_AT + 1, MANY))])
    folder = log(tmp_path, entries, MANY)
    for bundle in ("001", "002"):
        (folder / "tile/entries" / bundle).unlink()
    lay_tail(folder, entries)
    assert broken(folder) == (Kind.FALSE_PRUNE, "tile/entries/004.p/76", PRUNED_AT)


def test_flows_that_may_have_ended_in_what_was_removed_are_not_called_dangling(tmp_path):
    sayings = [told(n) for n in range(PRUNED_AT)]
    sayings[255] = {**told(255), "flow": "over-the-edge"}
    entries = chained([*sayings, prune(chained(sayings), 256, 512)])
    folder = log(tmp_path, entries, len(entries))
    (folder / "tile/entries/001").unlink()
    lay_tail(folder, entries)
    found = check(folder)
    assert "over-the-edge" not in {one.flow for one in found.dangling}
    assert "whether 1 flows were finished can't be told" in found.notes[2]


def test_searching_passes_over_what_was_removed_and_says_how_much(pruned):
    files, passed = Folder(pruned), []
    found = list(show(files, Filter(kind="intent"), published_size(files), passed.append))
    assert sum(passed) == 512
    assert {entry.index for entry in found} == {n for n in range(MANY) if n % 2 and not 256 <= n < 768}


def test_the_digest_of_what_was_removed_is_over_its_leaf_hashes(whole):
    """So that it can be checked for ever, from the hash tiles that stay."""
    said = prune(whole, 256, 768)["prune"]
    assert said["digest"] == sha256(b"".join(map(leaf_hash, whole[256:768]))).hexdigest()
