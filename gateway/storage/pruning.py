"""Remove the bodies of old entries: whole bundles of published tiles. Their hashes stay, and so do all proofs.

A run goes: 1 plan, from the files; 2 note the plan beside the log; 3 the log says so in `prune` entries, one for each
run of bundles; 4 once those are published, delete; 5 forget the note. Cut short after 3 the next run deletes; before,
nothing has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from gateway.audit.reading import WIDTH, bundle_entries, journal_names, published_size, tile_hashes, tile_path
from gateway.audit.signatures import payload_of
from gateway.audit.upkeep import Prune
from gateway.errors import BrokenLog
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder

NOTE, LOCK = "pruning.json", "pruning.lock"
_DAY = 86_400 * 1_000_000_000
_AHEAD = _DAY  # attestations come by the hour; where there are none for longer, nobody vouches for the clock
_KEPT = frozenset({"rotation", "prune"})  # without these nobody could verify the rest


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days bodies are kept: `days`, and longer for some kinds of entries and some operations."""

    days: int
    kinds: dict[str, int] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it as a rule, for the log."""
        longer = [f"{name} {days}" for name, days in sorted({**self.kinds, **self.operations}.items())]
        return f"{self.days} days" + (f"; {', '.join(longer)}" if longer else "")

    def over(self, seen: Looked, now: int) -> bool:
        """Tell whether an entry's body is to be removed at `now` (nanoseconds since the epoch)."""
        days = max(self.days, self.kinds.get(seen.kind, 0), self.operations.get(seen.operation, 0))
        return seen.kind not in _KEPT and seen.time < now - days * _DAY


class Looked(msgspec.Struct, frozen=True, gc=False):
    """The little of an entry that decides how long it is kept."""

    kind: str
    time: int
    operation: str = ""
    counter: int = 0
    prune: Prune | None = None


class _Noted(msgspec.Struct, frozen=True):
    """What stands in the note: the size of the log then, and what is to be removed."""

    size: int
    prunes: tuple[Prune, ...]


_LOOK = msgspec.json.Decoder(Looked)


@dataclass(frozen=True, slots=True)
class Pruning:
    """One log that is pruned. `limit` gives how many of its first entries may be touched at all.

    `attested` gives the latest time that somebody outside attested, None where nobody is asked: a clock of ours that
    is ahead of it by more than a day is not believed, and what would be over by it alone stays.

    Everything raises `BrokenLog` for files that can't be what they should be, and `OSError`.
    """

    folder: Path
    retention: Retention
    limit: Callable[[], int]
    disk: Disk
    attested: Callable[[], int | None] = lambda: None

    def plan(self, now: int, reason: str) -> tuple[Prune, ...]:
        """Find what is over, without touching anything: full bundles below the limit, all of whose entries are."""
        known = self.attested()
        now = now if known is None else min(now, known + _AHEAD)
        files = Folder(self.folder)
        size = published_size(files)
        most = min(self.limit(), size - 1) // WIDTH  # the newest bundle stays: the log goes on from it
        found: list[Prune] = []
        for first, end in _runs(self._over(files, most, now)):
            digest = sha256()
            for bundle in range(first, end):
                digest.update(b"".join(tile_hashes(files.read, 0, bundle, WIDTH)))
            last = sha256(payload_of(bundle_entries(files.read, end - 1, WIDTH)[-1])).hexdigest()
            cut = now - self.retention.days * _DAY
            found.append(Prune(first * WIDTH, end * WIDTH, digest.hexdigest(), last, str(self.retention), cut, reason))
        return tuple(found)

    def _over(self, files: Folder, most: int, now: int) -> Iterator[int]:
        """Give the bundles that are over, up to the first that is too young as a whole."""
        for bundle in range(most):
            if files.read(tile_path("entries", bundle, WIDTH)) is None:
                continue
            looked = [_LOOK.decode(payload_of(jws)) for jws in bundle_entries(files.read, bundle, WIDTH)]
            over = [self.retention.over(seen, now) for seen in looked]
            if all(over):
                yield bundle
            elif all(seen.time >= now - self.retention.days * _DAY for seen in looked):
                return

    def note(self, prunes: tuple[Prune, ...]) -> None:
        """Note a plan before the log speaks of it."""
        size = published_size(Folder(self.folder))
        self.disk.put(self.folder / NOTE, msgspec.json.encode(_Noted(size, prunes)))
        self.disk.sync_folder(self.folder)

    def finish(self) -> int | None:
        """Delete what the log says is removed, and give how many entries that were; forget the note.

        None where a published entry doesn't say so for all of it yet: then nothing is deleted of the rest, and the note
        stays.
        """
        files = Folder(self.folder)
        data = files.read(NOTE)
        if data is None:
            return 0
        try:
            noted = msgspec.json.decode(data, type=_Noted)
        except ValueError:
            raise BrokenLog(f"{self.folder / NOTE}: not a note of what is to be pruned: delete it") from None
        said = self._said(files, noted.size)
        names = journal_names(files)
        if any(prune not in said or not names or int(names[0]) < prune.end for prune in noted.prunes):
            return None
        removed = 0
        for prune in noted.prunes:
            removed += prune.end - prune.first
            for bundle in range(prune.first // WIDTH, prune.end // WIDTH):
                (self.folder / tile_path("entries", bundle, WIDTH)).unlink(missing_ok=True)
        self._touched(noted.prunes)
        self.forget()
        return removed

    def forget(self) -> None:
        """Forget the note."""
        (self.folder / NOTE).unlink(missing_ok=True)
        self.disk.sync_folder(self.folder)

    def _said(self, files: Folder, since: int) -> list[Prune]:
        """Give what published entries from `since` on say was removed."""
        size, found = published_size(files), list[Prune]()
        for bundle in range(since // WIDTH, -(-size // WIDTH)):
            for jws in bundle_entries(files.read, bundle, min(WIDTH, size - bundle * WIDTH)):
                payload = payload_of(jws)
                if b'"prune"' in payload and (prune := _LOOK.decode(payload).prune) is not None:
                    found.append(prune)
        return found

    def _touched(self, prunes: tuple[Prune, ...]) -> None:
        """Make deletions durable."""
        paths = {
            (self.folder / tile_path("entries", bundle, WIDTH)).parent
            for prune in prunes
            for bundle in range(prune.first // WIDTH, prune.end // WIDTH)
        }
        for path in paths:
            self.disk.sync_folder(path)


def _runs(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Join numbers that follow each other to ranges: first, and the one after the last."""
    first = end = -1
    for number in numbers:
        if number != end:
            if end >= 0:
                yield first, end
            first = number
        end = number + 1
    if end >= 0:
        yield first, end
