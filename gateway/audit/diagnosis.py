"""What a wrong thing looks like, once it is found: looks around it, and gives the exception that names it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gateway.audit.proof import check_inclusion, inclusion
from gateway.audit.reading import WIDTH, Files, bundle_entries, stored_entries, tile_hashes, tile_path
from gateway.audit.signatures import Checkpoint, payload_of
from gateway.audit.tampering import Kind, broken
from gateway.audit.told import told_in
from gateway.errors import BrokenLog

_AHEAD = 100_000  # entries that are looked through for one that is not in its place


def wrong_number(files: Files, size: int, index: int, path: str, entry: bytes, said: int) -> BrokenLog:
    """Tell what it looks like that the entry in place `index` says that it is number `said`; `size` is published."""
    told = f"it says that it is entry {said}"
    if said < index:
        if _at(files, size, said) in (entry, None):
            return broken(Kind.DUPLICATED_ENTRY, path, f"{told}: entry {said} is here a second time", index)
        return broken(
            Kind.EXCHANGED_ENTRY, path, f"{told}, which is another one: somebody with the key signed two", index
        )
    if any(_number(jws) == index for jws in _ahead(files, size, index)):
        return broken(
            Kind.REORDERED_ENTRIES, path, f"{told}, and entry {index} comes later: put in another order", index
        )
    return broken(Kind.DROPPED_ENTRIES, path, f"{told}: entries were dropped", index)


def wrong_hash(files: Files, head: Checkpoint, index: int, path: str) -> BrokenLog:
    """Tell what it looks like that a rightly signed entry has another hash than the tile holds in its place."""
    bundle = index // WIDTH
    width = min(WIDTH, head.size - bundle * WIDTH)
    tile = tile_path(0, bundle, width)
    try:
        leaf = tile_hashes(files.read, 0, bundle, width)[index % WIDTH]
        check_inclusion(leaf, index, head.size, inclusion(files.read, index, head.size), head.root)
    except BrokenLog:
        what = f"hash {index} is not that of the signed entry in {path}: the tile was exchanged"
        return broken(Kind.EXCHANGED_TILE, tile, what)
    return broken(Kind.EXCHANGED_ENTRY, path, "the signed checkpoint holds another entry in this place", index)


def _at(files: Files, size: int, index: int) -> bytes | None:
    """Give the entry that is stored in a place, where that is published and can be read."""
    if index >= size or index < 0:
        return None
    bundle = index // WIDTH
    try:
        return bundle_entries(files.read, bundle, min(WIDTH, size - bundle * WIDTH))[index % WIDTH]
    except BrokenLog:
        return None


def _ahead(files: Files, size: int, index: int) -> Iterator[bytes]:
    """Give what is stored from a place on, as far as it can be read."""
    try:
        for _, _, jws in islice(stored_entries(files, size, index, lambda _: None), _AHEAD):
            yield jws
    except BrokenLog:
        return


def _number(jws: bytes) -> int | None:
    try:
        return told_in(payload_of(jws), "").counter
    except (ValueError, BrokenLog):
        return None
