"""Any bytes in one part of a workbook: read or refused by one kind of error; what is treated leaves nothing behind."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_format import Xlsx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from xlsx_kit import cell, parts, row, sheet, strings, zipped

LIMITS = BodyLimits(size=1024 * 1024)
SECRET = b"ann@example.com"
MEMBERS = parts(sheet(row(1, cell("A1", 0, "s")), row(2, cell("A2", 1, "s"))), shared=strings("email", SECRET.decode()))


def target(data: bytes) -> None:
    """Put bytes in the place of a part, chosen by how they begin."""
    name = next((one for one, text in MEMBERS.items() if data[:12] == text.encode()[:12]), "xl/worksheets/sheet1.xml")
    form = Xlsx()
    edit = Edit(lambda _value, _customer: "*")
    edits = Edits(lambda _spot: edit, edit)
    try:
        document = form.read(zipped(MEMBERS | {name: data}), form.layout(Shape(("email",))), LIMITS)
        made = document.write([edits] * len(document.customers), edits).body
    except Unreadable:
        return
    with ZipFile(BytesIO(made)) as archive:
        for one in archive.namelist():
            held = archive.read(one)
            assert SECRET not in held or one == "xl/styles.xml"


if __name__ == "__main__":
    fuzz(target, "xlsx")
