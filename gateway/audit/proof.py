"""Proofs of the Merkle tree: made from hash tiles, checked by hashes alone, kept as `.tlog-proof` files.

RFC 6962 section 2.1 says what the proofs are, RFC 9162 sections 2.1.3.2 and 2.1.4.2 how they are checked, and C2SP
tlog-proof how one is written down. Nothing of the writer's is used, and what is checked here may come from anyone.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from gateway.audit.reading import HASH, WIDTH, Read, tile_hashes
from gateway.errors import BrokenLog

_HEADER = "c2sp.org/tlog-proof@v1"
_NO_PROOF = "the proof is not written as C2SP tlog-proof says"
_LONGEST = 64  # hashes in a proof: the height of a tree of 2^63 entries, and one
_MOST = 1 << 20  # bytes of a proof's file that are looked at


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry as stored."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two nodes to the one above them."""
    return sha256(b"\1" + left + right).digest()


def inclusion(read: Read, index: int, size: int, held: int | None = None) -> list[bytes]:
    """Give the audit path of entry `index` in the tree of the first `size`, from the leaf's sibling upwards.

    `read` gives the log's files; they are of a tree of `held` entries, where that is more than `size`. Raises
    `BrokenLog` where a tile is missing, and `ValueError` where there is no such entry. What was read is not verified:
    `check_inclusion` does that.
    """
    if not 0 <= index < size:
        raise ValueError("an inclusion proof is of an entry inside of the tree")
    tree, path, first, end = _Tiles(read, max(size, held or 0)), list[bytes](), 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(tree.root(middle, end))
            end = middle
        else:
            path.append(tree.root(first, middle))
            first = middle
    return path[::-1]


def consistency(read: Read, old: int, new: int, held: int | None = None) -> list[bytes]:
    """Give the proof that the tree of the first `new` entries begins with that of the first `old`; as `inclusion`.

    It is empty where one of the trees is, or both are the same.
    """
    if not 0 <= old <= new:
        raise ValueError("a consistency proof goes from a tree to one that is no smaller")
    if old in (0, new):
        return []
    tree, path, first, end = _Tiles(read, max(new, held or 0)), list[bytes](), 0, new
    while end != old:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(tree.root(middle, end))
            end = middle
        else:
            path.append(tree.root(first, middle))
            first = middle
    if first:  # otherwise it is the old root itself, which whoever checks has
        path.append(tree.root(first, end))
    return path[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Make sure that the leaf hash is number `index` under `root` over `size` entries; raises `BrokenLog`."""
    if not 0 <= index < size or len(path) > _LONGEST:
        raise _unproven("inclusion")
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise _unproven("inclusion")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last or found != root:
        raise _unproven("inclusion")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Make sure that the tree of `new` entries begins with that of `old`; raises `BrokenLog`."""
    if not 0 <= old <= new or len(path) > _LONGEST:
        raise _unproven("consistency")
    if old in (0, new):  # an empty tree is the beginning of every other
        if path or (old == new and old_root != new_root) or (not old and old_root != sha256(b"").digest()):
            raise _unproven("consistency")
        return
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise _unproven("consistency")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            raise _unproven("consistency")
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    if last or before != old_root or after != new_root:
        raise _unproven("consistency")


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in a log: its index, the audit path, and the signed checkpoint as it was published.

    `extra` is data that nothing authenticates (C2SP tlog-proof); None where there is none.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def write_proof(proof: Proof) -> bytes:
    """Give the text of a `.tlog-proof` file."""
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(f"extra {b64encode(proof.extra).decode()}")
    lines += [f"index {proof.index}", *(b64encode(node).decode() for node in proof.path)]
    return "\n".join([*lines, "", ""]).encode() + proof.checkpoint


def read_proof(data: bytes) -> Proof:
    """Read a `.tlog-proof` file; raises `BrokenLog`. Neither path nor checkpoint are verified by that."""
    head, blank, checkpoint = data[:_MOST].partition(b"\n\n")
    try:
        header, *lines = head.decode("ascii").split("\n")
        extra = _base64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
        word, _, index = lines.pop(0).partition(" ")
        proof = Proof(int(index), tuple(map(_base64, lines)), checkpoint, extra)
    except (ValueError, LookupError) as error:
        raise BrokenLog(_NO_PROOF) from error
    sound = blank and len(data) <= _MOST and header == _HEADER and word == "index" and index == str(proof.index)
    if not sound or proof.index < 0 or len(proof.path) > _LONGEST or any(len(node) != HASH for node in proof.path):
        raise BrokenLog(_NO_PROOF)
    return proof


class _Tiles:
    """Subtrees of a tree of which `size` entries are held; each tile is read once."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._known: dict[tuple[int, int], list[bytes]] = {}

    def root(self, first: int, end: int) -> bytes:
        """Give the hash over entries from `first` to before `end`, as RFC 6962 splits them."""
        count = end - first
        if count & (count - 1) == 0:
            return self._perfect(count.bit_length() - 1, first)
        middle = first + _split(count)
        return node_hash(self.root(first, middle), self.root(middle, end))

    def _perfect(self, height: int, first: int) -> bytes:
        """Give the hash of a perfect subtree, from the hashes of the tile in whose reach it is."""
        level, rest = divmod(height, 8)
        tile, offset = divmod(first >> 8 * level, WIDTH)
        if (level, tile) not in self._known:
            width = min(WIDTH, (self._size >> 8 * level) - tile * WIDTH)
            self._known[level, tile] = tile_hashes(self._read, level, tile, width)
        row = self._known[level, tile][offset : offset + (1 << rest)]
        while len(row) > 1:
            row = [node_hash(row[n], row[n + 1]) for n in range(0, len(row), 2)]
        return row[0]


def _split(count: int) -> int:
    """Give the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def _unproven(what: str) -> BrokenLog:
    return BrokenLog(f"the {what} proof does not lead to the signed root")


def _base64(text: str) -> bytes:
    """Decode standard base64; `ValueError` unless `text` is the one encoding of what it holds."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not base64 in its only form")
    return data
