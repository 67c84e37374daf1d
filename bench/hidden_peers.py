"""Other libraries' marks under the same attacks: blind-watermark, and invisible-watermark's dwtDct and dwtDctSvd.

Each carries 64 bits and no check. blind-watermark has to be told the original's size, and is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from hidden_attacks import Attack
from PIL import Image

CODE = 0x5A17_C0DE_0123_4567
BITS = [CODE >> at & 1 for at in reversed(range(64))]


def _number(bits: object) -> int:
    return int("".join(str(int(bool(bit))) for bit in bits), 2)


def blind(image: Image.Image) -> tuple[Image.Image, Callable[[Image.Image], int]]:
    from blind_watermark import WaterMark  # noqa: PLC0415  installed for this alone

    writer = WaterMark(password_img=1, password_wm=1)
    writer.read_img(img=np.asarray(image)[..., ::-1].copy())
    writer.read_wm(np.array(BITS, bool), mode="bit")
    marked = np.clip(writer.embed(), 0, 255).astype(np.uint8)[..., ::-1]

    def read(leak: Image.Image) -> int:
        reader = WaterMark(password_img=1, password_wm=1)
        pixels = np.asarray(leak.resize(image.size))[..., ::-1].copy()
        return _number(np.asarray(reader.extract(embed_img=pixels, wm_shape=64, mode="bit")) > 0.5)

    return Image.fromarray(np.ascontiguousarray(marked)), read


def invisible(method: str) -> Callable[[Image.Image], tuple[Image.Image, Callable[[Image.Image], int]]]:
    from imwatermark import WatermarkDecoder, WatermarkEncoder  # noqa: PLC0415  installed for this alone

    def mark(image: Image.Image) -> tuple[Image.Image, Callable[[Image.Image], int]]:
        encoder = WatermarkEncoder()
        encoder.set_watermark("bits", BITS)
        marked = encoder.encode(np.asarray(image)[..., ::-1].copy(), method)[..., ::-1]

        def read(leak: Image.Image) -> int:
            return _number(WatermarkDecoder("bits", 64).decode(np.asarray(leak)[..., ::-1].copy(), method))

        return Image.fromarray(np.ascontiguousarray(marked)), read

    return mark


def compare(items: Iterator[tuple[str, str, Image.Image]], attacks: dict[str, Attack]) -> None:
    """Print how many leaks of all pictures each library read exactly."""
    peers = {"blind-watermark": blind}
    try:
        peers |= {method: invisible(method) for method in ("dwtDct", "dwtDctSvd")}
    except ImportError as error:
        print(f"invisible-watermark can't be used: {error}")
    counts: dict[tuple[str, str], list[int]] = {}
    for group, _, image in items:
        for name, mark in peers.items():
            count = counts.setdefault((group, name), [0, 0])
            try:
                marked, read = mark(image)
            except (ImportError, ValueError, IndexError, AssertionError, RuntimeError) as error:
                print(f"{name} can't mark {group}: {type(error).__name__}")
                continue
            for leak in attacks.values():
                count[1] += 1
                try:
                    count[0] += read(leak(marked)) == CODE
                except (ValueError, IndexError, AssertionError, RuntimeError):
                    continue
            print(f"{group} so far: {name} {count[0]}/{count[1]}", flush=True)
    for (group, name), (right, tried) in sorted(counts.items()):
        print(f"{group:22} {name:18} {right}/{tried}")
