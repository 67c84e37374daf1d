"""Fonts in a PDF: of each only the glyphs that the mark needs, with what they stand for, so that search finds it.

Composite fonts with TrueType outlines, addressed by glyph (ISO 32000-2, 9.7.4; Identity-H).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import uharfbuzz as hb
from pikepdf import Array, Dictionary, Name, Object, Pdf, String

from gateway.watermark.mark import ALPHABET, SHAPE
from gateway.watermark.pdf.type import SIZE
from gateway.watermark.text.face import LATIN, Face, face, number_of
from gateway.watermark.text.shaping import Line, Run, Typesetter
from gateway.watermark.text.words import CONTROLS

_DROPPED = (
    "GSUB",
    "GPOS",
    "GDEF",
    "BASE",
    "OS/2",
    "cmap",
    "name",
    "post",
    "STAT",
    "HVAR",
    "MVAR",
    "DSIG",
    "vhea",
    "vmtx",
)
_SYMBOLIC = 4  # a flag of font descriptors: glyphs are chosen by number
_UPRIGHT = 80  # the width of stems, which viewers ignore where a font is embedded
_A_BLOCK = 100  # mappings in a block of a CMap
_TAG = 6


class Embedded:
    """Text in any script that there is a font for."""

    def __init__(self, pdf: Pdf, texts: Sequence[str]) -> None:
        self._typesetter = Typesetter()
        lines = [self._typesetter.line(text) for text in (*texts, ALPHABET, f"{SHAPE}-[U+0123456789ABCDEF]")]
        numbers = sorted({run.face.number for line in lines for run in line.runs})
        # A line may be broken anywhere later on, and letters then join otherwise: every form of each goes along.
        letters = {c for text in texts for c in text if c not in CONTROLS} | {*ALPHABET, *SHAPE}
        self._fonts = {number: _Subset(face(number), letters, lines) for number in numbers}
        self.fonts: Mapping[str, Object] = {f"/F{number}": one.written(pdf) for number, one in self._fonts.items()}
        latin = self._fonts[LATIN]
        self._shape = latin.encoded(SHAPE)
        self._letters = {letter: latin.encoded(letter) for letter in (*ALPHABET, "-")}

    def measure(self, text: str) -> float:
        """Give the width of a line in font sizes."""
        return self._typesetter.measure(text)

    def show(self, text: str) -> bytes:
        """Give the operators that show a line from the current point."""
        return b" ".join(self._shown(run) for run in self._typesetter.line(text).runs)

    def swap(self, drawing: bytes, code: str) -> bytes:
        """Put a code where a drawing has `SHAPE`."""
        return drawing.replace(self._shape, b"".join([self._letters[letter] for letter in code]))

    def _shown(self, run: Run) -> bytes:
        subset = self._fonts[run.face.number]
        thousandth = 1000 / run.face.units
        parts: list[bytes] = []
        text, gap, rise = b"", 0.0, 0
        for glyph in run.glyphs:
            gap += glyph.right
            if (round(gap * thousandth) or glyph.up != rise) and text:
                parts.append(b"(" + text + b")")
                text = b""
            if glyph.up != rise:
                rise = glyph.up
                parts.append(f"] TJ {rise / run.face.units * SIZE:.3f} Ts [".encode())
            if move := round(gap * thousandth):
                parts.append(b"%d" % -move)
            text += subset.code(glyph.number)
            gap = glyph.advance - glyph.right - subset.advance(glyph.number)
        parts.append(b"(" + text + b")")
        if move := round(gap * thousandth):
            parts.append(b"%d" % -move)
        if rise:
            parts.append(b"] TJ 0 Ts [")
        shown = b"/F%d %d Tf [" % (run.face.number, SIZE) + b"".join(parts) + b"] TJ"
        if run.rtl or subset.says(run):  # readers turn what runs from the right by themselves, replacement text as well
            return shown
        # Letters that are drawn in parts, or in another order than they are read in, do not say what they are.
        meant = run.text.encode("utf-16-be").hex()
        return f"/Span <</ActualText <FEFF{meant}>>> BDC ".encode() + shown + b" EMC"


class _Subset:
    """The part of a font that one document needs."""

    def __init__(self, whole: Face, letters: Iterable[str], lines: Iterable[Line]) -> None:
        self._whole = whole
        chosen = {ord(c) for c in letters if number_of(c) in {whole.number, None} or c.isascii()}
        asked = hb.SubsetInput()
        asked.unicode_set.update(chosen)
        runs = [run for line in lines for run in line.runs if run.face is whole]
        asked.glyph_set.update({glyph.number for run in runs for glyph in run.glyphs})
        asked.flags = hb.SubsetFlags.NO_HINTING
        plan = hb.SubsetPlan(whole.face, asked)
        self._numbers = dict(plan.old_to_new_glyph_mapping)
        self._meanings = {
            new: chr(point)
            for point, old in plan.unicode_to_old_glyph_mapping.items()
            if (new := self._numbers.get(old)) is not None
        }
        for run in runs:
            for glyph in run.glyphs:
                if glyph.text:
                    self._meanings.setdefault(self._numbers[glyph.number], glyph.text)
        self._nominal = {chr(point): old for point, old in plan.unicode_to_old_glyph_mapping.items()}
        self._data = _bare(whole.face, self._numbers)

    def code(self, number: int) -> bytes:
        """Give a glyph as the two bytes, escaped, that stand for it in a string."""
        pair: bytes = self._numbers[number].to_bytes(2, "big")
        return pair.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").replace(b"\r", b"\\r")

    def says(self, run: Run) -> bool:
        """Tell whether the glyphs of a run, one by one, say what it says as a whole."""
        meanings = [self._meanings.get(self._numbers[glyph.number], "") for glyph in run.glyphs]
        return "".join(meanings) == run.text

    def encoded(self, text: str) -> bytes:
        """Give letters that are drawn one by one."""
        return b"".join(self.code(self._nominal[letter]) for letter in text)

    def advance(self, number: int) -> int:
        """Give how far a glyph moves on by itself."""
        return int(self._whole.font.get_glyph_h_advance(number))

    def written(self, pdf: Pdf) -> Object:
        """Put the font into a document."""
        whole, per = self._whole, 1000 / self._whole.units
        tag = "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(self._data).digest()[:_TAG])
        name = Name(f"/{tag}+{whole.name}")
        file = pdf.make_stream(self._data)
        file.Length1 = len(self._data)
        box = Array([-1000, round(whole.descent * per), 3000, round(whole.ascent * per)])
        descriptor = Dictionary(
            Type=Name.FontDescriptor, FontName=name, Flags=_SYMBOLIC, FontBBox=box, ItalicAngle=0, StemV=_UPRIGHT,
            Ascent=round(whole.ascent * per), Descent=round(whole.descent * per), CapHeight=round(whole.ascent * per),
            FontFile2=file,
        )  # fmt: skip
        widths = [0.0] * len(self._numbers)
        for old, new in self._numbers.items():
            widths[new] = round(self.advance(old) * per)
        system = Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0)
        descendant = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=name, CIDSystemInfo=system, DW=1000,
            FontDescriptor=pdf.make_indirect(descriptor), W=Array([0, Array([int(width) for width in widths])]),
            CIDToGIDMap=Name.Identity,
        )  # fmt: skip
        return pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=name,
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([pdf.make_indirect(descendant)]),
                ToUnicode=pdf.make_stream(_meant(self._meanings)),
            )
        )


def _bare(face_: hb.Face, numbers: Mapping[int, int]) -> bytes:
    """Give the outlines alone: glyphs are chosen and placed before, and the document says what they stand for."""
    asked = hb.SubsetInput()
    asked.glyph_set.update(numbers)
    for tag in _DROPPED:
        asked.drop_table_tag_set.add(int.from_bytes(tag.encode(), "big"))
    asked.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
    plan = hb.SubsetPlan(face_, asked)
    assert dict(plan.old_to_new_glyph_mapping) == dict(numbers)
    return bytes(plan.execute().blob.data)


def _meant(meanings: Mapping[int, str]) -> bytes:
    """Write a CMap from glyphs to text (ISO 32000-2, 9.10.3)."""
    lines = [f"<{number:04X}> <{text.encode('utf-16-be').hex().upper()}>" for number, text in sorted(meanings.items())]
    blocks = [lines[at : at + _A_BLOCK] for at in range(0, len(lines), _A_BLOCK)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        f"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n{body}\n"
        "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()
