"""The public JSONPath compliance suite, through the gateway's own edits: what a selector selects is what is edited."""

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from gateway.formats.document import Edit, Edits, Signal, Whole
from gateway.formats.json import layout, read
from gateway.formats.selector import parse

SUITE = Path(__file__).parent.parent.parent / "shared" / "samples" / "jsonpath-cts.json"
OWN = Path(__file__).parent / "cases" / "selectors.json"

KEEP_ALL = Edits(of=lambda _spot: None)


@cache
def cases(file):
    return json.loads(file.read_text("utf-8"))["tests"] if file.exists() else []


def valid(file):
    return [case for case in cases(file) if not case.get("invalid_selector")]


def regular_expression(case):
    return "match(" in case["selector"] or "search(" in case["selector"]


def steps(path):
    """Split a normalised path (RFC 9535 section 2.7) into names and indexes."""
    found = []
    rest = path[1:]
    while rest:
        if rest[1] == "'":
            end = 2
            while rest[end] != "'":
                end += 2 if rest[end] == "\\" else 1
            text = rest[2:end].replace('"', '\\"').replace("\\'", "'")
            found.append(json.loads(f'"{text}"'))
            rest = rest[end + 2 :]
        else:
            end = rest.index("]")
            found.append(int(rest[1:end]))
            rest = rest[end + 1 :]
    return tuple(found)


GONE = object()


def edited(value, places, whole, here=()):
    """What the document should become: the slow, plain way."""
    if here in places:
        if whole is Whole.REMOVE:
            return GONE
        if whole is Whole.EMPTY and isinstance(value, dict | list):
            return type(value)()
    if isinstance(value, dict):
        below = {name: edited(inner, places, whole, (*here, name)) for name, inner in value.items()}
        return {name: inner for name, inner in below.items() if inner is not GONE}
    if isinstance(value, list):
        below = [edited(inner, places, whole, (*here, index)) for index, inner in enumerate(value)]
        return [inner for inner in below if inner is not GONE]
    touched = any(here[:length] in places for length in range(len(here) + 1))
    return "touched" if touched else value


def through_the_gateway(selector, document, whole):
    made = Signal.REMOVE if whole is Whole.REMOVE else "touched"
    edits = Edits(of=lambda spot: Edit(lambda _value, _customer: made, whole) if spot == (0,) else None)
    body = json.dumps(document).encode()
    written = read(body, layout([selector], None)).write([edits], KEEP_ALL)
    assert not written.refused
    return json.loads(written.body)


def outcomes(case):
    return [[steps(path) for path in paths] for paths in case.get("results_paths") or [case["result_paths"]]]


def check(case, *, searching):
    selector = parse(case["selector"])
    if searching:
        selector = replace(selector, hot=False)
    for whole in (Whole.DESCEND, Whole.EMPTY, Whole.REMOVE):
        expected = [edited(deepcopy(case["document"]), set(places), whole) for places in outcomes(case)]
        expected = [None if outcome is GONE else outcome for outcome in expected]
        assert through_the_gateway(selector, case["document"], whole) in expected, (case["name"], whole)


@pytest.mark.parametrize("file", [SUITE, OWN], ids=["public", "own"])
class TestSuite:
    @pytest.fixture(autouse=True)
    def present(self, file):
        if not cases(file):
            pytest.skip(f"{file.name} is not here; the suite of our own still runs")

    def test_every_selector_edits_exactly_what_it_selects(self, file):
        for case in valid(file):
            if not regular_expression(case):
                check(case, searching=False)

    def test_a_plain_selector_that_searches_first_finds_the_same(self, file):
        plain = [case for case in valid(file) if not regular_expression(case) and parse(case["selector"]).hot]
        assert plain
        for case in plain:
            check(case, searching=True)

    def test_every_invalid_selector_is_refused(self, file):
        for case in cases(file):
            if case.get("invalid_selector"):
                with pytest.raises(ValueError, match=r"."):
                    parse(case["selector"])

    def test_regular_expressions_are_refused_in_words(self, file):
        for case in valid(file):
            if regular_expression(case):
                with pytest.raises(ValueError, match=r"^regular expressions aren't allowed in selectors"):
                    parse(case["selector"])


def test_the_public_suite_is_counted_to_the_last_case():
    if not SUITE.exists():
        pytest.skip("jsonpath-cts.json is not here")
    ran = [case for case in valid(SUITE) if not regular_expression(case)]
    refused = [case for case in valid(SUITE) if regular_expression(case)]
    invalid = [case for case in cases(SUITE) if case.get("invalid_selector")]
    hot = [case for case in ran if parse(case["selector"]).hot]
    assert (len(ran), len(hot), len(refused), len(invalid), len(cases(SUITE))) == (406, 79, 50, 247, 703)
