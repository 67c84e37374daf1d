"""Tells the quality that a lossy WebP was written with, from its quantiser.

Within five points where libwebp wrote it, rarely twelve below; other encoders have other scales, and get what libwebp
would need for the same quantiser.
"""

from __future__ import annotations

_HEAD = 10  # bytes of a key frame before its first partition
_LONGEST = 64  # bytes of the partition that may be needed
_STEPS = 127  # of the quantiser


class _Bits:
    """The boolean decoder of RFC 6386, section 7, for fields whose bits are as likely one as the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._left = data, 2, 0
        self._value = int.from_bytes(data[:2].ljust(2, b"\0"), "big")
        self._range = 255

    def bit(self) -> int:
        split = 1 + ((self._range - 1) * 128 >> 8)
        high = split << 8
        bit = self._value >= high
        if bit:
            self._range -= split
            self._value -= high
        else:
            self._range = split
        while self._range < 128:  # noqa: PLR2004  half of it
            self._value <<= 1
            self._range <<= 1
            self._left += 1
            if self._left == 8:  # noqa: PLR2004  a byte
                self._left = 0
                self._value |= self._data[self._at] if self._at < len(self._data) else 0
                self._at += 1
        return int(bit)

    def number(self, bits: int) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | self.bit()
        return value

    def signed(self, bits: int) -> int:
        """Give a number that is there only if a bit before it says so, with its sign."""
        if not self.bit():
            return 0
        value = self.number(bits)
        return -value if self.bit() else value


def quality(frame: bytes) -> float:
    """Give the quality, 0 to 100, of a VP8 key frame with its head."""
    bits = _Bits(frame[_HEAD : _HEAD + _LONGEST])
    bits.number(2)  # colour space, clamping
    segments: list[int] = []
    absolute = False
    if bits.bit():
        new_map, new_values = bits.bit(), bits.bit()
        if new_values:
            absolute = bool(bits.bit())
            segments = [bits.signed(7) for _ in range(4)]
            for _ in range(4):
                bits.signed(6)  # filter strengths
        if new_map:
            for _ in range(3):
                if bits.bit():
                    bits.number(8)
    bits.number(1 + 6 + 3)  # the loop filter
    if bits.bit() and bits.bit():
        for _ in range(8):
            bits.signed(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    if segments:
        middle = round(sum(segments) / len(segments))
        base = middle if absolute else base + middle
    share = (1 - min(max(base, 0), _STEPS) / _STEPS) ** 3
    scaled = share * 1.5 if share < 0.5 else (share + 1) / 2  # noqa: PLR2004  libwebp's scale (quant_enc.c) bends here
    return 100 * scaled
