"""Providers that are somewhere else: what a service sees, what becomes of one that fails, who else feels it."""

from __future__ import annotations

import os
import threading

import pytest
from services_kit import DOWN, MemoryService

from gateway.custody.outside import LONGEST, OutsideProvider
from gateway.custody.pause import LONGEST as LONGEST_PAUSE
from gateway.custody.pause import SHORTEST
from gateway.custody.provider import Wrapped
from gateway.errors import KeyGone, KeysUnavailable

CONTEXT = b"AAAAAAAAAAAAAAAA"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def service():
    return MemoryService()


@pytest.fixture
def told():
    return []


@pytest.fixture
def provider(service, clock, told):
    return OutsideProvider("acme", service, os.urandom, lambda *call: told.append(call), clock)


def wrapped(provider):
    return provider.wrap(bytearray(os.urandom(32)), CONTEXT)


def test_a_service_never_sees_a_customers_key(provider, service):
    key = bytearray(os.urandom(32))
    provider.wrap(key, CONTEXT)
    assert len(service.seen) == 1
    assert bytes(key) not in service.seen


def test_what_a_service_kept_opens_nothing_without_the_row(provider, service):
    first, second = wrapped(provider), wrapped(provider)
    assert len(set(service.seen)) == 2  # a fresh one each time
    swapped = Wrapped(first.kek, first.data[:-60] + second.data[-60:])
    with pytest.raises(KeyGone):
        provider.unwrap(swapped, CONTEXT)


def test_a_service_that_binds_nothing_does_no_harm(provider, service):
    seal, opens = service.seal, service.open
    service.seal, service.open = lambda data, _: seal(data, b""), lambda sealed, _: opens(sealed, b"")
    one = wrapped(provider)
    assert provider.unwrap(one, CONTEXT)
    with pytest.raises(KeyGone):
        provider.unwrap(one, b"BBBBBBBBBBBBBBBB")


def test_the_key_that_sealed_is_bound_as_well(provider, service):
    one = wrapped(provider)
    service.keys["two"] = service.keys["one"]
    with pytest.raises(KeyGone):
        provider.unwrap(Wrapped("two", one.data), CONTEXT)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_service_that_opens_something_else_is_not_believed(provider, service, size):
    one = wrapped(provider)
    service.open = lambda *_: bytearray(size)
    with pytest.raises(KeysUnavailable, match="answered wrongly") as caught:
        provider.unwrap(one, CONTEXT)
    assert not isinstance(caught.value, KeyGone)


def test_a_service_that_opens_another_key_is_not_believed(provider, service):
    one = wrapped(provider)
    service.open = lambda *_: bytearray(32)
    with pytest.raises(KeyGone):
        provider.unwrap(one, CONTEXT)


def test_a_wrapping_that_is_too_long_is_refused(provider, service):
    service.seal = lambda *_: Wrapped("one", bytes(LONGEST + 1))
    with pytest.raises(KeysUnavailable, match="answered wrongly"):
        wrapped(provider)


def test_messages_name_the_provider_and_nothing_else(provider, service):
    service.fault = DOWN
    with pytest.raises(KeysUnavailable) as caught:
        wrapped(provider)
    assert str(caught.value) == 'the provider "acme" of keys: can\'t be reached'
    assert caught.value.__cause__ is None


def test_while_a_service_fails_it_is_left_alone_for_moments_that_become_longer(provider, service, clock):
    service.fault = DOWN
    pauses = []
    for _ in range(8):
        with pytest.raises(KeysUnavailable):
            wrapped(provider)
        calls, begun = service.calls, clock.now
        while service.calls == calls:
            clock.now += SHORTEST / 2
            with pytest.raises(KeysUnavailable):
                wrapped(provider)
        pauses.append(clock.now - begun)
        clock.now += LONGEST_PAUSE
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (SHORTEST, LONGEST_PAUSE)


def test_a_service_that_works_again_is_used_at_once(provider, service, clock):
    service.fault = DOWN
    with pytest.raises(KeysUnavailable):
        wrapped(provider)
    service.fault = None
    with pytest.raises(KeysUnavailable, match="a moment ago"):
        wrapped(provider)
    clock.now += SHORTEST
    assert all(wrapped(provider) for _ in range(3))


def test_a_no_is_an_answer_and_not_a_failure(provider, service):
    service.fault = KeyGone("its key is gone")
    for _ in range(3):
        with pytest.raises(KeyGone):
            wrapped(provider)
    assert service.calls == 3


def test_one_thread_at_most_waits_for_a_service_that_hangs(provider, service, clock):
    service.fault = DOWN
    with pytest.raises(KeysUnavailable):
        wrapped(provider)
    service.fault = None
    clock.now += SHORTEST
    inside, leave = threading.Event(), threading.Event()
    seal = service.seal

    def slow(*asked):
        inside.set()
        leave.wait(20)
        return seal(*asked)

    service.seal = slow
    first = threading.Thread(target=wrapped, args=(provider,))
    first.start()
    try:
        assert inside.wait(20)
        with pytest.raises(KeysUnavailable, match="a moment ago"):
            wrapped(provider)
    finally:
        leave.set()
        first.join()
    assert wrapped(provider)


def test_several_that_fail_at_the_same_time_count_once(provider, service, clock):
    barrier = threading.Barrier(4, timeout=20)

    def fail(*_):
        barrier.wait()
        raise DOWN

    service.seal = fail

    def tried():
        with pytest.raises(KeysUnavailable):
            wrapped(provider)

    threads = [threading.Thread(target=tried) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    service.seal = MemoryService.seal.__get__(service)
    clock.now += SHORTEST
    assert wrapped(provider)


def test_each_call_is_told_with_how_it_went(provider, service, clock, told):
    one = wrapped(provider)
    service.keys.clear()
    with pytest.raises(KeyGone):
        provider.unwrap(one, CONTEXT)
    service.fault = DOWN
    with pytest.raises(KeysUnavailable):
        provider.current()
    assert [call[:2] for call in told] == [("acme", "done"), ("acme", "gone"), ("acme", "unavailable")]


def test_nothing_of_a_key_is_left_in_a_provider(provider, service, monkeypatch):
    drawn = []
    monkeypatch.setattr(provider, "_random", lambda size: drawn.append(os.urandom(size)) or drawn[-1])
    handed = []
    seal = service.seal
    monkeypatch.setattr(service, "seal", lambda data, context: handed.append(data) or seal(data, context))
    wrapped(provider)
    assert handed == [bytearray(32)]  # wiped when it was used


def test_closing_closes_the_service(provider, service):
    provider.close()
    assert service.closed
