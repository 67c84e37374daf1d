"""Where the purpose of a flow comes from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.flow import Purpose
from gateway.identity.purpose import is_purpose, purpose_of

CLAIM = Purpose("order-fulfilment", "claim")


@pytest.mark.parametrize(
    ("claimed", "headers", "name", "expected"),
    [
        (None, (), "X-Purpose", None),
        (CLAIM, (), "X-Purpose", CLAIM),
        (CLAIM, (("x-purpose", "marketing"),), "X-Purpose", CLAIM),
        (None, (("x-PURPOSE", "marketing"),), "X-Purpose", Purpose("marketing", "header")),
        (None, (("X-Purpose", "marketing"),), None, None),
        (CLAIM, (("X-Purpose", "!"),), None, CLAIM),
    ],
)
def test_the_claim_comes_first_then_the_configured_header(claimed, headers, name, expected):
    assert purpose_of(claimed, headers, name) == expected


@pytest.mark.parametrize(
    "headers",
    [
        (("X-Purpose", "a"), ("x-purpose", "a")),
        (("X-Purpose", "a"), ("x-purpose", "b")),
        (("X-Purpose", "a, b"),),
        (("X-Purpose", ""),),
        (("X-Purpose", "A"),),
        (("X-Purpose", "a\n"),),
        (("X-Purpose", "a" * 65),),
    ],
)
@pytest.mark.parametrize("claimed", [None, CLAIM])
def test_a_header_that_can_be_read_in_two_ways_is_refused(headers, claimed):
    with pytest.raises(Unreadable) as caught:
        purpose_of(claimed, headers, "X-Purpose")
    assert caught.value.refusal == "ambiguous-request"


@given(st.text(max_size=70))
def test_a_purpose_is_a_short_plain_name(text):
    letters = set("abcdefghijklmnopqrstuvwxyz")
    plain = bool(text) and text[0] in letters and set(text) <= letters | set("0123456789-") and len(text) <= 64
    assert is_purpose(text) == plain
