"""Messages inside values: what is taken out goes back in the form in which it came."""

import gzip
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.embedded import take

LONG = b"The quick brown fox jumps over the lazy dog. " * 5


def wrapped(text, width, end, *, last=False):
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return end.join(lines) + (end if last else "")


@pytest.mark.parametrize(
    ("coding", "value", "body"),
    [
        ("text", '{"a": 1}', b'{"a": 1}'),
        ("text", "Zoë", "Zoë".encode()),
        ("base64", "aGk=", b"hi"),
        ("base64", "aGk", b"hi"),
        ("base64", "-_-_", b"\xfb\xff\xbf"),
        ("base64", "+/+/", b"\xfb\xff\xbf"),
        ("base64url", "-_-_", b"\xfb\xff\xbf"),
        ("base64", wrapped(b64encode(LONG).decode(), 76, "\r\n"), LONG),
        ("base64", wrapped(b64encode(LONG).decode(), 64, "\n", last=True), LONG),
        ("base64", b64encode(LONG).decode() + "\n", LONG),
        ("base64", "\n    " + wrapped(b64encode(LONG).decode(), 76, "\n    ") + "\n  ", LONG),
        ("base64", "  aGk=\t", b"hi"),
        ("base64", " \n", b""),
    ],
)
def test_what_is_taken_goes_back_the_same(coding, value, body):
    held = take(value, coding, 10_000, 100)
    assert held.body == body
    assert held.back(body) == value


@pytest.mark.parametrize(
    "value",
    ["a", "aGk=x", "aG k=", "aGl=", "+_+_", "aGk==", "=", "aGk=\n\naGk=", "aGlo\n aGlo\n  aGlo", "aGlo aGlo", "äöü="],
)
def test_what_is_no_clear_base64_is_refused(value):
    with pytest.raises(Unreadable):
        take(value, "base64", 1000, 100)


def test_compressed_messages_are_bounded_as_bodies_are():
    packed = b64encode(gzip.compress(b"a" * 3_000_000)).decode()
    with pytest.raises(Unreadable) as error:
        take(packed, "base64+gzip", 1000, 10)
    assert error.value.refusal == "body-expands-too-much"
    held = take(b64encode(gzip.compress(LONG)).decode(), "base64+gzip", 10_000, 100)
    assert take(held.back(b"other"), "base64+gzip", 10_000, 100).body == b"other"


@given(st.binary(max_size=300), st.sampled_from([b64encode, urlsafe_b64encode]), st.booleans(), st.integers(0, 80))
def test_any_bytes_in_any_form_go_back(body, encode, padded, width):
    text = encode(body).decode()
    text = text if padded else text.rstrip("=")
    text = wrapped(text, width, "\n") if width >= 4 else text
    held = take(text, "base64", 1000, 100)
    assert held.body == body
    assert held.back(body) == text


@given(st.text(max_size=80))
def test_any_text_is_taken_or_refused(text):
    try:
        held = take(text, "base64", 1000, 100)
    except Unreadable:
        return
    assert held.back(held.body) == text
