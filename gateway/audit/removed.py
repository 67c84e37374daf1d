"""Which stored entries are gone, and whether the log itself says so: retention removes bodies, never hashes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256

from gateway.audit.reading import WIDTH, Read, tile_hashes, tile_path
from gateway.audit.tampering import Kind, broken
from gateway.audit.told import Prune


@dataclass(slots=True)
class Removed:
    """The bundles that could not be read, and the `prune` entries that account for them.

    `unread` are indexes of bundles; `before` says what the entry after a gap names as the hash of the payload before.
    """

    read: Read
    unread: set[int] = field(default_factory=set)
    before: dict[int, str] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def fork(self) -> Removed:
        """Give a second one from here on."""
        return replace(self, unread=set(self.unread), before=dict(self.before), told=set(self.told))

    @property
    def entries(self) -> int:
        """Count the entries that could not be read."""
        return len(self.unread) * WIDTH

    def take(self, prune: Prune, index: int, path: str) -> None:
        """Take in a `prune` entry, and hold it against the hashes that stayed. Raises `BrokenLog`."""
        if not 0 <= prune.first < prune.end <= index or prune.first % WIDTH or prune.end % WIDTH:
            raise broken(Kind.FALSE_PRUNE, path, "it speaks of entries that can't have been removed", index)
        bundles = range(prune.first // WIDTH, prune.end // WIDTH)
        digest = sha256()
        for bundle in bundles:
            digest.update(b"".join(tile_hashes(self.read, 0, bundle, WIDTH)))
        if digest.hexdigest() != prune.digest:
            raise broken(
                Kind.FALSE_PRUNE, path, "its digest is not that of the entries that it says were removed", index
            )
        if self.before.get(prune.end, prune.last) != prune.last:
            raise broken(Kind.FALSE_PRUNE, path, f"entry {prune.end} follows another than the last one removed", index)
        self.told.update(bundles)

    def settle(self) -> None:
        """Make sure that whatever could not be read was told of. Raises `BrokenLog`."""
        untold = self.unread - self.told
        if untold:
            first = min(untold)
            what = "missing, and no entry of the log says that it was to be removed"
            raise broken(Kind.MISSING_ENTRIES, tile_path("entries", first, WIDTH), what, first * WIDTH)
