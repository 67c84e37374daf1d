"""The hidden mark under attack: what of 23 ways to leak a picture or a page still gives the code back.

`python bench/hidden.py` runs the whole suite (an hour or two); `--quick` a part of it; `--photos DIR` takes photos
from a folder beside the made ones; `--pdf` marks drawn over PDF pages; `--peers` blind-watermark and
invisible-watermark under the same attacks, where they are installed; `--further` and `--everyday` other attacks;
`--speed` speed and memory. What is found where there is nothing is counted by hidden_false.py.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import hidden_pages
import hidden_pictures
import numpy as np
from hidden_attacks import ATTACKS, NAMED, Attack
from hidden_everyday import EVERYDAY
from hidden_further import FURTHER
from hidden_overlay import overlaid
from PIL import Image

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden.eye import similarity
from gateway.watermark.hidden.seek import seek

KEY, CODE = b"the hidden mark: 32 bytes of key", 0x5A17_C0DE_0123_4567
SIZES = {
    "photos 0.25-0.8 Mpx": ((640, 480), (1000, 750)),
    "photos from 0.8 Mpx": ((1100, 800), (1600, 1200), (4000, 3000)),
}
DOTS = (100, 150, 200)
AREAS = (0.3e6, 0.6e6, 1.2e6, 1e9)
QUICK = ("jpeg 50", "resize 0.5", "crop 25%", "rotate -2", "screenshot", NAMED)


def subjects(photos: Path | None, few: bool) -> Iterator[tuple[str, str, Image.Image]]:
    """Give each picture's group, name and pixels."""
    for group, sizes in SIZES.items():
        for at, kind in enumerate(hidden_pictures.KINDS):
            size = sizes[at % len(sizes) if few or sizes[at % len(sizes)][0] < 4000 else -1]
            yield group, f"{kind} {size[0]}x{size[1]}", hidden_pictures.picture(kind, *size)
    for at, path in enumerate(sorted(photos.iterdir()) if photos else ()):
        image = Image.open(path).convert("RGB")
        for area in (AREAS[at % len(AREAS)],) if few else AREAS:
            scale = min(1.0, (area / (image.width * image.height)) ** 0.5)
            if scale == 1 and not few and area < AREAS[-1]:
                continue
            small = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
            mega = small.width * small.height / 1e6
            if mega >= 0.25:
                yield list(SIZES)[mega >= 0.8], f"{path.stem} {small.width}x{small.height}", small
    for at, kind in enumerate(hidden_pages.KINDS):
        dots = DOTS[at % 3] if few else 0
        for each in (dots,) if dots else DOTS:
            yield "pages", f"{kind} {each} dpi", hidden_pages.render(hidden_pages.pdf(kind), each)


def pdf_pages(few: bool) -> Iterator[tuple[str, str, Image.Image]]:
    for kind in hidden_pages.KINDS:
        marked = overlaid(hidden_pages.pdf(kind), CODE, KEY)
        for dots in (150,) if few else (72, 100, 150, 200):
            yield "PDF pages", f"{kind} {dots} dpi", hidden_pages.render(marked, dots)


def marked(image: Image.Image) -> Image.Image:
    return Image.fromarray(hidden.embed(np.asarray(image), CODE, KEY, "rgb"))


def found(image: Image.Image) -> int | None:
    read = seek(hidden.brightness(np.asarray(image.convert("RGB")), "rgb"), KEY)
    return read.code if read else None


def quality(before: Image.Image, after: Image.Image) -> tuple[float, float]:
    """Give the PSNR in dB after the mean shift, and the SSIM with a window of 7 pixels."""
    first, last = (np.asarray(image).astype(np.float32) for image in (before, after))
    error = last - first
    error -= error.mean(axis=(0, 1))
    alike = similarity(*(hidden.brightness(np.asarray(image), "rgb") for image in (before, after)))
    return float(10 * np.log10(255**2 / np.mean(np.square(error)))), alike


class Table:
    """What was found, by group and attack."""

    def __init__(self) -> None:
        self.tried: Counter[tuple[str, str]] = Counter()
        self.read: Counter[tuple[str, str]] = Counter()
        self.wrong = 0
        self.quality: dict[str, list[tuple[float, float]]] = {}

    def add(self, group: str, attack: str, code: int | None, right: int) -> bool:
        self.tried[group, attack] += 1
        self.read[group, attack] += code == right
        self.wrong += code is not None and code != right
        return code == right

    def print(self) -> None:
        groups = sorted({group for group, _ in self.tried})
        print(f"\n{'attack':30}" + "".join(f"{group:>22}" for group in groups))
        for attack in dict.fromkeys(attack for _, attack in self.tried):
            cells = [f"{self.read[group, attack]}/{self.tried[group, attack]}" for group in groups]
            print(f"{attack:30}" + "".join(f"{cell:>22}" for cell in cells))
        shares = [
            100
            * sum(n for (g, _), n in self.read.items() if g == group)
            / sum(n for (g, _), n in self.tried.items() if g == group)
            for group in groups
        ]
        print(f"{'all':30}" + "".join(f"{share:>21.1f}%" for share in shares))
        for group, values in self.quality.items():
            loud, alike = zip(*values, strict=True)
            print(f"{group}: PSNR after the mean shift {min(loud):.1f} dB at least, SSIM {min(alike):.4f} at least")
        print(f"wrong codes: {self.wrong}")


def attacked(
    table: Table,
    items: Iterator[tuple[str, str, Image.Image]],
    attacks: dict[str, Attack],
    mark: Callable[[Image.Image], Image.Image] | None,
) -> None:
    for group, name, image in items:
        after = mark(image) if mark else image
        if mark:
            table.quality.setdefault(group, []).append(quality(image, after))
        lost = [attack for attack, leak in attacks.items() if not table.add(group, attack, found(leak(after)), CODE)]
        notes = "  PSNR {:.1f} SSIM {:.4f}".format(*table.quality[group][-1]) if mark else ""
        print(f"{group:20} {name:32} {len(attacks) - len(lost)}/{len(attacks)}{notes}  {', '.join(lost)}", flush=True)


def speed() -> dict[str, float]:
    """Megapixels a second in and seconds out, the best of three, and what 12 megapixels add to memory, in MiB."""
    small = np.asarray(hidden_pictures.picture("nature", 1600, 1250))
    result = {"embed, 2 Mpx, Mpx/s": 2 / best(lambda: hidden.embed(small, CODE, KEY, "rgb"))}
    leak = hidden.brightness(hidden.embed(small, CODE, KEY, "rgb"), "rgb")
    result["read, 2 Mpx, s"] = best(lambda: seek(leak, KEY))
    plain = hidden.brightness(small, "rgb")
    result["find nothing, 2 Mpx, s"] = best(lambda: seek(plain, KEY))
    large = np.tile(small, (3, 2, 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["embed, 12 Mpx, Mpx/s"] = (
        large.shape[0] * large.shape[1] / 1e6 / best(lambda: hidden.embed(large, CODE, KEY, "rgb"))
    )
    result["embed, 12 Mpx, MiB above the highest so far"] = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    ) / 1024
    return result


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def main() -> int:
    parser = argparse.ArgumentParser(description="The hidden mark under attack.")
    parser.add_argument("--quick", action="store_true", help="fewer attacks, one size of each")
    parser.add_argument("--few", action="store_true", help="one size of each page and picture")
    parser.add_argument("--further", action="store_true", help="attacks of hidden_further.py, instead")
    parser.add_argument("--everyday", action="store_true", help="attacks of hidden_everyday.py, instead")
    parser.add_argument("--photos", type=Path, help="a folder of photos, beside those made by program")
    parser.add_argument("--only", choices=["photos", "pages", "pdf"], help="a part of the suite")
    parser.add_argument("--pdf", action="store_true", help="marks drawn over PDF pages, instead")
    parser.add_argument("--peers", action="store_true", help="other libraries' marks, instead")
    parser.add_argument("--speed", action="store_true", help="speed and memory, instead")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    attacks = EVERYDAY if options.everyday else FURTHER if options.further else ATTACKS
    if options.quick:
        attacks = {name: ATTACKS[name] for name in QUICK}
    if options.speed:
        numbers = speed()
        print(
            json.dumps(numbers)
            if options.json
            else "\n".join(f"{name}: {value:.2f}" for name, value in numbers.items())
        )
        return 0
    table = Table()
    chosen = (
        item
        for item in subjects(options.photos, options.few or options.quick or options.peers)
        if not options.only or item[0].startswith(options.only)
    )
    if options.peers:
        from hidden_peers import compare  # noqa: PLC0415  their libraries are installed for this alone

        compare(chosen, attacks)
        return 0
    if options.pdf:
        attacked(table, pdf_pages(options.few or options.quick), attacks, None)
    else:
        attacked(table, chosen, attacks, marked)
    if options.json:
        print(
            json.dumps(
                {f"{group}: {attack}": [table.read[group, attack], n] for (group, attack), n in table.tried.items()}
            )
        )
    else:
        table.print()
    return int(table.wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
