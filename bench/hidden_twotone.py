"""The hidden mark in scans of two colours: how much of a page moves for it, what fax makes of that, what reads it.

`python bench/hidden_twotone.py [--quick]` takes the pages of hidden_pages.py at 200 and 300 dots an inch, black or
white, and what happens to pictures that leak from hidden_attacks.py.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections import Counter
from time import process_time

import hidden_pages
import numpy as np
from hidden import CODE, KEY, found
from hidden_attacks import ATTACKS, NAMED
from numpy.typing import NDArray
from PIL import Image

from gateway.watermark.hidden import twotone

DOTS, MIDDLE = (200, 300), 140
QUICK = ("resize 0.5", "jpeg 50", "crop 50%", "crop 25%", NAMED)


def fax(dark: NDArray[np.bool_]) -> int:
    out = io.BytesIO()
    Image.fromarray(dark).save(out, "TIFF", compression="group4")
    return out.tell()


def main() -> int:
    parser = argparse.ArgumentParser(description="The hidden mark in scans of two colours.")
    parser.add_argument("--quick", action="store_true", help="fewer attacks")
    parser.add_argument("--dots", type=int, nargs="*", default=DOTS, help="an inch")
    options = parser.parse_args()
    attacks = QUICK if options.quick else tuple(ATTACKS)
    read, tried, wrong = Counter[str](), 0, 0
    for kind in hidden_pages.KINDS:
        for dots in options.dots:
            dark = np.asarray(hidden_pages.render(hidden_pages.pdf(kind), dots).convert("L")) < MIDDLE
            start = process_time()
            after = twotone.embed(dark, CODE, KEY)
            took = process_time() - start
            name = f"{kind} {dots} dpi, {dark.size / 1e6:.1f} Mpx, {dark.mean():.1%} dark"
            if after is None:
                print(f"{name}: too few edges, {took:.2f} s", flush=True)
                continue
            moved = np.count_nonzero(after != dark)
            ink = min(np.count_nonzero(dark), dark.size - np.count_nonzero(dark))
            image = Image.fromarray(~after).convert("RGB")
            codes = {attack: found(ATTACKS[attack](image)) for attack in attacks} | {"taken out": found(image)}
            tried += 1
            wrong += sum(code not in (None, CODE) for code in codes.values())
            right = [attack for attack, code in codes.items() if code == CODE]
            read.update(right)
            print(
                f"{name}: moved {moved / ink:.1%} of the ink, fax {fax(after) / fax(dark) - 1:+.1%}, {took:.2f} s, "
                f"read {len(right)}/{len(codes)}, lost: {', '.join(sorted(set(codes) - set(right))) or 'none'}",
                flush=True,
            )
    for attack in ("taken out", *attacks):
        print(f"{attack:30}{read[attack]}/{tried}")
    print(f"wrong codes: {wrong}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
