"""What tokens look like: they fit where they have to, and ordinary data isn't taken for them."""

import re

import phonenumbers
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tokens_kit import FIELD, lent

from gateway.tokens import jwe, sealed, shapes
from gateway.tokens.kid import Kid

SHAPES = ("text", "digits", "phone")
KID = Kid("handle-of-16-let", 1, "context-16-chars")
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
shape = pytest.mark.parametrize("shape", SHAPES)
sixteen = st.binary(min_size=16, max_size=16)


def made(shape: str, chance: bytes = b"sixteen bytes :)") -> str:
    return shapes.make(shape, lambda length: chance[:length])


@given(sixteen)
def test_a_text_token_has_27_letters_that_any_column_and_path_takes(chance):
    assert re.fullmatch(r"tk_[0-9A-Za-z]{24}", made("text", chance))


@given(sixteen)
def test_a_token_of_digits_is_a_number_that_every_reader_of_json_keeps_exact(chance):
    number = int(made("digits", chance))
    assert 79 * 10**14 <= number < 80 * 10**14 < 2**53
    assert int(float(number)) == number
    assert shapes.could_be_token(number)


@given(sixteen)
def test_a_token_like_a_phone_number_is_well_formed_and_nobodys(chance):
    token = made("phone", chance)
    assert re.fullmatch(r"\+999[0-9]{12}", token)
    with pytest.raises(phonenumbers.NumberParseException):  # no such country
        phonenumbers.parse(token)


@shape
@given(chance=sixteen)
def test_what_was_made_is_recognised(shape, chance):
    token = made(shape, chance)
    assert shapes.shape_of(token) == shapes.form_of(token) == shape
    assert shapes.is_token(token)
    assert shapes.could_be_token(token)
    assert shapes.kid_of(token) is None


def test_the_128_bits_of_a_text_token_are_all_in_it():
    zeros, ones = bytes(16), b"\xff" * 16
    assert made("text", zeros) == "tk_" + "0" * 24
    tokens = {made("text", bytes(n) + b"\x01" + bytes(15 - n)) for n in range(16)}
    assert len(tokens | {made("text", zeros), made("text", ones)}) == 18


@shape
@given(data=st.data())
def test_one_letter_mistyped_or_two_that_changed_places_always_show(shape, data):
    token = made(shape, data.draw(sixteen))
    start = {"text": 3, "digits": 0, "phone": 1}[shape]
    at = data.draw(st.integers(start, len(token) - 1))
    other = data.draw(st.sampled_from(LETTERS if shape == "text" else "0123456789").filter(lambda it: it != token[at]))
    assert not shapes.is_token(token[:at] + other + token[at + 1 :])
    if start < at and token[at] != token[at - 1]:
        assert not shapes.is_token(token[: at - 1] + token[at] + token[at - 1] + token[at + 1 :])


@shape
@given(data=st.data())
def test_a_token_that_is_longer_or_shorter_is_none(shape, data):
    token = made(shape, data.draw(sixteen))
    at = data.draw(st.integers(0, len(token) - 1))
    assert not shapes.is_token(token[:at])
    assert not shapes.is_token(f"{token}{data.draw(st.sampled_from('0 A.'))}")
    assert not shapes.is_token(" " + token)


ORDINARY = [
    "",
    "Anna Lindqvist",
    "anna.lindqvist@example.com",
    "tk_maxx",
    "tk_1234",
    "TK_2RqauEQkPhOofCFnI7hW0bib",
    "ticket tk_2RqauEQkPhOofCFnI7hW0bib",
    "sl_no",
    "sl_a-name-of-somebody.somewhere",
    "+46 8 123 456 78",
    "+46812345678",
    "+998 71 123 45 67",
    "+1 999 555 0100",
    "4111111111111111",
    "5500005555555559",
    "7900000000000001",
    "7912345678901234",
    "79123456789",
    "79",
    "7997945983598654",
    "1700000000000000",
    "DE89370400440532013000",
    "550e8400-e29b-41d4-a716-446655440000",
    "pn_AAAAAAAAAAAAAAAAAAAAAA",
    "https://example.com/?a=1",
    "eyJ",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo.XFBoMYUZodet",
    "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTI1NkdDTSJ9..AAAA.AAAA.AAAA",
    "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.48V1_ALb6US04U3b.5eym8TW_c8Su.XFBoMYUZodetZdvTiFvSkQ",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_data_is_not_taken_for_a_token(text):
    assert not shapes.could_be_token(text)
    assert not shapes.is_token(text)
    assert not shapes.is_encrypted(text)
    assert not shapes.is_sealed(text)


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.decimals(allow_nan=False)))
def test_ordinary_values_of_other_types_are_no_tokens(value):
    assert not shapes.could_be_token(value)


@given(st.text(max_size=60))
def test_whatever_has_a_tokens_form_could_be_one(text):
    assert not shapes.is_token(text) or shapes.could_be_token(text)
    assert shapes.is_token(text) == (shapes.form_of(text) is not None)


def test_of_numbers_that_begin_alike_one_in_a_thousand_looks_like_a_token():
    first = 79 * 10**14 + 123456 * 10**6
    assert sum(shapes.could_be_token(number) for number in range(first, first + 20_000)) in {20, 21}


CUT = {
    "encrypted": (lent().encrypt('"anna"', FIELD), 32),
    "sealed for HPKE": (sealed.hpke(X25519PrivateKey.generate().public_key(), KID, '"anna"'), 21),
    "sealed as a JWE": (sealed.ecdh_es(X25519PrivateKey.generate().public_key(), KID, '"anna"'), 32),
    "text": (made("text"), 15),
    "phone": (made("phone"), 4),
}


@pytest.mark.parametrize(("token", "least"), CUT.values(), ids=CUT)
def test_what_a_narrow_column_left_of_a_token_is_not_taken_for_data(token, least):
    """Written back it would stand where the value was."""
    assert shapes.is_token(token)
    for length in range(least, len(token)):
        assert shapes.could_be_token(token[:length])


def test_each_form_is_told_from_the_others():
    encrypted, (hpke, _), (signed, _) = lent().encrypt("1", FIELD), CUT["sealed for HPKE"], CUT["sealed as a JWE"]
    forms = [shapes.form_of(token) for token in (encrypted, hpke, signed, *map(made, SHAPES))]
    assert forms == ["encrypted", "sealed", "sealed", *SHAPES]
    assert shapes.kid_of(encrypted) == jwe.kid_of(encrypted) != KID
    assert shapes.kid_of(hpke) == shapes.kid_of(signed) == KID


@pytest.mark.parametrize(
    "text",
    [
        "handle-of-16-let.0.context-16-chars",
        "handle-of-16-let.01.context-16-chars",
        "handle-of-16-let.1234567890.context-16-chars",
        "handle-of-16-let.-1.context-16-chars",
        "handle-of-16-let.\u0661.context-16-chars",
        "handle-of-15-le.1.context-16-chars",
        "handle-of-16-let.1.context-16-chars\n",
        "handle-of-16-let.1",
        "handle of 16 let.1.context-16-chars",
    ],
)
def test_a_name_of_a_key_has_one_form(text):
    assert Kid.read(text) is None
    assert shapes.kid_of(f"sl_{text}.AAAA") is None
