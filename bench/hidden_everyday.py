"""What programs and people do to pictures every day: messengers, viewers, dark modes, collages, stickers, moire."""

from __future__ import annotations

import numpy as np
from hidden_attacks import Attack, chain, crop, grey, jpeg, noise, resize, rotate
from hidden_further import askew, blurred, gamma, sharpened, stretched
from PIL import Image, ImageDraw, ImageOps


def messenger(longest: int, quality: int) -> Attack:
    """Send through a messenger: no side longer than `longest`, colours halved, a JPEG."""
    return lambda image: jpeg(quality)(resize(min(1.0, longest / max(image.size)))(image))


def stickers(image: Image.Image) -> Image.Image:
    """Put a dozen coloured discs and boxes over a fifth of the picture."""
    over = image.copy()
    pen, chance = ImageDraw.Draw(over), np.random.default_rng(11)
    size = (image.width * image.height / 12 / 5) ** 0.5
    for at in range(12):
        x, y = chance.uniform(0, image.width - size), chance.uniform(0, image.height - size)
        fill = tuple(int(level) for level in chance.uniform(0, 255, 3))
        (pen.ellipse if at % 2 else pen.rectangle)((x, y, x + size, y + size), fill=fill)
    return over


def collage(image: Image.Image) -> Image.Image:
    """Show the picture as one of four beside each other; the others are its like, without a mark."""
    width, height = image.width // 2 * 2, image.height // 2 * 2
    whole = Image.new("RGB", (2 * width, 2 * height), (255, 255, 255))
    chance = np.random.default_rng(12)
    small = [chance.integers(20, 235, (6, 8, 3), dtype=np.uint8) for _ in range(3)]
    for at, colours in enumerate(small, 1):
        other = np.asarray(Image.fromarray(colours).resize((width, height), Image.Resampling.BICUBIC))
        rough = np.clip(other + chance.normal(0, 9, (height, width, 1)), 0, 255).astype(np.uint8)
        whole.paste(Image.fromarray(rough), (at % 2 * width, at // 2 * height))
    whole.paste(image, (0, 0))
    return whole.resize((width, height), Image.Resampling.LANCZOS)


def framed(image: Image.Image) -> Image.Image:
    """Take a screenshot of a window: title, tools, a scroll bar, the picture at 90 %, a shadow around."""
    shown = resize(0.9)(image)
    whole = Image.new("RGB", (shown.width + 60, shown.height + 150), (198, 203, 209))
    pen = ImageDraw.Draw(whole)
    pen.rectangle((12, 12, whole.width - 12, whole.height - 12), fill=(243, 243, 243), outline=(120, 120, 120))
    for at in range(14):
        pen.rectangle((30 + 34 * at, 60, 52 + 34 * at, 82), fill=(90 + 8 * at, 110, 140))
    pen.text((30, 25), "leak.pdf - viewer", fill=(30, 30, 30))
    pen.rectangle((whole.width - 30, 110, whole.width - 16, 320), fill=(170, 170, 170))
    whole.paste(shown, (25, 105))
    return whole


def dark_mode(image: Image.Image) -> Image.Image:
    """Turn light and dark round, keep the hues, and let no black be quite black, as viewers do."""
    turned = np.asarray(ImageOps.invert(image).convert("HSV")).copy()
    turned[..., 0] += 128
    samples = np.asarray(Image.fromarray(turned, "HSV").convert("RGB")).astype(np.float32)
    return Image.fromarray((24 + samples * (231 / 255)).astype(np.uint8))


def night_light(image: Image.Image) -> Image.Image:
    """Photograph or capture a screen whose blue is turned down, and dim."""
    return Image.fromarray((np.asarray(image) * np.array([0.85, 0.68, 0.42])).astype(np.uint8))


def moire(image: Image.Image) -> Image.Image:
    """Look at the pixels of a screen, red, green and blue stripes with dark between, through another grid."""
    wide = image.resize((image.width * 3, image.height * 3), Image.Resampling.NEAREST)
    samples = np.asarray(wide).astype(np.float32)
    for at in range(3):
        for other in range(3):
            samples[:, other::3, at] *= 1.9 if other == at else 0.45
    samples[::3] *= 0.7
    seen = Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8)).rotate(1.3, Image.Resampling.BILINEAR)
    return jpeg(80)(seen.resize((round(image.width * 0.83), round(image.height * 0.83)), Image.Resampling.BILINEAR))


def photocopy(image: Image.Image) -> Image.Image:
    """Print in grey with a raster of dots, and scan: few tones, spread ink, a sheet that lies askew."""
    tones = np.asarray(rotate(0.7)(image).convert("L").resize((image.width * 2, image.height * 2))).astype(np.float32)
    down, across = np.mgrid[: tones.shape[0], : tones.shape[1]].astype(np.float32)
    raster = 127 + 60 * np.sin((across + down) * 1.4) * np.sin((across - down) * 1.4)
    ink = Image.fromarray(np.clip((tones - raster) * 1.2 + 128, 0, 255).astype(np.uint8))
    return chain(lambda leak: leak.resize(image.size, Image.Resampling.BOX).convert("RGB"), blurred(0.7), jpeg(75))(ink)


EVERYDAY: dict[str, Attack] = {
    "messenger 1600, jpeg 70": messenger(1600, 70),
    "messenger 1280, jpeg 55": messenger(1280, 55),
    "messenger twice": chain(messenger(1600, 70), messenger(1280, 60)),
    "thumbnail 640, jpeg 75": messenger(640, 75),
    "stickers": stickers,
    "stickers, jpeg 50": chain(stickers, jpeg(50)),
    "one of a collage": collage,
    "window with its frame": framed,
    "window, messenger": chain(framed, messenger(1280, 60)),
    "dark mode": dark_mode,
    "dark mode, jpeg 60": chain(dark_mode, jpeg(60)),
    "night light, jpeg 70": chain(night_light, jpeg(70)),
    "moire": moire,
    "photocopy": photocopy,
    "4:3 to 16:9": stretched(1.333, 1),
    "4:3 to 1:1, jpeg 60": chain(stretched(0.75, 1), jpeg(60)),
    "twice the size, jpeg 70": chain(resize(2), jpeg(70)),
    "turned 3, half, jpeg 60": chain(rotate(3), resize(0.5), jpeg(60)),
    "seen askew 6%, jpeg 60": chain(askew(0.06), jpeg(60)),
    "gamma 2.2": gamma(2.2),
    "gamma 0.5, jpeg 60": chain(gamma(0.5), jpeg(60)),
    "noise 15": noise(15),
    "noise 8, blur 1, jpeg 60": chain(noise(8), blurred(1.0), jpeg(60)),
    "sharpened, jpeg 60": chain(sharpened, jpeg(60)),
    "grey, crop 40%, jpeg 60": chain(grey, crop(0.4), jpeg(60)),
}
