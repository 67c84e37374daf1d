"""CBOR and COSE: read as others write them, and refused where they could be read in two ways."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.attestation.cbor import Tagged, decode, decode_first

whole = st.integers(-(2**64), 2**64 - 1)
simple = whole | st.binary() | st.text() | st.booleans() | st.none() | st.floats(allow_nan=False)
values = st.recursive(
    simple,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(whole | st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_another_library_writes_is_read(value):
    assert decode(cbor2.dumps(value)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_that_another_library_writes_alike_or_refused(data):
    try:
        found = decode(data)
    except ValueError:
        return
    assert repr(plain(found)) == repr(cbor2.loads(cbor2.dumps(plain(found))))


def plain(value):
    """Write our values as that library has them."""
    if isinstance(value, Tagged):
        return plain(value.value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


REFUSED = {
    "nothing": b"",
    "data after the end": b"\x01\x01",
    "cut short": b"\x42\x01",
    "a length beyond all": b"\x5b" + b"\xff" * 8,
    "an array beyond all": b"\x9b" + b"\x7f" * 8,
    "a map beyond all": b"\xbb" + b"\x7f" * 8,
    "an indefinite text": b"\x7f\x61a\xff",
    "an indefinite array": b"\x9f\x01\xff",
    "an indefinite map": b"\xbf\x01\x02\xff",
    "a lone end": b"\xff",
    "a reserved length": b"\x1c",
    "a key twice": b"\xa2\x01\x01\x01\x02",
    "a key that is true": b"\xa1\xf5\x01",
    "a key that is bytes": b"\xa1\x41a\x01",
    "a key that is a list": b"\xa1\x80\x01",
    "undefined": b"\xf7",
    "a simple value": b"\xf8\xff",
    "a number longer than it need be": b"\x18\x01",
    "a number much longer than it need be": b"\x1b" + bytes(8),
    "text that is no UTF-8": b"\x61\xff",
    "nested too deeply": b"\x81" * 17 + b"\x01",
    "tags nested too deeply": b"\xc1" * 4000 + b"\x01",
    "too many items": b"\x99\x27\x11" + b"\x01" * 10_001,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_broken_or_doubtful_is_refused(data):
    with pytest.raises(ValueError, match=r"\w"):
        decode(data)


def test_tags_mean_nothing_by_themselves():
    assert decode(b"\xc2\x49" + b"\1" * 9) == Tagged(2, b"\1" * 9)


def test_a_document_can_stand_before_others():
    assert decode_first(b"\x82\x01\x02\x03") == ([1, 2], 3)
