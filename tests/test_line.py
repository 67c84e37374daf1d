"""Entries go to the sequencer in groups while the event loop is busy, alone where it is not, and nobody waits long."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from gateway.errors import NotRecorded
from gateway.storage.line import Line
from gateway.storage.sequencer import _Connection
from gateway.storage.wire import answers, messages

PATIENCE = 60.0


class Written(asyncio.Transport):
    """The sequencer's end, as far as a line can see it: each write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[list[bytes]] = []
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.groups.append(messages(bytearray(data)))

    def write_eof(self) -> None:
        self.ended = True


@pytest.fixture
async def line():
    made = Line(PATIENCE)
    made.connection_made(Written())
    yield made
    made.connection_lost(None)


def groups(line: Line) -> list[list[bytes]]:
    assert isinstance(line._transport, Written)
    return line._transport.groups


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_an_entry_that_comes_alone_goes_out_without_a_timer(line):
    line.send(b"one")
    await turns(3)
    assert groups(line) == [[b"one"]]


async def test_entries_of_turns_that_follow_each_other_go_out_together_and_in_their_order(line, monkeypatch):
    monkeypatch.setattr("gateway.storage.line._GATHERING", PATIENCE)  # however busy the machine is
    for number in range(5):
        line.send(b"%d" % number)
        await turns(1)
    await turns(3)
    assert groups(line) == [[b"0", b"1", b"2", b"3", b"4"]]


async def test_a_loop_that_never_rests_keeps_no_entry_waiting_and_none_is_missing_or_sent_twice(line):
    sent = 0
    async with asyncio.timeout(20):  # a line that waited for a rest would never write
        while len(groups(line)) < 3:
            line.send(b"%d" % sent)
            sent += 1
            await turns(1)
    await turns(3)
    assert [entry for group in groups(line) for entry in group] == [b"%d" % number for number in range(sent)]


async def test_nothing_is_told_recorded_before_the_sequencer_answers_and_each_gets_its_own_answer(line):
    told = [line.send(b"%d" % number) for number in range(4)]
    await turns(5)
    assert groups(line)
    assert not any(one.done() for one in told)
    line.data_received(answers([7, NotRecorded("full"), 8]))
    assert [told[0].result(), str(told[1].exception()), told[2].result()] == [7, "full", 8]
    assert not told[3].done()
    line.data_received(answers([9]))
    assert told[3].result() == 9


async def test_what_was_gathered_goes_out_before_the_end_is_said(line):
    line.send(b"last")
    line.finish()
    assert groups(line) == [[b"last"]]
    assert line._transport.ended
    await turns(3)
    assert groups(line) == [[b"last"]]


async def test_what_was_gathered_when_the_sequencer_ended_is_not_recorded():
    line = Line(PATIENCE)
    line.connection_made(Written())
    told = line.send(b"one")
    line.connection_lost(None)
    await turns(3)
    assert isinstance(told.exception(), NotRecorded)


def test_a_connection_that_takes_no_answers_is_ended_and_not_gone_on_with_in_the_middle_of_one():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = _Connection(ours)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 1000))
        connection.answer([1] * 100_000)
        connection.answer([2])
        assert connection.arrived() is None
        taken = bytearray()
        while data := theirs.recv(1 << 16):
            taken += data
        assert 0 < len(taken) < len(answers([1] * 100_000))
        assert answers([1] * 100_000).startswith(taken)
