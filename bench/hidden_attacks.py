"""What happens to pictures that leak: 23 ways, each from an 8-bit RGB image to another, the same every time."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Attack = Callable[[Image.Image], Image.Image]


def jpeg(quality: int) -> Attack:
    def attack(image: Image.Image) -> Image.Image:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        return Image.open(out).convert("RGB")

    return attack


def resize(scale: float) -> Attack:
    def attack(image: Image.Image) -> Image.Image:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return image.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS)

    return attack


def crop(area: float, across: float = 0.37, down: float = 0.61) -> Attack:
    """Keep a part of the area, in the picture's own shape, away from its middle and its corners."""

    def attack(image: Image.Image) -> Image.Image:
        width, height = round(image.width * area**0.5), round(image.height * area**0.5)
        left, top = round((image.width - width) * across), round((image.height - height) * down)
        return image.crop((left, top, left + width, top + height))

    return attack


def rotate(degrees: float) -> Attack:
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))


def brightness(factor: float) -> Attack:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def contrast(factor: float) -> Attack:
    return lambda image: ImageEnhance.Contrast(image).enhance(factor)


def grey(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def noise(deviation: float) -> Attack:
    def attack(image: Image.Image) -> Image.Image:
        samples = np.asarray(image).astype(np.float32)
        samples += np.random.default_rng(5).normal(0, deviation, samples.shape).astype(np.float32)
        return Image.fromarray(np.clip(samples + 0.5, 0, 255).astype(np.uint8))

    return attack


def screenshot(image: Image.Image) -> Image.Image:
    """Show the picture in a window of a 1920 by 1080 screen: as wide as it fits, its lower part outside."""
    width = min(1500, round(image.width * 1.1))
    shown = image.resize((width, round(image.height * width / image.width)), Image.Resampling.BILINEAR)
    screen = Image.new("RGB", (1920, 1080), (58, 62, 70))
    screen.paste((236, 236, 238), (150, 40, 1800, 1040))
    screen.paste((210, 212, 216), (150, 40, 1800, 96))
    screen.paste(shown.crop((0, 0, width, min(shown.height, 900))), (190, 120))
    return screen.crop((0, 0, 1920, 1080))


def print_scan(image: Image.Image) -> Image.Image:
    """Imitate a print and a scan: ink spreads, the sheet lies askew, tones bend, paper and sensor add their noise."""
    soft = image.filter(ImageFilter.GaussianBlur(0.8)).rotate(0.6, Image.Resampling.BICUBIC, fillcolor=(250, 249, 246))
    samples = np.asarray(resize(0.93)(soft)).astype(np.float32) / 255
    samples = 0.06 + 0.88 * samples**1.12
    chance = np.random.default_rng(9)
    samples += chance.normal(0, 0.014, samples.shape).astype(np.float32)
    samples *= np.linspace(0.97, 1.0, samples.shape[1], dtype=np.float32)[None, :, None]
    return jpeg(80)(Image.fromarray(np.clip(samples * 255 + 0.5, 0, 255).astype(np.uint8)))


def chain(*attacks: Attack) -> Attack:
    def attack(image: Image.Image) -> Image.Image:
        for each in attacks:
            image = each(image)
        return image

    return attack


NAMED = "crop 50%, half, jpeg 50"
ATTACKS: dict[str, Attack] = {
    "jpeg 90": jpeg(90),
    "jpeg 70": jpeg(70),
    "jpeg 50": jpeg(50),
    "jpeg 30": jpeg(30),
    "resize 0.75": resize(0.75),
    "resize 0.5": resize(0.5),
    "resize 1.5": resize(1.5),
    "crop 50%": crop(0.5),
    "crop 25%": crop(0.25),
    "rotate 1": rotate(1),
    "rotate -2": rotate(-2),
    "screenshot": screenshot,
    "brighter 1.15": brightness(1.15),
    "darker 0.8": brightness(0.8),
    "contrast 1.3": contrast(1.3),
    "contrast 0.7": contrast(0.7),
    "grey": grey,
    "noise 8": noise(8),
    "print and scan": print_scan,
    NAMED: chain(crop(0.5), resize(0.5), jpeg(50)),
    "screenshot, jpeg 60": chain(screenshot, jpeg(60)),
    "crop 70%, 0.8, jpeg 60": chain(crop(0.7), resize(0.8), jpeg(60)),
    "rotate 1, crop 50%, jpeg 70": chain(rotate(1), crop(0.5), jpeg(70)),
}
