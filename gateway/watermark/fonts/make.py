"""Makes the fonts beside this file: `python make.py FOLDER`, where FOLDER has the fonts of three packages unpacked.

    pip download --no-deps manimgx-fonts==2026.9.26.post1 justmytype-intl-cjk==0.1.0 matplotlib==3.10.*

The fonts are Noto (SIL Open Font License 1.1, OFL.txt) and, for Arabic, DejaVu (DejaVu.txt): Noto draws the dots of its
letters apart from them, so that readers of a PDF can't tell the letters. What is kept: one weight, no hints, the
characters below. The same input gives the same bytes. This program is run by hand, and nothing imports it.
"""  # noqa: INP001

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import brotli
import uharfbuzz as hb

_HERE = Path(__file__).parent
_SCRIPTS = (
    "", "Hebrew", "Devanagari", "Thai", "Armenian", "Georgian", "Bengali", "Gurmukhi", "Gujarati", "Tamil",
    "Telugu", "Kannada", "Malayalam", "Sinhala", "Lao", "Khmer", "Myanmar", "Ethiopic",
)  # fmt: skip
_ARABIC = {*range(0x600, 0x700), *range(0x750, 0x780)}
_HAN = range(0x3400, 0xA000)
_KANA_AND_SIGNS = {*range(0x3000, 0x3130), *range(0x31A0, 0x3240), *range(0x32D0, 0x3400), *range(0xFE30, 0xFE50),
                   *range(0xFF00, 0xFFF0)}  # fmt: skip
_HANGUL = {*range(0x3130, 0x3190), *range(0xAC00, 0xD7A4)}


def main(folder: Path) -> None:
    """Write every font, compressed, and the index of what each covers."""
    found = {path.name: path for path in folder.rglob("*.ttf")}
    common = {ord(c) for name in ("gb2312", "euc_jp", "big5") for c in _characters(name) if ord(c) in _HAN}
    index = []
    taken: set[int] = set()
    for name, source, wanted in (
        *((f"NotoSans{script}", f"NotoSans{script}[wght].ttf", None) for script in _SCRIPTS),
        ("DejaVuSans", "DejaVuSans.ttf", _ARABIC),
        ("NotoSansSC", "NotoSansSC[wght].ttf", common | _KANA_AND_SIGNS),
        ("NotoSansSCMore", "NotoSansSC[wght].ttf", {*_HAN} - common),
        ("NotoSansKR", "NotoSansKR[wght].ttf", _HANGUL),
    ):
        face = hb.Face(hb.Blob.from_file_path(str(found[source])))
        covered = set(face.unicodes) - taken
        covered = covered & wanted if wanted is not None else covered - _only_sans(name)
        taken |= covered
        made = _made(face, covered)
        (_HERE / f"{name}.ttf.br").write_bytes(brotli.compress(made, quality=11, lgwin=24))
        index.append({"name": name, "ranges": _ranges(covered)})
    (_HERE / "index.json").write_text(json.dumps(index, separators=(",", ":")) + "\n", encoding="ascii")


def _only_sans(name: str) -> set[int]:
    """Give what no other font needs, because the first one has it: ASCII and such, and white space."""
    return set() if name == "NotoSans" else {*range(0x100)}


def _made(face: hb.Face, characters: Iterable[int]) -> bytes:
    asked = hb.SubsetInput()
    asked.unicode_set.update(characters)
    asked.flags = hb.SubsetFlags.NO_HINTING
    for tag in ("STAT", "avar"):
        asked.drop_table_tag_set.add(int.from_bytes(tag.encode(), "big"))
    asked.pin_all_axes_to_default(face)
    if face.has_var_data:
        asked.pin_axis_location(face, "wght", 400.0)
    return bytes(asked.subset(face).blob.data)


def _characters(encoding: str) -> Iterable[str]:
    for pair in itertools.product(range(0xA1, 0xFF), range(0x40, 0xFF)):
        try:
            text = bytes(pair).decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            yield text


def _ranges(covered: set[int]) -> list[int]:
    """Give first, last, first, last ... of what lies side by side."""
    ends: list[int] = []
    for point in sorted(covered):
        if ends and ends[-1] == point - 1:
            ends[-1] = point
        else:
            ends += [point, point]
    return ends


if __name__ == "__main__":
    main(Path(sys.argv[1]))
