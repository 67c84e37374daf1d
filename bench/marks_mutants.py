"""Damages valid PDFs in the ways that files are damaged, for `marks_corpus_pdf.py`. Deterministic."""

from __future__ import annotations

import re
from random import Random

_OBJECT = re.compile(rb"(?<!\d)\d{1,7} \d{1,5} obj\b.{0,20000}?\bendobj\b", re.DOTALL)
_NUMBER = re.compile(rb"(?<![\w.])\d{1,9}(?![\w.])")
_REFERENCE = re.compile(rb"(?<!\d)\d{1,7} 0 R\b")
_MOST_FLIPS = 40


def mutant(body: bytes, chance: Random) -> tuple[str, bytes]:
    """Give one damaged form of a file, and what was done to it."""
    how = chance.choice((_flipped, _cut, _holed, _swapped, _miscounted, _redirected, _doubled))
    return how.__name__[1:], how(body, chance)


def _flipped(body: bytes, chance: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, _MOST_FLIPS)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body))]


def _holed(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + body[at + chance.randint(1, 2000) :]


def _doubled(body: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(body))
    return body[:at] + body[max(0, at - chance.randint(1, 2000)) :]


def _swapped(body: bytes, chance: Random) -> bytes:
    return _two(body, chance, _OBJECT)


def _redirected(body: bytes, chance: Random) -> bytes:
    for _ in range(chance.randint(1, 5)):
        body = _two(body, chance, _REFERENCE)
    return body


def _miscounted(body: bytes, chance: Random) -> bytes:
    found = [part.span() for part in _NUMBER.finditer(body)]
    for start, end in sorted(chance.sample(found, min(len(found), 5)), reverse=True):
        body = body[:start] + str(chance.choice((0, -1, 1, 7, 255, 65_536, 2**31 - 1, 10**12))).encode() + body[end:]
    return body


def _two(body: bytes, chance: Random, what: re.Pattern[bytes]) -> bytes:
    """Exchange two of the places where something stands."""
    found = [part.span() for part in what.finditer(body)]
    if len(found) < 2:
        return _holed(body, chance)
    (a, b), (c, d) = sorted(chance.sample(found, 2))
    return body[:a] + body[c:d] + body[b:c] + body[a:b] + body[d:]
