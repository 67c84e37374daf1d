"""A small picture and a small page for the tests of the hidden mark, and what people do to leaks."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gateway.watermark.hidden import embedding as hidden
from gateway.watermark.hidden.seek import Found, seek

KEY = bytes(range(32))
CODE = 0xC0FFEE_0123456789


def scene(width: int = 480, height: int = 360, seed: int = 3) -> Image.Image:
    """Give a picture like a landscape: a soft sky over ground with the spectrum of natural scenes."""
    chance = np.random.default_rng(seed)
    radius = np.hypot(np.fft.rfftfreq(width)[None], np.fft.fftfreq(height)[:, None])
    radius[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(chance.standard_normal((height, width))) / radius**1.2, (height, width))
    down = np.linspace(0, 1, height)[:, None]
    rough = np.where(down > 0.45, 26, 4) * field / field.std() + chance.normal(0, 1, (height, width))
    planes = [level + 60 * down * slope + rough for level, slope in ((100, 1), (130, 0.3), (170, -1))]
    return Image.fromarray(np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8))


def page(width: int = 500, height: int = 480) -> Image.Image:
    """Give a page of text, part of a sheet at 75 dots an inch."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(11)
    for row in range(22):
        pen.text(
            (40, 50 + 18 * row),
            f"Article {row * 7919 % 1000}: to be delivered in week {row}, carriage paid",
            "black",
            font,
        )
    return image


def marked(image: Image.Image, code: int = CODE, key: bytes = KEY) -> Image.Image:
    return Image.fromarray(hidden.embed(np.asarray(image), code, key, "rgb"))


def read(image: Image.Image, key: bytes = KEY) -> Found | None:
    return seek(hidden.brightness(np.asarray(image.convert("RGB")), "rgb"), key)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out)
