"""Laws of workbooks: both ways of reading cells see the same; whatever the bytes, there is one error and no leak."""

from __future__ import annotations

from dataclasses import astuple

from hypothesis import given, settings
from hypothesis import strategies as st
from multipart_kit import LIMITS
from test_xlsx import after, starred
from xlsx_kit import MAIN, dangling, leaks, parts, rich, sheet, zipped

from gateway.errors import Unreadable
from gateway.formats.document import Signal
from gateway.formats.xlsx_dates import Dates
from gateway.formats.xlsx_sheet import read_sheet
from gateway.formats.xlsx_strings import read_strings

SECRET, NUMBER = "ann.miller@example.com", 4915112345678
STRINGS = ["zero", "one & two", "three"]
VALUES = (
    "<v>1</v>",
    "<v> 2 </v>",
    "<v>-1.5E3</v>",
    "<v/>",
    "<v></v>",
    "",
    '<v xml:space="preserve">1</v>',
    "<v>x</v>",
    "<v>&#49;</v>",
)
TEXTS = (
    "<is><t>a</t></is>",
    '<is><t xml:space="preserve"> a &amp; b</t></is>',
    "<is><r><t>a</t></r></is>",
    "<is/>",
    "",
)
FORMULAS = (
    "",
    "",
    "<f>A1+1</f>",
    "<f/>",
    '<f t="shared" ref="A1:A3" si="0">A1</f>',
    '<f t="shared" si="0"/>',
    '<f t="array" ref="A1:C9">x</f>',
)
TAILS = (
    "",
    ' s="1"',
    ' s="2"',
    ' t="s"',
    ' t="n" s="1"',
    ' t="str"',
    ' t="b"',
    " t='e'",
    ' cm="1"',
    ' ph=">"',
    ' vm="1" ph="true"',
    ' x="1"',
    " ",
    ' s = "1"',
)
SPACES = st.sampled_from(("", "", "\n", " \t"))


@st.composite
def cells(draw, row):
    column = draw(st.sampled_from(("A", "B", "C", "AA", "b", "")))
    place = draw(st.sampled_from((f' r="{column}{row}"' if column else "",) * 4 + (f" r='{column}{row}'",)))
    if draw(st.booleans()) and draw(st.booleans()):
        return f'<c{place} t="inlineStr">{draw(st.sampled_from(TEXTS))}</c>'
    inside = draw(st.sampled_from(FORMULAS)) + draw(st.sampled_from(VALUES))
    tail = draw(st.sampled_from(TAILS))
    return f"<c{place}{tail}/>" if not inside and draw(st.booleans()) else f"<c{place}{tail}>{inside}</c>"


@st.composite
def tables(draw):
    made = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        said = draw(
            st.sampled_from(
                ("", f' r="{number}"', f' r="{number}"', f' r="{number}" spans="1:3"', f' ht="1" r="{number}"')
            )
        )
        inside = "".join(draw(SPACES) + draw(cells(number)) for _ in range(draw(st.integers(0, 3))))
        made.append(draw(SPACES) + (f"<row{said}>{inside}</row>" if inside else f"<row{said}/>"))
    return "".join(made)


def told(body):
    try:
        found = read_sheet("m", body, STRINGS, Dates(frozenset({"1"}), from_1904=False), LIMITS, 1000)
    except Unreadable as error:
        return error.refusal
    return [(row.number, [astuple(cell) for cell in row.cells]) for row in found.rows]


@given(tables())
def test_cells_are_the_same_read_by_an_expression_or_element_by_element(text):
    quick = sheet(text).encode()
    assert told(quick) == told(quick + b"<!-- element by element -->")


@given(
    st.lists(
        st.sampled_from(
            ("<si><t>a</t></si>", "<si><t/></si>", "<si/>", "<si><r><t>b</t></r></si>", "\n", "<si><t>&lt;</t></si>")
        )
    )
)
def test_strings_are_the_same_read_by_an_expression_or_element_by_element(texts):
    quick = f'<sst xmlns="{MAIN}">{"".join(texts)}</sst>'.encode()
    ways = [read_strings("m", body, LIMITS) for body in (quick, quick + b"<!-- element by element -->")]
    assert ways[0].texts == ways[1].texts
    assert ways[0].places == ways[1].places
    assert len(ways[0].texts) == sum(one != "\n" for one in texts)


RICH = {name: text if isinstance(text, bytes) else text.encode() for name, text in rich(SECRET, NUMBER).items()}
RICH["xl/worksheets/sheet2.xml"] = RICH["xl/worksheets/sheet2.xml"].replace(
    b't="s"><v>0', b"><v>0"
)  # else it stays there
BITS = st.binary(max_size=4) | st.sampled_from(
    [b"<", b">", b'"', b"</c>", b"&#0;", b"<v>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"/"]
)


@given(st.sampled_from(sorted(RICH)), st.data())
def test_whatever_the_bytes_of_whatever_part_there_is_one_error_and_no_leak(name, choosing):
    text = RICH[name]
    at = choosing.draw(st.integers(0, len(text)))
    bent = text[:at] + choosing.draw(BITS) + text[at + choosing.draw(st.integers(0, 9)) :]
    try:
        result = after(
            zipped(RICH | {name: bent}),
            ["email", "phone"],
            [starred, lambda _value, _customer: "x"],
            lambda _value, _customer: Signal.REMOVE,
            other_sheets="keep",
        )
    except Unreadable:
        return
    assert leaks(result.body, SECRET, str(NUMBER)) == []


@given(st.sets(st.sampled_from(sorted(set(RICH) - set(parts(sheet()))))), st.booleans())
@settings(max_examples=60)
def test_whatever_parts_are_missing_what_is_written_holds_together(missing, hidden):
    made = {name: text.decode("utf-8", "surrogateescape") for name, text in RICH.items() if name not in missing}
    data = zipped({name: text.encode("utf-8", "surrogateescape") for name, text in made.items()})
    unlisted = (lambda _value, _customer: "?") if hidden else None
    try:
        result = after(data, ["email", "phone"], [starred, lambda _v, _c: "x"], unlisted, other_sheets="keep")
    except Unreadable:
        return
    assert leaks(result.body, SECRET, str(NUMBER)) == []
    assert set(dangling(result.body)) <= set(dangling(data))
