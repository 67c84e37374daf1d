"""An order's invoice as a PDF: A4, letterhead, table, totals; plain content streams (ISO 32000-1, 8 and 9)."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name

from examples.orders.model import Line, Order

SELLER = "Nordlicht Feinmechanik GmbH"
_SELLER_LINES = ("Musterweg 1", "00000 Beispielstadt", "Germany", "invoices@example.org")
_LEFT, _RIGHT = 56.0, 539.0
_QUANTITY, _PRICE = 308.0, 424.0  # right edges of their columns
_ROW = 18.0
_ROWS_FIRST, _ROWS_NEXT, _TOTALS = 22, 33, 5  # the totals take the room of five rows

_INK = (0.13, 0.16, 0.20)
_GREY = (0.45, 0.49, 0.54)
_BLUE = (0.06, 0.27, 0.43)
_PALE = (0.93, 0.95, 0.97)
Colour = tuple[float, float, float]

# Helvetica's widths in thousandths of an em (Adobe's font metrics): only what amounts are made of is set flush right.
_NARROW = {",": 278, ".": 278, " ": 278, "-": 333, "/": 278}


class Sheet:
    """One page in the making: operators of a content stream."""

    def __init__(self) -> None:
        self.operators: list[str] = []

    def text(self, x: float, y: float, text: str, size: float = 9, *, bold: bool = False, ink: Colour = _INK) -> None:
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "/Bold" if bold else "/Text"
        self.operators.append(f"BT {_rgb(ink)} rg {font} {size:g} Tf {x:.2f} {y:.2f} Td ({escaped}) Tj ET")

    def right(self, x: float, y: float, text: str, size: float = 9, *, bold: bool = False, ink: Colour = _INK) -> None:
        width = sum(_NARROW.get(letter, 556) for letter in text) * size / 1000
        self.text(x - width, y, text, size, bold=bold, ink=ink)

    def rule(self, y: float, ink: Colour = _PALE, width: float = 0.7) -> None:
        self.operators.append(f"{_rgb(ink)} RG {width:g} w {_LEFT:g} {y:.2f} m {_RIGHT:g} {y:.2f} l S")

    def box(self, x: float, y: float, width: float, height: float, ink: Colour) -> None:
        self.operators.append(f"{_rgb(ink)} rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f")


def _rgb(colour: Colour) -> str:
    return " ".join(f"{part:g}" for part in colour)


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _letterhead(sheet: Sheet) -> None:
    for step, height in enumerate((10.0, 17.0, 24.0)):  # the sign: three northern lights
        sheet.box(_LEFT + step * 7, 772, 4.5, height, _BLUE)
    sheet.text(_LEFT + 30, 780, SELLER, 15, bold=True, ink=_BLUE)
    for row, line in enumerate(_SELLER_LINES):
        sheet.text(430, 786 - row * 11, line, 8, ink=_GREY)


def _address(sheet: Sheet, order: Order) -> None:
    customer, address = order.customer, order.customer.address
    sheet.text(_LEFT, 706, "BILL TO", 7, bold=True, ink=_GREY)
    city = f"{address.postcode} {address.city}, {address.country}"
    for row, line in enumerate((customer.name, address.street, city)):
        sheet.text(_LEFT, 691 - row * 13, line, 10, bold=row == 0)
    facts = (
        ("Invoice", order.id.replace("SO-", "IN-")),
        ("Order", order.id),
        ("Ordered on", order.ordered_at[:10]),
        ("Customer", customer.id),
        ("Currency", order.currency),
    )
    for row, (label, value) in enumerate(facts):
        sheet.text(380, 691 - row * 13, label, 9, ink=_GREY)
        sheet.text(450, 691 - row * 13, value, 9, bold=row == 0)
    sheet.text(_LEFT, 596, "Invoice", 20, bold=True)


def _table_head(sheet: Sheet, y: float) -> None:
    sheet.box(_LEFT, y - 6, _RIGHT - _LEFT, _ROW, _BLUE)
    white = (1.0, 1.0, 1.0)
    for x, label in ((62, "No"), (80, "Part"), (126, "Description"), (275, "Quantity"), (383, "Unit price")):
        sheet.text(x, y, label, 8, bold=True, ink=white)
    sheet.text(502, y, "Amount", 8, bold=True, ink=white)


def _row(sheet: Sheet, y: float, number: int, line: Line) -> None:
    if number % 2 == 0:
        sheet.box(_LEFT, y - 6, _RIGHT - _LEFT, _ROW, _PALE)
    sheet.text(62, y, f"{number:02}", 8.5, ink=_GREY)
    sheet.text(80, y, line.sku, 8.5)
    sheet.text(126, y, line.description, 8.5)
    sheet.right(_QUANTITY, y, str(line.quantity), 8.5)
    sheet.right(_PRICE, y, _money(line.unit_price), 8.5)
    sheet.right(_RIGHT - 6, y, _money(line.quantity * line.unit_price), 8.5)


def _totals(sheet: Sheet, y: float, order: Order) -> None:
    sheet.rule(y + 10, _BLUE, 1)
    sheet.text(300, y - 8, "Net, no tax: supply of goods that do not exist", 8, ink=_GREY)
    sheet.text(300, y - 28, f"Total {order.currency}", 12, bold=True)
    sheet.right(_RIGHT - 6, y - 28, _money(order.total), 12, bold=True)
    sheet.text(_LEFT, y - 28, "Payable within 30 days, quoting the invoice number.", 8, ink=_GREY)


def _foot(sheet: Sheet, page: int, pages: int) -> None:
    sheet.rule(58, _GREY, 0.4)
    sheet.text(_LEFT, 46, f"{SELLER}: an invented company; this invoice is an example.", 7, ink=_GREY)
    sheet.text(495, 46, f"Page {page} of {pages}", 7, ink=_GREY)


def _split(lines: list[Line]) -> list[list[Line]]:
    """Deal the lines out to pages, so that the totals find room on the last."""
    pages, room = [lines[:_ROWS_FIRST]], _ROWS_FIRST
    rest = lines[_ROWS_FIRST:]
    while rest or len(pages[-1]) > room - _TOTALS:
        pages.append(rest[:_ROWS_NEXT])
        rest, room = rest[_ROWS_NEXT:], _ROWS_NEXT
    return pages


def _draw(order: Order) -> list[Sheet]:
    pages = _split(order.lines)
    sheets, number = [], 0
    for page, lines in enumerate(pages, start=1):
        sheet = Sheet()
        _letterhead(sheet)
        if page == 1:
            _address(sheet, order)
        else:
            sheet.text(_LEFT, 716, f"Invoice {order.id.replace('SO-', 'IN-')}, continued", 9, ink=_GREY)
        y = 566.0 if page == 1 else 692.0
        _table_head(sheet, y)
        for line in lines:
            y -= _ROW
            number += 1
            _row(sheet, y, number, line)
        if page == len(pages):
            _totals(sheet, y - _ROW, order)
        _foot(sheet, page, len(pages))
        sheets.append(sheet)
    return sheets


def render(order: Order) -> bytes:
    """Give the invoice as PDF bytes: the same bytes for the same order, every time."""
    pdf = pikepdf.new()
    fonts = Dictionary()
    for name, base in (("/Text", Name.Helvetica), ("/Bold", Name("/Helvetica-Bold"))):
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=base, Encoding=Name.WinAnsiEncoding)
        fonts[name] = pdf.make_indirect(font)
    resources = pdf.make_indirect(Dictionary(Font=fonts))
    for sheet in _draw(order):
        contents = pdf.make_stream("\n".join(sheet.operators).encode("cp1252"))
        page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 595, 842]), Resources=resources, Contents=contents)
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.docinfo["/Title"] = f"Invoice {order.id.replace('SO-', 'IN-')}"
    out = BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()
