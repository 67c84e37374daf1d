"""Batches of the audit log are as long as the disk asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.storage.pace import LEAST, Pace

MOST = 256
SIGNING = 70e-6  # seconds an entry


def settled(disk: float, pace: Pace) -> int:
    for _ in range(100):
        pace.took(pace.batch, pace.batch * SIGNING + disk, disk)
    return pace.batch


def test_a_disk_that_is_fast_gets_short_batches():
    assert settled(50e-6, Pace(MOST)) == LEAST


def test_a_disk_that_takes_as_long_as_five_signatures_gets_batches_of_fifty():
    assert settled(5 * SIGNING, Pace(MOST)) == 50


def test_a_disk_that_is_slow_gets_batches_as_long_as_they_may_be_and_short_ones_once_it_is_fast_again():
    pace = Pace(MOST)
    assert settled(10e-3, pace) == MOST
    assert settled(50e-6, pace) == LEAST


def test_one_slow_sync_does_not_change_much():
    pace = Pace(MOST)
    settled(50e-6, pace)
    pace.took(LEAST, LEAST * SIGNING + 1e-3, 1e-3)
    assert pace.batch < 2 * LEAST


@given(st.lists(st.tuples(st.integers(1, MOST), st.floats(0, 100), st.floats(0, 100))))
def test_whatever_the_clock_says_batches_stay_within_their_bounds(batches):
    pace = Pace(MOST)
    for entries, seconds, waited in batches:
        pace.took(entries, seconds, waited)
        assert LEAST <= pace.batch <= MOST
