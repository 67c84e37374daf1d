"""Read the files of a log: hash tiles, entry bundles, journal files. Nothing of the writer's is imported here.

Layout: C2SP tlog-tiles below the log's folder (`checkpoint`, `tile/...`), and beside it `journal/<first index>`, whose
framing `docs/audit.md` describes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from gateway.audit.tampering import Kind, broken
from gateway.errors import BrokenLog

HASH = 32
WIDTH = 256

Read = Callable[[str], bytes | None]
"""Gives the content of a file by its path relative to the log; None where there is none."""


class Files(Protocol):
    """Where a log is read from."""

    def read(self, path: str, /) -> bytes | None:
        """Give the content of a file by its path relative to the log; None where there is none."""
        ...

    def list(self, folder: str, /) -> Sequence[str]:
        """Give the names of the files in a folder; empty where there is none."""
        ...


def tile_path(level: int | str, index: int, width: int) -> str:
    """Give the path of a tile (or of a bundle: level "entries"): index in groups of three digits, `.p/W` if partial."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + ("" if width == WIDTH else f".p/{width}")


def _tile(read: Read, level: int | str, index: int, width: int) -> tuple[str, int, bytes]:
    """Find a tile: the file of exactly this width, or the full one that took its place since; tells which it is."""
    for held in (width, WIDTH):
        path = tile_path(level, index, held)
        data = read(path)
        if data is not None:
            return path, held, data
    raise broken(
        Kind.MISSING_ENTRIES if level == "entries" else Kind.MISSING_TILE, tile_path(level, index, width), "missing"
    )


def tile_hashes(read: Read, level: int, index: int, width: int) -> list[bytes]:
    """Give the first `width` hashes of a tile; raises `BrokenLog` where it is missing or of another length."""
    if not width:
        return []
    path, held, data = _tile(read, level, index, width)
    if len(data) != held * HASH:
        raise broken(Kind.MALFORMED_FILE, path, f"{len(data)} bytes are not {held} hashes")
    return [data[i : i + HASH] for i in range(0, width * HASH, HASH)]


def bundle_entries(read: Read, index: int, width: int) -> list[bytes]:
    """Give the first `width` entries of a bundle; raises `BrokenLog` where it is missing, too short or too long."""
    path, held, data = _tile(read, "entries", index, width)
    return entries_in(data, held, path)[:width]


def entries_in(data: bytes, width: int, path: str) -> list[bytes]:
    """Give the entries of a bundle that must hold `width` of them; raises `BrokenLog`."""
    entries, at = list[bytes](), 0
    while at < len(data) and len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        entries.append(data[start:at])
    if at != len(data) or len(entries) != width:
        raise broken(Kind.MALFORMED_FILE, path, f"the bundle does not hold {width} whole entries")
    return entries


_MAGIC = b"sgj1"
_MARKER = b"\xf5\x6a\xf5\x6c"
_HEADER = struct.Struct(">4sQII")
_FRAME = struct.Struct(">4sIQI")
_LONGEST = (1 << 16) - 1  # bytes of an entry: its length has 16 bits in a bundle


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What a journal file holds: the index of its first entry, its state (JSON), its entries.

    After `end` bytes come `torn` bytes of a write that was cut short: nothing in there had been acknowledged.
    """

    path: str
    first: int
    state: bytes
    entries: tuple[bytes, ...]
    end: int
    torn: int


def journal_names(files: Files) -> list[str]:
    """Give the names of the journal's files, in the order of their entries."""
    return sorted(name for name in files.list("journal") if name.isascii() and name.isdigit())


def journal_file(name: str, data: bytes) -> JournalFile:
    """Read a journal file; raises `BrokenLog` where it was damaged after it had been written."""
    path = f"journal/{name}"
    if len(data) < _HEADER.size:
        raise broken(Kind.DAMAGED_JOURNAL, path, "the file has lost its header")
    magic, first, length, check = _HEADER.unpack_from(data)
    state = data[_HEADER.size : _HEADER.size + length]
    if magic != _MAGIC or check != crc32(state, crc32(struct.pack(">IQ", length, first))) or first != int(name):
        raise broken(Kind.DAMAGED_JOURNAL, path, "the header is damaged, or the file has another's name")
    entries, end = [], _HEADER.size + length
    while (found := _frame_at(data, end)) is not None:
        entries.append(found[1])
        end += _FRAME.size + len(found[1])
    if _damaged(data, end):
        index = first + len(entries)
        raise broken(Kind.DAMAGED_JOURNAL, path, f"at byte {end}: damaged after it had been written", index)
    return JournalFile(path, first, state, tuple(entries), end, len(data) - end)


def _frame_at(data: bytes, at: int) -> tuple[int, bytes] | None:
    """Give the batch offset and the entry of the frame at `at`; None if there is no whole and sound one."""
    start = at + _FRAME.size
    if len(data) < start:
        return None
    marker, length, batch, check = _FRAME.unpack_from(data, at)
    if length > _LONGEST:
        return None
    entry = data[start : start + length]
    if marker != _MARKER or len(entry) != length or check != crc32(entry, crc32(struct.pack(">IQ", length, batch))):
        return None
    return batch, entry


def _damaged(data: bytes, end: int) -> bool:
    """Tell whether a batch that was begun later stands after `end`, where the chain of frames is broken.

    No entry holds the marker, so frames don't overlap. Where they announce more than there is, somebody put them there,
    and looking at all of them would take forever.
    """
    at, looked = end, 0
    while (at := data.find(_MARKER, at + 1)) != -1:
        found = _frame_at(data, at)
        if found is not None and found[0] > end:
            return True
        looked += min(_LONGEST, int.from_bytes(data[at + 4 : at + 8]))
        if looked > 2 * len(data) + _LONGEST:
            return True
    return False


def published_size(files: Files) -> int:
    """Give the size that the checkpoint names, unchecked; raises `BrokenLog` where there is no log."""
    note = files.read("checkpoint")
    if note is None:
        raise missing("checkpoint")
    try:
        return int(note.split(b"\n", 2)[1])
    except (ValueError, IndexError) as error:
        raise broken(Kind.MALFORMED_CHECKPOINT, "checkpoint", "not a checkpoint") from error


def missing(path: str) -> BrokenLog:
    """Say that there is no log without this file."""
    return broken(Kind.MISSING_LOG, path, "missing: there is no log here, or a part of it was deleted")


Gap = Callable[[int], None]
"""Is told how many entries are passed over, because their bundle is not there."""


def stored_entries(files: Files, size: int, start: int = 0, gap: Gap | None = None) -> Iterator[tuple[int, str, bytes]]:
    """Give index, file and bytes of each entry from `start` on, unchecked: the `size` published ones, the journal's.

    A bundle that is not there raises `BrokenLog`, unless `gap` is there to be told of it. Its hashes must be there all
    the same: nobody has checked that a log is as large as its checkpoint says.
    """
    index = start
    while True:
        for bundle in range(index // WIDTH, -(-size // WIDTH)):
            width = min(WIDTH, size - bundle * WIDTH)
            path = tile_path("entries", bundle, width)
            if gap is not None and width == WIDTH and files.read(path) is None:
                _tile(files.read, 0, bundle, WIDTH)
                passed = (bundle + 1) * WIDTH - index
                gap(passed)
                index += passed
                continue
            for entry in bundle_entries(files.read, bundle, width)[index % WIDTH :]:
                yield index, path, entry
                index += 1
        for name in journal_names(files):
            data = files.read(f"journal/{name}")
            if data is None or int(name) > index:  # published and retired since
                break
            held = journal_file(name, data)
            for entry in held.entries[max(0, index - held.first) :]:
                yield index, held.path, entry
                index += 1
        else:
            return
        size, before = published_size(files), size
        if size == before:
            raise broken(Kind.CUT_JOURNAL, "journal", f"the entries from {index} on are missing")
