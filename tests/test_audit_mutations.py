"""The law of tampering: whatever byte of whatever file is changed, it is named, or nothing that was proven changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from audit_logs import JWKS, VKEY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tamper_kit import chained, check, log, note, told

from gateway.audit.signatures import EntryKeys, NoteKey, open_checkpoint
from gateway.audit.tampering import Kind
from gateway.audit.verify import Verified
from gateway.errors import BrokenLog
from gateway.storage.folder import Folder

ENTRIES, PUBLISHED = 9, 7
HELD = chained(map(told, range(ENTRIES)))
REMEMBERED = [note(HELD[:2]), note(HELD[:5])]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    place = log(tmp_path_factory.mktemp("law") / "log", HELD, PUBLISHED)
    (place / "checkpoint.cosigned").write_bytes(REMEMBERED[1])
    (place / "timestamps").mkdir()
    (place / "timestamps/2.checkpoint").write_bytes(REMEMBERED[0])
    return place


@contextmanager
def put_back(place: Path, path: Path) -> Iterator[bytes]:
    kept = path.read_bytes()
    try:
        yield kept
    finally:
        path.write_bytes(kept)


def files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file())


def told_of(place: Path) -> Verified | BrokenLog:
    try:
        return check(place, remembered=REMEMBERED)
    except BrokenLog as error:
        return error


def the_law_holds(place: Path, path: Path) -> None:
    """Whoever verifies with keys of their own is told, or is told exactly what they were told of the sound log."""
    name = str(path.relative_to(place))
    found = told_of(place)
    if isinstance(found, BrokenLog):
        assert found.kind in set(Kind)
        assert found.place
        assert found.entry is None or 0 <= found.entry <= ENTRIES
        return
    if name.startswith("journal"):  # damage in the newest batch can't be told from a write cut short: it is counted
        assert (found.torn > 0, found.entries >= PUBLISHED) == (True, True)
        return
    if name == "checkpoint.cosigned" or name.startswith("timestamps"):
        # Another head that the log signed, in the place of one: it was held against the log all the same. Whose
        # cosignatures are missing is told to those who ask for witnesses.
        open_checkpoint(path.read_bytes(), NoteKey.read(VKEY), name)
    else:
        assert name in ("log.vkey", "keys.jwks"), f"{name} was changed, and nobody saw it"
    assert (found.entries, found.torn, found.notes) == (ENTRIES, 0, ())
    files = Folder(place)
    if (beside := files.read("log.vkey")) is not None:
        assert {key.id for key in NoteKey.read_all(beside.decode())} == {NoteKey.read(VKEY).id}
    if (jwks := files.read("keys.jwks")) is not None:
        assert EntryKeys(jwks).names <= EntryKeys(JWKS).names


MANY = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@MANY
@given(data=st.data())
def test_a_changed_byte_anywhere_is_named_or_harmless(sound, data):
    path = data.draw(st.sampled_from(files(sound)))
    with put_back(sound, path) as kept:
        at = data.draw(st.integers(0, len(kept) - 1))
        changed = kept[at] ^ data.draw(st.integers(1, 255))
        path.write_bytes(kept[:at] + bytes([changed]) + kept[at + 1 :])
        the_law_holds(sound, path)


@MANY
@given(data=st.data())
def test_a_file_cut_stretched_mixed_up_or_gone_is_named_or_harmless(sound, data):
    path = data.draw(st.sampled_from(files(sound)))
    other = data.draw(st.sampled_from(files(sound))).read_bytes()
    with put_back(sound, path) as kept:
        at = data.draw(st.integers(0, len(kept)))
        to = data.draw(st.integers(0, len(kept)))
        changed = data.draw(
            st.sampled_from(
                [
                    kept[:at],
                    kept[at:],
                    kept[:at] + b"\0" + kept[at:],
                    kept[:at] + kept[to:],
                    kept + kept[at:],
                    kept[:at] + other,
                    other,
                    kept[::-1],
                    None,
                ]
            ).filter(lambda found: found != kept)
        )
        if changed is None:
            path.unlink()
            if path.name in ("checkpoint.cosigned", "2.checkpoint"):  # that they are there is not promised
                assert check(sound, remembered=REMEMBERED).entries == ENTRIES
                return
        else:
            path.write_bytes(changed)
        the_law_holds(sound, path)


@pytest.mark.heavy
def test_every_byte_of_every_file_is_named_or_harmless(sound):
    for path in files(sound):
        with put_back(sound, path) as kept:
            for at in range(len(kept)):
                for bits in (0x01, 0x20):
                    path.write_bytes(kept[:at] + bytes([kept[at] ^ bits]) + kept[at + 1 :])
                    the_law_holds(sound, path)
