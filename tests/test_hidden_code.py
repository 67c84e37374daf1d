"""The error-correcting code of the hidden mark."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.watermark.hidden import code as hidden_code

codes = st.integers(0, (1 << 64) - 1)


@given(code=codes)
@settings(max_examples=30, deadline=None)
def test_what_is_encoded_is_decoded(code):
    assert hidden_code.decode(hidden_code.encode(code)[None]) == [code]


@given(first=codes, second=codes)
@settings(max_examples=100, deadline=None)
def test_any_two_codes_differ_in_many_signs(first, second):
    # The free distance of the code is 44, and its circle is long enough for no shorter way round.
    different = int((hidden_code.encode(first) != hidden_code.encode(second)).sum())
    assert different == 0 if first == second else different >= 44


@pytest.mark.parametrize("code", [0, 1, (1 << 64) - 1, 0x0123456789ABCDEF])
def test_a_code_is_read_though_every_sign_is_drowned_in_twice_as_much_noise(code):
    noise = np.random.default_rng(code % 1000).normal(0, 1.5, hidden_code.SIGNS)
    assert hidden_code.decode((hidden_code.encode(code) + noise)[None].astype(np.float32)) == [code]


def test_noise_alone_is_no_code():
    noise = np.random.default_rng(1).normal(0, 1, (60, hidden_code.SIGNS)).astype(np.float32)
    assert hidden_code.decode(noise) == [None] * 60


def test_many_rows_are_decoded_as_one_by_one():
    chance = np.random.default_rng(2)
    rows = np.stack([hidden_code.encode(code) + chance.normal(0, 1.6, hidden_code.SIGNS) for code in range(7)])
    rows = rows.astype(np.float32)
    assert hidden_code.decode(rows) == [hidden_code.decode(row[None])[0] for row in rows]


def test_silence_is_no_code():
    assert hidden_code.decode(np.zeros((1, hidden_code.SIGNS), np.float32)) == [None]
