"""Charsets: told by type, mark and prolog, which must agree; and back byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.charset import CHARSETS, PLAIN, Charset, Transcoder, find, from_utf8, to_utf8

TEXT = '{"name": "Zoë 陈"}'
BOM8, LE, BE = b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"
PROLOG = '<?xml version="1.0" encoding="{}"?><a/>'


@pytest.mark.parametrize(
    ("body", "declared", "found"),
    [
        (b"{}", "", PLAIN),
        (b"{}", "utf-8", PLAIN),
        (b"{}", "utf8", PLAIN),
        (b"{}", "us-ascii", Charset("ascii")),
        (BOM8 + b"{}", "", Charset("utf-8", BOM8)),
        (BOM8 + b"{}", "utf-8", Charset("utf-8", BOM8)),
        (LE + "{}".encode("utf-16-le"), "", Charset("utf-16-le", LE)),
        (LE + "{}".encode("utf-16-le"), "utf-16", Charset("utf-16-le", LE)),
        (BE + "{}".encode("utf-16-be"), "utf-16", Charset("utf-16-be", BE)),
        ("{}".encode("utf-16-le"), "utf-16le", Charset("utf-16-le")),
        (b"{}", "gbk", Charset("gbk")),
        (b"{}", "shift_jis", Charset("shift_jis")),
        (PROLOG.format("GBK").encode("gbk"), "", Charset("gbk")),
        (PROLOG.format("GBK").encode("gbk"), "gbk", Charset("gbk")),
        (PROLOG.format("utf-8").encode(), "", PLAIN),
        (PROLOG.format("iso-8859-1").encode(), "", Charset("latin-1")),
        (LE + PROLOG.format("utf-16").encode("utf-16-le"), "", Charset("utf-16-le", LE)),
    ],
)
def test_a_charset_is_told_by_what_agrees(body, declared, found):
    assert find(body, declared) == found


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (b"{}", "utf-7"),
        (b"{}", "utf-32"),
        (b"{}", "ebcdic-cp-us"),
        (b"{}", "hz-gb-2312"),
        (b"{}", "iso-2022-jp"),
        (b"{}", "no-such"),
        (b"{}", "utf-16"),
        (BOM8 + b"{}", "gbk"),
        (LE + b"{\0}\0", "utf-8"),
        (LE + b"{\0}\0", "utf-16be"),
        (LE + b"\0\0{\0\0\0", ""),
        (b"\0\0\xfe\xff\0\0\0{", ""),
        (b"{\0}\0", ""),
        (b"\0{\0}", ""),
        (PROLOG.format("GBK").encode(), "utf-8"),
        (PROLOG.format("utf-7").encode(), ""),
        (BOM8 + PROLOG.format("latin-1").encode(), ""),
    ],
)
def test_what_disagrees_or_isnt_read_is_refused(body, declared):
    with pytest.raises(Unreadable) as error:
        find(body, declared)
    assert error.value.refusal == "body-encoding"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (b"\xff", PLAIN.__class__("ascii")),
        (b"\x81", Charset("gbk")),
        (b"\xd8\x00", Charset("utf-16-be")),
        (b"{", Charset("utf-16-le")),
        (b"\x81\x39\xef", Charset("gb18030")),
        (BOM8 + BOM8 + b"{}", Charset("utf-8", BOM8)),
    ],
)
def test_bytes_that_arent_in_their_charset_are_refused(body, charset):
    with pytest.raises(Unreadable):
        to_utf8(body, charset)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    "body", [b"[1]\0x", b"1\0\0\0", b"ab\0x", b"abc\0", b"a\0", b"abcd\0", LE + b"1\0", BOM8 + b"1\0", b"1"]
)
def test_a_stream_is_taken_where_the_whole_is_however_it_is_cut(body, size):
    def whole():
        return to_utf8(body, find(body, ""))

    def in_pieces():
        coder = Transcoder("")
        return b"".join([*(coder.feed(body[at : at + size]) for at in range(0, len(body), size)), coder.end()])

    assert outcome(in_pieces) == outcome(whole)


def outcome(read):
    try:
        return read()
    except Unreadable as error:
        return error.refusal


def test_what_is_utf8_already_is_not_copied():
    body = TEXT.encode()
    assert to_utf8(body, PLAIN) is body
    assert from_utf8(body, PLAIN) is body


def test_what_the_charset_does_not_have_is_refused():
    with pytest.raises(Unreadable):
        from_utf8("陈".encode(), Charset("latin-1"))


@given(st.sampled_from(sorted(set(CHARSETS.values()) - {"utf-16"})), st.binary(max_size=60))
def test_any_bytes_come_back_or_are_refused(codec, body):
    charset = Charset(codec)
    try:
        text = to_utf8(body, charset)
    except Unreadable:
        return
    assert from_utf8(text, charset) == body
