"""Pictures made by program for the hidden mark, of the kinds that photos come in, the same every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Chance = np.random.Generator


def _clouds(chance: Chance, width: int, height: int, fall: float) -> np.ndarray:
    """Give noise whose amplitude falls with frequency to the power `fall`: mean 0, deviation 1."""
    across, down = np.fft.rfftfreq(width)[None], np.fft.fftfreq(height)[:, None]
    radius = np.hypot(across, down)
    radius[0, 0] = 1
    noise = np.fft.rfft2(chance.standard_normal((height, width))) / radius**fall
    noise[0, 0] = 0
    field = np.fft.irfft2(noise, (height, width))
    return field / field.std()


def _picture(*planes: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.stack(planes, axis=-1) + 0.5, 0, 255).astype(np.uint8))


def nature(chance: Chance, width: int, height: int) -> Image.Image:
    """Textures with the spectrum of natural scenes, the same shapes in all colours."""
    shape, tint = _clouds(chance, width, height, 1.0), _clouds(chance, width, height, 1.4)
    return _picture(118 + 46 * shape + 12 * tint, 116 + 46 * shape, 104 + 44 * shape - 14 * tint)


def sky(chance: Chance, width: int, height: int) -> Image.Image:
    """A clear sky that grows lighter, over dark hills, with the noise of a sensor."""
    down = np.linspace(0, 1, height)[:, None]
    clouds = 14 * np.maximum(0, _clouds(chance, width, height, 1.8))
    hills = 0.72 + 0.05 * np.cumsum(chance.standard_normal(width))[None] / np.sqrt(width)
    ground = down > hills
    rough = 22 * _clouds(chance, width, height, 0.8)
    grain = chance.standard_normal((height, width)) * 1.5
    planes = []
    for low, high, earth in ((70, 190, 60), (120, 215, 72), (200, 240, 40)):
        planes.append(np.where(ground, earth + rough, low + (high - low) * down + clouds) + grain)
    return _picture(*planes)


def leaves(chance: Chance, width: int, height: int) -> Image.Image:
    """Foliage: thousands of overlapping leaves, each of its own green and light."""
    image = Image.new("RGB", (width, height), (24, 34, 18))
    pen = ImageDraw.Draw(image)
    for _ in range(width * height // 400):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        length, turn = chance.gamma(3, max(width, height) / 220), chance.uniform(0, 2 * np.pi)
        along, aside = np.array([np.cos(turn), np.sin(turn)]) * length, np.array([-np.sin(turn), np.cos(turn)]) * length
        points = [
            (x, y),
            *(tuple(np.array([x, y]) + part) for part in (along + aside * 0.4, 2 * along, along - aside * 0.4)),
        ]
        light = chance.uniform(0.35, 1.2)
        pen.polygon(points, fill=(int(96 * light), int(150 * light), int(52 * light)))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def faces(chance: Chance, width: int, height: int) -> Image.Image:
    """Soft round forms before a blurred ground, as portraits are."""
    image = Image.new("RGB", (width, height), (92, 98, 110))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y, r = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(0.05, 0.2) * width
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(c) for c in chance.uniform(50, 160, 3)))
    image = image.filter(ImageFilter.GaussianBlur(width / 40))
    pen = ImageDraw.Draw(image)
    for at in range(3):
        x, y, r = width * (0.2 + 0.3 * at), height * 0.5, width * 0.11
        skin = tuple(int(c) for c in np.array([224, 182, 152]) * chance.uniform(0.5, 1))
        pen.ellipse((x - r, y - 1.35 * r, x + r, y + 1.35 * r), fill=skin)
        pen.pieslice((x - 1.1 * r, y - 1.6 * r, x + 1.1 * r, y + 0.4 * r), 180, 360, fill=(52, 38, 30))
        for side in (-1, 1):
            pen.ellipse((x + side * 0.4 * r - 8, y - 6, x + side * 0.4 * r + 8, y + 6), fill=(30, 26, 24))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1.6))).astype(float)
    shape = 3.5 * _clouds(chance, width, height, 0.9) + chance.standard_normal((height, width)) * 1.2
    return _picture(*(soft[..., at] + shape for at in range(3)))


def city(chance: Chance, width: int, height: int) -> Image.Image:
    """Buildings: hard edges, rows of windows."""
    image = Image.new("RGB", (width, height), (176, 196, 214))
    pen = ImageDraw.Draw(image)
    for _ in range(22):
        left, wide, top = (
            chance.uniform(-0.1, 1) * width,
            chance.uniform(0.06, 0.2) * width,
            chance.uniform(0.1, 0.7) * height,
        )
        wall = chance.uniform(60, 190)
        pen.rectangle((left, top, left + wide, height), fill=(int(wall), int(wall * 0.95), int(wall * 0.88)))
        step = max(6.0, wide / chance.integers(4, 10))
        for x in np.arange(left + step * 0.3, left + wide - step * 0.5, step):
            for y in np.arange(top + step * 0.4, height, step * 1.3):
                glass = int(chance.uniform(20, 240))
                pen.rectangle((x, y, x + step * 0.45, y + step * 0.7), fill=(glass, glass, min(255, glass + 20)))
    hard = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8))).astype(float)
    rough = 7 * _clouds(chance, width, height, 0.6)
    return _picture(*(hard[..., at] + rough for at in range(3)))


def night(chance: Chance, width: int, height: int) -> Image.Image:
    """Lights in the dark, and much noise."""
    glow = np.zeros((height, width))
    down, across = np.mgrid[:height, :width]
    for _ in range(40):
        x, y, r = chance.uniform(0, width), chance.uniform(0, height), chance.gamma(2, width / 200)
        glow += 255 * np.exp(-np.hypot(across - x, down - y) / r)
    base = 16 + 9 * _clouds(chance, width, height, 1.2) + glow
    return _picture(*(base * tint + 7 * chance.standard_normal((height, width)) for tint in (1.0, 0.86, 0.66)))


def product(chance: Chance, width: int, height: int) -> Image.Image:
    """A thing on white, with a soft shadow."""
    image = Image.new("RGB", (width, height), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.ellipse((width * 0.2, height * 0.72, width * 0.8, height * 0.84), fill=(200, 200, 204))
    image = image.filter(ImageFilter.GaussianBlur(width / 45))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((width * 0.25, height * 0.2, width * 0.75, height * 0.78), width / 20, fill=(168, 36, 40))
    for at in range(6):
        top = height * (0.28 + 0.07 * at)
        pen.line((width * 0.3, top, width * 0.7, top + height * 0.02), fill=(232, 226, 210), width=max(2, width // 90))
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1))).astype(float)
    grain = np.where(soft.mean(axis=-1) < 250, 4 * _clouds(chance, width, height, 0.7), 0)
    return _picture(*(soft[..., at] + grain for at in range(3)))


def fabric(chance: Chance, width: int, height: int) -> Image.Image:
    """A woven cloth in folds: a fine regular pattern, which looks most like a mark."""
    down, across = np.mgrid[:height, :width].astype(float)
    fold = _clouds(chance, width, height, 2.0)
    weave = 18 * np.sin(across * 0.9 + 3 * fold) * np.sin(down * 0.9 - 2 * fold)
    base = 120 + 34 * fold + weave + 3 * chance.standard_normal((height, width))
    return _picture(base * 0.8, base * 0.9, base * 1.15)


def water(chance: Chance, width: int, height: int) -> Image.Image:
    """Waves that lie across, finer towards the horizon."""
    down = np.linspace(0.15, 1, height)[:, None]
    ripples = _clouds(chance, width, height, 1.1)
    stretched = np.asarray(Image.fromarray(ripples.astype(np.float32)).resize((width * 3, height)))[:, :width]
    base = 90 + 60 * down + 40 * stretched * down + 2 * chance.standard_normal((height, width))
    return _picture(base * 0.62, base * 0.86, base)


def board(chance: Chance, width: int, height: int) -> Image.Image:
    """A machine's parts: many small things with edges, highlights and shadows."""
    image = Image.new("RGB", (width, height), (38, 84, 58))
    pen = ImageDraw.Draw(image)
    for _ in range(260):
        x, y, w, h = chance.uniform(0, width), chance.uniform(0, height), *chance.uniform(0.01, 0.07, 2) * width
        shade = int(chance.uniform(15, 235))
        pen.rectangle((x, y, x + w, y + h), fill=(shade, shade, int(shade * 0.9)), outline=(shade // 3,) * 3)
    for _ in range(160):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        pen.line((x, y, x + chance.normal(0, width / 8), y), fill=(150, 160, 90), width=2)
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(0.6))).astype(float)
    light = 1 + 0.15 * _clouds(chance, width, height, 2.0)
    return _picture(*(soft[..., at] * light + 3 * chance.standard_normal((height, width)) for at in range(3)))


KINDS: dict[str, Callable[[Chance, int, int], Image.Image]] = {
    each.__name__: each for each in (nature, sky, leaves, faces, city, night, product, fabric, water, board)
}


def picture(kind: str, width: int, height: int, seed: int = 1) -> Image.Image:
    return KINDS[kind](np.random.default_rng(seed), width, height)
