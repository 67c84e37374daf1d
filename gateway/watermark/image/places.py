"""Finds the AV1 streams of an AVIF: the data of its items and of the samples of its tracks."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.watermark.plan import unmarkable

_MANY = 100_000  # items, extents, samples
_BIG_IDS = 2  # version of a box from which the ids of items take 4 bytes
_SHORT_TYPES = 3


@dataclass(slots=True)
class Places:
    """What the boxes say of where data are: `kinds` of items, their extents, and the tables of each track."""

    kinds: dict[int, bytes] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)  # construction, place, length
    inside: int = 0  # where the data box among the metadata begins
    tables: list[dict[bytes, bytes]] = field(default_factory=list)

    def note(self, name: bytes, body: bytes, at: int, end: int) -> None:
        """Take in a box, if it tells of places. Refuses `broken`."""
        try:
            if name == b"infe":
                self._entry(body[at:end])
            elif name == b"iloc":
                self._locations(body[at:end])
            elif name == b"idat":
                self.inside = at
            elif name == b"stbl":
                self.tables.append({})
            elif name in (b"stsz", b"stsc", b"stco", b"co64") and self.tables:
                self.tables[-1].setdefault(name, body[at:end])
        except (struct.error, IndexError) as error:
            raise unmarkable("broken") from error

    def streams(self, body: bytes) -> Iterator[bytes]:
        """Give the data of each AV1 item and sample. Refuses `broken` and `truncated`."""
        for item, kind in self.kinds.items():
            if kind == b"av01":
                parts = (
                    _part(body, place + (self.inside if how == 1 else 0), length)
                    for how, place, length in self.extents.get(item, ())
                )
                yield b"".join(parts)
        for table in self.tables:
            try:
                samples = list(_samples(table))
            except (struct.error, IndexError) as error:
                raise unmarkable("broken") from error
            for place, length in samples:
                yield _part(body, place, length)

    def _entry(self, data: bytes) -> None:
        """Read an item's entry (HEIF, 8.11.6); versions below 2 have no kind."""
        if data[0] == _BIG_IDS:
            self.kinds[struct.unpack_from(">H", data, 4)[0]] = data[8:12]
        elif data[0] == _SHORT_TYPES:
            self.kinds[struct.unpack_from(">I", data, 4)[0]] = data[10:14]

    def _locations(self, data: bytes) -> None:
        """Read where items are (HEIF, 8.11.3)."""
        version, sizes = data[0], (data[4] >> 4, data[4] & 15, data[5] >> 4, data[5] & 15 if data[0] else 0)
        if self.extents or not set(sizes) <= {0, 4, 8}:
            raise unmarkable("broken")
        at = 6

        def number(size: int) -> int:
            nonlocal at
            if at + size > len(data):
                raise unmarkable("broken")
            at += size
            return int.from_bytes(data[at - size : at], "big")

        total = 0
        for _ in range(number(4 if version == _BIG_IDS else 2)):
            item = number(4 if version == _BIG_IDS else 2)
            how = number(2) & 15 if version else 0
            number(2)
            base = number(sizes[2])
            extents = self.extents.setdefault(item, [])
            count = number(2)
            total += count
            if total > _MANY:
                raise unmarkable("broken")
            for _ in range(count):
                number(sizes[3])
                place = number(sizes[0])
                extents.append((how, base + place, number(sizes[1])))


def _samples(table: dict[bytes, bytes]) -> Iterator[tuple[int, int]]:
    """Give place and length of each sample of a track (ISO/IEC 14496-12, 8.7)."""
    if b"stsz" not in table:
        return
    one, count = struct.unpack_from(">II", table[b"stsz"], 4)
    if count > _MANY:
        raise unmarkable("broken")
    sizes = [one] * count if one else struct.unpack_from(f">{count}I", table[b"stsz"], 12)
    wide = b"co64" in table
    chunks = table.get(b"co64" if wide else b"stco", bytes(8))
    places = struct.unpack_from(f">{struct.unpack_from('>I', chunks, 4)[0]}{'Q' if wide else 'I'}", chunks, 8)
    runs = table.get(b"stsc", bytes(8))
    said = [struct.unpack_from(">III", runs, 8 + 12 * at) for at in range(struct.unpack_from(">I", runs, 4)[0])]
    sample = 0
    for chunk, place in enumerate(places, 1):
        in_chunk = next((many for first, many, _ in reversed(said) if first <= chunk), 0)
        for length in sizes[sample : sample + in_chunk]:
            yield place, length
            place += length  # noqa: PLW2901  samples of a chunk follow one another
        sample += in_chunk


def _part(body: bytes, place: int, length: int) -> bytes:
    if place + length > len(body):
        raise unmarkable("truncated")
    return body[place : place + length] if length else body[place:]
