"""What the gateway treated and served is opened by `pandas` and `openpyxl`: types, styles and formulas are there."""

from __future__ import annotations

import asyncio
import io
from datetime import date

import live
import openpyxl
import pytest
from aiohttp import web
from clients_kit import HERE, python_home, told
from openpyxl.styles import Font

pytestmark = pytest.mark.heavy

PEOPLE = [
    ("SO-1", "C-1", "lin@forest.example", date(1988, 4, 12), 12.5),
    ("SO-2", "C-2", "ana@souza.example", date(1990, 1, 2), 7.25),
    ("SO-3", "C-2", "ana@souza.example", date(1990, 1, 2), 1234567.89),
]
GERMAN = '﻿Nr;Kunde;E-Mail;Summe\r\n1;C-1;"lin;wei@wald.example";12,50\r\n2;C-2;bo@berg.example;"1234,75"\r\n'


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Orders"
    sheet.append(["Order", "Customer", "E-mail", "Born", "Total", "Due", "Gross"])
    for number, person in enumerate(PEOPLE, 2):
        sheet.append([*person, date(2026, 12, number), f"=E{number}*1.19"])
        sheet.cell(number, 5).number_format = "#,##0.00"
    sheet["A1"].font = Font(bold=True)
    sheet.column_dimensions["C"].width = 33
    sheet.freeze_panes = "A2"
    book.create_sheet("Notes").append(["a sheet that the catalogue keeps"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table() -> bytes:
    lines = ["Order,Customer,E-mail,Born,Total", *(",".join(map(str, person)) for person in PEOPLE)]
    return ("\n".join(lines) + "\n").encode()


async def served(request: web.Request) -> web.StreamResponse:
    if request.path == "/orders.xlsx":
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return web.Response(body=workbook(), content_type=kind)
    if request.path == "/orders.csv":
        return web.Response(body=table(), content_type="text/csv")
    return web.Response(body=GERMAN.encode(), content_type="text/csv", charset="utf-8")


async def found_by(folder) -> dict:
    async with live.system(served) as upstream:
        house = live.make_house(folder, HERE / "tables", upstream)
        granted = await asyncio.to_thread(house.sovgate, "passport", "grant", "C-1", "contact")
        assert granted.returncode == 0, granted.stderr
        with live.running(house) as gateway:
            client = [python_home() / "bin" / "python", HERE / "clients" / "tables.py"]
            place = {"SERVICE": f"{gateway.data}/erp", "TOKEN": live.token("crm")}
            return await asyncio.to_thread(lambda: told(client, **place))


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What each step gave, or what it raised."""
    if not (python_home() / "ready").exists():
        pytest.skip("the clients are not installed: tests/heavy/run.sh installs them")
    found = asyncio.run(found_by(tmp_path_factory.mktemp("tables")))
    return {name: step.get("gave", step) for name, step in found.items()}


def test_pandas_reads_the_treated_workbook(given):
    found = given["pandas_workbook"]
    assert [row["E-mail"] for row in found["rows"]] == ["lin@forest.example", "*************mple", "*************mple"]
    assert [row["Total"] for row in found["rows"]] == [12.5, 7.25, 1234567.89]
    assert [str(row["Born"]) for row in found["rows"]] == ["1988", "1990", "1990"]
    assert found["types"]["Total"] == "float64"
    assert found["types"]["Due"].startswith("datetime64")


def test_openpyxl_finds_styles_formulas_and_other_sheets(given):
    found = given["openpyxl_workbook"]
    assert found["sheets"] == ["Orders", "Notes"]
    assert found["cells"][0] == ["Order", "Customer", "E-mail", "Born", "Total", "Due", "Gross"]
    assert [row[6] for row in found["cells"][1:]] == ["=E2*1.19", "=E3*1.19", "=E4*1.19"]
    assert (found["bold"], found["format"], found["width"], found["frozen"]) == (True, "#,##0.00", 33, "A2")
    assert found["notes"] == [["a sheet that the catalogue keeps"]]


def test_pandas_reads_the_treated_table(given):
    found = given["pandas_table"]
    assert [row["E-mail"] for row in found["rows"]] == ["lin@forest.example", "*************mple", "*************mple"]
    assert [row["Born"][:10] for row in found["rows"]] == ["1988-01-01", "1990-01-01", "1990-01-01"]
    assert (found["types"]["Total"], found["types"]["Born"][:10]) == ("float64", "datetime64")


def test_pandas_reads_a_table_with_other_signs(given):
    found = given["pandas_german_table"]
    assert [row["E-Mail"] for row in found["rows"]] == ["lin;wei@wald.example", "***********mple"]
    assert [row["Summe"] for row in found["rows"]] == [12.5, 1234.75]
    assert (found["mark"], found["ends"]) == (True, 3)
