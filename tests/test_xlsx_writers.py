"""Workbooks of other programs: read, treated, and opened again by them."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import struct
import subprocess
import zlib
from io import BytesIO

import pytest
from test_xlsx import after, read, starred
from xlsx_kit import contents, dangling, leaks

SECRET, NUMBER = "ann.miller@example.com", 4915112345678
HEADER = ["who", "email", "phone", "born", "sum", "note"]


def picture():
    """Make a picture of one dot."""
    said = ((b"IHDR", struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(4))), (b"IEND", b""))
    made = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in said
    )
    return BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(made))


def everything(xlsxwriter):
    """Make a workbook with all that XlsxWriter can write."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out)
    page, charts = book.add_worksheet("People"), book.add_worksheet("Charts")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    odd, bold = book.add_format({"num_format": f'0 "of {SECRET}"'}), book.add_format({"bold": 1})
    page.add_table("A1:F4", {"name": "Orders", "columns": [{"header": name} for name in HEADER]})
    for at, (who, email) in enumerate((("C-1", SECRET), ("C-2", "bob@example.com"), ("C-1", SECRET)), 1):
        page.write_row(at, 0, [who, email, NUMBER, None, at * 10, f"n{at}"])
        page.write_number(at, 3, 30000, day)
        page.write_number(at, 4, at * 10, odd)
    page.write_rich_string("F3", "bold ", bold, "rich", " text")
    page.write_url("B3", "mailto:bob@example.com", string="bob@example.com", tip="to bob@example.com")
    page.write_url("F2", "internal:Charts!A1", string="see")
    page.write_comment("B2", f"ask {SECRET}", {"author": SECRET})
    page.write_comment("F4", "fine")
    page.data_validation("B2:B9", {"validate": "list", "source": [SECRET, "bob@example.com"]})
    page.data_validation("F2:F9", {"validate": "list", "source": ["a", "b"], "input_title": "t", "input_message": "m"})
    page.conditional_format("B2:B9", {"type": "text", "criteria": "containing", "value": SECRET, "format": bold})
    page.conditional_format("E2:E9", {"type": "data_bar", "data_bar_2010": True})
    page.conditional_format("E2:E9", {"type": "icon_set", "icon_style": "3_arrows"})
    page.add_sparkline("H2", {"range": "People!E2:E4"})
    page.write_formula("H3", "=SUM(E2:E4)", None, 60)
    page.write_array_formula("I2:I4", "{=E2:E4*2}", None, 20)
    page.write_dynamic_array_formula("K2", "=_xlfn.UNIQUE(B2:B4)", None, SECRET)
    page.write_formula("H5", f'=VLOOKUP("{SECRET}",B2:F4,4,0)', None, 30000)
    page.set_header(f"&L&G &CFor {SECRET}", {"image_left": "h.png", "image_data_left": picture()})
    page.set_background(picture())
    page.protect("x")
    page.print_area("A1:F4")
    book.define_name("Key", f'="{SECRET}"')
    book.define_name("Area", "=People!$A$1:$F$4")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"categories": "=People!$B$2:$B$4", "values": "=People!$E$2:$E$4", "name": f"for {SECRET}"})
    chart.set_title({"name": f"About {SECRET}"})
    charts.insert_chart("B2", chart, {"description": f"of {SECRET}"})
    charts.insert_textbox("J2", f"call {SECRET}")
    charts.insert_image(
        "B20", "l.png", {"image_data": picture(), "url": f"https://example.com/{SECRET}", "description": "logo"}
    )
    pie = book.add_chart({"type": "pie"})
    pie.add_series({"categories": "=People!$B$2:$B$4", "values": "=People!$E$2:$E$4"})
    book.add_chartsheet("Pie").set_chart(pie)
    book.set_properties({"author": SECRET, "comments": SECRET, "company": SECRET})
    book.set_custom_property("For", SECRET)
    book.close()
    return out.getvalue()


def treated(data, unlisted=None):
    def phone(_value, _customer):
        return "x"

    return after(data, ["email", "phone", *HEADER[3:], "who"], [starred, phone], unlisted, other_sheets="keep")


@pytest.mark.filterwarnings("ignore:.*extension is not supported")  # openpyxl says what it does not read
@pytest.mark.parametrize("unlisted", [None, lambda _value, _customer: "?"], ids=["kept", "hidden"])
def test_all_that_xlsxwriter_writes_is_treated_and_opens_in_openpyxl(unlisted):
    xlsxwriter = pytest.importorskip("xlsxwriter", reason="XlsxWriter, a writer of workbooks, is not installed")
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, another reader of workbooks, is not installed")
    data = everything(xlsxwriter)
    assert len(leaks(data, SECRET, str(NUMBER))) >= 11
    result = treated(data, unlisted)
    assert leaks(result.body, SECRET, str(NUMBER)) == []
    assert dangling(result.body) == []
    book = openpyxl.load_workbook(BytesIO(result.body))
    page = book["People"]
    assert [[one.value for one in line] for line in page["A1:C4"]] == [
        HEADER[:3],
        *([who, "*" * size, "x"] for who, size in (("C-1", 22), ("C-2", 15), ("C-1", 22))),
    ]
    assert page["D2"].value == dt.datetime(1982, 2, 18)  # noqa: DTZ001 - cells have no zone
    assert list(page.tables) == ["Orders"]
    assert len(book["Charts"]._charts) == 1
    assert (page["B2"].hyperlink, page["B3"].hyperlink) == (None, None)
    assert page["E2"].number_format == "General"
    assert "Area" in book.defined_names
    assert "Key" not in book.defined_names
    assert page["H3"].value == ("=SUM(E2:E4)" if unlisted is None else "?")
    assert (page["F4"].comment.text == "fine") is (unlisted is None)


def test_what_openpyxl_writes_is_treated_and_opens_again():
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, another reader of workbooks, is not installed")
    book, out = openpyxl.Workbook(), BytesIO()
    page = book.active
    page.title = "People"
    for line in (
        HEADER,
        ["C-1", SECRET, NUMBER, dt.date(1982, 2, 18), 10, "a"],
        ["C-2", "b@example.com", 1, None, 20, "b"],
    ):
        page.append(line)
    page.auto_filter.ref = "A1:F3"
    page.auto_filter.add_filter_column(1, [SECRET])
    page["B2"].comment = openpyxl.comments.Comment(f"ask {SECRET}", SECRET)
    page["B2"].hyperlink = f"mailto:{SECRET}"
    rule = openpyxl.worksheet.datavalidation.DataValidation(type="list", formula1=f'"{SECRET}"')
    rule.add("B2:B9")
    page.add_data_validation(rule)
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(page, min_col=5, min_row=1, max_row=3), titles_from_data=True)
    page.add_chart(chart, "H2")
    page.add_table(openpyxl.worksheet.table.Table(displayName="T", ref="A1:F3"))
    book.defined_names["Key"] = openpyxl.workbook.defined_name.DefinedName("Key", attr_text=f'"{SECRET}"')
    book.properties.creator = SECRET
    book.save(out)
    result = treated(out.getvalue(), lambda _value, _customer: "?")
    assert leaks(result.body, SECRET, str(NUMBER)) == []
    assert dangling(result.body) == []
    page = openpyxl.load_workbook(BytesIO(result.body)).active
    assert [one.value for one in page["B"]] == ["email", "*" * 22, "*" * 13]
    assert page.auto_filter.ref == "A1:F3"
    assert page.auto_filter.filterColumn == []


@pytest.mark.heavy
def test_libreoffice_opens_and_calculates_what_was_treated(tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    xlsxwriter = pytest.importorskip("xlsxwriter", reason="XlsxWriter, a writer of workbooks, is not installed")
    (tmp_path / "b.xlsx").write_bytes(treated(everything(xlsxwriter)).body)
    for kind in ("csv", "xlsx:Calc MS Excel 2007 XML"):
        ran = subprocess.run(
            [
                office,
                f"-env:UserInstallation=file://{tmp_path}/home",
                "--headless",
                "--convert-to",
                kind,
                "--outdir",
                "out",
                "b.xlsx",
            ],
            cwd=tmp_path,
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-1000:]
    lines = (tmp_path / "out" / "b.csv").read_text("utf-8").splitlines()
    assert lines[1].startswith(f"C-1,{'*' * 22},x,")
    assert lines[2].split(",")[7] == "60"
    again = (tmp_path / "out" / "b.xlsx").read_bytes()
    assert leaks(again, SECRET, str(NUMBER)) == []
    assert read(again, *HEADER, customer="who", other_sheets="keep").customers[:3] == ["C-1", "C-2", "C-1"]
    rows = re.findall(rb'<f aca="false">SUM\(E2:E4\)</f><v>60</v>', contents(again)["xl/worksheets/sheet1.xml"])
    assert len(rows) == 1
