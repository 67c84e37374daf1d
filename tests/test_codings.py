"""Content codings: what goes on comes off, what is broken is refused, and no bomb goes off."""

import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.codings import decode, encode

MIB = 1024 * 1024
CODINGS = ["gzip", "x-gzip", "deflate", "br", "zstd"]


def refusal(body, coding, size=16 * MIB, ratio=200):
    with pytest.raises(Unreadable) as error:
        decode(body, coding, size, ratio)
    return error.value.refusal


def bare_deflate(body):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


@settings(max_examples=60)
@given(
    st.binary(max_size=5000), st.lists(st.sampled_from([*CODINGS, "identity", "GZIP"]), max_size=3), st.integers(1, 9)
)
def test_what_is_put_on_comes_off(body, names, times):
    body = body * times
    header = ", ".join(names)
    assert decode(encode(body, header), header, 16 * MIB, 200) == body


@pytest.mark.parametrize(
    ("made", "coding"),
    [
        (gzip.compress(b"hello"), "gzip"),
        (gzip.compress(b"hel") + gzip.compress(b"lo"), "gzip"),
        (gzip.compress(b"hello"), "X-Gzip"),
        (zlib.compress(b"hello"), "deflate"),
        (bare_deflate(b"hello"), "deflate"),
        (brotli.compress(b"hello"), "br"),
        (zstandard.compress(b"hello"), "zstd"),
        (zstandard.compress(b"hel") + zstandard.compress(b"lo"), "zstd"),
        (brotli.compress(gzip.compress(zlib.compress(b"hello"))), "deflate, gzip ,br"),
        (b"hello", "identity"),
        (b"hello", ""),
        (b"hello", None),
    ],
)
def test_what_others_made_is_read(made, coding):
    assert decode(made, coding, 100, 200) == b"hello"


def test_without_a_coding_the_very_same_object_comes_back():
    body = b"a body of some length"
    assert decode(body, None, 100, 10) is body
    assert encode(body, "identity") is body


@pytest.mark.parametrize("coding", CODINGS)
class TestBroken:
    def test_cut_short(self, coding):
        whole = encode(bytes(range(256)) * 100, coding)
        for length in (0, 1, len(whole) // 2, len(whole) - 1):
            assert refusal(whole[:length], coding) in {"body-incomplete", "body-coding"}

    def test_followed_by_something(self, coding):
        whole = encode(b"hello", coding)
        for extra in (b"\x00", b"{}", b"x" * 70_000):
            assert refusal(whole + extra, coding) in {"body-coding", "body-incomplete"}

    def test_not_that_coding_at_all(self, coding):
        assert refusal(b'{"a": "plain json that lies about its coding"}', coding) in {"body-coding", "body-incomplete"}

    def test_larger_than_the_cap(self, coding):
        whole = encode(b"x" * 1001, coding)
        assert decode(whole, coding, 1001, 200) == b"x" * 1001
        assert refusal(whole, coding, size=1000) == "body-expands-too-much"

    def test_a_bomb_is_refused_before_it_fills_the_memory(self, coding):
        bomb = encode(b"\0" * (64 * MIB), coding)
        tracemalloc.start()
        try:
            assert refusal(bomb, coding, size=4 * MIB) == "body-expands-too-much"
            assert tracemalloc.get_traced_memory()[1] < 40 * MIB
        finally:
            tracemalloc.stop()

    def test_expanding_too_many_times(self, coding):
        whole = encode(b"\0" * (3 * MIB), coding)
        assert refusal(whole, coding, ratio=10) == "body-expands-too-much"

    def test_in_layers(self, coding):
        bomb = encode(encode(b"\0" * (32 * MIB), coding), coding)
        assert refusal(bomb, f"{coding}, {coding}", size=4 * MIB) == "body-expands-too-much"


@pytest.mark.parametrize("coding", ["compress", "aes128gcm", "gzip, gzip, gzip, gzip", "gzip;q=1", "gz ip", "*"])
def test_codings_that_nobody_knows_are_refused(coding):
    assert refusal(b"x", coding) == "body-coding"
    with pytest.raises(Unreadable):
        encode(b"x", coding)


def test_countless_tiny_members_are_refused_quickly():
    assert refusal(gzip.compress(b"") * 50_000, "gzip") == "body-coding"
    assert refusal(zstandard.compress(b"") * 50_000, "zstd") == "body-coding"


def test_a_window_larger_than_http_allows_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert refusal(stream.compress(b"a" * 100_000) + stream.flush(), "zstd") == "body-coding"


def test_a_body_that_fills_its_pieces_exactly_is_whole():
    for length in (65_536, MIB, MIB + 1, 3 * MIB):
        for coding in CODINGS:
            assert len(decode(encode(b"a" * length, coding), coding, 4 * MIB, 10**6)) == length


def test_the_same_body_is_coded_the_same_way_twice():
    for coding in CODINGS:
        assert encode(b"hello", coding) == encode(b"hello", coding)
