"""A request target has one reading, or none."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.path import Target, parse
from gateway.errors import Unreadable


@pytest.mark.parametrize(
    ("target", "segments", "query"),
    [
        ("/", ("",), ()),
        ("/api/orders", ("api", "orders"), ()),
        ("/api/orders/", ("api", "orders", ""), ()),
        ("/api/orders?", ("api", "orders"), ()),
        ("/api/orders/SO-1001/invoice.pdf", ("api", "orders", "SO-1001", "invoice.pdf"), ()),
        ("/.well-known/x", (".well-known", "x"), ()),
        ("/a/..b/c..", ("a", "..b", "c.."), ()),
        ("/%61pi/%C3%A9", ("api", "é"), ()),
        ("/Orders('SO%20-1')", ("Orders('SO -1')",), ()),
        ("/a%253", ("a%3",), ()),
        ("/a?x=1&y=2&x=3", ("a",), (("x", "1"), ("y", "2"), ("x", "3"))),
        ("/a?x&=1&&y=", ("a",), (("x", ""), ("", "1"), ("y", ""))),
        ("/a?q=a+b%2Bc%20d", ("a",), (("q", "a+b c d".replace("+b c", " b+c")),)),
        ("/a?u=http://x/../%2e%2e?z=1", ("a",), (("u", "http://x/../..?z=1"),)),
        ("/a?u=%2541", ("a",), (("u", "%41"),)),
        ('/a?filters=[["x","=",{"y":1}]]', ("a",), (("filters", '[["x","=",{"y":1}]]'),)),
        ("/a?%24filter=Name%20eq%20%27O%0A%27", ("a",), (("$filter", "Name eq 'O\n'"),)),
    ],
)
def test_plain_targets_are_taken_apart(target, segments, query):
    assert parse(target) == Target(segments, target.partition("?")[0], query)


@pytest.mark.parametrize(
    "target",
    [
        # dot segments, in every spelling
        *("/a/../b", "/a/./b", "/..", "/a/%2e%2e/b", "/a/.%2E/b", "/a/%2e/b", "/a/..;/b", "/a/..%3Bx/b", "/a/.;x=1/b"),
        *("/a/.../b", "/a/..%20/b", "/a/%20/b", "/a/..%2fb"),
        # empty segments, and what is cut off by some
        *("//a", "/a//b", "//", "/a;x=1/b", "/a;/b"),
        # hidden separators and control characters
        *("/a%2Fb", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00", "/a%0d%0aX", "/a%7f", "/a%C2%85"),
        # escapes that are broken, not UTF-8, overlong or doubled
        *(
            "/a%",
            "/a%2",
            "/a%zz",
            "/%C3",
            "/%C0%AF",
            "/%E4%EF",
            "/%ED%A0%80",
            "/%252e%252e/b",
            "/a%252Fb",
            "/%25%32%65",
        ),
        # not in origin form, or no URI at all
        *("", "a", "*", "http://x/a", "x:1", "?x=1", "/a#b", "/a?x#b", "/a b", "/é", "/a\tb", "/a\nb", "/a|b", "/a{b}"),
        # queries
        *("/a?x=%", "/a?x=%zz", "/a?x=%C4%E3", "/a?x=%00", "/a?x%00=1", "/a?x=é", "/a?x= ", "/a?x=\x7f", "/a?x=%1b"),
    ],
)
def test_targets_that_servers_read_differently_are_refused(target):
    with pytest.raises(Unreadable) as raised:
        parse(target)
    assert raised.value.refusal == "ambiguous-path"


SEGMENT = st.text(min_size=1).filter(
    lambda text: (
        text.strip(" .").split(";")[0].strip(" .")
        and not set(text) & {"/", "\\", "%"}
        and not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in text)
    )
)


@given(st.lists(SEGMENT, min_size=1))
def test_encoded_segments_come_back_as_they_were(segments):
    target = "/" + "/".join(quote(segment, safe="") for segment in segments)
    assert parse(target).segments == tuple(segments)


@given(st.text(alphabet="/.%2eEfF5cC0;?#ab\\ +&=", max_size=30))
def test_no_reading_ever_climbs_or_hides_a_separator(text):
    try:
        target = parse(f"/{text}")
    except Unreadable:
        return
    for segment in target.segments:
        assert segment not in {".", ".."}
        assert not set(segment) & {"/", "\\", "\0"}
    assert "" not in target.segments[:-1]


def test_errors_hold_no_part_of_the_target():
    for target in ("/secret/../x", "/secret%zz", "secret", "/a?secret=%00"):
        with pytest.raises(Unreadable) as raised:
            parse(target)
        assert "secret" not in str(raised.value)
