"""Further ways to leak a picture, which the mark wasn't tuned to: other formats, filters, views, cameras, disguises."""

from __future__ import annotations

import io

import numpy as np
from hidden_attacks import ATTACKS, Attack, brightness, chain, crop, jpeg, resize
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps


def saved(kind: str, quality: int) -> Attack:
    def attack(image: Image.Image) -> Image.Image:
        out = io.BytesIO()
        image.save(out, kind, quality=quality)
        return Image.open(out).convert("RGB")

    return attack


def palette(colours: int, dither: Image.Dither) -> Attack:
    return lambda image: image.quantize(colours, dither=dither).convert("RGB")


def dots(image: Image.Image) -> Image.Image:
    return image.convert("1").convert("RGB")


def gamma(power: float) -> Attack:
    return lambda image: image.point([round(255 * (at / 255) ** power) for at in range(256)] * 3)


def hue(image: Image.Image) -> Image.Image:
    turned = np.asarray(image.convert("HSV")).copy()
    turned[..., 0] += 30
    return Image.fromarray(turned, "HSV").convert("RGB")


def saturation(factor: float) -> Attack:
    return lambda image: ImageEnhance.Color(image).enhance(factor)


def filtered(by: ImageFilter.Filter) -> Attack:
    return lambda image: image.filter(by)


def blurred(radius: float) -> Attack:
    return filtered(ImageFilter.GaussianBlur(radius))


sharpened = filtered(ImageFilter.UnsharpMask(2, 180, 2))


def turned(degrees: float) -> Attack:
    """Turn the picture on a white ground that grows with it."""
    return lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255))


def stretched(across: float, down: float) -> Attack:
    return lambda image: image.resize(
        (round(image.width * across), round(image.height * down)), Image.Resampling.BICUBIC
    )


def sheared(image: Image.Image) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, (1, 0.03, 0, 0, 1, 0), Image.Resampling.BICUBIC)


def strip(image: Image.Image) -> Image.Image:
    """Keep three tenths of the height, all across."""
    top = image.height // 3
    return image.crop((0, top, image.width, top + round(image.height * 0.3)))


def seen_askew(image: Image.Image, tilt: float, bend: float = 0.0) -> Image.Image:
    """Look at the picture from the side: its right edge is `tilt` shorter than its left one; `bend` shears it."""
    width, height = image.size
    shrink = tilt * height / 2
    corners = [
        (0, 0),
        (width * (1 - tilt / 2), shrink),
        (width * (1 - tilt / 2), height - shrink + bend * height),
        (0, height),
    ]
    whole = [(0, 0), (width, 0), (width, height), (0, height)]
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, whole, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    parts = np.linalg.solve(np.array(rows, float), np.array(right, float))
    perspective = Image.Transform.PERSPECTIVE
    return image.transform(image.size, perspective, parts.tolist(), Image.Resampling.BICUBIC, fillcolor=(40, 40, 44))


def askew(tilt: float) -> Attack:
    return lambda image: seen_askew(image, tilt, tilt / 3)


def screen_photo(tilt: float) -> Attack:
    """Photograph a screen: from the side, with its pixels' moire, uneven light, a reflection, and a phone's JPEG."""

    def attack(image: Image.Image) -> Image.Image:
        seen = np.asarray(seen_askew(image, tilt, 0.01).rotate(0.8, Image.Resampling.BICUBIC)).astype(np.float32)
        down, across = np.mgrid[: image.height, : image.width].astype(np.float32)
        seen *= (1 + 0.03 * np.sin(across * 1.93 + down * 0.07) + 0.03 * np.sin(down * 2.05 - across * 0.05))[..., None]
        light = 0.8 + 0.25 * across / image.width - 0.1 * down / image.height
        glare = 60 * np.exp(-(np.hypot(across / image.width - 0.7, down / image.height - 0.25) ** 2) / 0.02)
        seen = seen * light[..., None] + glare[..., None] + np.random.default_rng(3).normal(0, 3, seen.shape)
        soft = Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))
        return jpeg(75)(soft)

    return attack


def letterbox(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, (0, image.height // 6), "black")


def bordered(image: Image.Image) -> Image.Image:
    return ImageOps.expand(image, image.width // 8, (250, 240, 220))


def on_desktop(share: float) -> Attack:
    """Show the whole picture on a part of a desktop with a busy wallpaper and a window of text."""

    def attack(image: Image.Image) -> Image.Image:
        width, height = 1920, 1080
        chance = np.random.default_rng(8)
        small = chance.integers(30, 200, (34, 60, 3), dtype=np.uint8)
        desk = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        desk = Image.fromarray(
            np.clip(np.asarray(desk) + chance.normal(0, 6, (height, width, 1)), 0, 255).astype(np.uint8)
        )
        pen = ImageDraw.Draw(desk)
        pen.rectangle((60, 60, 700, 900), fill=(252, 252, 252))
        for row in range(50):
            pen.text(
                (80, 80 + 16 * row), "Meeting at ten about the quarter's orders and invoices " * 2, fill=(20, 20, 20)
            )
        scale = min((share * width * height / (image.width * image.height)) ** 0.5, height / image.height)
        shown = resize(scale)(image)
        desk.paste(shown, (width - shown.width - 40, max(0, (height - shown.height) // 2)))
        return desk

    return attack


def redacted(image: Image.Image) -> Image.Image:
    """Black out bars, and write over the rest."""
    over = image.copy()
    pen = ImageDraw.Draw(over)
    for at in range(8):
        top = image.height * (0.05 + 0.12 * at)
        pen.rectangle(
            (image.width * 0.1, top, image.width * (0.4 + 0.07 * (at % 4)), top + image.height * 0.04), fill=(0, 0, 0)
        )
        pen.text((image.width * 0.2, top + image.height * 0.06), "CONFIDENTIAL  " * 6, fill=(200, 0, 0))
    return over


def video_call(image: Image.Image) -> Image.Image:
    """Share the screen in a call: 1280 by 720 at most, colours halved, coded hard, a face in the corner."""
    scale = min(1.0, 1280 / image.width, 720 / image.height)
    shown = resize(scale)(image)
    over = Image.new("RGB", (shown.width // 5, shown.height // 5), (90, 80, 70))
    shown.paste(over, (shown.width - over.width, 0))
    return saved("WEBP", 35)(shown)


def printed(image: Image.Image) -> Image.Image:
    """Print at 80 % in grey and scan the sheet."""
    sheet = Image.new("RGB", image.size, (255, 255, 255))
    sheet.paste(resize(0.8)(image), (image.width // 10, image.height // 10))
    return ATTACKS["print and scan"](sheet.convert("L").convert("RGB"))


def partly_lit(image: Image.Image) -> Image.Image:
    """Brighten towards one corner until it burns out."""
    samples = np.asarray(image).astype(np.float32)
    down, across = np.mgrid[0 : 1 : samples.shape[0] * 1j, 0 : 1 : samples.shape[1] * 1j]
    samples *= (0.75 + 0.5 * (across + down) / 2)[..., None]
    return Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8))


FURTHER: dict[str, Attack] = {
    "webp 50": saved("WEBP", 50),
    "avif 45": saved("AVIF", 45),
    "jpeg 60, jpeg 40": chain(jpeg(60), crop(0.97), jpeg(40)),
    "gif 256 colours": palette(256, Image.Dither.FLOYDSTEINBERG),
    "gif 64 colours": palette(64, Image.Dither.NONE),
    "black and white dots": dots,
    "gamma 0.7": gamma(0.7),
    "gamma 1.5": gamma(1.5),
    "hue": hue,
    "saturation 1.6": saturation(1.6),
    "blur 1.5": blurred(1.5),
    "blur 2.5": blurred(2.5),
    "median 5": filtered(ImageFilter.MedianFilter(5)),
    "sharpened": sharpened,
    "equalised": ImageOps.equalize,
    "autocontrast": lambda image: ImageOps.autocontrast(image, 2),
    "posterised 4 bits": lambda image: ImageOps.posterize(image, 4),
    "inverted": ImageOps.invert,
    "inverted, jpeg 50": chain(ImageOps.invert, jpeg(50)),
    "partly burnt out": partly_lit,
    "brighter 1.3": brightness(1.3),
    "turned 5": turned(5),
    "turned 10, jpeg 70": chain(turned(10), jpeg(70)),
    "turned 33": turned(33),
    "turned 45": turned(45),
    "lying": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored, jpeg 60": chain(ImageOps.mirror, jpeg(60)),
    "stretched 5%": stretched(1.05, 1),
    "stretched 10%, jpeg 70": chain(stretched(1, 1.1), jpeg(70)),
    "squeezed 20%": stretched(0.8, 1),
    "sheared 3%": sheared,
    "seen askew 2%": askew(0.02),
    "seen askew 5%": askew(0.05),
    "seen askew 10%": askew(0.10),
    "photo of a screen, 3%": screen_photo(0.03),
    "photo of a screen, 8%": screen_photo(0.08),
    "letterbox": letterbox,
    "border, jpeg 60": chain(bordered, jpeg(60)),
    "on 40% of a desktop": on_desktop(0.4),
    "on 25% of a desktop, jpeg 70": chain(on_desktop(0.25), jpeg(70)),
    "redacted and written over": redacted,
    "shared in a call": video_call,
    "0.35": resize(0.35),
    "0.35, jpeg 70": chain(resize(0.35), jpeg(70)),
    "crop 12%": crop(0.12, 0.9, 0.2),
    "a strip of 30%": strip,
    "printed at 80%": printed,
}  # fmt: skip
