"""The laws of every provider of keys. A test module imports them all, and has a fixture `provider`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gateway.errors import KeyGone

CONTEXT = b"AAAAAAAAAAAAAAAA"

__all__ = [
    "test_a_key_that_was_wrapped_comes_back_the_same",
    "test_a_wrapped_key_comes_back_for_what_it_was_wrapped_for_alone",
    "test_a_wrapped_key_that_was_changed_anywhere_never_comes_back",
    "test_many_threads_at_once_get_each_their_own",
    "test_no_wrapping_holds_the_key_or_is_made_twice",
    "test_the_current_key_is_the_one_that_wraps",
]


def test_a_key_that_was_wrapped_comes_back_the_same(provider):
    key = bytearray(os.urandom(32))
    before = bytes(key)
    wrapped = provider.wrap(key, CONTEXT)
    opened = provider.unwrap(wrapped, CONTEXT)
    assert (bytes(opened), type(opened), bytes(key)) == (before, bytearray, before)


def test_the_current_key_is_the_one_that_wraps(provider):
    assert provider.wrap(bytearray(32), CONTEXT).kek == provider.current()


def test_no_wrapping_holds_the_key_or_is_made_twice(provider):
    key = bytearray(os.urandom(32))
    made = {provider.wrap(key, CONTEXT).data for _ in range(5)}
    assert len(made) == 5
    assert not any(bytes(key) in one for one in made)


def test_a_wrapped_key_comes_back_for_what_it_was_wrapped_for_alone(provider):
    wrapped = provider.wrap(bytearray(os.urandom(32)), CONTEXT)
    with pytest.raises(KeyGone):
        provider.unwrap(wrapped, b"BBBBBBBBBBBBBBBB")
    assert provider.unwrap(wrapped, CONTEXT)


def test_a_wrapped_key_that_was_changed_anywhere_never_comes_back(provider):
    wrapped = provider.wrap(bytearray(os.urandom(32)), CONTEXT)
    step = max(1, len(wrapped.data) // 24)
    changed = [
        wrapped.data[:at] + bytes([wrapped.data[at] ^ 1]) + wrapped.data[at + 1 :]
        for at in (*range(0, len(wrapped.data), step), len(wrapped.data) - 1)
    ]
    for data in (*changed, wrapped.data[:-1], wrapped.data + b"\0", b"", b"\0\0"):
        with pytest.raises(KeyGone):
            provider.unwrap(replace(wrapped, data=data), CONTEXT)
    assert provider.unwrap(wrapped, CONTEXT)


def test_many_threads_at_once_get_each_their_own(provider):
    keys = [bytearray(os.urandom(32)) for _ in range(40)]

    def round_trip(key):
        return provider.unwrap(provider.wrap(key, CONTEXT), CONTEXT)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(round_trip, keys)) == keys
