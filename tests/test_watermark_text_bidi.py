"""The order of characters in a line is that of UAX 9, as another implementation computes it."""

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st

from gateway.watermark.text import bidi

LETTERS = st.text("ab1 2-,.()[]%+/אבע١\u0301", min_size=1, max_size=24).map(str.strip).filter(bool)
MIRRORED = str.maketrans("()[]", "**##")


def seen(text):
    return "".join(character for _, character in bidi.visual(zip(bidi.levels(text), text, strict=True)))


@given(LETTERS)
def test_a_line_stands_as_the_standard_says(text):
    theirs = get_display(text, base_dir="R" if bidi.base(text) else "L")
    assert seen(text).translate(MIRRORED) == theirs.translate(MIRRORED)


@given(st.text("ab1 אב2()", max_size=12), LETTERS, st.text("ab1 אב2()", max_size=12))
def test_what_is_isolated_stands_by_itself_and_in_the_order_that_it_has_alone(before, inside, after):
    whole = f"{before}{bidi.FIRST_STRONG_ISOLATE}{inside}{bidi.POP_ISOLATE}{after}"
    assert seen(inside) in seen(whole)


@pytest.mark.parametrize("around", ["שלום", "ACME", "شركة 12"])
@pytest.mark.parametrize("code", ["23456-78923-4562A", "25TQ4-T7YT8-D7AYP"])
def test_a_code_is_never_turned_round(around, code):
    for text in (f"{around} / \u2066{code}\u2069", f"\u2066{code}\u2069 / {around}"):
        assert code in seen(text)


def test_isolates_may_be_deep_or_never_closed():
    for text in ("\u2067" * 300 + "a" + "\u2069" * 300, "\u2068א b", "\u2069\u2069 א"):
        assert len(bidi.levels(text)) == len(text)
