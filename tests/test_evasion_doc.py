"""The evasion matrix tells the truth: its tests exist, its refusals exist, and what is not tried says so."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from gateway.refusals import REFUSALS

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "evasion.md"
OUTCOMES = ("refused", "treated", "kept out", "passes", "not covered")
_TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| trick |", "|---"))
]


@cache
def functions_of(name: str) -> frozenset[str]:
    tree = ast.parse((TESTS / name).read_bytes())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_there_are_rows_and_no_trick_stands_twice():
    assert len(ROWS) > 100
    tricks = [row[0] for row in ROWS]
    assert sorted({one for one in tricks if tricks.count(one) > 1}) == []


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_row_says_what_happens_and_what_tries_it(row):
    trick, outcome, tried = row
    assert trick
    assert outcome.startswith(OUTCOMES), outcome
    refusals = re.findall(r"`([a-z]+(?:-[a-z]+)*)`", outcome) if outcome.startswith("refused") else []
    assert bool(refusals) == outcome.startswith("refused"), outcome
    assert [name for name in refusals if name not in REFUSALS] == []
    if tried == "not tried":
        return
    named = _TEST.findall(tried)
    assert named, tried
    assert _TEST.sub("", tried).strip(" ,") == "", tried
    for file, test in named:
        assert test in functions_of(file), f"{file}::{test}"
