"""Tables: what reads as a table comes back byte for byte but for what an edit changes; what is unclear is refused."""

import csv
import io
import string
from collections import deque
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.formats.csv_columns import look
from gateway.formats.document import Edit, Edits, Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.registry import FORMATS

CSV = FORMATS["csv"]
KEEP = Edits(lambda _spot: None)


def layout(fields=("email",), customer=None, **options):
    return CSV.layout(Shape(tuple(fields), customer, options=options))


def read(body, *arguments, limits=BodyLimits(), **options):  # noqa: B008 - frozen
    return CSV.read(body, layout(*arguments, **options), limits)


def treated(document, new, unlisted=None):
    """Treat all labelled cells with one answer or function, unlisted ones with another."""
    edit = Edit(new if callable(new) else lambda _value, _customer: new)
    rest = None if unlisted is None else Edit(lambda _value, _customer: unlisted)
    edits = Edits(lambda _spot: edit, rest)
    return document.write([edits] * len(document.customers), KEEP)


@pytest.mark.parametrize(
    ("options", "before", "value", "after"),
    [
        ({}, "id,email\n1,a@b\n", "x", "id,email\n1,x\n"),
        ({}, "id,email\r\n1,a@b\r\n2,\r\n", "x", "id,email\r\n1,x\r\n2,x\r\n"),
        ({}, "id,email\n1,a@b", "x", "id,email\n1,x"),
        ({}, 'id,email\n"1","a@b"\n', "x", 'id,email\n"1","x"\n'),
        ({}, 'id,email\n1,"a ""b"" c"\n', "x", 'id,email\n1,"x"\n'),
        ({}, 'id,email\n"a,1\n\r\n2",a@b\n', "x", 'id,email\n"a,1\n\r\n2",x\n'),
        ({}, "id,email\n1,a@b\r\n2,c\n", "x", "id,email\n1,x\r\n2,x\n"),
        ({}, "\n\nid,email\n\r\n1,a@b\n\n\n2,c\n\n", "x", "\n\nid,email\n\r\n1,x\n\n\n2,x\n\n"),
        ({}, "\nid,email\n\n1,a@b", "x", "\nid,email\n\n1,x"),
        ({}, "id,email\n1,a@b\n", "x,y", 'id,email\n1,"x,y"\n'),
        ({}, "id,email\n1,a@b\n", 'x"y', 'id,email\n1,"x""y"\n'),
        ({}, "id,email\n1,a@b\n", "x\r\ny", 'id,email\n1,"x\r\ny"\n'),
        ({}, "id,email\n1,a@b\n2,c\n", "x\n1,b", 'id,email\n1,"x\n1,b"\n2,"x\n1,b"\n'),
        ({}, "id,email\n1,a@b\n", " x", 'id,email\n1," x"\n'),
        ({}, "id,email\n1,a@b\n", None, "id,email\n1,\n"),
        ({}, "id,email\n1,a@b\n", True, "id,email\n1,true\n"),
        ({}, "id,email\n1,a@b\n", 7, "id,email\n1,7\n"),
        ({}, "id,email\n1,a@b\n", Signal.REMOVE, "id,email\n1,\n"),
        ({}, '"id","email"\n"1","a"\n"2",', "x", '"id","email"\n"1","x"\n"2",x'),
        ({}, '"id","email"\r\n"\r,\n","a"\r\n', 'x"\n', '"id","email"\r\n"\r,\n","x""\n"\r\n'),
        ({}, '"email"\n"a"\n\n"b"', "", '"email"\n""\n\n""'),
        ({}, 'id,email\n1,"a@b"\n', Signal.REMOVE, 'id,email\n1,""\n'),
        ({}, "email\na@b\n", Signal.REMOVE, 'email\n""\n'),
        ({}, "sep=,\nid,email\n1,a@b\n", "x", "sep=,\nid,email\n1,x\n"),
        ({"delimiter": ";"}, '"sep=;"\r\nid;email\r\n1;a@b\r\n', "x", '"sep=;"\r\nid;email\r\n1;x\r\n'),
        ({"delimiter": ";"}, "id;email\n1,5;a@b\n", "x;y", 'id;email\n1,5;"x;y"\n'),
        ({"delimiter": "tab"}, "id\temail\n1\ta@b\n", "x,y", "id\temail\n1\tx,y\n"),
        ({"delimiter": "tab", "quote": "none"}, 'id\temail\n5"\t"a\n', "x", 'id\temail\n5"\tx\n'),
        ({"delimiter": "¦"}, "id¦email\n1¦a@b\n", "x", "id¦email\n1¦x\n"),
        ({"quote": "'"}, "id,email\n'a,\"',a@b\n", "it's", "id,email\n'a,\"','it''s'\n"),
        ({"escape": "backslash"}, 'id,email\n"a\\",\\\\","b\\"c"\n', "x", 'id,email\n"a\\",\\\\","x"\n'),
        ({"escape": "backslash"}, 'id,email\n\\N,"b"\n', 'x"y\\z', 'id,email\n\\N,"x\\"y\\\\z"\n'),
        ({"line_ends": "cr"}, "id,email\r1,a@b\r\r2,c", "x", "id,email\r1,x\r\r2,x"),
        ({"skip": 2}, "\n\nid,email\n1,a@b\n", "x", "\n\nid,email\n1,x\n"),
    ],
)  # fmt: skip
def test_only_the_cell_that_is_edited_changes(options, before, value, after):
    assert treated(read(before.encode(), **options), value).body.decode() == after


@pytest.mark.parametrize(
    ("options", "cell", "value"),
    [
        ({}, "a@b", "a@b"),
        ({}, '"a@b"', "a@b"),
        ({}, '"a,b"', "a,b"),
        ({}, '"a""b"', 'a"b'),
        ({}, '""""', '"'),
        ({}, '""', ""),
        ({}, "", ""),
        ({}, '"a\r\nb"', "a\r\nb"),
        ({}, " a ", " a "),
        ({}, "张伟", "张伟"),
        ({"escape": "backslash"}, '"a\\"b"', 'a"b'),
        ({"escape": "backslash"}, '"a\\\\"', "a\\"),
        ({"escape": "backslash"}, "\\N", None),
        ({"quote": "none"}, '"a"', '"a"'),
    ],
)
def test_edits_see_what_a_cell_says(options, cell, value):
    for other in ("1", '"1"') if options.get("quote") != "none" else ("1",):
        seen = []
        document = read(f"id,email\n{other},{cell}\n".encode(), **options)
        treated(document, lambda value, customer: seen.append((value, customer)) or value)  # noqa: B023 - called at once
        assert seen == [(value, None)]


@pytest.mark.parametrize(
    ("options", "body", "refusal"),
    [
        ({}, b'id,email\n1,"a', "body-malformed"),
        ({}, b'id,email\n1,a"b\n', "body-malformed"),
        ({}, b'id,email\n1,a"b"\n', "body-ambiguous"),
        ({}, b'id,email\n1,"a"b\n', "body-ambiguous"),
        ({}, b'id,email\n1, "a"\n', "body-ambiguous"),
        ({}, b'id,email\n1,"a" \n', "body-ambiguous"),
        ({}, b'id,email\n"a"x"b",c\n', "body-ambiguous"),
        ({}, b"id,email\n1\n", "body-malformed"),
        ({}, b'"email"\n"a",', "body-malformed"),
        ({}, b"id,email\n1,2,3\n", "body-malformed"),
        ({}, b"id,email\n1\n2,3,4\n", "body-malformed"),
        ({}, b"id,email\n1,2\n \n", "body-malformed"),
        ({}, b"id,email\n1,a\rb\n", "body-ambiguous"),
        ({}, b"id,email\r1,a\r", "body-ambiguous"),
        ({}, b"id,email\n1,a\n\r", "body-ambiguous"),
        ({}, b"id,email\n1,a\x00\n", "body-malformed"),
        ({}, b"id,email\n1,a\x1a\n", "body-malformed"),
        ({}, b"id,email\n1,\xff\n", "body-encoding"),
        ({}, b"id,email,email\n1,a,b\n", "body-ambiguous"),
        ({}, b"id,email,Email\n1,a,b\n", "body-ambiguous"),
        ({}, b"id,E-mail,EMAIL\n1,a,b\n", "body-ambiguous"),
        ({}, b"id, email\n1,a\n", "body-ambiguous"),
        ({}, "\ufeffemail,id\n1,a\n".encode(), "body-ambiguous"),
        ({}, "id,e\u00admail\n1,a\n".encode(), "body-ambiguous"),
        ({}, "id,\uff45mail\n1,a\n".encode(), "body-ambiguous"),
        ({}, b"sep=;\nid,email\n1,a\n", "body-ambiguous"),
        ({}, b"SEP=|\r\nid,email\n1,a\n", "body-ambiguous"),
        ({"customer": "who"}, b"who,email,who\n1,a,2\n", "body-ambiguous"),
        ({"customer": "who"}, b"who,email,WHO\n1,a,2\n", "body-ambiguous"),
        ({"line_ends": "cr"}, b"id,email\r1,a\n", "body-ambiguous"),
        ({"skip": 3}, b"id,email\n1,a\n", "body-malformed"),
        ({"escape": "backslash"}, b'id,email\n1,"a""b"\n', "body-ambiguous"),
        ({"escape": "backslash"}, b"id,email\n1,a\\,b\n", "body-ambiguous"),
        ({"escape": "backslash"}, b"id,email\n1,a\\Nb\n", "body-ambiguous"),
        ({"escape": "backslash"}, b'id,email\n"x",\\N\\N\n', "body-ambiguous"),
        ({"escape": "backslash"}, b'id,email\n1,"a\\"\n', "body-malformed"),
    ],
)  # fmt: skip
def test_what_two_readers_split_differently_is_refused(options, body, refusal):
    customer = options.pop("customer", None)
    with pytest.raises(Unreadable) as error:
        read(body, ("email",), customer, **options)
    assert error.value.refusal == refusal


def test_columns_are_numbered_where_there_is_no_header():
    document = read(b"7,a@b\n8,c@d\n", ("#2",), "#1", header=False)
    assert document.customers == ["7", "8"]
    assert treated(document, "x").body == b"7,x\n8,x\n"


def test_a_table_without_a_header_has_the_columns_that_are_named():
    with pytest.raises(Unreadable) as error:
        read(b"7,a@b\n", ("#3",), header=False)
    assert error.value.refusal == "body-malformed"


@pytest.mark.parametrize(
    ("fields", "options", "told"),
    [
        (("email",), {"header": False}, "numbered"),
        (("#1",), {"quote": "none", "escape": "backslash"}, "quotes"),
    ],
)
def test_what_does_not_go_together_in_a_catalogue_is_told(fields, options, told):
    with pytest.raises(ValueError, match=told):
        layout(fields, **options)


def test_each_row_has_its_own_customer_and_a_row_without_one_is_a_strangers():
    document = read(b'who,email\nC-1,a\n,b\n"C-2",c\n"",d\n', ("email",), "who")
    assert document.customers == ["C-1", None, "C-2", None]
    asked = {"C-1": Edits(lambda _spot: Edit(lambda _value, customer: f"{customer}!")), "C-2": KEEP}
    none = Edits(lambda _spot: Edit(lambda _value, _customer: "stranger"))
    written = document.write([asked.get(one, none) for one in document.customers], KEEP)
    assert written.body == b'who,email\nC-1,C-1!\n,stranger\n"C-2",c\n"",stranger\n'
    assert sorted((touch.pointer, touch.count) for touch in written.touches) == [("/*/email", 1), ("/*/email", 2)]


def test_a_table_that_lacks_the_customers_column_is_all_strangers():
    assert read(b"id,email\n1,a\n", ("email",), "who").customers == [None]


@pytest.mark.parametrize("body", [b"7,a@example\n8,b@example\n", b"aWQsZW1haWwKNyxhQGV4YW1wbGUK", b"7\n"])
def test_a_header_that_names_nothing_we_know_is_none(body):
    """Else the first row of a table without a header, or a table in another form, would pass as names."""
    with pytest.raises(Unreadable) as error:
        read(body, ("email",), "id")
    assert error.value.refusal == "body-ambiguous"
    assert read(b"id\n" + body.replace(b",", b" "), ("email",), "id").customers


def test_unlisted_columns_are_treated_and_their_names_are_no_part_of_reports():
    written = treated(read(b"id,email,note\n1,a,b\n"), "x", unlisted="[redacted]")
    assert written.body == b"id,email,note\n[redacted],x,[redacted]\n"
    assert {(touch.pointer, touch.count) for touch in written.touches} == {("/*/?", 2), ("/*/email", 1)}


@pytest.mark.parametrize("signal", [Signal.REFUSE, Signal.DROP])
def test_a_cell_is_refused_where_it_should_or_where_it_can_not_be_left_out(signal):
    written = treated(read(b"id,email\n1,a\n2,b\n"), signal)
    assert [one.pointer for one in written.refused] == ["/*/email"]


def test_nothing_changed_gives_the_very_same_bytes_object():
    body = b'id,email\r\n"1",a\n\n2,"b"\n'
    document = read(body)
    assert treated(document, lambda value, _customer: value).body is body


def test_lines_before_the_table_are_a_strangers_record_that_nobody_labelled():
    body = b'Orders of "Miller\r\n\r\nid,email\r\n1,a\r\n'
    document = read(body, skip=2)
    assert document.customers == [None, None]
    assert treated(document, "x", "[redacted]").body == b"[redacted]\r\n\r\n[redacted],x\r\n".replace(
        b"[redacted],x", b"id,email\r\n[redacted],x"
    )
    assert treated(document, lambda value, _customer: value).body is body


def test_a_value_that_can_not_be_written_is_never_half_written():
    with pytest.raises(Unreadable) as error:
        treated(read(b"id\temail\n1\ta\n", delimiter="tab", quote="none"), "x\ty")
    assert error.value.refusal == "body-encoding"
    for bad in ("\x01", "a\x06b", "\ud800"):
        with pytest.raises(Unreadable):
            treated(read(b"id,email\n1,a\n"), bad)


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"\r\n\r\n", b"id,email", b"id,email\n", b"\n\nid,email\r\n\r\n", b'"id","email"']
)
def test_a_table_without_rows_has_no_records(body):
    document = read(body)
    assert document.customers == []
    assert document.write([], KEEP).body is body


def test_a_column_is_looked_up_where_all_rows_say_the_same():
    document = read(b"type,email\norder,a\norder,b\n")
    assert document.lookup("type") == "order"
    assert document.lookup("email") is None
    assert document.lookup("other") is None


def test_tables_are_bounded_by_cells_and_columns():
    with pytest.raises(Unreadable) as error:
        read(b"id,email\n" + b"1,a\n" * 60, limits=BodyLimits(values=100))
    assert error.value.refusal == "body-too-large"
    with pytest.raises(Unreadable) as error:
        read(b"," * 20_000 + b"\n")
    assert error.value.refusal == "body-too-large"
    with pytest.raises(Unreadable) as error:
        read(b"email\n" + b'"' * 1000, limits=BodyLimits(values=100))
    assert error.value.refusal == "body-too-large"


@pytest.mark.parametrize(("one", "other"), [("Email", " email"), ("Straße", "STRASSE"), ("a b", "A\u00a0B")])
def test_names_look_alike_whatever_their_case_and_space(one, other):
    assert look(one) == look(other)


# Laws

CELL = st.text(string.ascii_letters + ',;"\n\r \t张é=', max_size=6)
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=6))


@st.composite
def tables(draw):
    rows = draw(ROWS)
    width = len(rows[0]) if rows else 2
    names = [f"c{number}" for number in range(width)]
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]))
    if "\r" in "".join(cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # the library may leave a lone CR without quotes, which is refused
    delimiter, end = draw(st.sampled_from(",;\t")), draw(st.sampled_from(["\n", "\r\n"]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(names)
    writer.writerows(rows)
    text = out.getvalue()
    return text if draw(st.booleans()) else text.removesuffix(end), names, delimiter, rows


@given(tables())
@example(('c0\n""', ["c0"], ",", [[""]]))
def test_every_reader_sees_the_cells_that_the_gateway_sees(table):
    text, names, delimiter, rows = table
    document = read(text.encode(), names, delimiter="tab" if delimiter == "\t" else delimiter)
    seen = {name: [] for name in names}
    for index, name in enumerate(names):
        edit = Edit(lambda value, _customer, name=name: seen[name].append(value) or value)
        document.write([Edits(lambda spot, i=index, e=edit: e if spot == (i,) else None)] * len(rows), KEEP)
    assert [list(row) for row in zip(*seen.values(), strict=True)] == rows
    assert treated(document, lambda value, _customer: value).body == text.encode()


@given(tables(), st.dictionaries(st.integers(0, 5), CELL))
def test_what_is_written_reads_back_as_it_was_meant(table, new):
    text, names, delimiter, rows = table
    option = "tab" if delimiter == "\t" else delimiter
    document = read(text.encode(), names[:1], delimiter=option)
    edits = [
        Edits(lambda _spot, row=row: Edit(lambda value, _customer: new.get(row, value))) for row in range(len(rows))
    ]
    body = document.write(edits, KEEP).body
    again = list(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=delimiter, strict=True))
    assert again == [names, *([new.get(row, cells[0]), *cells[1:]] for row, cells in enumerate(rows))]
    read(body, names[:1], delimiter=option)


@given(st.text(",\"\n\r ab\\'", max_size=40), st.sampled_from(["doubled", "backslash"]))
def test_any_text_is_read_or_refused_and_comes_back(text, escape):
    try:
        document = read(text.encode(), escape=escape)
    except Unreadable:
        return
    assert treated(document, lambda value, _customer: value).body == text.encode()
    columns = document.columns
    if columns is not None and escape == "doubled":
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        assert [list(columns.names), *rows[1:]] == rows
        assert len(rows) - 1 == len(document.customers)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(body):
    try:
        read(body)
    except Unreadable:
        return


@given(tables(), st.randoms(use_true_random=False))
def test_a_stream_comes_out_as_the_whole_however_it_is_cut(table, random):
    text, names, delimiter, _ = table
    compiled = layout(names[:1], delimiter="tab" if delimiter == "\t" else delimiter)
    whole = treated(CSV.read(text.encode(), compiled, BodyLimits()), "x").body
    assert streamed(text.encode(), compiled, random, 16) == whole


@given(
    st.text(',"\n\r ab\\', max_size=60), st.sampled_from(["doubled", "backslash"]), st.randoms(use_true_random=False)
)
def test_a_stream_is_refused_where_the_whole_is(text, escape, random):
    compiled = layout(escape=escape)
    try:
        whole = treated(CSV.read(text.encode(), compiled, BodyLimits()), "x").body
    except Unreadable:
        with pytest.raises(Unreadable):
            streamed(text.encode(), compiled, random, 16)
        return
    assert streamed(text.encode(), compiled, random, 16) == whole


def streamed(body, compiled, random, portion):
    cutter = CSV.cutter(compiled, BodyLimits())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.formats.portions.PORTION", portion)
        made, at = [], 0
        while at < len(body):
            step = random.randint(1, 20)
            made += [treated(piece.document, "x").body for piece in cutter.feed(body[at : at + step])]
            at += step
        return b"".join((*made, *(treated(piece.document, "x").body for piece in cutter.end())))


def test_a_stream_holds_no_more_than_a_portion_and_a_record():
    cutter = CSV.cutter(layout(), BodyLimits(size=1_000_000))
    list(cutter.feed(b'id,email\n1,"'))
    with pytest.raises(Unreadable) as error:
        deque(piece for _ in range(50) for piece in cutter.feed(b"x\n" * 50_000))
    assert error.value.refusal == "body-too-large"


@pytest.mark.parametrize("body", ['sep=,\n"\nid,email\n1,a\n2,b\n', "\n" * 50 + '"x,email\nid,email\n1,a\n2,b\n'])
def test_what_stands_before_a_stream_is_looked_for_once(body):
    skip = body[: body.index("id,")].count("\n") - body.startswith("sep")
    compiled = layout(skip=skip)
    whole = treated(CSV.read(body.encode(), compiled, BodyLimits()), "x").body
    assert whole.endswith(b"id,email\n1,x\n2,x\n")
    for portion in (4, 8, 16, 32):
        assert streamed(body.encode(), compiled, Random(portion), portion) == whole


def test_lines_before_a_stream_do_not_mislead_its_cutter():
    body = b'A "report\n' + b"id,email\n" + b'"1,\n2",a\n' * 60_000
    cutter = CSV.cutter(layout(skip=1), BodyLimits())
    pieces = [*cutter.feed(body), *cutter.end()]
    assert b"".join(piece.text for piece in pieces) == body
    assert max(len(piece.text) for piece in pieces) <= 256 * 1024
    assert sum(len(piece.document.customers) for piece in pieces) == 60_001
