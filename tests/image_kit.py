"""Pictures of every format, and what viewers show of them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from gateway.errors import Unreadable
from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible

KEY = b"the hidden mark: 32 bytes of key"
PLAN = Plan((Visible("ACME GmbH / crm / 2026-11-23 / {mark}"),), frozenset(), bytes(range(32)))
BOTH = Plan(PLAN.visible, frozenset(), PLAN.secret, hidden=KEY)
HIDDEN = Plan((), frozenset(), PLAN.secret, hidden=KEY)
SECRET = b"CLEAN-COPY"


def photo(mode="RGB", size=(400, 300)):
    """Give a picture with bright, dark and middling parts."""
    level, round_ = Image.linear_gradient("L").resize(size), Image.radial_gradient("L").resize(size)
    return Image.merge("RGB", (level, round_, ImageChops.invert(level))).convert(mode)


def deep(channels, size=(240, 180)):
    """Give 16-bit samples whose lower bytes matter."""
    width, height = size
    across, down = np.arange(width, dtype=np.uint32), np.arange(height, dtype=np.uint32)[:, None]
    planes = [(across * 211 + down * 97 * at + at * 7001) % 65521 for at in range(1, channels + 1)]
    pixels = np.stack(planes, axis=-1).astype(np.uint16)
    return pixels[..., 0] if channels == 1 else pixels


def moving(mode="RGB", count=3, size=(160, 120)):
    """Give frames of an animation."""
    return [photo(mode, size).rotate(40 * at) for at in range(count)]


def written(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def read(body):
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def frames(body):
    """Give each frame as it is shown, upright and in RGBA, and its milliseconds."""
    shown = []
    with Image.open(io.BytesIO(body)) as image:
        for at in range(getattr(image, "n_frames", 1)):
            image.seek(at)
            image.load()
            shown.append((ImageOps.exif_transpose(image.copy()).convert("RGBA"), image.info.get("duration")))
    return shown


def outcome(kind, body, plan=PLAN):
    """Give the marked image, or the reason why it is refused."""
    try:
        return mark(kind, body, plan)
    except Unreadable as refused:
        return str(refused)


def reason(kind, body, plan=PLAN):
    with pytest.raises(Unreadable) as caught:
        mark(kind, body, plan)
    assert caught.value.refusal == "body-unmarkable"
    return str(caught.value)


def changed(before, after, by=16):
    """Give the share of pixels that changed visibly."""
    bands = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return sum(worst.histogram()[by:]) / (before.width * before.height)


def apart(before, after):
    """Give how many levels two pictures are apart on average, on white."""
    ground = Image.new("RGBA", before.size, "white")
    one, other = (Image.alpha_composite(ground, shown.convert("RGBA")).convert("RGB") for shown in (before, after))
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())
