"""Tells the sides that an AV1 stream says (AV1 specification, 5.3 to 5.5), which needn't be those of its container."""

from __future__ import annotations

from gateway.watermark.plan import unmarkable

_SEQUENCE = 1
_LEB = 8  # bytes of a length at most


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            if self._at >= 8 * len(self._data):
                raise unmarkable("broken")
            value = value << 1 | self._data[self._at >> 3] >> 7 - (self._at & 7) & 1
            self._at += 1
        return value

    def variable(self) -> None:
        """Pass a number of variable length (4.10.3)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        self.take(zeros if zeros < 32 else 0)  # noqa: PLR2004  longer ones stand for the largest


def sides(data: bytes) -> list[tuple[int, int]]:
    """Give the greatest width and height of each sequence of a stream of OBUs. Refuses `broken`."""
    found, at = [], 0
    while at < len(data):
        head = data[at]
        if head & 0x81:
            raise unmarkable("broken")
        at += 1 + (head >> 2 & 1)
        length = len(data) - at
        if head & 2:
            length, at = _leb128(data, at)
        if at + length > len(data):
            raise unmarkable("broken")
        if head >> 3 == _SEQUENCE:
            found.append(_sequence(_Bits(data[at : at + min(length, 256)])))
        at += length
    return found


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + _LEB]):
        value |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return value, at + place + 1
    raise unmarkable("broken")


def _sequence(bits: _Bits) -> tuple[int, int]:
    """Read a sequence header (5.5.1) as far as its sides."""
    bits.take(4)  # profile, still picture
    if bits.take(1):
        bits.take(5)  # level of a reduced header
    else:
        delays = _timing(bits) if bits.take(1) else 0
        display = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:  # noqa: PLR2004  levels from there on have tiers
                bits.take(1)
            if delays and bits.take(1):
                bits.take(2 * delays + 1)
            if display and bits.take(1):
                bits.take(4)
    wide, tall = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(wide) + 1, bits.take(tall) + 1


def _timing(bits: _Bits) -> int:
    """Pass timing info (5.5.3) and decoder model info (5.5.4); give the bits of a delay, 0 where there is no model."""
    bits.take(64)
    if bits.take(1):
        bits.variable()
    if not bits.take(1):
        return 0
    delay = bits.take(5) + 1
    bits.take(32 + 10)
    return delay
