"""What a workbook holds beside its cells: whatever could repeat a treated value goes, and the rest stays as it is."""

from __future__ import annotations

import re

import pytest
from gate_kit import Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st
from multipart_kit import LIMITS
from test_xlsx import BOOK_PART, CATALOGUE, HEAD, PEOPLE, POLICY, SHARED, SHEET, after, read, starred
from xlsx_kit import (
    BOOK,
    DRAWN,
    KIND,
    MAIN,
    cell,
    contents,
    dangling,
    inline,
    leaks,
    link,
    parts,
    rich,
    row,
    sheet,
    tell,
    workbook,
    zipped,
)

from gateway.errors import Unreadable
from gateway.formats.document import Signal
from gateway.formats.xlsx_said import areas, literals
from gateway.formats.xlsx_shift import shifted
from gateway.formats.xlsx_sweep import Sweep

SECRET, NUMBER = "ann.miller@example.com", 4915112345678
BOOKS = ("email", "phone", "who", "note")


def treated(data, unlisted=None, **options):
    return after(data, BOOKS, [starred, lambda _value, _customer: "x"], unlisted, other_sheets="keep", **options)


def test_a_value_in_every_kind_of_part_is_in_none_once_it_is_treated():
    data = zipped(rich(SECRET, NUMBER))
    assert len(leaks(data, SECRET, str(NUMBER))) >= 27
    for unlisted in (None, lambda _value, _customer: "?", lambda _value, _customer: Signal.REMOVE):
        result = treated(data, unlisted)
        assert leaks(result.body, SECRET, str(NUMBER)) == []
        assert dangling(result.body) == []
        assert read(result.body, *BOOKS, other_sheets="keep").customers == [None, None]


def test_what_has_nothing_to_do_with_it_stays():
    data = zipped(rich(SECRET, NUMBER))
    new = contents(treated(data).body)
    page, notes = new[SHEET].decode(), new["xl/comments1.xml"].decode()
    assert '<cfRule type="expression" priority="2"><formula>A2=$A$3</formula></cfRule>' in page
    assert '<dataValidation type="list" sqref="A2">' in page
    assert '<hyperlink ref="A2" location="People!A1"/>' in page
    assert '<pageSetup paperSize="9" orientation="portrait"/>' in page
    assert "<t>fine</t>" in notes
    assert '<comment ref="B2" authorId="0"><text><t/></text></comment>' in notes
    assert "<c:f>People!$B$2:$B$3</c:f></c:strRef>" in new["xl/charts/chart1.xml"].decode()
    assert "_xlnm.Print_Area" in new[BOOK_PART].decode()
    assert '<calcPr fullCalcOnLoad="1" calcId="191029"/>' in new[BOOK_PART].decode()
    assert {"xl/styles.xml"} <= {name for name, content in contents(data).items() if new.get(name) == content}


def test_a_workbook_that_keeps_its_cells_keeps_everything():
    data = zipped(rich(SECRET, NUMBER))
    assert after(data, BOOKS, [lambda value, _customer: value], other_sheets="keep").body is data


def test_where_only_another_row_is_treated_what_is_about_this_one_stays():
    data = zipped(rich(SECRET, NUMBER))
    result = after(data, BOOKS, [lambda value, _: "*" if value == "#N/A" else value], other_sheets="keep")
    page = contents(result.body)[SHEET].decode()
    assert 'ref="B2" r:id="h1"' in page
    assert "<oddHeader>" in page
    assert f"about {SECRET}" in contents(result.body)["xl/comments1.xml"].decode()
    assert "filterColumn" not in page  # it is about the whole column
    assert "xl/pivotCache/pivotCacheRecords1.xml" not in contents(result.body)
    assert dangling(result.body) == []


def test_cells_that_show_a_pivot_table_go_with_it_on_other_sheets():
    new = contents(treated(zipped(rich(SECRET, NUMBER))).body)
    assert b'<row r="2"><c r="A2"/><c r="B2"/></row>' in new["xl/worksheets/sheet2.xml"]


@pytest.mark.parametrize("signal", [Signal.REFUSE, Signal.DROP])
def test_what_people_wrote_can_be_refused(signal):
    for text in ('<hyperlinks><hyperlink ref="D9" location="Ann Miller"/></hyperlinks>',):
        result = after(page(text), ["email"], [None], lambda _value, _customer: signal)
        assert [one.pointer for one in result.refused] == ["/?"]


def page(text, *rows):
    return workbook(sheet(HEAD, *rows, after=text), shared=SHARED)


def linked(kind, content="<x/>", target="x.xml"):
    made = parts(PEOPLE, shared=SHARED)
    link(made, "xl/workbook.xml", "z9", kind, f"xl/{target}")
    return zipped(made | {f"xl/{target}": content})


GOES = {
    "macros": linked("http://schemas.microsoft.com/office/2006/relationships/vbaProject"),
    "custom XML": linked("customXml"),
    "a kind that nobody knows": linked("urn:whatever"),
    "a map of XML": linked("xmlMaps"),
    "revisions": linked("revisionHeaders"),
    "the data model": linked("http://schemas.microsoft.com/office/2011/relationships/powerPivotData", b"\0\1"),
    "a link to another program": linked(
        "externalLink", f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="x"/></externalLink>'
    ),
}


@pytest.mark.parametrize("case", GOES)
def test_what_is_not_read_goes_once_anything_changes(case):
    data = GOES[case]
    if "another program" in case:
        made = {name: content.decode() for name, content in contents(data).items()}
        tell(made, "xl/x.xml", "spreadsheetml.externalLink+xml")
        data = zipped(made)
    assert after(data, ["email"], [lambda value, _customer: value]).body is data
    result = after(data, ["email"], [starred])
    assert "xl/x.xml" not in contents(result.body)
    assert dangling(result.body) == []


def test_a_part_that_nothing_refers_to_and_a_type_of_one_that_is_not_there_go():
    made = parts(PEOPLE, shared=SHARED) | {"[trash]/0000.dat": "Ann Miller", "Ann Miller/": ""}
    tell(made, "xl/ann@example.com.xml", "x/y")
    result = after(zipped(made), ["email"], [starred])
    assert leaks(result.body, "Ann Miller", "ann@example.com") == []


@pytest.mark.parametrize(
    "kind",
    ["application/vnd.ms-excel.sheet.macroEnabled.main+xml", "application/vnd.ms-excel.template.macroEnabled.main+xml"],
)
def test_a_workbook_with_macros_stays_one_and_loses_them(kind):
    made = parts(PEOPLE, shared=SHARED)
    old = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    made["[Content_Types].xml"] = made["[Content_Types].xml"].replace(old, kind)
    link(
        made, "xl/workbook.xml", "z", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "xl/vba.bin"
    )
    new = contents(after(zipped(made | {"xl/vba.bin": b"\0"}), ["email"], [starred]).body)
    assert "xl/vba.bin" not in new
    assert kind.encode() in new["[Content_Types].xml"]


def strict(members):
    """Write a workbook in the Strict form of ISO 29500."""
    purl = "http://purl.oclc.org/ooxml"
    return {
        name: content.replace(MAIN, f"{purl}/spreadsheetml/main").replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            f"{purl}/officeDocument/relationships",
        )
        for name, content in members.items()
    }


def test_the_strict_form_and_prefixes_are_read():
    data = zipped(strict(parts(PEOPLE, shared=SHARED)))
    assert leaks(after(data, ["email"], [starred]).body, "ann@example.com") == []
    made = parts(PEOPLE, shared=SHARED)
    for name in (SHEET, "xl/sharedStrings.xml", BOOK_PART):
        made[name] = re.sub(r"<(/?)(\w)", r"<\1x:\2", made[name]).replace("xmlns=", "xmlns:x=")
    result = after(zipped(made), ["email"], [starred])
    assert b'<x:c r="B2" t="inlineStr"><x:is><x:t xml:space="preserve">***' in contents(result.body)[SHEET]
    assert leaks(result.body, "ann@example.com", "orphan@example.com") == []


def test_parts_are_found_whatever_the_case_and_the_way_that_leads_there():
    made = parts(PEOPLE, shared=SHARED)
    rels = made["xl/_rels/workbook.xml.rels"]
    made["xl/_rels/workbook.xml.rels"] = rels.replace("worksheets/sheet1.xml", "../xl/./Worksheets/Sheet1.xml")
    assert leaks(after(zipped(made), ["email"], [starred]).body, "ann@example.com") == []


def test_comments_and_sections_of_xml_are_read_and_the_comments_go():
    made = parts(PEOPLE, shared=SHARED)
    made["xl/sharedStrings.xml"] = made["xl/sharedStrings.xml"].replace(
        "ann@example.com", "<![CDATA[ann@]]>example.com"
    )
    made[SHEET] = made[SHEET].replace('<row r="2"', '<!-- Ann Miller --><row r="2"')
    result = after(zipped(made), ["email"], [starred])
    assert result.touches[0].count == 1
    assert b"***************" in contents(result.body)[SHEET]
    assert leaks(result.body, "Ann Miller", "ann@example.com") == []


def chart(inside):
    made = parts(sheet(HEAD, row(2, cell("B2", 3, "s")), after='<drawing r:id="d"/>'), shared=SHARED)
    made[SHEET] = made[SHEET].replace("<worksheet ", f"<worksheet {DRAWN} ")
    for source, key, kind, name, told in (
        (SHEET, "d", "drawing", "xl/drawings/d.xml", "drawing+xml"),
        ("xl/drawings/d.xml", "c", "chart", "xl/charts/c.xml", "drawingml.chart+xml"),
    ):
        link(made, source, key, kind, name)
        tell(made, name, told)
    made["xl/drawings/d.xml"] = (
        f'<xdr:wsDr {DRAWN}><xdr:oneCellAnchor><c:chart r:id="c"/></xdr:oneCellAnchor></xdr:wsDr>'
    )
    made["xl/charts/c.xml"] = f"<c:chartSpace {DRAWN}><c:chart>{inside}</c:chart></c:chartSpace>"
    return zipped(made)


def test_a_chart_keeps_its_look_and_loses_its_copies():
    inside = '<c:numRef><c:f>People!$B$2</c:f><c:numCache><c:pt idx="0"><c:v>7</c:v></c:pt></c:numCache></c:numRef>'
    literal = '<c:strLit><c:ptCount val="1"/><c:pt idx="0"><c:v>Ann</c:v></c:pt></c:strLit>'
    font = '<a:latin typeface="Calibri Light"/>'
    data = chart(inside + literal + font + "<c:pivotSource><c:name>[b]P!T</c:name></c:pivotSource>")
    new = contents(after(data, ["email"], [starred]).body)["xl/charts/c.xml"].decode()
    assert "<c:numRef><c:f>People!$B$2</c:f></c:numRef>" in new
    assert "pivotSource" not in new
    assert "Ann" in new  # written by someone, and unlisted texts are kept
    new = contents(after(data, ["email"], [starred], lambda _v, _c: "?").body)["xl/charts/c.xml"].decode()
    assert '<c:strLit><c:ptCount val="1"/></c:strLit><a:latin typeface="Calibri Light"/>' in new


def test_a_table_goes_whose_header_is_treated_unless_formulas_name_it():
    def made(formula):
        cells = (
            row(2, cell("B2", 3, "s"), inline("C2", "b")),
            row(3, cell("B3", 3, "s"), f'<c r="C3"><f>{formula}</f></c>'),
        )
        members = parts(
            sheet(HEAD, *cells, after='<tableParts count="1"><tablePart r:id="t"/></tableParts>'), shared=SHARED
        )
        members[SHEET] = members[SHEET].replace("<worksheet ", f"<worksheet {DRAWN} ")
        link(members, SHEET, "t", "table", "xl/tables/t.xml")
        tell(members, "xl/tables/t.xml", "spreadsheetml.table+xml")
        names = '<tableColumn id="1" name="ann@example.com"/><tableColumn id="2" name="b"/>'
        table = f'<table xmlns="{MAIN}" id="1" name="T" displayName="T" ref="B2:C3">'
        return zipped(members | {"xl/tables/t.xml": f"{table}<tableColumns>{names}</tableColumns></table>"})

    result = after(made("B2"), ["email"], [starred])
    assert "xl/tables/t.xml" not in contents(result.body)
    assert b"tableParts" not in contents(result.body)[SHEET]
    assert dangling(result.body) == []
    with pytest.raises(Unreadable, match="name a table"):
        after(made("T[b]"), ["email"], [starred])


def test_a_column_of_a_table_that_no_cell_names_so_takes_the_table_with_it():
    made = rich(SECRET, NUMBER)
    made["xl/tables/table1.xml"] = made["xl/tables/table1.xml"].replace('name="email"', 'name="Ann Miller"')
    assert "xl/tables/table1.xml" not in contents(treated(zipped(made)).body)
    assert "xl/tables/table1.xml" in contents(treated(zipped(rich(SECRET, NUMBER))).body)


def test_pictures_in_cells_and_linked_data_are_refused_once_anything_changes():
    data = linked("http://schemas.microsoft.com/office/2017/06/relationships/rdRichValue")
    assert after(data, ["email"], [lambda value, _customer: value]).body is data
    with pytest.raises(Unreadable, match="pictures or linked data") as told:
        after(data, ["email"], [starred])
    assert told.value.refusal == "unlisted-field"


def test_a_formula_that_names_a_treated_value_becomes_its_result():
    line = row(
        2,
        cell("B2", 3, "s"),
        '<c r="C2"><f>COUNTIF(B:B,"ANN@example.com")</f><v>2</v></c>',
        '<c r="D2"><f>1+1</f><v>2</v></c>',
    )
    new = contents(after(workbook(sheet(HEAD, line), shared=SHARED), ["email"], [starred]).body)[SHEET].decode()
    assert '<c r="C2"><v>2</v></c><c r="D2"><f>1+1</f></c>' in new


def test_a_sheet_that_is_named_by_a_treated_value_is_refused():
    data = workbook(PEOPLE, shared=SHARED, book=BOOK.replace("People", "ann@example.com"))
    with pytest.raises(Unreadable, match="named by a value"):
        after(data, ["email"], [starred])


def test_cells_that_one_formula_fills_lose_their_results():
    spilled = row(2, cell("B2", 3, "s"), '<c r="C2" cm="1"><f t="array" ref="C2:C3">UPPER(B2:B3)</f><v>7</v></c>')
    data = workbook(sheet(HEAD, spilled, row(3, cell("C3", "ANN", "str"))), shared=SHARED)
    new = contents(after(data, ["email"], [starred]).body)[SHEET].decode()
    assert '<c r="C2" cm="1"><f t="array" ref="C2:C3">UPPER(B2:B3)</f></c>' in new
    assert '<c r="C3" t="str"></c>' in new


def test_number_formats_that_hold_a_text_go_and_units_stay():
    made = parts(PEOPLE, shared=SHARED)
    made["xl/styles.xml"] = made["xl/styles.xml"].replace("dd/mm/yyyy", "0 &quot;for Ann Miller&quot;")
    result = after(zipped(made), ["email"], [starred], lambda _value, _customer: "?")
    assert b'formatCode="General"' in contents(result.body)["xl/styles.xml"]
    made["xl/styles.xml"] = made["xl/styles.xml"].replace("for Ann Miller", "EUR")
    result = after(zipped(made), ["email"], [starred], lambda _value, _customer: "?")
    assert b"EUR" in contents(result.body)["xl/styles.xml"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B2", [(2, 2, 2, 2)]),
        ("B2:A1 $C$3", [(1, 1, 2, 2), (3, 3, 3, 3)]),
        ("Sheet!B:C", [(2, 1, 3, 1_048_576)]),
        ("2:3", [(1, 2, 16_384, 3)]),
        ("?", [(1, 1, 16_384, 1_048_576)]),
    ],
)
def test_areas_are_read(text, found):
    assert list(areas(text)) == found


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ('IF(A2="yes",1,"no ""x""")', ["yes", 'no "x"']),
        ("$B$2=13912345678", ["13912345678"]),
        ("SUM(A10000:B20000)+'x 12345'!A1", []),
        ("SUM(10000:20000)", []),
    ],
)
def test_formulas_say_their_texts_and_long_numbers(formula, found):
    assert list(literals(formula)) == found


@pytest.mark.parametrize(
    ("formula", "right", "down", "made"),
    [
        ("A1+$A1+A$1+$A$1", 1, 2, "B3+$A3+B$1+$A$1"),
        ("SUM(A1:B2,C:D,$C:D,3:4,3:$4)", 1, 1, "SUM(B2:C3,D:E,$C:E,4:5,4:$4)"),
        ("'A1 B2'!A1&\"A1\"&LOG10(A1)&A1.5", 0, 1, "'A1 B2'!A2&\"A1\"&LOG10(A2)&A1.5"),
        ("Table1[A1]+X1Y+_A1", 1, 1, "Table1[A1]+X1Y+_A1"),
        ("A1+XFD1048576", -1, 0, "#REF!+XFC1048576"),
        ("XFD1+A1048576", 1, 1, "#REF!+#REF!"),
        ("Z1", 1, 0, "AA1"),
    ],
)
def test_references_move_with_the_cell(formula, right, down, made):
    assert shifted(formula, right, down) == made


REFERENCES = st.builds(
    "{}{}{}{}".format,
    *(st.sampled_from(("", "$")), st.sampled_from("ACZ")),
    st.sampled_from(("", "$")),
    st.integers(20, 99),
)


@given(st.lists(REFERENCES, min_size=1, max_size=4), st.integers(0, 9), st.integers(-9, 9))
def test_references_move_as_openpyxl_moves_them(references, right, down):
    translate = pytest.importorskip("openpyxl.formula.translate", reason="openpyxl is not installed")
    formula = '+"A1"&'.join((*references, "SUM(B30:C40)", "'A1'!B21"))
    expected = translate.Translator("=" + formula, "A30").translate_formula(row_delta=down, col_delta=right)
    assert "=" + shifted(formula, right, down) == expected


def test_a_picture_of_cells_goes_and_a_logo_stays():
    made = rich(SECRET, NUMBER)
    for key, name in (("i1", "xl/media/logo.png"), ("i2", "xl/media/cells.emf"), ("i3", "xl/media/a b.png")):
        link(made, "xl/drawings/drawing1.xml", key, "image", name.replace(" ", "%20"))
        made[name] = b"\x89PNG"
        shape = f'<xdr:oneCellAnchor><xdr:pic><a:blip r:embed="{key}"/></xdr:pic></xdr:oneCellAnchor></xdr:wsDr>'
        made["xl/drawings/drawing1.xml"] = made["xl/drawings/drawing1.xml"].replace("</xdr:wsDr>", shape)
    new = contents(treated(zipped(made)).body)
    assert {"xl/media/logo.png", "xl/media/a b.png"} <= set(new)
    assert "xl/media/cells.emf" not in new
    assert b'r:embed="i1"' in new["xl/drawings/drawing1.xml"]
    assert b'r:embed="i2"' not in new["xl/drawings/drawing1.xml"]
    new = contents(treated(zipped(made), lambda _value, _customer: "?").body)
    assert [name for name in new if "media" in name] == []


def test_a_name_stays_unless_it_or_what_is_said_of_it_is_a_text():
    names = "".join(
        f"<definedName {said}>{formula}</definedName>"
        for said, formula in (
            ('name="a"', "People!$A$1"),
            ('name="b" comment="for Ann Miller"', "People!$A$1"),
            ('name="c"', "0.19"),
            ('name="d"', '{"Ann Miller",1}'),
            ('name="e"', "OFFSET(People!$A$1,0,0,COUNTA(People!$A:$A),1)"),
        )
    )
    data = workbook(PEOPLE, shared=SHARED, book=f"{BOOK}<definedNames>{names}</definedNames>")
    result = after(data, ["email"], [starred], lambda _value, _customer: "?")
    assert re.findall(rb'definedName name="(\w)"', contents(result.body)[BOOK_PART]) == [b"a", b"e"]


def test_what_the_root_of_a_part_says_goes():
    made = parts(PEOPLE, shared=SHARED, core="<x>1</x>")
    for name in ("xl/sharedStrings.xml", "xl/styles.xml", SHEET, BOOK_PART):
        made[name] = re.sub("^<([a-z]+) ", r'<\1 title="Ann Miller" ', made[name], flags=re.IGNORECASE)
    assert len(leaks(zipped(made), "Ann Miller")) == 4
    assert leaks(after(zipped(made), ["email"], [starred], lambda _value, _customer: "?").body, "Ann Miller") == []


ODD = "urn:odd"


@pytest.mark.parametrize("name", sorted(name for name in rich(SECRET, NUMBER) if name.endswith((".xml", ".rels"))))
def test_what_stands_in_an_odd_place_of_any_part_goes_or_is_refused(name):
    made = rich(SECRET, NUMBER)
    root = re.search(r"<([\w:]+)[^>]*>", made[name].partition("?>")[2] or made[name])[1]
    for inside in ("Carol Danvers", f'<x xmlns="{ODD}">Carol Danvers</x>', f'<x xmlns="{ODD}" y="Carol Danvers"/>'):
        text = made[name].replace(f"</{root}>", f"{inside}</{root}>") if "<x" in inside else None
        start = re.search(rf"<{root}[^>]*>", made[name])[0]
        odd = f"{start}{inside}</{root}>" if text is None else text
        try:
            result = treated(zipped(made | {name: odd}), lambda _value, _customer: "?")
        except Unreadable:
            continue
        assert leaks(result.body, "Carol Danvers") == []


def test_lists_say_how_long_they_are_or_nothing():
    page = contents(treated(zipped(rich(SECRET, NUMBER))).body)[SHEET].decode()
    assert "<dataValidations><dataValidation " in page
    assert "x14:dataValidations" not in page


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [
        ("ann@example.com", "mailto:ANN@example.com?", True),
        ("\u5f20\u4e09", "\u8054\u7cfb\u5f20\u4e09", True),
        ("Standard", "Standard", False),
        ("Ann", "Ann", False),
        ("Ann Miller", "ann miller", True),
        (4915112345678, "tel:+4915112345678", True),
        ("12345", "1234", False),
        ("who said", "who said", False),
    ],
)
def test_values_are_looked_for_where_they_tell_something(value, text, found):
    assert Sweep([value], ["Who Said"]).finds(text) is found


async def test_a_workbook_with_everything_goes_through_the_gate():
    catalogue = CATALOGUE.replace("other_sheets: refuse", "other_sheets: keep")
    data = zipped(rich(SECRET, NUMBER))
    gate = Bench(written(catalog_erp=catalogue, p=POLICY), answer=answering(data, headers=(("Content-Type", KIND),)))
    answer = await gate.ask("GET", "/fetch")
    assert leaks(answer.body, SECRET, str(NUMBER), f"about {SECRET}"[:12]) == []
    assert dangling(answer.body) == []


def test_the_limits_hold_for_every_part():
    data = zipped(rich("a" * 1_000_000, NUMBER))
    with pytest.raises(Unreadable) as told:
        read(data, *BOOKS, other_sheets="keep", limits=LIMITS.__class__(size=1_000_000))
    assert told.value.refusal == "body-expands-too-much"
