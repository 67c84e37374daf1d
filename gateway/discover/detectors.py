"""All detectors, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.discover import detect_america, detect_anywhere, detect_china, detect_europe, detect_secrets
from gateway.discover.detector import Detector, prepared
from gateway.discover.values import MOST

DETECTORS: tuple[Detector, ...] = (
    *detect_secrets.DETECTORS,
    *detect_anywhere.DETECTORS,
    *detect_china.DETECTORS,
    *detect_europe.DETECTORS,
    *detect_america.DETECTORS,
)

_INSIDE = tuple(detector for detector in DETECTORS if detector.inside is not None)
_SURELY = tuple(
    detector for detector in DETECTORS if not detector.asks and detector.name not in {"url", "company-name"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """How many of the distinct values that were looked at fit a detector."""

    detector: Detector
    fitting: int
    looked_at: int

    @property
    def enough(self) -> bool:
        """Tell whether the share is what the detector wants."""
        return self.fitting >= self.detector.share * self.looked_at


def look(sample: Sequence[str]) -> tuple[Finding, ...]:
    """Try every detector on the values of one field, at most `MOST` of them; those that never fit are left out."""
    texts = [text for text in map(prepared, sample[:MOST]) if text]
    counts = ((detector, sum(map(detector.fits, texts))) for detector in DETECTORS)
    return tuple(Finding(detector, count, len(texts)) for detector, count in counts if count)


def look_inside(sample: Sequence[str]) -> tuple[Finding, ...]:
    """Tell what stands within longer texts."""
    texts = [text for text in map(prepared, sample[:MOST]) if text]
    found = []
    for detector in _INSIDE:
        assert detector.inside is not None
        count = sum(detector.inside.search(text) is not None for text in texts)
        if count:
            found.append(Finding(detector, count, len(texts)))
    return tuple(found)


def datum(text: str) -> bool:
    """Tell whether a text is surely somebody's data: a name of a member or of a path that is one isn't shown."""
    ready = prepared(text)
    return any(detector.fits(ready) for detector in _SURELY)
