"""The laws of joining treatments: order means nothing, and what is joined shows no more than either."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from keys_kit import subject

from gateway.formats.document import Signal
from gateway.treatments.graphemes import graphemes
from gateway.treatments.lattice import KEEP, at_least, join, join_all
from gateway.treatments.registry import build

SUBJECT = subject()

masks = st.builds(
    lambda first, last, up_to, character: build(
        "mask", {"keep_first": first, "keep_last": last, "hide_up_to": up_to, "character": character}
    ),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 14),
    st.sampled_from("*•#"),
)
bands = st.integers(2, 60).map(lambda band: build("generalise", {"into": "band", "band": band}))
dates = st.sampled_from(["day", "month", "year"]).map(lambda to: build("generalise", {"into": to}))
prefixes = st.integers(1, 6).map(lambda keep: build("generalise", {"into": "prefix", "keep": keep}))
others = st.sampled_from(
    [
        build("keep", {}),
        build("pseudonymise", {}),
        build("generalise", {"into": "network"}),
        build("redact", {}),
        *(build("redact", {"constant": constant}) for constant in ("a", "b", 1, True, 0, False, Decimal("1.0"))),
        build("remove", {}),
        build("refuse", {}),
    ]
)
treatments = st.one_of(masks, bands, dates, prefixes, others)


@given(treatments, treatments, treatments)
def test_joining_is_associative(a, b, c):
    assert join(join(a, b), c) == join(a, join(b, c))


@given(treatments, treatments)
def test_joining_is_commutative(a, b):
    assert join(a, b) == join(b, a)


@given(treatments)
def test_joining_with_itself_or_with_keep_changes_nothing(a):
    assert join(a, a) == a
    assert join(a, KEEP) == join(KEEP, a) == a


@given(st.lists(treatments, max_size=6), st.randoms())
def test_the_order_of_many_means_nothing(many, shuffle):
    other = many[:]
    shuffle.shuffle(other)
    assert join_all(many) == join_all(other)


@given(treatments, treatments)
def test_the_join_is_at_least_both(a, b):
    assert at_least(join(a, b), a)
    assert at_least(join(a, b), b)


def test_the_floors_stand_in_their_order():
    floors = [
        build("keep", {}),
        build("mask", {"keep_last": 4}),
        build("redact", {}),
        build("remove", {}),
        build("refuse", {}),
    ]
    for lower, upper in pairwise(floors):
        assert at_least(upper, lower)
        assert not at_least(lower, upper)


def test_what_cannot_be_compared_is_redacted():
    plain = build("redact", {})
    assert join(build("mask", {}), build("pseudonymise", {})) == plain
    assert join(build("generalise", {"into": "year"}), build("generalise", {"into": "network"})) == plain
    assert join(build("redact", {"constant": "a"}), build("redact", {"constant": "b"})) == plain
    assert join(build("redact", {"constant": 1}), build("redact", {"constant": True})) == plain
    assert join(build("redact", {"constant": "a"}), build("mask", {})) == plain


def shown(mask, text):
    """The positions that a mask shows; its character never occurs in these texts."""
    made = graphemes(mask.apply(text, SUBJECT))
    assert len(made) == len(graphemes(text))
    return {place for place, character in enumerate(made) if character != mask.character}


@given(masks, masks, st.text(st.sampled_from("abc1é\u0301👍")))
def test_joined_masks_show_only_what_both_show(a, b, text):
    assert shown(join(a, b), text) <= shown(a, text) & shown(b, text)


@given(st.one_of(st.tuples(bands, bands), st.tuples(dates, dates), st.tuples(prefixes, prefixes)), st.data())
def test_joined_generalisations_follow_from_either_one(pair, data):
    """Two values that one of the two makes equal stay equal: the join can't tell apart what either hides."""
    a, b = pair
    values = {
        "band": st.integers(-300, 300),
        "prefix": st.text("ab", max_size=8),
    }.get(a.into, st.dates().map(str))
    one, two = data.draw(values), data.draw(values)
    for side in (a, b):
        if side.apply(one, SUBJECT) == side.apply(two, SUBJECT):
            assert join(a, b).apply(one, SUBJECT) == join(a, b).apply(two, SUBJECT)


@given(treatments, st.one_of(st.text(), st.integers(), st.booleans()))
def test_nothing_raises_on_any_value(a, value):
    made = a.apply(value, SUBJECT)
    assert isinstance(made, str | int | Decimal | bool | Signal | None)
