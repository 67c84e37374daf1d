"""Any bytes in one part of a workbook: read or refused by one kind of error; what is treated leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

from harness import fuzz

from gateway.errors import Unreadable
from gateway.formats.document import Edit, Edits
from gateway.formats.format import Shape
from gateway.formats.limits import BodyLimits
from gateway.formats.xlsx_format import Xlsx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from xlsx_kit import leaks, rich, zipped

LIMITS = BodyLimits(size=1024 * 1024)
SECRET, NUMBER = "ann.miller@example.com", 4915112345678
MEMBERS = {name: text if isinstance(text, bytes) else text.encode() for name, text in rich(SECRET, NUMBER).items()}
SECOND = "xl/worksheets/sheet2.xml"
MEMBERS[SECOND] = MEMBERS[SECOND].replace(b't="s"><v>0', b"><v>0")  # other sheets keep what they show


def target(data: bytes) -> None:
    """Put bytes in the place of a part, chosen by how they begin."""
    size = 60  # enough to tell parts apart
    name = next((one for one, text in MEMBERS.items() if data[:size] == text[:size]), "xl/worksheets/sheet1.xml")
    form = Xlsx()
    layout = form.layout(Shape(("email", "phone"), options={"other_sheets": "keep"}))
    edit = Edit(lambda _value, _customer: "*")
    edits = Edits(lambda _spot: edit, edit)
    try:
        document = form.read(zipped(MEMBERS | {name: data}), layout, LIMITS)
        made = document.write([edits] * len(document.customers), edits).body
    except Unreadable:
        return
    assert leaks(made, SECRET, str(NUMBER)) == []


if __name__ == "__main__":
    fuzz(target, "xlsx")
