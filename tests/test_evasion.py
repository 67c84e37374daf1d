"""Any good message, with tricks at random: what a policy protects comes out in no encoding, whatever was done to it."""

from __future__ import annotations

import os
from base64 import b64encode
from collections import Counter
from random import Random

import pytest
from evasion_kit import TRICKS, tricked
from evasion_reader import nameless, shows
from evasion_world import BENCH, MAIL, MESSAGES, NAME, answered

from gateway.flow import Response

TIMES = int(os.environ.get("SOVGATE_EVASIONS", "0")) or 250
"""Mutants of each message; set SOVGATE_EVASIONS=50000 for a night of it."""
FIRST = int(os.environ.get("SOVGATE_EVASIONS_SEED", "0"))


@pytest.mark.parametrize("path", MESSAGES)
async def test_a_good_message_shows_nothing_and_is_no_refusal(path):
    """Else the rest of this file would prove nothing."""
    message = MESSAGES[path]
    for word in (MAIL, NAME):
        assert shows(message.body, word)
        got = await answered(path, message)
        assert not shows(got, word), got
        assert b"urn:sovgate:refusal" not in got


@pytest.mark.parametrize("path", MESSAGES)
async def test_no_trick_gets_a_value_past_the_gate(path):
    passed = Counter()
    for seed in range(FIRST, FIRST + TIMES):
        message = tricked(Random(f"{path} {seed}"), MESSAGES[path])
        got = await answered(path, message)
        passed[b"urn:sovgate:refusal" not in got] += 1
        for word in (MAIL, NAME):
            leaks = shows(got, word) and shows(nameless(path, got), word)
            assert not leaks, f"seed {seed}: {message} came out as {got!r}"
    assert passed[True] > TIMES // 20, "refusing everything is no proof"


@pytest.mark.parametrize("path", MESSAGES)
async def test_no_trick_in_a_request_fails_the_gate(path):
    for seed in range(FIRST, FIRST + TIMES // 4):
        message = tricked(Random(f"request {path} {seed}"), MESSAGES[path])
        BENCH.alarms.clear()
        BENCH.answer = Response(204)
        response = await BENCH.ask("POST", f"/{path}", message.body, message.all_headers())
        BENCH.log.entries.clear()
        assert BENCH.alarms == []
        assert response.status in {204, 400, 403, 413, 415, 422}, f"seed {seed}: {message}"


@pytest.mark.parametrize(
    "data",
    [
        MAIL.encode("utf-16-be"),
        b64encode(b"x" + MAIL.encode()),
        b64encode(b"xy" + MAIL.encode()),
        MAIL.upper().encode(),
        "".join(f"\\u{ord(one):04x}" for one in MAIL).encode(),
        "".join(f"%{ord(one):02x}" for one in MAIL).encode(),
        "".join(f"&#{ord(one)};" for one in MAIL).encode(),
        MAIL.encode().hex().encode(),
        b64encode(MAIL.encode("utf-16")),
        "".join(f"%25{ord(one):02x}" for one in MAIL).encode(),
        MAIL.replace("a", "\uff41").encode(),
    ],
)
def test_the_reader_who_looks_for_leaks_sees_through_codings(data):
    assert shows(data, MAIL)
    assert not shows(data, NAME)


def test_every_trick_does_something():
    for trick in set(TRICKS):
        random = Random(7)
        assert any(trick(random, one) != one for _ in range(20) for one in MESSAGES.values()), trick
