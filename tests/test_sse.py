"""Event streams: read by the standard, cut as they come, and byte for byte the same but for what an edit changes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse
from gateway.formats.registry import FORMATS

SSE = FORMATS["sse"]
KEEP = Edits(lambda _spot: None)
ENDS = ("\n", "\r\n", "\r")


def layout(fields=("data",), customer=None, **options):
    return SSE.layout(Shape(tuple(fields), customer, options=options))


def read(body, *arguments, limits=BodyLimits(), **options):  # noqa: B008 - frozen
    return SSE.read(body, layout(*arguments, **options), limits)


def treated(document, new, unlisted=None):
    """Treat all labelled fields with one answer or function, unlisted places with another."""
    edit = Edit(new if callable(new) else lambda _value, _customer: new)
    rest = None if unlisted is None else Edit(unlisted if callable(unlisted) else lambda _value, _customer: unlisted)
    edits = Edits(lambda _spot: edit, rest)
    return document.write([edits] * len(document.customers), KEEP)


def dispatched(text):
    """The standard's own steps (HTML, 9.2.6), written down once more: what a reader of the stream gets."""
    found, data, kind, last = [], [], "", ""
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    for line in lines[:-1]:  # what no line end follows is no line
        if not line:
            if data:
                found.append((kind or "message", "\n".join(data), last))
            data, kind = [], ""
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last = value
    return found


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("data: a\n\n", "x", "data: x\n\n"),
        ("data:a\n\n", "x", "data: x\n\n"),
        ("data:  a\n\n", "x", "data: x\n\n"),
        ("data\n\n", "x", "data: x\n\n"),
        ("data: a\r\n\r\n", "x", "data: x\r\n\r\n"),
        ("data: a\r\r", "x", "data: x\r\r"),
        ("data: a\ndata: b\n\n", "x", "data: x\n\n"),
        ("data: a\n: note\ndata: b\nid: 1\n\n", "x", "data: x\n: note\nid: 1\n\n"),
        ("data: a\n\n", "x\ny", "data: x\ndata: y\n\n"),
        ("data: a\r\n\r\n", "x\ry\r\nz", "data: x\r\ndata: y\r\ndata: z\r\n\r\n"),
        ("data: a\n\n", "x\n\nevent: evil", "data: x\ndata: \ndata: event: evil\n\n"),
        ("data: a\n\n", " x", "data:  x\n\n"),
        ("data: a\n\n", ": x", "data: : x\n\n"),
        ("data: a\n\n", "", "data: \n\n"),
        ("data: a\n\n", None, "data: \n\n"),
        ("data: a\n\n", True, "data: true\n\n"),
        ("data: a\n\n", 7, "data: 7\n\n"),
        ("id: 1\ndata: a\ndata: b\n\n", Signal.REMOVE, "id: 1\n\n"),
        ("id: 1\ndata: a\n\n", Signal.DROP, "id: 1\n\n"),
        (": hello\n\n\n\ndata: a\n\n: ping\n", "x", ": hello\n\n\n\ndata: x\n\n: ping\n"),
        ("data: 张伟\n\n", "李", "data: 李\n\n"),
        ("data: a\rdata: b\n\ndata: c\n\n", "x", "data: x\r\n\ndata: x\n\n"),
        ("id: 1\rdata: a\n\nid: 2\n\n", Signal.REMOVE, "id: 1\r\n\nid: 2\n\n"),
    ],
)  # fmt: skip
def test_only_what_is_edited_changes(before, value, after):
    assert treated(read(before.encode()), value).body.decode() == after


@pytest.mark.parametrize("name", ["event", "id", "retry"])
def test_no_value_breaks_out_of_its_line(name):
    for value in ("a\n\ndata: evil", "a\rdata: evil", "a\r\ndata: evil", "a\0b"):
        body = treated(read(f"{name}: 1\ndata: x\n\n".encode(), [name]), value).body.decode()
        assert [data for _, data, _ in dispatched(body)] == ["x"]
        assert "\0" not in body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("data: a\n\n", [("data", "a")]),
        ("data: a\r\ndata:\r\ndata: b\r\n\r\n", [("data", "a\n\nb")]),
        (
            "event: order\nid: 7\nretry: 10\ndata: a\n\n",
            [("data", "a"), ("event", "order"), ("id", "7"), ("retry", "10")],
        ),
        ("data: a:b: c\n\n", [("data", "a:b: c")]),
        ("data: \u2028\x85\x0b\x0c\x1c\n\n", [("data", "\u2028\x85\x0b\x0c\x1c")]),
    ],
)
def test_edits_see_what_an_event_says(body, said):
    fields, seen = [name for name, _ in said], []
    treated(read(body.encode(), fields), lambda value, _: seen.append(value) or value)
    assert seen == [value for _, value in said]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("data: secret\n\n", "data: -\n\n"),
        ("id: secret\n\n", "id: -\n\n"),
        ("event: secret\ndata\n\n", "event: -\ndata\n\n"),
        ("retry: secret\n\n", "retry: -\n\n"),
        ("retry: 13912345678\n\n", "retry: -\n\n"),
        (": secret\n", ": -\n"),
        (":secret\n\n", ": -\n\n"),
        (":ping secret\n", ": -\n"),
        ("secret\n\n", ": -\n\n"),
        ("secret: 1\n\n", ": -\n\n"),
        ("foo: secret\ndata\n\n", ": -\ndata\n\n"),
        ("Data: secret\n\n", ": -\n\n"),
        (" data: secret\n\n", ": -\n\n"),
        ("data : secret\n\n", ": -\n\n"),
        ("data\n: secret\n\n", "data\n: -\n\n"),
    ],
)
def test_whatever_nobody_labelled_is_unlisted(text, hidden):
    assert treated(read(text.encode(), []), "?", unlisted="-").body.decode() == hidden


@pytest.mark.parametrize(
    "text",
    [
        ":\n", ": \n", ": ping\n", ":keep-alive\n\n", ": ping - 2026-10-03 08:15:00.123456+00:00\n", "\n\n", ": OK\n",
        "retry: 3000\n\n", "event: message\ndata\n\n", "event: order\ndata\n\n", "event\n\n", "id:\n\n",
    ],
)  # fmt: skip
def test_what_says_nothing_of_anyone_passes_whatever_is_unlisted(text):
    document = read(text.encode(), ["order.id"])
    assert treated(document, "?", unlisted=Signal.REFUSE).body is document.body


def test_a_comment_that_has_to_go_leaves_a_sign_of_life():
    assert treated(read(b": for Lin Wei\n\n"), "?", unlisted=Signal.REMOVE).body == b":\n\n"


def test_places_are_named_without_names_from_the_stream():
    body = b"event: order\nid: 1\ndata: a\n\nevent: other\ndata: b\n\ndata: c\nfoo: d\n\n"
    touches = treated(read(body, ["order.data", "data"]), "x", unlisted="y").touches
    assert {(touch.pointer, touch.spot, touch.count) for touch in touches} == {
        ("/order/data", (0,), 1), ("/data", (1,), 2), ("/?", (), 3)
    }  # fmt: skip


def test_a_type_with_fields_of_its_own_is_not_covered_by_those_of_every_type():
    document = read(
        b"event: order\ndata: a\n\nevent: note\ndata: b\n\ndata: c\n\n", ["data", "order.data", "message.data"]
    )
    seen = {}
    edits = Edits(lambda spot: Edit(lambda value, _: seen.setdefault(value, spot) and value))
    document.write([edits] * 3, KEEP)
    assert seen == {"a": (1,), "b": (0,), "c": (2,)}


def test_a_refused_place_is_named_and_the_value_stays():
    written = treated(read(b"data: a\n\n"), Signal.REFUSE)
    assert [(one.pointer, one.spot) for one in written.refused] == [("/data", (0,))]
    assert written.body == b"data: a\n\n"


@pytest.mark.parametrize("end", ENDS)
def test_markers_pass_although_data_is_labelled(end):
    body = f"data: [DONE]{end}{end}".encode()
    document = read(body, markers=("[DONE]",))
    assert treated(document, "x").body is body
    assert treated(read(body), "x").body != body


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"data: \xff\n\n", "body-encoding"),
        (b"event: a\nevent: b\ndata: x\n\n", "body-ambiguous"),
        (b"id: a\ndata: x\nid: a\n\n", "body-ambiguous"),
        (b"retry: 1\nretry: 2\n\n", "body-ambiguous"),
        (b"data\n" * 101 + b"\n", "body-too-large"),
        (b"\n" * 101, "body-too-large"),
    ],
)
def test_what_is_unclear_or_too_much_is_refused(body, refusal):
    limits = BodyLimits(values=100)
    with pytest.raises(Unreadable) as whole:
        read(body, limits=limits)
    with pytest.raises(Unreadable) as cut:
        list(SSE.cutter(layout(), limits).feed(body))
    assert (whole.value.refusal, cut.value.refusal) == (refusal, refusal)


def test_an_event_over_the_limit_is_refused_however_it_comes():
    cutter = SSE.cutter(layout(), BodyLimits(size=1000))
    assert not [piece for _ in range(1000) for piece in cutter.feed(b"x")]
    with pytest.raises(Unreadable, match="over the limit"):
        list(cutter.feed(b"x"))


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        ("text/event-stream; charset=gbk", "body-encoding"),
        ("text/event-stream; charset=utf-16", "body-encoding"),
        ("application/json", "body-wrong-type"),
        ("text/plain", "body-wrong-type"),
        (None, "body-wrong-type"),
    ],
)
def test_another_type_or_charset_is_refused(kind, refusal):
    with pytest.raises(Unreadable) as caught:
        SSE.agree(parse(kind), b"<html>")
    assert caught.value.refusal == refusal


@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=UTF-8", None])
def test_event_streams_are_known_by_their_type_or_their_start(kind):
    for body in (b"data: a\n\n", b": hi\n", b"\n", b"event: x\n", b"retry\n"):
        SSE.agree(parse(kind), body)


@pytest.mark.parametrize(
    "selector", ["datum", "$.data", "/data", "data.order", "Data", "", ".data", "a\nb.data", "event:x"]
)
def test_only_fields_of_events_are_selected(selector):
    with pytest.raises(ValueError, match="field of events"):
        SSE.check(selector)


@pytest.mark.parametrize(
    ("customer", "found"),
    [
        ("id", ["7", None, "9"]),
        ("order.id", ["7", None, None]),
        (None, [None, None, None]),
        ("event", ["order", None, None]),
    ],
)
def test_each_event_may_name_its_customer(customer, found):
    body = b"event: order\nid: 7\ndata: a\n\n: ping\n\ndata: b\n\nid: 9\ndata: c\n\n"
    assert list(read(body, ["data"], customer).customers) == found


def test_what_no_blank_line_follows_is_no_event_and_is_left_out():
    document = read(b"data: a\n\ndata: secret\n")
    assert list(document.customers) == [None]
    assert treated(document, lambda value, _: value).body == b"data: a\n\n"
    cutter = SSE.cutter(layout(), BodyLimits())
    assert (
        b"".join(piece.text for piece in (*cutter.feed(b"data: a\n\ndata: secret\n"), *cutter.end())) == b"data: a\n\n"
    )


@pytest.mark.parametrize("end", ENDS)
def test_each_event_goes_on_with_the_byte_that_completes_it_and_a_keep_alive_at_once(end):
    stream = f": ping{end}data: a{end}id: 1{end}{end}{end}: ping{end}{end}data: b{end}{end}".encode()
    cutter, given = SSE.cutter(layout(), BodyLimits()), b""
    for at in range(len(stream)):
        given += b"".join(piece.text for piece in cutter.feed(stream[at : at + 1]))
        text = stream[: at + 1].decode()
        if text.endswith((f"data: a{end}id: 1{end}{end}", f"ping{end}", f"data: b{end}{end}")):
            assert given == stream[: at + 1]
    assert given == stream


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["", "data", "data:", "data: a", "event: order", "id: 1", "retry: 5", ": ping", ":", "x", "x: y"]
        ),
        st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=8),
    ),
    max_size=12,
)


@given(LINES, st.lists(st.sampled_from(ENDS), min_size=12, max_size=12), st.integers(1, 7))
def test_a_stream_is_the_same_however_it_is_cut(lines, ends, size):
    body = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    try:
        whole = read(body)
    except Unreadable as error:
        assert error.refusal == "body-ambiguous"  # noqa: PT017 - it is one way of two
        return
    cutter = SSE.cutter(layout(), BodyLimits())
    pieces = [piece for at in range(0, len(body), size) for piece in cutter.feed(body[at : at + size])]
    pieces += cutter.end()
    same = treated(whole, lambda value, _: value).body
    assert b"".join(treated(piece.document, lambda value, _: value).body for piece in pieces) == same
    assert b"".join(treated(piece.document, "x", "y").body for piece in pieces) == treated(whole, "x", "y").body
    assert body.startswith(same)
    assert dispatched(same.decode()) == dispatched(body.decode())


@given(LINES, st.lists(st.sampled_from(ENDS), min_size=12, max_size=12), st.text(max_size=9))
def test_what_readers_see_after_an_edit_is_what_was_meant(lines, ends, new):
    body = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode()
    try:
        document = read(body, ["data"])
    except Unreadable:
        return
    new = new.encode("utf-8", "ignore").decode()
    after = treated(document, new).body.decode()
    meant = "\n".join(re.split(r"\r\n|\r|\n", new))
    assert dispatched(after) == [(kind, meant, last) for kind, _, last in dispatched(body.decode())]


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_or_unreadable(body):
    try:
        document = read(body, ["data", "order.id"])
    except Unreadable:
        return
    assert body.startswith(treated(document, lambda value, _: value).body)


@given(
    st.sampled_from(
        ["data: {}", "id: {}", "event: {}", "retry: {}", ": {}", "{}", "{}: 1", "data: a\ndata: {}", "x\n:{}"]
    )
)
def test_a_planted_value_never_survives(shape):
    planted = "+86 139 1234 5678"
    for end in ENDS:
        text = (shape.format(planted) + "\n\n").replace("\n", end)
        assert planted.encode() not in treated(read(text.encode(), ["data"]), "x", "x").body


def test_json_over_several_lines_is_one_value():
    text = json.dumps({"id": 1, "lines": [1, 2]}, indent=1)
    body = "".join(f"data: {line}\n" for line in text.split("\n")) + "\n"
    seen = []
    treated(read(body.encode()), lambda value, _: seen.append(value) or value)
    assert seen == [text]
