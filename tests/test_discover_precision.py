"""How often the proposed class is right, on fields in five languages with made-up values: counted, with a floor."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.catalog.classes import CLASSES
from gateway.discover.classify import classify
from gateway.discover.outline import Decimal, Outline, Purse, Whole
from gateway.discover.proposal import Confidence, Proposal

ROWS = [
    tuple(part.strip() for part in line.split("|"))
    for line in (Path(__file__).parent / "cases" / "discover-fields.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
LABELLED = [row for row in ROWS if not row[3].startswith("not ")]
TRAPS = [row for row in ROWS if row[3].startswith("not ")]


def proposed(record: str, name: str, values: str) -> Proposal:
    place, purse = Outline(), Purse()
    for text in values.split("; "):
        place.learn({"true": True, "false": False}.get(text, number(text)), purse)
    return classify(name, (record,), place)


def number(text: str) -> str:
    if text.isdigit() and (text[0] != "0" or text == "0") and len(text) < 10:
        return Whole(text)
    whole, _, rest = text.partition(".")
    return Decimal(text) if whole.isdigit() and rest.isdigit() and len(rest) < 6 else text


def test_the_labels_are_classes():
    assert [row for row in LABELLED if row[3] not in CLASSES] == []
    assert len(LABELLED) > 180


def test_nearly_all_fields_get_the_class_that_a_person_gives_them():
    wrong = [
        (record, name, expected, made.class_)
        for record, name, values, expected in LABELLED
        if (made := proposed(record, name, values)).class_ != expected
    ]
    assert len(wrong) <= len(LABELLED) * 0.03, wrong


def test_what_is_proposed_with_high_confidence_is_right():
    sure = [
        (record, name, expected, made)
        for record, name, values, expected in LABELLED
        if (made := proposed(record, name, values)).confidence is Confidence.HIGH and not made.doubts
    ]
    wrong = [(name, expected, made.class_) for _, name, expected, made in sure if made.class_ != expected]
    assert len(sure) >= len(LABELLED) * 0.6
    assert len(wrong) <= len(sure) * 0.02, wrong


@pytest.mark.parametrize(("record", "name", "values", "expected"), TRAPS)
def test_what_only_looks_personal_is_not_taken_for_it(record, name, values, expected):
    made = proposed(record, name, values)
    _, class_, *sure = expected.split()
    assert made.class_ != class_ or (sure and made.confidence.value not in sure)
