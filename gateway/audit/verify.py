"""Verify a log from its files and public keys alone, and name the first thing that is wrong.

Steps, for each entry in order: 1 its signature, 2 its number, 3 its link to the entry before, 4 its hash in the tile;
then 5 the tiles above, 6 the root that the signed checkpoint names, 7 a head that the caller remembers, and 8 the
journal: entries that are published too must be the same there, later ones must go on where the checkpoint ends.
Nothing of the writer's code is used, and memory stays bounded: one bundle, one tile a level, one journal file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gateway.audit.reading import (
    WIDTH,
    Files,
    JournalFile,
    bundle_entries,
    journal_file,
    journal_names,
    tile_hashes,
    tile_path,
)
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, open_checkpoint, said_in
from gateway.errors import BrokenLog

Progress = Callable[[int, int], None]
"""Is told how many entries were verified, and how many the checkpoint names."""

NOT_INDEPENDENT = (
    "the public keys were taken from beside the log: whoever could change the log could change them too; "
    "give the keys that you got another way"
)
NOTHING_REMEMBERED = (
    "no earlier checkpoint was given: that entries were cut off the end, checkpoint and all, would not be seen"
)


@dataclass(frozen=True, slots=True)
class Dangling:
    """A flow that was forwarded and has no outcome: its intent's counter and time.

    `pieces` of its answer had been recorded, to be released one by one.
    """

    flow: str
    counter: int
    time: int
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that is sound: how many entries, and how many of them are `published` under the signed `head`.

    `torn` are bytes of an unfinished write after the last entry, `dangling` the flows without an outcome (in a log that
    is in use, those under way too), `notes` what this verification can't tell.
    """

    entries: int
    published: int
    head: Checkpoint
    torn: int
    dangling: tuple[Dangling, ...]
    notes: tuple[str, ...]


def verify(
    files: Files,
    *,
    vkey: str | None = None,
    jwks: bytes | None = None,
    remembered: bytes | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Verify a log; raises `BrokenLog` for the first wrong thing, with its place.

    `vkey` (the checkpoints' verifier key) and `jwks` (the entries' public keys) should come from elsewhere than the
    log; where they are None those beside it are taken and `notes` says so. `remembered` is an earlier checkpoint.
    """
    notes = [NOT_INDEPENDENT] * (vkey is None or jwks is None) + [NOTHING_REMEMBERED] * (remembered is None)
    key = NoteKey.read(vkey if vkey is not None else _found(files, "log.vkey").decode(errors="replace"))
    keys = EntryKeys(jwks if jwks is not None else _found(files, "keys.jwks"))
    known = None if remembered is None else open_checkpoint(remembered, key, "the remembered checkpoint")
    walk, torn = _Walk(files, keys, known, progress), None
    while torn is None:
        head = open_checkpoint(_found(files, "checkpoint"), key, "checkpoint")
        walk.published(head)
        tail = walk.fork()
        torn = tail.journal(lambda: open_checkpoint(_found(files, "checkpoint"), key, "checkpoint").size)
    if known is not None and tail.size < known.size:
        raise BrokenLog(f"truncated: {known.size} entries are remembered and {tail.size} are left")
    return Verified(tail.size, head.size, head, torn, tuple(tail.open.values()), tuple(notes))


def _found(files: Files, path: str) -> bytes:
    data = files.read(path)
    if data is None:
        raise BrokenLog(f"{path}: missing: there is no log here, or a part of it was deleted")
    return data


@dataclass(slots=True, eq=False)
class _Walk:
    """How far the verification has come: the tree over everything so far, and the flows that are open."""

    files: Files
    keys: EntryKeys
    known: Checkpoint | None
    progress: Progress | None
    size: int = 0
    before: bytes = b""  # the hash of the last payload
    last: bytes = b""  # the hash of the last leaf
    through: int = 0  # how many of the entries were checked against a checkpoint
    open: dict[str, Dangling] = field(default_factory=dict)
    peaks: list[tuple[int, bytes]] = field(default_factory=list)  # (height, hash) of the perfect trees, largest first
    rows: dict[int, list[bytes]] = field(default_factory=dict)  # hashes of the unfinished tile of each level

    def published(self, head: Checkpoint) -> None:
        """Take in what a checkpoint covers, from the bundles, and check tiles and root."""
        if head.size < self.size:
            raise BrokenLog(f"checkpoint: it names {head.size} entries, fewer than were verified: rolled back")
        while self.size < head.size:
            index = self.size // WIDTH
            width = min(WIDTH, head.size - index * WIDTH)
            path = tile_path("entries", index, width)
            hashes = tile_hashes(self.files.read, 0, index, width)
            for entry in bundle_entries(self.files.read, index, width)[self.size % WIDTH :]:
                self.take(entry, path)
                if self.last != hashes[(self.size - 1) % WIDTH]:
                    raise BrokenLog(
                        f"{tile_path(0, index, width)}: hash {self.size - 1} is not that of the signed entry in {path}"
                    )
            self._full_tiles()
            if self.progress is not None:
                self.progress(self.size, head.size)
        for level, row in self.rows.items():
            self._tile_fits(level, row)
        if self.root() != head.root:
            raise BrokenLog(f"checkpoint: its root is not that of the {head.size} entries: dropped, added or exchanged")
        self.through = head.size

    def take(self, entry: bytes, path: str) -> None:
        """Check one entry by itself and against the one before, and add it to the tree."""
        where = f"{path}: entry {self.size}"
        payload = self.keys.open(entry, where)
        said = said_in(payload, where)
        if said.get("counter") != self.size:
            raise BrokenLog(f"{where}: it says that it is entry {said.get('counter')}: entries were dropped or moved")
        if said.get("prev", "") != self.before.hex():
            raise BrokenLog(f"{where}: it follows another entry than the one before it: exchanged")
        flow, kind = str(said.get("flow", "")), said.get("kind")
        if kind == "intent":
            self.open[flow] = Dangling(flow, self.size, int(said.get("time", 0)))
        elif kind in ("outcome", "refusal") and said.get("part") == said.get("parts"):
            self.open.pop(flow, None)
        elif kind == "piece" and said.get("leg") == "response" and flow in self.open:
            self.open[flow] = replace(self.open[flow], pieces=int(said.get("piece") or 0))
        self.before = sha256(payload).digest()
        self.last = sha256(b"\0" + entry).digest()
        self.size += 1
        height, node = 0, self.last
        self.rows.setdefault(0, []).append(node)
        while self.peaks and self.peaks[-1][0] == height:
            node = sha256(b"\1" + self.peaks.pop()[1] + node).digest()
            height += 1
            if height % 8 == 0:
                self.rows.setdefault(height // 8, []).append(node)
        self.peaks.append((height, node))
        if self.known is not None and self.known.size == self.size and self.known.root != self.root():
            raise BrokenLog(
                f"the remembered checkpoint of {self.size} entries had another root: the past was rewritten"
            )

    def root(self) -> bytes:
        """Give the root over everything so far."""
        if not self.peaks:
            return sha256(b"").digest()
        root = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            root = sha256(b"\1" + peak + root).digest()
        return root

    def _full_tiles(self) -> None:
        """Compare the tiles that became full with the files, and forget them."""
        for level, row in self.rows.items():
            if len(row) == WIDTH:
                self._tile_fits(level, row)
                row.clear()

    def _tile_fits(self, level: int, row: list[bytes]) -> None:
        index = (self.size - 1) >> 8 * (level + 1)
        if row and tile_hashes(self.files.read, level, index, len(row)) != row:
            raise BrokenLog(f"{tile_path(level, index, len(row))}: its hashes are not those of the entries: exchanged")

    def fork(self) -> _Walk:
        """Give a second walk from here on: what it takes in is not published yet, and may have to be taken back."""
        return replace(self, open=dict(self.open), peaks=list(self.peaks), rows={})

    def journal(self, published_now: Callable[[], int]) -> int | None:
        """Take in the journal and give the bytes of an unfinished write at its end.

        Gives None if the log is in use and a newer checkpoint took over a file that was to be read.
        """
        names = journal_names(self.files)
        if not names:
            raise BrokenLog("journal: missing: entries that were not published yet are lost")
        torn = 0
        for name in names:
            data = self.files.read(f"journal/{name}")
            if data is None or int(name) > self.size:
                if published_now() > self.through:
                    return None
                raise BrokenLog(f"journal/{name}: the entries from {self.size} on are missing before it")
            held = journal_file(name, data)
            if held.torn and name != names[-1]:
                raise BrokenLog(f"{held.path}: cut short at byte {held.end}, and yet a later file goes on")
            self._same_as_published(held)
            for entry in held.entries[max(0, self.size - held.first) :]:
                self.take(entry, held.path)
            if held.first + len(held.entries) < self.size:
                raise BrokenLog(f"{held.path}: it ends before entry {self.size}, which is published: truncated")
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
            if sha256(b"\0" + entry).digest() != hashes[offset]:
                raise BrokenLog(f"{held.path}: entry {index} is not the one that was published: exchanged")
