"""The hidden mark of PDF pages in several renderers: what of pages, resolutions and attacks gives the code back.

`python bench/marks_renderers.py` takes half an hour; `--quick` one resolution. Renderers that are absent are left out.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import hidden_pages
import numpy as np
from hidden_attacks import ATTACKS, NAMED
from PIL import Image

from gateway.watermark.document import mark
from gateway.watermark.hidden.embedding import brightness
from gateway.watermark.hidden.seek import seek
from gateway.watermark.mark import number
from gateway.watermark.plan import Plan, Visible

KEY = b"the hidden mark: 32 bytes of key"
PLAN = Plan((Visible("ACME GmbH / sales@crm.example / {mark}"),), frozenset(), bytes(range(32)), hidden=KEY)
DOTS = (72, 100, 150, 200)
LEAKS = {"as rendered": lambda image: image, **{name: ATTACKS[name] for name in ("jpeg 50", "crop 50%", "resize 0.5")}}
LEAKS[NAMED] = ATTACKS[NAMED]


def _by_command(*command: str) -> Callable[[bytes, int], Image.Image]:
    def render(document: bytes, dots: int) -> Image.Image:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "page.pdf"), Path(folder, "page.png")
            source.write_bytes(document)
            words = {
                "dots": str(dots),
                "source": str(source),
                "target": str(target),
                "stem": str(target.with_suffix("")),
            }
            subprocess.run([word.format(**words) for word in command], check=True, capture_output=True)
            return Image.open(io.BytesIO(target.read_bytes())).convert("RGB")

    return render


COMMANDS = {
    "pdftoppm": ("pdftoppm", "-r", "{dots}", "-png", "-singlefile", "{source}", "{stem}"),
    "mutool": ("mutool", "draw", "-q", "-r", "{dots}", "-o", "{target}", "{source}", "1"),
    "gs": ("gs", "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=png16m", "-dTextAlphaBits=4", "-r{dots}",
           "-sOutputFile={target}", "{source}"),
}  # fmt: skip
RENDERERS: dict[str, Callable[[bytes, int], Image.Image]] = {
    "pdfium": hidden_pages.render,
    **{name: _by_command(*command) for name, command in COMMANDS.items() if shutil.which(name)},
}


def read(image: Image.Image) -> int | None:
    """Give the code in a picture, or None."""
    found = seek(brightness(np.asarray(image.convert("RGB")), "rgb"), KEY)
    return found.code if found else None


def scan(width: int = 612, height: int = 792, dots: int = 150) -> bytes:
    """Give a PDF whose page is one picture, as scanners write it."""
    picture = hidden_pages.render(hidden_pages.pdf("letter"), dots).convert("L")
    picture = picture.resize((round(width / 72 * dots), round(height / 72 * dots)))
    out = io.BytesIO()
    picture.save(out, "PDF", resolution=dots, quality=75)
    return out.getvalue()


def main() -> int:
    """Print what was read, a line for each page and renderer; 1 if a page as it was rendered gave nothing."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="100 dots an inch only, and three pages")
    quick = options.parse_args().quick
    pages = {kind: hidden_pages.pdf(kind) for kind in hidden_pages.KINDS}
    pages = {"scan, letter": scan(), "scan, A4": scan(595, 842), **pages}
    if quick:
        pages = {name: pages[name] for name in ("scan, letter", "dense", "dark")}
    tried: Counter[tuple[str, int, str]] = Counter()
    right: Counter[tuple[str, int, str]] = Counter()
    for name, document in pages.items():
        marked = mark("pdf", document, PLAN)
        for renderer, render in RENDERERS.items():
            lost = []
            for dots in (100,) if quick else DOTS:
                image = render(marked.body, dots)
                for leak, attack in LEAKS.items():
                    tried[renderer, dots, leak] += 1
                    if read(attack(image)) == number(marked.codes[0]):
                        right[renderer, dots, leak] += 1
                    else:
                        lost.append(f"{dots} dpi {leak}")
            print(f"{name:14} {renderer:10} {', '.join(lost) or 'all'}", flush=True)
    for key in tried:
        print(f"{key[0]:10} {key[1]:4} dpi  {key[2]:26} {right[key]}/{tried[key]}")
    return int(any(right[key] < tried[key] for key in tried if key[2] == "as rendered"))


if __name__ == "__main__":
    sys.exit(main())
