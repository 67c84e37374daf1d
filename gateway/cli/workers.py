"""The worker processes that open documents, as the configuration says."""

from __future__ import annotations

from gateway.config.settings import MarkSettings
from gateway.sandbox import Sandbox

_FONT = "gateway.watermark.text.face:add"


def hire(marks: MarkSettings, workers: int = 1) -> Sandbox:
    """Give a pool of workers that have the fonts of the configuration; none is started yet."""
    fonts = [(_FONT, path) for path in marks.fonts]
    return Sandbox(workers=workers, seconds=marks.seconds, memory=marks.memory, files=fonts)
