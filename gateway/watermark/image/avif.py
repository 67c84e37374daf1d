"""Marks an AVIF: still or animated, with alpha, of 8 bits; what isn't lossless is written at quality 90.

The boxes are walked to the end, and the sizes that they say are checked, before the decoder sees them.
"""

from __future__ import annotations

import io

from PIL import AvifImagePlugin, Image

from gateway.watermark.image import beside as image_beside
from gateway.watermark.image.frame import Marker, plain, upright
from gateway.watermark.image.isobmff import finished, walk
from gateway.watermark.plan import Marked, Plan, unmarkable
from gateway.watermark.watch import Watch

_QUALITY, _LOSSLESS = 90, 100
_SPEED = 9  # of 10: a tenth of the time that the library would take, for a few per cent of size

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a worker may not start threads; the decoder takes no other word for it


def mark(body: bytes, plan: Plan, watch: Watch) -> Marked:
    """Give the marked AVIF. See `document.mark`."""
    look = walk(body, plan.limits)
    marker = Marker(plan, watch)
    frames: list[Image.Image] = []
    durations: list[int] = []
    with Image.open(io.BytesIO(body), formats=["AVIF"]) as image:
        count = getattr(image, "n_frames", 1)
        image_beside.check_pixels(image.width, image.height, plan.limits, count)
        if count > max(look.frames, 1):
            raise unmarkable("broken")
        orientation = image_beside.exif(image.info.get("exif", b""))[0]
        if count > 1:
            marker.expect_frames(image, count, image_beside.turned_size(image.size, orientation))
        for number in range(count):
            image.seek(number)
            image.load()
            frames.append(marker.mark(upright(plain(image.copy()), orientation)))
            durations.append(image.info.get("duration", 0))
        profile = image_beside.profile(image.info.get("icc_profile", b""), frames[0])
    out = io.BytesIO()
    frames[0].save(
        out,
        "AVIF",
        save_all=count > 1,
        append_images=frames[1:],
        duration=durations if count > 1 else 0,
        quality=_LOSSLESS if look.lossless else _QUALITY,
        subsampling=look.sampling,
        speed=_SPEED,
        max_threads=1,
        icc_profile=profile,
        exif=b"",
        xmp=b"",
    )
    return Marked(finished(out.getvalue(), look, marker.text), (marker.text,))
