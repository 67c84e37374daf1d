"""The journal's framing: what makes an entry durable before it is published in tiles.

A journal file is a header and then frames. Every frame says where its batch begins: once a later batch exists, all
that stands before it had reached the disk. So a reader can tell a write that was cut short from one that was damaged
later. The marker can't occur inside an entry, which is ASCII.

    header: "sgj1" | first index, 8 bytes | length of state, 4 bytes | CRC-32 of the rest of the header | state
    frame:  f5 6a f5 6c | length, 4 bytes | offset of the batch, 8 bytes | CRC-32 of length, offset and entry | entry

Numbers are big-endian. `state` is a JSON object: the flows whose intents stand before the file and are still open.
"""

from __future__ import annotations

import struct
from zlib import crc32

MAGIC = b"sgj1"
MARKER = b"\xf5\x6a\xf5\x6c"
HEADER = struct.Struct(">4sQII")
FRAME = struct.Struct(">4sIQI")
_CHECKED = struct.Struct(">IQ")


def header(first: int, state: bytes) -> bytes:
    """Give the beginning of a journal file whose first entry has the index `first`."""
    return HEADER.pack(MAGIC, first, len(state), header_check(first, state)) + state


def header_check(first: int, state: bytes) -> int:
    """Give the CRC-32 over what a header says."""
    return crc32(state, crc32(_CHECKED.pack(len(state), first)))


def frame(entry: bytes, batch: int) -> bytes:
    """Frame an entry of the batch that begins at the file offset `batch`."""
    return FRAME.pack(MARKER, len(entry), batch, frame_check(entry, batch)) + entry


def frame_check(entry: bytes, batch: int) -> int:
    """Give the CRC-32 over an entry, its length and its batch."""
    return crc32(entry, crc32(_CHECKED.pack(len(entry), batch)))
