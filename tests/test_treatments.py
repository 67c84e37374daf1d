"""Each treatment, value by value: what comes out, and what is recognised when it is written back."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from keys_kit import subject

from gateway.formats.document import Signal
from gateway.treatments.contract import Subject
from gateway.treatments.graphemes import graphemes
from gateway.treatments.registry import TREATMENTS, build

ANNA = subject()
STRANGER = Subject(None)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(),
    st.dates().map(str),
    st.datetimes().map(str),
    st.ip_addresses().map(str),
)
every = st.one_of(
    st.sampled_from(
        [
            ("keep", {}),
            ("pseudonymise", {}),
            ("encrypt", {}),
            ("tokenise", {}),
            ("remove", {}),
            ("refuse", {}),
            ("redact", {}),
        ]
    ),
    st.builds(
        lambda first, last, up_to: ("mask", {"keep_first": first, "keep_last": last, "hide_up_to": up_to}),
        st.integers(0, 5),
        st.integers(0, 5),
        st.integers(0, 12),
    ),
    st.sampled_from(["day", "month", "year", "network"]).map(lambda to: ("generalise", {"into": to})),
    st.integers(2, 1000).map(lambda band: ("generalise", {"into": "band", "band": band})),
    st.integers(1, 6).map(lambda keep: ("generalise", {"into": "prefix", "keep": keep})),
    st.one_of(st.text(), st.integers(), st.booleans()).map(lambda constant: ("redact", {"constant": constant})),
).map(lambda spec: build(*spec))

TABLE = [
    # treatment, options, value, what comes out
    ("keep", {}, "Ada", "Ada"),
    ("mask", {"keep_last": 4}, "13812345678", "*******5678"),
    ("mask", {"keep_first": 2, "keep_last": 2, "character": "#"}, "Lovelace", "Lo####ce"),
    ("mask", {"keep_first": 2, "keep_last": 2}, "Adas", "****"),
    ("mask", {"keep_last": 4, "hide_up_to": 8}, "12345678", "********"),
    ("mask", {}, "Ada", "***"),
    ("mask", {"keep_last": 2}, "", ""),
    ("mask", {"keep_last": 2}, "张小明同学", "***同学"),
    ("mask", {"keep_first": 1}, "e\u0301t\u0303x", "e\u0301**"),
    ("mask", {"keep_last": 1}, "ab👩\u200d🚀", "**👩\u200d🚀"),
    ("mask", {"keep_last": 1}, "ab👍🏽", "**👍🏽"),
    ("mask", {"keep_first": 1}, "a\u200dsecret", "a\u200d******"),
    ("mask", {"keep_last": 4}, 12345678, None),
    ("mask", {}, True, None),
    ("mask", {}, None, None),
    ("generalise", {"into": "year"}, "1988-04-12", "1988"),
    ("generalise", {"into": "month"}, "1988-04-12", "1988-04"),
    ("generalise", {"into": "month"}, "19880412", "198804"),
    ("generalise", {"into": "day"}, "2024-02-29T10:20:30.5+02:00", "2024-02-29"),
    ("generalise", {"into": "day"}, "2024-02-29 10:20", "2024-02-29"),
    ("generalise", {"into": "month"}, "1988", "1988"),
    # OData 2.0 in JSON: the first moment of the year, month or day, also where it has an offset (in minutes)
    ("generalise", {"into": "year"}, "/Date(582336000000)/", "/Date(567993600000)/"),
    ("generalise", {"into": "month"}, "/Date(582336000000)/", "/Date(581126400000)/"),
    ("generalise", {"into": "day"}, "/Date(1700000000123)/", "/Date(1699920000000)/"),
    ("generalise", {"into": "day"}, "/Date(1700000000123+0480)/", "/Date(1699977600000+0480)/"),
    ("generalise", {"into": "year"}, "/Date(-1)/", "/Date(-31536000000)/"),
    ("generalise", {"into": "year"}, "/Date(99999999999999999)/", "[redacted]"),
    ("generalise", {"into": "year"}, "/Date(-62135596800000+9999)/", "[redacted]"),
    ("generalise", {"into": "year"}, "/Date(582336000000)/ ", "[redacted]"),
    ("generalise", {"into": "month"}, "2023-02-29", "[redacted]"),
    ("generalise", {"into": "month"}, "12.04.1988", "[redacted]"),
    ("generalise", {"into": "month"}, "\uff11\uff19\uff18\uff18-04-12", "[redacted]"),
    ("generalise", {"into": "year"}, 19880412, None),
    ("generalise", {"into": "band", "band": 100}, 157, 100),
    ("generalise", {"into": "band", "band": 100}, -157, -200),
    ("generalise", {"into": "band", "band": 100}, Decimal("157.5"), Decimal(100)),
    ("generalise", {"into": "band", "band": 100}, "157.50", "100"),
    ("generalise", {"into": "band", "band": 100}, Decimal("1e999999"), None),
    ("generalise", {"into": "band", "band": 100}, "about 157", "[redacted]"),
    ("generalise", {"into": "band", "band": 100}, True, None),
    ("generalise", {"into": "prefix", "keep": 3}, "10115", "101"),
    ("generalise", {"into": "prefix", "keep": 3}, "101", "10"),
    ("generalise", {"into": "prefix", "keep": 3}, "1", "[redacted]"),
    ("generalise", {"into": "prefix", "keep": 3}, 10115, None),
    ("generalise", {"into": "network"}, "203.0.113.77", "203.0.113.0"),
    ("generalise", {"into": "network"}, "2001:db8:1:2::3", "2001:db8:1::"),
    ("generalise", {"into": "network"}, "fe80::1%eth0", "[redacted]"),
    ("generalise", {"into": "network"}, "erp.example.com", "[redacted]"),
    ("generalise", {"into": "year"}, None, None),
    ("redact", {}, "Ada", "[redacted]"),
    ("redact", {}, "", "[redacted]"),
    ("redact", {}, 7, None),
    ("redact", {}, False, None),
    ("redact", {}, None, None),
    ("redact", {"constant": 0}, 7, 0),
    ("redact", {"constant": 0}, Decimal("7.5"), 0),
    ("redact", {"constant": 0.5}, 7, Decimal("0.5")),
    ("redact", {"constant": 0}, True, None),
    ("redact", {"constant": 0}, "Ada", "[redacted]"),
    ("redact", {"constant": False}, True, False),
    ("redact", {"constant": "n/a"}, "Ada", "n/a"),
    ("redact", {"constant": "n/a"}, 7, None),
    ("pseudonymise", {}, True, None),
    ("pseudonymise", {}, None, None),
    ("remove", {}, None, Signal.REMOVE),
    ("refuse", {}, 7, Signal.REFUSE),
]


@pytest.mark.parametrize(("name", "options", "value", "expected"), TABLE)
def test_a_value_becomes_what_the_table_says(name, options, value, expected):
    made = build(name, options).apply(value, ANNA)
    assert (type(made), made) == (type(expected), expected)


@given(every, scalars)
def test_every_treatment_recognises_what_it_made(treatment, value):
    made = treatment.apply(value, ANNA)
    assume(not isinstance(made, Signal) and made != value)
    assert treatment.could_have_made(made)


@given(every.filter(lambda t: not t.KEYED), scalars)
def test_treating_twice_is_treating_once(treatment, value):
    once = treatment.apply(value, ANNA)
    assume(not isinstance(once, Signal))
    # a prefix of a prefix is shorter, and a redacted date is no date: what was hidden stays hidden all the same
    assume(not (treatment.NAME == "generalise" and (treatment.keep or once == "[redacted]")))
    assert treatment.apply(once, ANNA) == once


@pytest.mark.parametrize(
    ("name", "options", "value"),
    [
        ("mask", {"keep_last": 4}, "+4915112345678"),
        ("mask", {"keep_last": 4}, ""),
        ("mask", {"keep_first": 1, "keep_last": 1}, "A*aaa"),
        ("mask", {"keep_last": 4}, 5678),
        ("generalise", {"into": "month"}, "1988-04-12"),
        ("generalise", {"into": "band", "band": 100}, 157),
        ("generalise", {"into": "prefix", "keep": 3}, "10115"),
        ("generalise", {"into": "network"}, "203.0.113.7"),
        ("pseudonymise", {}, "pn_short"),
        ("pseudonymise", {}, 1_000_000),
        ("redact", {}, "Ada"),
        ("redact", {"constant": 0}, False),
        ("redact", {"constant": "n/a"}, "[redacted]"),
        ("keep", {}, None),
        ("remove", {}, "anything"),
    ],
)
def test_an_honest_value_is_not_taken_for_a_treated_one(name, options, value):
    assert not build(name, options).could_have_made(value)


@given(st.text(min_size=1), st.integers(0, 6), st.integers(0, 6))
def test_a_mask_never_shows_a_whole_text_nor_changes_its_length(text, first, last):
    masked = build("mask", {"keep_first": first, "keep_last": last, "character": "•"}).apply(
        text.replace("•", "x"), ANNA
    )
    assert "•" in masked
    assert len(graphemes(masked)) == len(graphemes(text.replace("•", "x")))


@given(st.text())
def test_graphemes_lose_nothing(text):
    assert "".join(graphemes(text)) == text


class TestPseudonyms:
    pseudonymise = build("pseudonymise", {})

    def test_one_customer_and_purpose_always_gets_the_same_code(self):
        assert self.pseudonymise.apply("Ada", ANNA) == self.pseudonymise.apply("Ada", ANNA)
        assert self.pseudonymise.apply("Ad\u00e9", ANNA) == self.pseudonymise.apply("Ade\u0301", ANNA)

    def test_another_key_gives_another_code(self):
        other = subject(purpose="shipping")
        assert self.pseudonymise.apply("Ada", ANNA) != self.pseudonymise.apply("Ada", other)

    def test_a_stranger_has_no_pseudonyms(self):
        assert self.pseudonymise.apply("Ada", STRANGER) is Signal.REFUSE
        assert self.pseudonymise.KEYED

    @given(st.integers(-(10**30), 10**30), st.integers(0, 5))
    def test_one_number_written_in_many_ways_gets_one_code(self, number, zeros):
        written = Decimal(f"{number}.{'0' * (zeros + 1)}")
        assert self.pseudonymise.apply(number, ANNA) == self.pseudonymise.apply(written, ANNA)

    @given(st.one_of(st.integers(), st.decimals(allow_nan=False, allow_infinity=False)))
    def test_a_number_becomes_a_number_that_every_reader_keeps_exact(self, number):
        assert 8 * 10**15 <= self.pseudonymise.apply(number, ANNA) < 9 * 10**15 < 2**53

    def test_an_absurd_exponent_is_never_expanded(self):
        assert self.pseudonymise.could_have_made(self.pseudonymise.apply(Decimal("1e999999999999"), ANNA))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("msk", {}, "unknown treatment 'msk'; did you mean 'mask'?"),
        ("zzz", {}, "unknown treatment 'zzz'; there are keep, generalise"),
        ("mask", {"kepe_last": 4}, "mask has no option 'kepe_last'; it takes keep_first"),
        ("remove", {"constant": 1}, "remove has no option 'constant'; it takes no options"),
        ("mask", {"keep_last": "4"}, "keep_last must be a whole number"),
        ("mask", {"keep_last": True}, "keep_last must be a whole number"),
        ("mask", {"keep_last": -1}, "keep_last must be 0 or more"),
        ("mask", {"character": "ab"}, "character must have a length of 1 or less"),
        ("mask", {"character": 0}, "character must be text; put it in quotes"),
        ("mask", {"character": "\u0301"}, "character must be one printable character"),
        ("generalise", {}, "generalise needs the option 'into'"),
        ("generalise", {"into": "week"}, "into must be one of day, month, year"),
        ("generalise", {"into": "band"}, "`into: band` needs the option 'band'"),
        ("generalise", {"into": "year", "keep": 3}, "the option 'keep' means nothing with `into: year`"),
        ("redact", {"constant": [1]}, "constant must be text, a number, true or false"),
        ("redact", {"constant": float("inf")}, "constant must be a number that JSON can write"),
    ],
)
def test_a_faulty_option_is_told_in_plain_words(name, options, words):
    with pytest.raises(ValueError, match="^" + words.replace("?", r"\?").replace("(", r"\(")):
        build(name, options)


def test_the_registry_names_each_treatment_as_it_names_itself():
    assert [kind.NAME for kind in TREATMENTS.values()] == list(TREATMENTS)
