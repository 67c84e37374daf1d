"""Any good message, with tricks at random: what a policy protects comes out in no encoding, whatever was done to it."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from random import Random
from urllib.parse import quote

import pytest
from evasion_kit import OUTSIDE, TRICKS, tricked
from evasion_reader import shows, structure_of
from evasion_requests import ODATA, OPTIONS, SOQL, asked_otherwise, question
from evasion_world import (
    ANSWERS,
    BATCHES,
    BENCH,
    FORBIDDEN,
    MAIL,
    NAME,
    SENT,
    answered,
    answered_in_pieces,
    answered_keeping,
    forget,
    forwarded,
    overhear,
    sent,
    told,
)

from gateway.errors import Unreadable
from gateway.flow import Request, Response
from gateway.formats import portions
from gateway.steps import source, stream

SEARCHING = os.environ.get("SOVGATE_EXAMPLES") == "search"
TIMES = int(os.environ.get("SOVGATE_EVASIONS", "0")) or (2000 if SEARCHING else 60)
"""Mutants of each message; SOVGATE_EVASIONS=50000 for a night of it."""
FIRST = int(os.environ.get("SOVGATE_EVASIONS_SEED", "0"))
AFRESH = 20
"""After so many mutants the gate forgets what it has learned."""
SEEDS = range(FIRST, FIRST + TIMES)
HIDDEN = "Zqemail"
STREAMED = ("ndjson", "csv", "sse")
PROBLEM = b"urn:sovgate:refusal"


@pytest.fixture(autouse=True)
def _overheard(monkeypatch):
    """Hear what errors say, and treat tables in small portions."""
    monkeypatch.setattr(Unreadable, "__init__", overhear)
    for module in (portions, source, stream):
        monkeypatch.setattr(module, "PORTION", 64)


def leaks(path: str, got: bytes) -> list[str]:
    """Name what is in what came out, or in what the gateway says of it."""
    structure = structure_of(path)
    return [word for word in (MAIL, NAME) if shows(got, word, structure=structure)] + [
        f"{word} in entries or errors" for word in (MAIL, NAME) if told(word)
    ]


@pytest.mark.parametrize("path", ANSWERS)
async def test_a_good_message_shows_nothing_and_is_no_refusal(path):
    """Else the rest of this file would prove nothing."""
    message = ANSWERS[path]
    got = await answered(path, message)
    for word in (MAIL, NAME):
        assert shows(message.body, word)
        assert not shows(got, word), got
    assert PROBLEM not in got
    if path in SENT:
        assert shows(SENT[path].body, MAIL)
        given, got = await sent(path, SENT[path])
        assert (len(given) > 50, PROBLEM in got, leaks(path, given)) == (True, False, [])


@pytest.mark.parametrize("path", ANSWERS)
async def test_no_trick_gets_a_value_past_the_gate(path):
    passed = Counter()
    for seed in SEEDS:
        random = Random(f"{path} {seed}")
        if not seed % AFRESH:
            forget()
        message = tricked(random, ANSWERS[path])
        if random.random() < 0.03:  # the body of another kind
            message = replace(message, body=ANSWERS[random.choice(tuple(ANSWERS))].body)
        got = await answered(path, message)
        passed[PROBLEM not in got] += 1
        assert leaks(path, got) == [], f"seed {seed}: {message} came out as {got!r}"
    assert passed[True] > TIMES // 20, "refusing everything is no proof"


@pytest.mark.parametrize("path", SENT)
async def test_no_trick_around_a_body_hides_labelled_values_where_all_others_pass(path):
    """Here nothing else helps: what is not found by its label is kept as it is."""
    passed, structure = Counter(), structure_of(path)
    for seed in SEEDS:
        random = Random(f"kept {path} {seed}")
        if not seed % AFRESH:
            forget()
        message = tricked(random, SENT[path], tricks=OUTSIDE)
        got = await answered_keeping(path, message)
        passed[PROBLEM not in got] += 1
        for word in (MAIL, NAME):
            assert not shows(got, word, structure=structure), f"seed {seed}: {message} came out as {got!r}"
    assert passed[True] > TIMES // 20


@pytest.mark.parametrize("path", STREAMED)
async def test_no_trick_gets_a_value_past_the_gate_piece_by_piece(path):
    passed = Counter()
    for seed in SEEDS:
        random = Random(f"pieces {path} {seed}")
        got = await answered_in_pieces(path, tricked(random, ANSWERS[path]), random)
        passed[PROBLEM not in got] += 1
        assert leaks(path, got) == [], f"seed {seed}: {got!r}"
    assert passed[True] > TIMES // 20


@pytest.mark.parametrize("path", SENT)
async def test_no_trick_gets_a_value_to_a_system(path):
    """The same on the way there: a value that a rule hides from the system reaches it in no form."""
    passed = Counter()
    for seed in SEEDS:
        random = Random(f"request {path} {seed}")
        if not seed % AFRESH:
            forget()
        message = tricked(random, SENT[path])
        given, got = await sent(path, message, random if path in STREAMED and random.random() < 0.5 else None)
        passed[PROBLEM not in got] += 1
        assert leaks(path, given) == [], f"seed {seed}: {message} went as {given!r}"
        assert leaks(path, got) == [], f"seed {seed}: {got!r}"
    assert passed[True] > TIMES // 20


@pytest.mark.parametrize("path", FORBIDDEN)
async def test_no_trick_gets_a_forbidden_request_through_in_a_batch(path):
    target, kind, body = FORBIDDEN[path]
    words = ("DELETE", "method", "url", "Secret", "secret", "GET")
    good = replace(ANSWERS[path], kind=kind, body=body.encode(), words=words)
    for seed in SEEDS:
        message = tricked(Random(f"batch {path} {seed}"), good)
        given, got = await forwarded(Request("POST", target, message.all_headers(), message.body))
        assert not forbidden(given), f"seed {seed}: {given!r} {got!r}"
    assert forbidden(f"x\n{body}".encode())
    given, _ = await forwarded(Request("POST", target, (("Content-Type", kind),), BATCHES[path][2].encode()))
    assert given
    assert not forbidden(given)


def forbidden(given: bytes) -> bool:
    """Tell whether some reader would find the request that no policy allows in what a system was sent."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda one: chr(int(one[1], 16)), given.decode("utf-8", "ignore"))
    objects = re.findall(r"\{[^{}]*\}", text)
    return bool(re.search(r"(?im)^\W*DELETE\s[^\r\n]*Secret", text)) or any(
        re.search(r'(?is)"method"\s*:\s*"(?:DELETE".*Secret|secret")', one) for one in objects
    )


async def test_no_trick_gets_a_value_past_by_the_path_the_query_or_a_header():
    passed = Counter()
    for seed in range(FIRST, FIRST + TIMES * 4):
        random = Random(f"head {seed}")
        good = f"/person/{NAME}?email={MAIL}&tag[]={NAME}", (("X-Email", MAIL),)
        target, headers = asked_otherwise(random, *good)
        given, got = await forwarded(Request("GET", target, headers))
        passed[PROBLEM not in got] += 1
        assert leaks("", given) == [], f"seed {seed}: {target} {headers} went as {given!r}"
        assert leaks("", got) == [], f"seed {seed}: {got!r}"
    assert passed[True] > TIMES // 20


async def test_no_trick_gets_a_value_past_by_a_header_of_an_answer():
    passed = Counter()
    for seed in range(FIRST, FIRST + TIMES):
        random = Random(f"answer {seed}")
        _, headers = asked_otherwise(random, "/x?y", (("X-Email", MAIL), ("X-Name", NAME), ("X-Other", NAME)))
        BENCH.answer = Response(200, (("Content-Type", "application/json"), *headers), b'{"who": 4711}')
        response = await BENCH.ask("GET", "/head")
        got = response.body + repr(response.headers).encode()
        passed[PROBLEM not in got] += 1
        assert leaks("", got) == [], f"seed {seed}: {headers} came out as {got!r}"
    assert passed[True] > TIMES // 20


@pytest.mark.parametrize(("path", "options", "templates"), [("people", OPTIONS, ODATA), ("query", ("q", "Q"), SOQL)])
async def test_no_trick_asks_a_system_by_a_hidden_field(path, options, templates):
    passed = Counter()
    for seed in range(FIRST, FIRST + TIMES * 4):
        random = Random(f"question {path} {seed}")
        field = random.choice((HIDDEN, HIDDEN, "Id"))
        text = question(random, field, templates)
        given, got = await forwarded(Request("GET", f"/{path}?{random.choice(options)}={quote(text)}"))
        passed[PROBLEM not in got] += 1
        assert not shows(given, HIDDEN), f"seed {seed}: {text}"
    assert passed[True] > TIMES // 20


@pytest.mark.parametrize(
    "data",
    [
        MAIL.encode("utf-16-be"),
        MAIL.translate({ord("z"): "\uff5a"}).encode("utf-16-le"),
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
        b"zq=\r\nanna.weber",
        *(ANSWERS[path].body for path in ("zip", "xlsx")),
    ],
)
def test_the_reader_who_looks_for_leaks_sees_through_codings(data):
    assert shows(data, MAIL)
    assert shows(data, NAME) == data.startswith(b"PK")


def test_what_is_structure_is_no_leak_and_the_rest_is():
    for path, passes, shown in (
        ("json", f'{{"{MAIL}": 1}}', f'{{"a": "{MAIL}"}}'),
        ("csv", f"who,{MAIL}\r\n1,2", f"who,x\r\n1,{MAIL}"),
        ("xml", f'<{MAIL} xmlns:a="{MAIL}"/>', f'<a b="{MAIL}"/>'),
        ("xmlrpc", f"<name>{MAIL}</name>", f"<string>{MAIL}</string>"),
        ("edifact", f"UNB+{MAIL}'UNH+{MAIL}'", f"UNB+1'COM+{MAIL}'"),
        ("x12", ANSWERS["x12"].body.decode()[:106] + f"GS*{MAIL}~", ANSWERS["x12"].body.decode()),
        ("odata-mime", f"Content-ID: {MAIL}\r\n\r\n{{}}", f'Content-ID: 1\r\n\r\n{{"a": "{MAIL}"}}'),
    ):
        assert not shows(passes.encode(), MAIL, structure=structure_of(path)), path
        assert shows(shown.encode(), MAIL, structure=structure_of(path)), path


def test_every_trick_does_something():
    for trick in set(TRICKS):
        random = Random(7)
        assert any(trick(random, one) != one for _ in range(20) for one in ANSWERS.values()), trick
