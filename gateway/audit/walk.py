"""The verifier's way through a log: every entry by itself, against the one before, and into the tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gateway.audit.diagnosis import wrong_hash, wrong_number
from gateway.audit.proof import leaf_hash, node_hash
from gateway.audit.reading import (
    WIDTH,
    Files,
    JournalFile,
    bundle_entries,
    entries_in,
    journal_file,
    journal_names,
    tile_hashes,
    tile_path,
)
from gateway.audit.removed import Removed
from gateway.audit.signatures import Checkpoint
from gateway.audit.tampering import Kind, broken
from gateway.audit.told import Told, told_in
from gateway.audit.trust import Head, Trust
from gateway.errors import BrokenLog

_SWAYS = 60 * 10**9  # nanoseconds: entries of flows at the same time don't come in the order of their times

Progress = Callable[[int, int], None]
"""Is told how many entries were verified, and how many the checkpoint names."""


@dataclass(frozen=True, slots=True)
class Dangling:
    """A flow that was forwarded and has no outcome: its intent's counter and time.

    `pieces` of its answer had been recorded, to be released one by one.
    """

    flow: str
    counter: int
    time: int
    pieces: int = 0


@dataclass(slots=True, eq=False)
class Walk:
    """How far the verification has come: the tree over everything so far, and the flows that are open.

    `known` are heads that were signed or seen before, by size: the tree must have had their roots.
    """

    files: Files
    trust: Trust
    known: Mapping[int, Sequence[Head]]
    progress: Progress | None
    removed: Removed
    size: int = 0
    before: bytes = b""  # the hash of the last payload; empty where that can't be known
    last: bytes = b""  # the hash of the last leaf
    through: int = 0  # how many of the entries were checked against a checkpoint
    agreed: int = 0  # the size of the largest known head that fits
    latest: int = 0  # the latest time that an entry had
    turned_back: list[tuple[int, int]] = field(default_factory=list)  # entries before which the clock was set back
    cut_off: int = 0  # how many flows were open where stored entries are missing
    open: dict[str, Dangling] = field(default_factory=dict)
    peaks: list[tuple[int, bytes]] = field(default_factory=list)  # (height, hash) of the perfect trees, largest first
    rows: dict[int, list[bytes]] = field(default_factory=dict)  # hashes of the unfinished tile of each level

    def fork(self) -> Walk:
        """Give a second walk from here on: what it takes in is not published yet, and may have to be taken back."""
        return replace(
            self,
            open=dict(self.open),
            turned_back=list(self.turned_back),
            peaks=list(self.peaks),
            rows={},
            trust=self.trust.fork(),
            removed=self.removed.fork(),
        )

    def published(self, head: Checkpoint) -> None:
        """Take in what a checkpoint covers, from the bundles, and check tiles and root."""
        if head.size < self.size:
            what = f"it names {head.size} entries, fewer than were verified: rolled back"
            raise broken(Kind.ROLLED_BACK, "checkpoint", what)
        while self.size < head.size:
            index, offset = divmod(self.size, WIDTH)
            width = min(WIDTH, head.size - index * WIDTH)
            path = tile_path("entries", index, width)
            hashes = tile_hashes(self.files.read, 0, index, width)
            if width == WIDTH and not offset and self.files.read(path) is None:
                self._pass_over(index, hashes)
            else:
                entries = bundle_entries(self.files.read, index, width)
                for entry in entries[offset:]:
                    self.take(entry, path)
                    if self.last != hashes[(self.size - 1) % WIDTH]:
                        raise wrong_hash(self.files, head, self.size - 1, path)
                self._older_bundles(index, entries)
            self._full_tiles()
            if self.progress is not None:
                self.progress(self.size, head.size)
        for level, row in self.rows.items():
            self._tile_fits(level, row)
        if self.root() != head.root:
            what = f"its root is not that of the {head.size} entries: dropped, added or exchanged"
            raise broken(Kind.FORKED, "checkpoint", what)
        self.through = head.size

    def take(self, entry: bytes, path: str) -> None:
        """Check one entry by itself and against the one before, and add it to the tree."""
        index = self.size
        where = f"{path}: entry {index}"
        try:
            payload = self.trust.open(entry, where)
            told = told_in(payload, where)
            if told.counter != index:
                raise wrong_number(self.files, self.through or index, index, path, entry, told.counter)
            if (self.before or not index) and told.prev != self.before.hex():
                what = "it follows another entry than the one before it: exchanged"
                raise broken(Kind.EXCHANGED_ENTRY, path, what, index)
            if not self.before:
                self.removed.before[index] = told.prev
            self.trust.settle(told.rotation if told.kind == "rotation" else None, index, path)
            if told.kind == "prune" and told.prune is not None:
                self.removed.take(told.prune, index, path)
        except BrokenLog as error:
            if not error.place:
                error.place, error.entry = path, index
            raise
        self._flow(told)
        self._clock(told)
        self.before = sha256(payload).digest()
        self._grow(leaf_hash(entry))

    def root(self) -> bytes:
        """Give the root over everything so far."""
        if not self.peaks:
            return sha256(b"").digest()
        root = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def _clock(self, told: Told) -> None:
        """See whether the clock was set back: from there on times start anew, the order of entries stays."""
        if told.time < self.latest - _SWAYS:
            self.turned_back.append((told.counter, self.latest - told.time))
            self.latest = told.time
        self.latest = max(self.latest, told.time)

    def _flow(self, told: Told) -> None:
        """Follow which flows have an intent and no outcome yet."""
        if told.kind == "intent":
            self.open[told.flow] = Dangling(told.flow, told.counter, told.time)
        elif told.kind in ("outcome", "refusal") and told.part == told.parts:
            self.open.pop(told.flow, None)
        elif told.kind == "piece" and told.leg == "response" and told.flow in self.open:
            self.open[told.flow] = replace(self.open[told.flow], pieces=told.piece or 0)

    def _grow(self, leaf: bytes) -> None:
        """Add a leaf to the tree, and see whether it had the root here that somebody knows."""
        self.last = leaf
        self.size += 1
        height, node = 0, leaf
        self.rows.setdefault(0, []).append(node)
        while self.peaks and self.peaks[-1][0] == height:
            node = node_hash(self.peaks.pop()[1], node)
            height += 1
            if height % 8 == 0:
                self.rows.setdefault(height // 8, []).append(node)
        self.peaks.append((height, node))
        for head in self.known.get(self.size, ()):
            if head.checkpoint.root != self.root():
                since = f"; up to entry {self.agreed - 1} they agree" if self.agreed else ""
                what = f"{head.where} of {self.size} entries had another root: the past was rewritten{since}"
                raise BrokenLog(what, kind=Kind.FORKED, place=head.where, entry=self.agreed)
            self.agreed = self.size

    def _pass_over(self, index: int, hashes: list[bytes]) -> None:
        """Take the hashes of a bundle that is gone: the root proves them, and a `prune` entry must account for it."""
        self.removed.unread.add(index)
        self.cut_off += len(self.open)
        self.open.clear()
        for leaf in hashes:
            self._grow(leaf)
        self.before = b""

    def _full_tiles(self) -> None:
        """Compare the tiles that became full with the files, and forget them."""
        for level, row in self.rows.items():
            if len(row) == WIDTH:
                self._tile_fits(level, row)
                row.clear()

    def _tile_fits(self, level: int, row: list[bytes]) -> None:
        """Compare a tile with its file, and with the narrower ones that earlier checkpoints left."""
        if not row:
            return
        index = (self.size - 1) >> 8 * (level + 1)
        for width in (len(row), *self._older(level, index, len(row))):
            path = tile_path(level, index, width)
            if tile_hashes(self.files.read, level, index, width) != row[:width]:
                raise broken(Kind.EXCHANGED_TILE, path, "its hashes are not those of the entries: exchanged")

    def _older_bundles(self, index: int, entries: list[bytes]) -> None:
        """Compare the narrower bundles that earlier checkpoints left."""
        for width in self._older("entries", index, len(entries)):
            path = tile_path("entries", index, width)
            data = self.files.read(path)
            if data is not None and entries_in(data, width, path) != entries[:width]:
                raise broken(Kind.EXCHANGED_TILE, path, "its entries are not those that were published: exchanged")

    def _older(self, level: int | str, index: int, width: int) -> list[int]:
        folder = tile_path(level, index, WIDTH) + ".p"
        widths = (int(name) for name in self.files.list(folder) if name.isascii() and name.isdigit())
        return sorted(found for found in widths if 0 < found < width)

    def journal(self, published_now: Callable[[], int]) -> int | None:
        """Take in the journal and give the bytes of an unfinished write at its end.

        Gives None if the log is in use and a newer checkpoint took over a file that was to be read.
        """
        names = journal_names(self.files)
        if not names:
            what = "missing: entries that were not published yet are lost"
            raise broken(Kind.MISSING_JOURNAL, "journal", what)
        torn = 0
        for name, following in zip(names, (*names[1:], None), strict=True):
            data = self.files.read(f"journal/{name}")
            if data is None and following is not None and int(following) <= self.through:
                continue  # all of it is published, and it was deleted for that while we looked
            if data is None or int(name) > self.size:
                if published_now() > self.through:
                    return None
                what = f"the entries from {self.size} on are missing before it"
                raise broken(Kind.CUT_JOURNAL, f"journal/{name}", what)
            held = journal_file(name, data)
            end = held.first + len(held.entries)
            if held.torn and following is not None:
                what = f"cut short at byte {held.end}, and yet a later file goes on"
                raise broken(Kind.CUT_JOURNAL, held.path, what)
            self._same_as_published(held)
            for entry in held.entries[max(0, self.size - held.first) :]:
                self.take(entry, held.path)
            if following is not None and end != int(following) <= self.size:  # what is not published is missed below
                what = f"it ends before entry {end}, and yet a later file goes on from {int(following)}"
                raise broken(Kind.CUT_JOURNAL, held.path, what)
            if end < self.size and following is None:
                what = f"it ends before entry {self.size}, which is published: truncated"
                raise broken(Kind.CUT_JOURNAL, held.path, what)
            self.rows.clear()
            torn = held.torn
        return torn

    def _same_as_published(self, held: JournalFile) -> None:
        """Compare the entries that stand in the journal and in the tiles."""
        hashes: list[bytes] = []
        for index, entry in enumerate(held.entries[: max(0, self.through - held.first)], held.first):
            bundle, offset = divmod(index, WIDTH)
            if not hashes or not offset:
                hashes = tile_hashes(self.files.read, 0, bundle, min(WIDTH, self.through - bundle * WIDTH))
            if leaf_hash(entry) != hashes[offset]:
                what = "it is not the one that was published: exchanged"
                raise broken(Kind.EXCHANGED_JOURNAL, held.path, what, index)
