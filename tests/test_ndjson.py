"""Lines of JSON: each line is a record; lines that nothing changes stay byte for byte, and broken ones refuse."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

NDJSON = FORMATS["ndjson"]
KEEP = Edits(lambda _spot: None)


def layout(fields=("$.email",), customer="$.who"):
    return NDJSON.layout(Shape(tuple(fields), customer))


def read(body, *arguments, limits=BodyLimits()):  # noqa: B008 - frozen
    return NDJSON.read(body, layout(*arguments), limits)


def treated(document, new, unlisted=None):
    edit = Edit(new if callable(new) else lambda _value, _customer: new)
    rest = None if unlisted is None else Edit(lambda _value, _customer: unlisted)
    edits = Edits(lambda _spot: edit, rest)
    return document.write([edits] * len(document.customers), KEEP)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"email":"a"}\n', b'{"email":"x"}\n'),
        (b'{"email":"a"}', b'{"email":"x"}'),
        (b'{"email":"a"}\r\n{"b":1}\n', b'{"email":"x"}\r\n{"b":1}\n'),
        (b'\n \n{"email":"a"}\n\n\r\n{"b": 1.50 } \n\n', b'\n \n{"email":"x"}\n\n\r\n{"b": 1.50 } \n\n'),
        (b'  {"email":"a"}\t\r\n', b'  {"email":"x"}\t\r\n'),
        (b'[]\n{}\n"a"\n12345678901234567.89\nnull', b'[]\n{}\n"a"\n12345678901234567.89\nnull'),
        (b'{"n":12345678901234567.89,"email":"a"}\n', b'{"n":12345678901234567.89,"email":"x"}\n'),
        (b'{"a":"\\u0065\\/","z":[ 1 , 2 ]}\n{"email":"a"}', b'{"a":"\\u0065\\/","z":[ 1 , 2 ]}\n{"email":"x"}'),
    ],
)
def test_only_the_value_that_is_edited_changes(before, after):
    for _ in range(3):  # the first is read the slow way
        assert treated(read(before), "x").body == after


def test_nothing_changed_gives_the_very_same_bytes_object():
    body = b'{"email":"a"}\r\n\n{"email": "b"}'
    assert treated(read(body), lambda value, _customer: value).body is body


def test_each_line_has_its_own_customer():
    body = b'{"who":"a","email":"1"}\n{"who":7,"email":"2"}\n{"email":"3"}\n{"who":{},"email":"4"}\n[]\n'
    document = read(body)
    assert document.customers == ["a", "7", None, None, None]
    edits = Edits(lambda _spot: Edit(lambda _value, customer: customer or "stranger"))
    assert document.write([edits] * 5, KEEP).body == (
        b'{"who":"a","email":"a"}\n{"who":7,"email":"7"}\n{"email":"stranger"}\n{"who":{},"email":"stranger"}\n[]\n'
    )


def test_a_line_that_is_removed_goes_with_its_end():
    body = b'{"email":"a"}\n\n"secret"\r\n{"email":"b"}\n7'
    document = read(body)
    rest = Edit(lambda _value, _customer: Signal.REMOVE)
    written = document.write([Edits(lambda _spot: None, rest)] * 4, KEEP)
    assert written.body == b'{"email":"a"}\n\n{"email":"b"}\n'
    assert [(touch.pointer, touch.count) for touch in written.touches] == [("/*", 2)]


def test_unlisted_members_are_treated_and_counted_for_all_lines():
    written = treated(read(b'{"email":"a","note":"b"}\n{"note":"c"}\n'), "x", "y")
    assert written.body == b'{"email":"x","note":"y"}\n{"note":"y"}\n'
    assert {(touch.pointer, touch.count) for touch in written.touches} == {("/*/email", 1), ("/*/?", 2)}


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b'{"a":1\n', "body-not-json"),
        (b'{"a":1}\n{"a":', "body-not-json"),
        (b'{"a":1}{"b":2}\n', "body-not-json"),
        (b'{"a":1},{"b":2}\n', "body-not-json"),
        (b'{"a":\n1}\n', "body-not-json"),
        (b"[1\n2]\n", "body-not-json"),
        (b"1,2\n[3\n4]\n", "body-not-json"),
        (b"[1,2\n3],4\n", "body-not-json"),
        (b'{"a":1}]\n[{"b":1}\n', "body-not-json"),
        (b"]\n[\n", "body-not-json"),
        (b'{"a":"x\ny"}\n', "body-not-json"),
        (b"NaN\n", "body-not-json"),
        (b'{"a":1,"a":2}\n', "body-duplicate-key"),
        (b'{"who":"a","\\u0077ho":"b"}\n', "body-duplicate-key"),
        (b'{"a":1}\r{"b":2}\n', "body-ambiguous"),
        (b'{"a":\r1}\n', "body-ambiguous"),
        (b'{"a":1}\n\r', "body-ambiguous"),
        (b'\xef\xbb\xbf{"a":1}\n', "body-not-json"),
        (b'{"a":"\xff"}\n', "body-encoding"),
        (b'\x1e{"a":1}\n', "body-not-json"),
        (b"[" * 65 + b"]" * 65 + b"\n", "body-too-deep"),
        (b"[" * 100_000 + b"\n", "body-too-deep"),
    ],
)
def test_what_is_not_one_json_text_a_line_is_refused(body, refusal):
    with pytest.raises(Unreadable) as error:
        read(body)
    assert error.value.refusal == refusal


def test_lines_are_bounded_by_values():
    with pytest.raises(Unreadable) as error:
        read(b"{}\n" * 200, limits=BodyLimits(values=100))
    assert error.value.refusal == "body-too-large"


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n \t\n"])
def test_no_lines_are_no_records(body):
    document = read(body)
    assert document.customers == []
    assert document.write([], KEEP).body is body


def test_a_value_is_looked_up_where_all_lines_say_the_same():
    document = read(b'{"type":"order","n":1}\n{"type":"order","n":2}\n')
    assert (document.lookup("$.type"), document.lookup("$.n"), document.lookup("$.x")) == ("order", None, None)


@pytest.mark.parametrize(("selector", "singular"), [("email", False), ("$.a[*]", True), ("$.", False)])
def test_selectors_are_checked_as_those_of_json(selector, singular):
    with pytest.raises(ValueError, match=r".+"):
        NDJSON.check(selector, singular=singular)


# Laws

LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
VALUE = (
    st.dictionaries(st.sampled_from(["email", "who", "note", "é"]), LEAF, max_size=4)
    | LEAF
    | st.lists(LEAF, max_size=3)
)
BODY = st.lists(st.tuples(VALUE, st.sampled_from(["\n", "\r\n", " \n", "\n\n"]), st.booleans()), max_size=6)


def written(lines):
    return "".join(json.dumps(value, ensure_ascii=plain) + end for value, end, plain in lines).encode()


@given(BODY)
def test_only_labelled_values_change(lines):
    body = written(lines)
    document = read(body)
    assert treated(document, lambda value, _customer: value).body == body
    made = treated(document, "x").body
    for line in made.splitlines():
        json.loads(line or b"0")
    meant = [{**value, "email": "x"} if isinstance(value, dict) and "email" in value else value for value, *_ in lines]
    assert [json.loads(line) for line in made.split(b"\n") if line.strip()] == meant


@given(st.text('[]{},:"1a \n\r', max_size=30), st.randoms(use_true_random=False))
def test_any_text_is_read_line_by_line_or_refused_whole_or_cut(text, random):
    body = text.encode()
    compiled = layout()
    try:
        document = NDJSON.read(body, compiled, BodyLimits())
    except Unreadable:
        with pytest.raises(Unreadable):
            streamed(body, compiled, random)
        return
    assert len([json.loads(line) for line in text.split("\n") if line.strip()]) == len(document.customers)
    assert plain(streamed(body, compiled, random)) == plain(treated(document, "x").body)


@given(BODY, st.randoms(use_true_random=False))
def test_a_stream_comes_out_as_the_whole_however_it_is_cut(lines, random):
    body, compiled = written(lines), layout()
    # White space inside of a line that changes is not promised, as in JSON.
    whole = treated(NDJSON.read(body, compiled, BodyLimits()), "x").body
    assert plain(streamed(body, compiled, random)) == plain(whole)


def plain(body):
    return [json.loads(line) if line.strip() else line for line in body.split(b"\n")]


def streamed(body, compiled, random):
    cutter = NDJSON.cutter(compiled, BodyLimits())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.formats.portions.PORTION", 16)
        made, at = [], 0
        while at < len(body):
            step = random.randint(1, 20)
            made += [treated(piece.document, "x").body for piece in cutter.feed(body[at : at + step])]
            at += step
        return b"".join((*made, *(treated(piece.document, "x").body for piece in cutter.end())))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body):
    try:
        read(body)
    except Unreadable:
        return
