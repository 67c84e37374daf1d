"""Workbooks: rows by their customers, cells by the header, and nothing of a treated value left in any part."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from io import BytesIO

import pytest
from gate_kit import Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st
from multipart_kit import LIMITS, edits, starred
from xlsx_kit import BOOK, KIND, MAIN, cell, contents, inline, parts, row, sheet, strings, workbook, zipped

from gateway.errors import Unreadable
from gateway.formats.document import Signal
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.media import parse
from gateway.formats.xlsx_format import Xlsx

SECRET = "ann@example.com"
SHARED = strings("who", "email", "C-1", SECRET, "kept", "orphan@example.com")
HEAD = row(1, cell("A1", 0, "s"), cell("B1", 1, "s"))
PEOPLE = sheet(HEAD, row(2, cell("A2", 2, "s"), cell("B2", 3, "s"), cell("C2", 4, "s")))
SHEET = "xl/worksheets/sheet1.xml"
TWO_SHEETS = '<sheets><sheet name="People" sheetId="1" r:id="rId1"/><sheet name="B" sheetId="2" r:id="rId2"/></sheets>'


def read(data, *fields, customer=None, limits=LIMITS, **options):
    form = Xlsx()
    form.agree(parse(KIND), data)
    return form.read(data, form.layout(Shape(fields, customer, options=options)), limits)


def after(data, fields, treatments, unlisted=None, **options):
    document = read(data, *fields, **options)
    one = edits(treatments, unlisted)
    return document.write([one] * len(document.customers), one)


def holds(data, text):
    """Tell in which members a text is."""
    return [name for name, content in contents(data).items() if text.encode() in content]


def table(*cells, **options):
    """Give a workbook with one column, v, and a row for each cell."""
    rows = [row(number, one) for number, one in enumerate(cells, 2)]
    return workbook(sheet(row(1, inline("A1", "v")), *rows), **options)


def seen(*cells, **options):
    """Give what treatments get to see in a column."""
    found = []
    after(table(*cells, **options), ["v"], [lambda value, _customer: found.append(value) or value])
    return found


def test_nothing_changed_is_the_very_same_object():
    data = workbook(PEOPLE, shared=SHARED, core="<x>Ann</x>")
    assert after(data, ["email"], [lambda value, _customer: value]).body is data
    assert after(data, [], []).body is data


def test_a_treated_string_leaves_every_part_and_other_cells_and_parts_keep_their_bytes():
    data = workbook(PEOPLE, shared=SHARED)
    result = after(data, ["email"], [starred])
    old, new = contents(data), contents(result.body)
    assert holds(data, SECRET) == ["xl/sharedStrings.xml"]
    assert holds(result.body, SECRET) == holds(result.body, "orphan") == []
    text = '<c r="B2" t="inlineStr"><is><t xml:space="preserve">***************</t></is></c>'
    assert new[SHEET].decode() == PEOPLE.replace(cell("B2", 3, "s"), text)
    assert {name for name in old if old[name] != new[name]} == {SHEET, "xl/sharedStrings.xml"}
    assert new["xl/sharedStrings.xml"].decode() == strings("who", "email", "C-1", "", "kept", "").replace(
        "<t></t>", "<t/>"
    )
    assert [(touch.pointer, touch.count) for touch in result.touches] == [("/*/email", 1)]


def test_a_string_that_another_cell_uses_stays_for_that_cell():
    data = workbook(sheet(HEAD, row(2, cell("B2", 3, "s")), row(3, cell("C3", 3, "s"))), shared=SHARED)
    assert holds(after(data, ["email"], [starred]).body, SECRET) == ["xl/sharedStrings.xml"]
    assert holds(after(data, ["email"], [starred], starred).body, SECRET) == []


def test_each_row_is_its_own_customers():
    rows = (
        row(number, inline(f"A{number}", who), inline(f"B{number}", SECRET)) for number, who in ((2, "a"), (4, "b"))
    )
    last = row(5, cell("A5", 7), cell("B5", "1"))
    document = read(
        workbook(sheet(HEAD, *rows, row(6), last.replace("5", "7")), shared=SHARED), "email", customer="who"
    )
    assert document.customers == ["a", "b", "7"]
    assert (document.lookup("email"), document.lookup("none")) == (None, None)
    kept, hidden = edits([None]), edits([starred])
    new = contents(document.write([kept, hidden, kept], kept).body)[SHEET].decode()
    assert inline("B2", SECRET) in new
    assert new.count("example.com") == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (cell("A2", 5), 5),
        (cell("A2", "1.50"), Decimal("1.50")),
        (cell("A2", "-1E-3"), Decimal("-0.001")),
        (cell("A2", 1, "b"), True),
        (cell("A2", "#N/A", "e"), "#N/A"),
        (cell("A2", "2026-01-02", "d"), "2026-01-02"),
        (cell("A2", "x &amp; y", "str"), "x & y"),
        (cell("A2", 46024, style=' s="1"'), "2026-01-02"),
        (cell("A2", "46024.5", style=' s="2"'), "2026-01-02T12:00:00"),
        (cell("A2", 46024, style=' s="3"'), 46024),
        (cell("A2", 60, style=' s="1"'), 60),
        ('<c r="A2"><f>B2&amp;"x"</f><v>7</v></c>', 7),
        ('<c r="A2"><f>B2*2</f></c>', "=B2*2"),
        (inline("A2", "ann_x0040_example_x002E_com"), "ann@example.com"),
        (inline("A2", "_xD83D__xDE00_"), "\U0001f600"),
        (
            '<c r="A2" t="inlineStr"><is><r><t>a</t></r><r><rPr/><t>b</t></r><rPh><t>c</t></rPh></is></c>',
            "ab",
        ),
        ("<c><v>5</v></c>", 5),
    ],
)
def test_treatments_see_what_a_cell_says(written, value):
    assert seen(written) == [value]
    assert [type(one) for one in seen(written)] == [type(value)]


def test_dates_may_count_from_1904_and_empty_cells_say_nothing():
    book = '<workbookPr date1904="1"/>' + BOOK
    assert seen(cell("A2", 44562, style=' s="1"'), book=book) == ["2026-01-02"]
    assert seen('<c r="A2"/>', '<c r="A3" s="1"><v></v></c>') == []


@pytest.mark.parametrize(
    ("new", "made"),
    [
        ("a<b & c", '<c r="A2" s="1" t="inlineStr"><is><t xml:space="preserve">a&lt;b &amp; c</t></is></c>'),
        ("=1+1", '<c r="A2" s="1" t="inlineStr"><is><t xml:space="preserve">=1+1</t></is></c>'),
        (12, '<c r="A2" s="1"><v>12</v></c>'),
        (Decimal("1.5"), '<c r="A2" s="1"><v>1.5</v></c>'),
        (10**20, '<c r="A2" s="1" t="inlineStr"><is><t xml:space="preserve">100000000000000000000</t></is></c>'),
        (False, '<c r="A2" s="1" t="b"><v>0</v></c>'),
        (None, '<c r="A2" s="1"/>'),
        (Signal.REMOVE, '<c r="A2" s="1"/>'),
    ],
)
def test_a_treated_cell_keeps_its_place_and_style(new, made):
    result = after(table(cell("A2", 46024, style=' s="1"')), ["v"], [lambda _value, _customer: new])
    assert made in contents(result.body)[SHEET].decode()


@pytest.mark.parametrize("signal", [Signal.REFUSE, Signal.DROP])
def test_a_cell_can_be_refused(signal):
    result = after(table(cell("A2", 5)), ["v"], [lambda _value, _customer: signal])
    assert [one.pointer for one in result.refused] == ["/*/v"]


@given(st.text(max_size=30))
def test_a_treated_text_is_read_back_as_it_is(text):
    if not all(one in "\t\n\r" or (" " <= one < "\ufffe" or one > "\uffff") for one in text):
        with pytest.raises(Unreadable, match="can't hold"):
            after(table(cell("A2", 5)), ["v"], [lambda _value, _customer: text])
        return
    made = after(table(cell("A2", 5)), ["v"], [lambda _value, _customer: text]).body
    found = []
    after(made, ["v"], [lambda value, _customer: found.append(value) or value])
    assert found == [text]


def test_text_that_looks_like_a_coded_character_stays_text():
    made = after(table(cell("A2", 5)), ["v"], [lambda _value, _customer: "_x0041_x0042_"]).body
    assert b"_x005F_x0041_x005F_x0042_" in contents(made)[SHEET]


def test_formulas_that_stay_lose_results_and_treated_ones_go():
    cells = ('<c r="B2" t="str"><f>A2&amp;""</f><v>77</v></c>', '<c r="C2"><f>A2</f><v>77</v></c>')
    head = row(1, inline("A1", "n"), inline("B1", "calculated"))
    data = workbook(sheet(head, row(2, cell("A2", 77), *cells)), order="B2")
    result = after(data, ["n", "calculated"], [starred_number, starred])
    new = contents(result.body)
    assert holds(result.body, "77") == []
    assert '<c r="C2"><f>A2</f></c>' in new[SHEET].decode()
    assert b"A2&amp;" not in new[SHEET]
    assert b'<calcPr fullCalcOnLoad="1"/>' in new["xl/workbook.xml"]
    assert holds(result.body, "calcChain") == []
    assert "xl/calcChain.xml" not in new
    assert read(result.body, "n").customers == [None]


def starred_number(_value, _customer):
    return "*"


def test_cells_that_share_a_formula_with_a_treated_one_have_it_written_out():
    shared = (
        '<c r="A2"><f t="shared" ref="A2:A4" si="0">B2*$B$2&amp;"B2"</f><v>1</v></c>',
        '<c r="A3"><f t="shared" si="0"/><v>2</v></c>',
        '<c r="A4"><f t="shared" si="0"></f><v>3</v></c>',
    )
    assert after(table(*shared), ["v"], [starred_number]).touches[0].count == 3
    new = after(table(*shared), ["v"], [lambda value, _customer: "*" if value == 1 else value]).body
    assert '<c r="A3"><f>B3*$B$2&amp;"B2"</f></c>' in contents(new)[SHEET].decode()
    assert '<c r="A4"><f>B4*$B$2&amp;"B2"</f></c>' in contents(new)[SHEET].decode()
    new = after(table(*shared), ["v"], [lambda value, _customer: "*" if value == 2 else value]).body
    assert '<f t="shared" ref="A2:A4" si="0">B2*$B$2&amp;"B2"</f></c>' in contents(new)[SHEET].decode()


@pytest.mark.parametrize("kind", ["array", "dataTable"])
def test_cells_that_one_formula_fills_are_treated_together_or_not_at_all(kind):
    filled = table(f'<c r="A2"><f t="{kind}" ref="A2:A3">B2:B3</f><v>1</v></c>', cell("A3", 2))
    assert after(filled, ["v"], [starred_number]).touches[0].count == 2
    with pytest.raises(Unreadable, match="fills several cells"):
        after(filled, ["v"], [lambda value, _customer: "*" if value == 1 else value])


def test_what_a_workbook_says_of_itself_is_unlisted_and_goes_where_that_would_change():
    book = '<fileVersion appName="xl"/>' + BOOK + '<extLst><ext uri="Ann"/></extLst>'
    page = sheet(HEAD, after="<headerFooter><oddHeader>For Ann</oddHeader></headerFooter>")
    data = workbook(page, shared=SHARED, core="<x>Ann</x><y></y>", book=book)
    assert len(holds(data, "Ann")) == 3
    result = after(data, ["email"], [None], lambda _value, _customer: Signal.REFUSE)
    assert holds(result.body, "Ann") == holds(result.body, "orphan") == []
    assert result.refused == ()
    assert b"<y></y>" in contents(result.body)["docProps/core.xml"]


def test_rows_above_the_header_and_columns_without_a_name_are_unlisted():
    rows = (row(1, inline("A1", "Ann's")), row(3, inline("B3", "v")), row(4, inline("A4", "x"), inline("B4", "y")))
    data = workbook(sheet(*rows, row(5, inline("E5", "z"))))
    result = after(data, ["v"], [None], lambda _value, _customer: "?", header_row=3)
    assert sorted(touch.pointer for touch in result.touches) == ["/*/?", "/?"]
    assert [holds(result.body, text) for text in ("Ann's", ">x<", ">z<")] == [[], [], []]
    assert holds(result.body, ">y<") == [SHEET]


def test_other_sheets_are_refused_or_kept():
    other = sheet(row(2, cell("A2", 4, "s")), row(3, '<c r="B3"><f>People!B2</f><v>9</v></c>'))
    data = workbook(PEOPLE, other, shared=SHARED, book=TWO_SHEETS)
    with pytest.raises(Unreadable, match="other sheets"):
        read(data, "email")
    new = contents(after(data, ["email"], [starred], starred, other_sheets="keep").body)
    assert new["xl/worksheets/sheet2.xml"].decode() == other.replace("<v>9</v>", "")
    assert b"kept" in new["xl/sharedStrings.xml"]
    assert read(data, "kept", sheet="B", header_row=2, other_sheets="keep").customers == [None]
    with pytest.raises(Unreadable, match="no sheet of the name"):
        read(data, "email", sheet="C", other_sheets="keep")


def bent(name, old, new, *args, **options):
    members = parts(*(args or (PEOPLE,)), **{"shared": SHARED, **options})
    assert old in members[name]
    return zipped(members | {name: members[name].replace(old, new)})


def linked(kind, target="x.xml", content="<x/>"):
    more = [(f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}", target)]
    return zipped(parts(PEOPLE, shared=SHARED, more=more) | {f"xl/{target}": content})


def page(text):
    return workbook(sheet(HEAD, after=text), shared=SHARED)


BINARY = "application/vnd.ms-excel.sheet.binary.macroEnabled.main"
LOOP = '<Relationship Id="z" Type="urn:z" Target="_rels/workbook.xml.rels"/></Relationships>'
TYPES, RELS, BOOK_PART = "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "xl/workbook.xml"
BAD = {
    "no archive": (b"PK\3\4", "body-malformed"),
    "an archive that is none": (zipped({"a": "b"}), "body-malformed"),
    "a part missing": (bent(RELS, "styles.xml", "other.xml"), "body-malformed"),
    "a part twice": (bent(RELS, "styles.xml", "worksheets/sheet1.xml"), "body-ambiguous"),
    "a sheet unnamed": (workbook(PEOPLE, PEOPLE, shared=SHARED), "body-ambiguous"),
    "a sheet named twice": (
        bent(BOOK_PART, 'name="B"', 'name="People"', PEOPLE, PEOPLE, book=TWO_SHEETS),
        "body-ambiguous",
    ),
    "two tables of rows": (page("<sheetData/>"), "body-ambiguous"),
    "an instruction": (page("<?ann x?>"), "body-ambiguous"),
    "an entity": (bent("xl/sharedStrings.xml", "kept", "&ann;"), "body-malformed"),
    "a document type": (bent(SHEET, "<worksheet", "<!DOCTYPE x><worksheet"), "body-ambiguous"),
    "broken XML": (bent(SHEET, "</sheetData>", ""), "body-malformed"),
    "an attribute twice": (bent(SHEET, 'r="A2"', 'r="A2" r="A2"'), "body-malformed"),
    "text beside rows": (bent(SHEET, "<sheetData>", "<sheetData>Ann"), "body-ambiguous"),
    "rows out of order": (bent(SHEET, '<row r="2"', '<row r="1"'), "body-ambiguous"),
    "cells out of order": (bent(SHEET, 'r="B2"', 'r="A2"'), "body-ambiguous"),
    "a cell of another row": (bent(SHEET, 'r="B2"', 'r="B3"'), "body-ambiguous"),
    "a string that is not there": (bent(SHEET, "<v>3</v>", "<v>99</v>"), "body-malformed"),
    "a number that is none": (bent(SHEET, 't="s"><v>3', 't="n"><v>Ann'), "body-malformed"),
    "two values": (bent(SHEET, "<v>3</v>", "<v>3</v><is><t>x</t></is>"), "unlisted-field"),
    "a cell with extensions": (bent(SHEET, "<v>3</v>", "<v>3</v><extLst/>"), "unlisted-field"),
    "a header of other names": (bent("xl/sharedStrings.xml", "email", "phone"), "body-ambiguous"),
    "a header that is calculated": (bent(SHEET, "<v>1</v>", "<f>A1</f><v>1</v>"), "body-ambiguous"),
    "one name twice": (bent("xl/sharedStrings.xml", "who", "email"), "body-ambiguous"),
    "a name nearly alike": (bent("xl/sharedStrings.xml", "who", "E-Mail ".replace("-", "")), "body-ambiguous"),
    "half a character": (bent("xl/sharedStrings.xml", "kept", "_xD800_"), "body-malformed"),
    "a sheet of macros": (linked("xlMacrosheet"), "unlisted-field"),
    "a dialog": (linked("dialogsheet"), "unlisted-field"),
    "a binary workbook": (
        bent(TYPES, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", BINARY),
        "body-wrong-type",
    ),
    "an old workbook, or one with a password": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "body-wrong-type"),
    "a part that is said to be two things": (bent(TYPES, "styles+xml", "sheet.main+xml"), "body-ambiguous"),
    "what holds it together, as a part": (bent(RELS, "</Relationships>", LOOP), "body-ambiguous"),
    "a cell with a name of its own": (bent(SHEET, 'r="B2"', 'r="B2" who="1"'), "unlisted-field"),
    "a cell that says something": (bent(SHEET, 'r="B2"', 'r="B2" ph="Ann"'), "unlisted-field"),
    "a cell with a style that is none": (bent(SHEET, 'r="B2"', 'r="B2" s="Ann"'), "unlisted-field"),
    "a formula that says something": (bent(SHEET, "<v>3</v>", '<f aca="Ann M">A1</f><v>3</v>'), "unlisted-field"),
    "a value that says something": (bent(SHEET, "<v>3</v>", '<v x="Ann">3</v>'), "unlisted-field"),
    "a kind of cell that there is not": (bent(SHEET, 't="s"><v>3', 't="x"><v>3'), "body-malformed"),
    "a namespace in a cell": (bent(SHEET, 'r="B2"', 'r="B2" xmlns:x="urn:x"'), "body-ambiguous"),
    "a row that is none": (bent(SHEET, '<row r="2">', '<rowx r="2">'), "body-malformed"),
    "a row with two numbers": (bent(SHEET, '<row r="2">', '<row r="2" r="2">'), "body-malformed"),
    "a cell outside of rows": (bent(SHEET, '<row r="2">', '<c r="A2"/><row r="2">'), "unlisted-field"),
    "a row in a row": (bent(SHEET, '<row r="2">', '<row r="2"><row r="3"/>'), "unlisted-field"),
    "text in a row": (bent(SHEET, '<row r="2">', '<row r="2">Ann'), "body-ambiguous"),
    "text between rows": (bent(SHEET, '<row r="2">', 'Ann<row r="2">'), "body-ambiguous"),
    "a cell that ends elsewhere": (bent(SHEET, "</c></row>", "</row></c>"), "body-malformed"),
    "a bomb": (bent("xl/sharedStrings.xml", "kept", "0" * 17_000_000), "body-expands-too-much"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_could_hold_a_value_twice_or_be_read_in_two_ways_is_refused(case):
    data, refusal = BAD[case]
    with pytest.raises(Unreadable) as told:
        read(data, "email", other_sheets="keep" if "sheet" in case else "refuse")
    assert told.value.refusal == refusal


def test_an_empty_sheet_has_no_rows_and_needs_no_header():
    assert read(workbook(sheet()), "email", customer="who").customers == []
    with pytest.raises(Unreadable, match="no column"):
        read(workbook(sheet(row(2, inline("A2", "x")))), "email")


def test_cells_are_counted():
    with pytest.raises(Unreadable) as told:
        read(workbook(PEOPLE, shared=SHARED), "email", limits=BodyLimits(values=4))
    assert told.value.refusal == "body-too-large"


@given(st.sampled_from(sorted(parts(PEOPLE, shared=SHARED))), st.data())
def test_whatever_the_bytes_there_is_one_error(name, choosing):
    members = {one: text.encode() for one, text in parts(PEOPLE, shared=SHARED).items()}
    text = members[name]
    at = choosing.draw(st.integers(0, len(text)))
    piece = choosing.draw(st.binary(max_size=4) | st.sampled_from([b"<", b">", b'"', b"<c>", b"</c>", b"&#0;", b"<v>"]))
    data = zipped(members | {name: text[:at] + piece + text[at + choosing.draw(st.integers(0, 9)) :]})
    try:
        result = after(data, ["email"], [starred], lambda _value, _customer: Signal.REMOVE)
    except Unreadable:
        return
    assert not holds(result.body, SECRET)


def test_options_and_selectors_are_checked():
    for wrong in ("", " email", "a\nb"):
        with pytest.raises(ValueError, match="by its name"):
            Xlsx().check(wrong)
    for shape in (Shape(records="x"), Shape(options={"sheet": "a/b"})):
        with pytest.raises(ValueError, match=r"record|sheet"):
            Xlsx().layout(shape)
    with pytest.raises(Unreadable):
        Xlsx().agree(parse("text/csv"), b"PK\3\4")


def test_openpyxl_writes_what_is_read_and_reads_what_is_written():
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, another reader of workbooks, is not installed")
    made, out = openpyxl.Workbook(), BytesIO()
    page = made.active
    page.append(["who", "email", "born", "paid", "note", "sum"])
    page.append(["C-1", SECRET, dt.datetime(1988, 4, 12), 12.5, "n1", "=D2*2"])  # noqa: DTZ001 - cells have no zone
    page.append(["C-2", "bob@example.com", None, True, None, "=D3"])
    page["A1"].font = openpyxl.styles.Font(bold=True)
    page.freeze_panes, page.auto_filter.ref = "A2", "A1:F3"
    page.merge_cells("H1:I2")
    made.properties.creator = "Ann"
    made.save(out)
    seen = []
    fields = ["email", "born"]
    treatments = [starred, lambda value, _customer: seen.append(value) or "1988"]
    result = after(out.getvalue(), fields, treatments, customer="who")
    assert seen == ["1988-04-12"]
    assert holds(result.body, SECRET) == []
    about = after(out.getvalue(), [], [], lambda _value, _customer: Signal.REMOVE)
    page = openpyxl.load_workbook(BytesIO(result.body)).active
    values = [[one.value for one in line[:6]] for line in page.iter_rows()]
    assert values[1:] == [
        ["C-1", "*" * 15, "1988", 12.5, "n1", "=D2*2"],
        ["C-2", "*" * 15, None, True, None, "=D3"],
    ]
    assert page["A1"].font.bold
    assert "Ann" not in str(openpyxl.load_workbook(BytesIO(about.body)).properties)


CATALOGUE = """
version: 1
catalog: erp
title: ERP
operations:
  fetch: {request: GET /fetch, response: people}
messages:
  people:
    format: xlsx
    sheet: People
    header_row: 1
    other_sheets: refuse
    customer: who
    unlisted: redact
    fields: {who: user.unique_id, email: user.contact.email}
"""
POLICY = """
version: 1
policy: p
title: P
scope: {to: erp, operations: [fetch]}
allow: true
protect:
  - {classes: [user.contact], treatment: mask, keep_last: 4}
"""


async def test_a_workbook_goes_through_the_gate():
    data = workbook(PEOPLE, shared=SHARED, core="<x>Ann</x>")
    gate = Bench(written(catalog_erp=CATALOGUE, p=POLICY), answer=answering(data, headers=(("Content-Type", KIND),)))
    answer = await gate.ask("GET", "/fetch")
    for text in (SECRET, "kept", "orphan", "Ann"):
        assert holds(answer.body, text) == []
    assert b"***********.com" in contents(answer.body)[SHEET]


async def test_a_workbook_that_holds_more_is_refused_at_the_gate():
    data = linked("xlMacrosheet")
    gate = Bench(written(catalog_erp=CATALOGUE, p=POLICY), answer=answering(data, headers=(("Content-Type", KIND),)))
    answer = await gate.ask("GET", "/fetch")
    assert b"urn:sovgate:refusal:unlisted-field" in answer.body


def test_the_kits_workbook_is_sound():
    assert f'xmlns="{MAIN}"' in PEOPLE
    assert read(workbook(PEOPLE, shared=SHARED), "email").lookup("email") == SECRET
