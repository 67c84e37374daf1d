"""How often a code is read where there is none: unmarked pictures and pages, and pictures marked with another key.

`python bench/hidden_false.py COUNT STATE.json` goes on where the state left off; `--photos DIR` adds photos from a
folder. Beside false finds, which should be none, it counts every reading by how far it agrees with its nearest code
word. A reading is taken as a code by chance only if a check of 16 bits happens to hold as well, so the readings beyond
the threshold, divided by 65,536, say how many finds are to be expected: far more exactly than waiting for them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from time import perf_counter

import hidden_pages
import hidden_pictures
import numpy as np
from hidden_attacks import jpeg, resize
from PIL import Image, ImageOps

from gateway.watermark.hidden import code as hidden_code
from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden import seek

LEVELS = [round(9 + at / 10, 1) for at in range(41)]
KEPT = 10  # tries between two writings of the state
MARKED = 5  # every so many pictures are marked, with another key


class Sources:
    """Pictures to cut from: photos of a folder, pictures and pages made by program."""

    def __init__(self, photos: Path | None) -> None:
        self.photos = sorted(photos.iterdir()) if photos else []
        self.kinds = [("made", kind) for kind in hidden_pictures.KINDS] + [
            ("page", kind) for kind in hidden_pages.KINDS
        ]
        self.kinds += [("photo", str(at)) for at in range(len(self.photos))]
        self.whole: tuple[int, Image.Image] = (-1, Image.new("RGB", (1, 1)))

    def whole_of(self, at: int) -> Image.Image:
        if self.whole[0] != at:
            group, kind = self.kinds[at % len(self.kinds)]
            turn = at // len(self.kinds) + 1
            if group == "made":
                image = hidden_pictures.picture(kind, 1200, 900, turn)
            elif group == "page":
                image = hidden_pages.render(hidden_pages.pdf(kind, turn), 60 + 20 * (turn % 5))
            else:
                image = Image.open(self.photos[int(kind)]).convert("RGB")
                image.thumbnail((1600, 1600))
            self.whole = at, image
        return self.whole[1]

    def picture(self, number: int) -> Image.Image:
        """Give the picture of a number: a part of a source, somehow changed; always the same."""
        chance = np.random.default_rng([7, number])
        image = self.whole_of(number // 40)
        width, height = (int(size * chance.uniform(0.3, 0.9)) for size in image.size)
        left, top = int(chance.uniform(0, image.width - width)), int(chance.uniform(0, image.height - height))
        image = image.crop((left, top, left + width, top + height))
        # Seven in ten are small, because there time goes furthest, two larger; one in ten has what size it has.
        most = math.inf if number % 10 == 0 else chance.uniform(*((25_000, 60_000), (60_000, 160_000))[number % 10 > 7])
        image = resize(min(1.0, (most / (image.width * image.height)) ** 0.5) * float(chance.uniform(0.8, 1)))(image)
        if number % 3 == 0:
            image = jpeg(int(chance.integers(40, 95)))(image)
        if number % 2:
            image = ImageOps.mirror(image)
        if number % MARKED == 0:
            pixels = hidden.embed(np.asarray(image), int(chance.integers(1 << 62)), chance.bytes(32), "rgb")
            image = Image.fromarray(pixels)
        return image


def tried(image: Image.Image, key: bytes) -> tuple[list[float], bool]:
    """Give how far each reading agrees with its nearest word, and whether one would have been taken as a code."""
    agreements: list[float] = []
    taken = False
    for soft, _, _ in seek.readings(hidden.brightness(np.asarray(image), "rgb"), key):
        words = hidden_code.nearest(soft)
        agreed = [float(row @ hidden_code.signs(word)) for row, word in zip(soft, words, strict=True)]
        agreements += agreed
        checked = [hidden_code.checked(word) is not None for word in words]
        taken |= any(holds and a >= seek.AGREEMENT for holds, a in zip(checked, agreed, strict=True))
    return agreements, taken


def main() -> int:
    parser = argparse.ArgumentParser(description="False finds of the hidden mark.")
    parser.add_argument("count", type=int, help="pictures in all, those of the state included")
    parser.add_argument("state", type=Path, help="what was counted so far")
    parser.add_argument("--photos", type=Path, help="a folder of photos")
    parser.add_argument("--first", type=int, default=0, help="number of the first picture, to share the work")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long")
    options = parser.parse_args()
    state = {"pictures": 0, "finds": 0, "readings": 0, "beyond": [0] * len(LEVELS)}
    if options.state.exists():
        state = json.loads(options.state.read_text())
    sources, start = Sources(options.photos), perf_counter()
    while state["pictures"] < options.count and perf_counter() - start < options.seconds:
        number = options.first + state["pictures"]
        agreements, taken = tried(sources.picture(number), np.random.default_rng([8, number]).bytes(32))
        state["pictures"] += 1
        state["finds"] += taken
        state["readings"] += len(agreements)
        for at, level in enumerate(LEVELS):
            state["beyond"][at] += sum(agreement >= level for agreement in agreements)
        if state["pictures"] % KEPT == 0:
            options.state.write_text(json.dumps(state))
    options.state.write_text(json.dumps(state))
    print(f"false finds: {state['finds']} in {state['pictures']} pictures and pages, {state['readings']} readings")
    for level, beyond in zip(LEVELS, state["beyond"], strict=True):
        expected = beyond / 65536 / state["pictures"]
        print(f"agreement {level:4.1f}: {beyond:8} readings beyond, {expected:.1e} finds a picture to be expected")
        if not beyond:
            break
    return int(state["finds"] > 0)


if __name__ == "__main__":
    sys.exit(main())
