"""Whatever attackers do to a log, to its entries or to its files, is named with its kind and its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tamper_kit import (
    EARLY,
    KEPT,
    NEXT_KEY,
    PUBLISHED,
    SECOND_WITNESS_KEY,
    TAIL,
    WITNESS_KEY,
    chained,
    check,
    cosigned,
    log,
    told,
)
from tamper_moves import cut_back, named
from tampered_entries import ENTRIES
from tampered_files import FILES, WITNESSES

from gateway.audit.tampering import LOOKS_LIKE, Kind
from gateway.audit.verify import Witnesses

CASES = {**ENTRIES, **FILES}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return log(tmp_path_factory.mktemp("sound") / "log", chained(map(told, range(PUBLISHED + TAIL))), PUBLISHED)


@pytest.fixture
def place(sound, tmp_path):
    return Path(shutil.copytree(sound, tmp_path / "log"))


@pytest.mark.parametrize("name", CASES)
def test_what_was_done_is_named_with_its_kind_and_its_place(place, name):
    named(place, CASES[name])


def test_the_log_of_the_table_is_sound(place):
    found = check(place, remembered=[EARLY, KEPT])
    assert (found.entries, found.published, found.torn, found.notes) == (PUBLISHED + TAIL, PUBLISHED, 0, ())


def test_every_kind_is_explained_in_a_sentence_that_the_manual_has_too():
    assert set(LOOKS_LIKE) == set(Kind)
    assert all(said.endswith(".") for said in LOOKS_LIKE.values())
    manual = (Path(__file__).parent.parent / "docs" / "audit.md").read_text()
    assert [f"| {kind} | {said} |" for kind, said in LOOKS_LIKE.items() if f"| {kind} | {said} |" not in manual] == []


def test_the_end_cut_off_checkpoint_and_all_is_sound_for_who_remembers_nothing_and_that_is_said(place):
    cut_back(100)(place)
    assert "would not be seen" in check(place).notes[0]


def test_a_head_that_enough_witnesses_cosigned_is_told(place):
    names = ("w.example/1", WITNESS_KEY), ("w.example/2", SECOND_WITNESS_KEY)
    (place / "checkpoint.cosigned").write_bytes(cosigned(EARLY, *names))
    found = check(place, witnesses=WITNESSES)
    assert (found.witnessed, found.notes) == (
        100,
        ("what comes after the first 100 entries was not cosigned by enough witnesses yet",),
    )
    (place / "checkpoint").write_bytes(cosigned(KEPT, *names))
    assert check(place, witnesses=WITNESSES).witnessed == PUBLISHED
    assert check(place, witnesses=Witnesses(WITNESSES.keys, 1)).witnessed == PUBLISHED


def test_signatures_of_strangers_under_the_checkpoint_are_passed_over(place):
    strangers = [(f"w.example/{n}", NEXT_KEY) for n in range(30)]
    text_, _, ours = KEPT.rpartition(b"\n\n")
    theirs = cosigned(KEPT, *strangers).rpartition(b"\n\n")[2].partition(b"\n")[2]
    (place / "checkpoint").write_bytes(text_ + b"\n\n" + theirs + ours)
    assert check(place).published == PUBLISHED


def test_a_tile_that_is_a_link_to_the_right_bytes_is_no_harm(place):
    (place / "tile/0/000").rename(place / "elsewhere")
    (place / "tile/0/000").symlink_to("../../elsewhere")
    assert check(place).entries == PUBLISHED + TAIL
