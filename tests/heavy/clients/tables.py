"""Programs of the sales side that read tables: `pandas`, `openpyxl`."""

from __future__ import annotations

import io
import os

import openpyxl
import pandas as pd
import requests
from telling import Teller

teller = Teller()
step = teller.step


def fetched(path):
    answer = requests.get(os.environ["SERVICE"] + path, headers={"Authorization": "Bearer " + os.environ["TOKEN"]},
                          timeout=60)  # fmt: skip
    answer.raise_for_status()
    return answer.content


def rows(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


@step
def pandas_workbook():
    frame = pd.read_excel(io.BytesIO(fetched("/orders.xlsx")), sheet_name="Orders")
    return {"rows": rows(frame), "types": {name: str(kind) for name, kind in frame.dtypes.items()}}


@step
def openpyxl_workbook():
    book = openpyxl.load_workbook(io.BytesIO(fetched("/orders.xlsx")))
    sheet = book["Orders"]
    return {
        "sheets": book.sheetnames,
        "cells": [[cell.value for cell in row] for row in sheet.iter_rows()],
        "bold": sheet["A1"].font.bold,
        "format": sheet["E2"].number_format,
        "width": sheet.column_dimensions["C"].width,
        "frozen": sheet.freeze_panes,
        "notes": [[cell.value for cell in row] for row in book["Notes"].iter_rows()],
    }


@step
def pandas_table():
    frame = pd.read_csv(io.BytesIO(fetched("/orders.csv")), parse_dates=["Born"])
    return {"rows": rows(frame), "types": {name: str(kind) for name, kind in frame.dtypes.items()}}


@step
def pandas_german_table():
    raw = fetched("/bestellungen.csv")
    frame = pd.read_csv(io.BytesIO(raw), sep=";", decimal=",", encoding="utf-8-sig")
    return {"rows": rows(frame), "mark": raw.startswith(b"\xef\xbb\xbf"), "ends": raw.count(b"\r\n")}


teller.tell()
