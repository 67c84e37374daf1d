"""Pages of our own making for the hidden mark: what offices print, drawn as PDF and rendered.

Text in several densities, a table, a form, a drawing, slides with colour, a dark slide, Chinese where a font is found.
"""

from __future__ import annotations

import io
import random

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name
from PIL import Image

A4, SLIDE = (595, 842), (960, 540)
WORDS = [
    "order",
    "invoice",
    "delivery",
    "customer",
    "price",
    "amount",
    "terms",
    "drawing",
    "quantity",
    "article",
    "date",
    "total",
    "net",
    "gross",
    "tax",
    "transport",
    "pallet",
    "warehouse",
    "quality",
    "inspection",
    "machine",
    "housing",
    "flange",
    "bearing",
    "the",
    "of",
    "and",
    "to",
    "for",
    "with",
    "by",
    "on",
    "under",
    "within",
    "pursuant",
]
HANZI = "本合同由甲乙双方签订客户订单数据不得向第三方披露价格数量交货日期质量标准付款条件违约责任保密义务仓库运输检验"


def _text(chance: random.Random, left: float, top: float, size: float, lines: int, width: int, font: str = "F1") -> str:
    rows = []
    for _ in range(lines):
        row = ""
        while len(row) < width:
            row += chance.choice(WORDS) + (". " if chance.random() < 0.1 else " ")
        rows.append(f"({row[:width]}) Tj T*")
    return f"BT /{font} {size} Tf {size * 1.25:.2f} TL {left} {top} Td {' '.join(rows)} ET\n"


def dense(chance: random.Random) -> str:
    return _text(chance, 50, 790, 8, 74, 118)


def columns(chance: random.Random) -> str:
    return _text(chance, 45, 790, 9, 65, 52, "F2") + _text(chance, 310, 790, 9, 65, 52, "F2")


def letter(chance: random.Random) -> str:
    return _text(chance, 70, 780, 11, 4, 30) + _text(chance, 70, 640, 11, 12, 78) + _text(chance, 70, 420, 11, 9, 78)


def sparse(chance: random.Random) -> str:
    return _text(chance, 70, 700, 16, 2, 40, "F3") + _text(chance, 70, 120, 9, 2, 60)


def table(chance: random.Random) -> str:
    out = "0.85 g 45 760 505 18 re f 0 g 0.5 w\n"
    for row in range(38):
        top = 760 - row * 18
        out += f"45 {top} m 550 {top} l S\n"
        for at, left in enumerate((50, 110, 300, 380, 460)):
            cell = chance.choice(WORDS) if at == 1 else f"{chance.randrange(100000) / 100:.2f}"
            out += f"BT /F1 9 Tf {left} {top + 5} Td ({cell}) Tj ET\n"
    return out + "".join(f"{left} 94 m {left} 778 l S\n" for left in (45, 105, 295, 375, 455, 550))


def form(chance: random.Random) -> str:
    out = "0.92 0.94 0.98 rg 0 0 595 842 re f 0.1 0.25 0.5 rg 0 790 595 52 re f\n"
    out += "1 g BT /F3 18 Tf 40 808 Td (Delivery note) Tj ET 0 g\n"
    for row in range(16):
        top = 740 - row * 42
        out += f"1 g 0.6 G 40 {top} 240 24 re B 310 {top} 240 24 re B\n"
        out += f"0 g BT /F1 8 Tf 42 {top + 27} Td ({chance.choice(WORDS)}) Tj ET\n"
        out += f"BT /F1 11 Tf 46 {top + 7} Td ({chance.choice(WORDS)} {chance.randrange(9999)}) Tj ET\n"
    return out


def drawing(chance: random.Random) -> str:
    out = "0.4 w 0 G 20 20 555 802 re S 380 20 195 90 re S\n"
    for _ in range(60):
        x, y, w, h = (chance.randrange(40, 380) for _ in range(4))
        out += f"{x} {y + 100} {w // 3} {h // 2} re S {x} {y + 100} m {x + w // 2} {y + 100 + h // 3} l S\n"
    return out + _text(chance, 390, 95, 7, 8, 38)


def slide(chance: random.Random) -> str:
    out = "1 g 0 0 960 540 re f 0.07 0.35 0.62 rg 0 450 960 90 re f 1 g\n"
    out += "BT /F3 34 Tf 50 480 Td (Quarterly review of orders) Tj ET\n"
    for at in range(6):
        red, height = at / 6, 60 + chance.randrange(240)
        out += f"{red:.2f} 0.6 {1 - red:.2f} rg {520 + at * 65} 60 48 {height} re f\n"
    return out + "0 g " + _text(chance, 50, 390, 18, 12, 44)


def coloured(chance: random.Random) -> str:
    out = "0.93 0.88 0.76 rg 0 0 960 540 re f 0.80 0.9 0.85 rg 480 0 480 540 re f 0 g\n"
    return out + _text(chance, 40, 470, 20, 14, 38, "F2") + _text(chance, 520, 470, 20, 14, 38, "F2")


def dark(chance: random.Random) -> str:
    return "0.07 0.08 0.1 rg 0 0 960 540 re f 0.9 g\n" + _text(chance, 50, 470, 18, 18, 80)


def chinese(chance: random.Random) -> str:
    rows = ["".join(chance.choice(HANZI) for _ in range(42)).encode("utf-16-be").hex() for _ in range(44)]
    return "BT /F4 12 Tf 16 TL 45 780 Td " + " ".join(f"<{row}> Tj T*" for row in rows) + " ET\n"


KINDS = {
    "dense": (dense, A4),
    "columns": (columns, A4),
    "letter": (letter, A4),
    "sparse": (sparse, A4),
    "table": (table, A4),
    "form": (form, A4),
    "drawing": (drawing, A4),
    "slide": (slide, SLIDE),
    "coloured": (coloured, SLIDE),
    "dark": (dark, SLIDE),
    "chinese": (chinese, A4),
}


def pdf(kind: str, seed: int = 1) -> bytes:
    """Give a PDF of one page."""
    draw, (width, height) = KINDS[kind]
    made = pikepdf.new()
    fonts = {
        f"/F{at}": Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/" + name))
        for at, name in enumerate(("Helvetica", "Times-Roman", "Helvetica-Bold"), 1)
    }
    info = Dictionary(Registry=b"Adobe", Ordering=b"GB1", Supplement=2)
    flags = Dictionary(Type=Name.FontDescriptor, FontName=Name("/STSong-Light"), Flags=4, ItalicAngle=0, Ascent=880,
        Descent=-120, CapHeight=880, StemV=93, FontBBox=Array([-25, -254, 1000, 880]))  # fmt: skip
    below = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0,
        BaseFont=Name("/STSong-Light"),
        CIDSystemInfo=info,
        FontDescriptor=flags,
    )
    fonts["/F4"] = Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"),
        Encoding=Name("/UniGB-UCS2-H"), DescendantFonts=Array([below]))  # fmt: skip
    content = made.make_stream(draw(random.Random(seed)).encode())
    page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, width, height]), Contents=content,
        Resources=Dictionary(Font=Dictionary(fonts)))  # fmt: skip
    made.pages.append(pikepdf.Page(made.make_indirect(page)))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def render(document: bytes, dots: float) -> Image.Image:
    """Render the first page as a viewer would, in dots an inch."""
    opened = pypdfium2.PdfDocument(document)
    image = opened[0].render(scale=dots / 72).to_pil().convert("RGB")
    opened.close()
    return image
