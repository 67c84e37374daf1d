"""The taxonomy: which classes there are, and what covers what."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.classes import CLASSES, covers, known, suggestions

SAMPLE = Path(__file__).parent.parent.parent / "shared" / "samples" / "fideslang-keys.txt"
CLASS = st.sampled_from(sorted(CLASSES))


def test_every_data_category_of_fideslang_is_known_and_no_other_fides_key():
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE.name} is not there to compare with")
    section = SAMPLE.read_text(encoding="utf-8").split("## data_categories\n")[1].split("\n\n")[0]
    assert {c for c in CLASSES if not c.startswith("business")} == set(section.split())


def test_every_class_stands_under_a_known_one():
    assert [c for c in CLASSES if "." in c and c.rpartition(".")[0] not in CLASSES] == []


@pytest.mark.parametrize("class_", ["user.contact.email", "system", "business.price", "business.drawing"])
def test_common_classes_are_known(class_):
    assert known(class_)


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("user", "user.contact.email", True),
        ("user.contact", "user.contact", True),
        ("user.contact", "user.contact.email", True),
        ("user.contact.email", "user.contact", False),
        ("user.name", "user.named", False),
        ("user.name", "user.name2.x", False),
    ],
)
def test_a_parent_covers_its_children(parent, child, expected):
    assert covers(parent, child) is expected


@given(CLASS, CLASS, CLASS)
def test_covering_is_an_order(a, b, c):
    assert covers(a, a)
    assert not (covers(a, b) and covers(b, a)) or a == b
    assert not (covers(a, b) and covers(b, c)) or covers(a, c)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("user.contact.emial", 'did you mean "user.contact.email"?'),
        ("buisness.price", 'did you mean "business.price"?'),
        ("zzz", "there are, each with more below it: business, system, user"),
        ("system.qqqqqqqqqqqqqqqqqqq", "there are, each with more below it: system.authentication, system.operations"),
    ],
)
def test_hints_name_the_nearest_class(written, hint):
    assert suggestions(written) == hint
