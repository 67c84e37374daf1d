"""Verify a log from its files and public keys alone, and name the first thing that is wrong.

Steps, for each entry in order: 1 its signature, 2 its number, 3 its link to the entry before, 4 its hash in the tile;
then 5 the tiles above, 6 the root that the signed checkpoint names, 7 the heads that the caller remembers, that
witnesses cosigned or timestamps hold, 8 the journal: entries that are published too must be the same there, later ones
must go on where the checkpoint ends; 9 that what is missing was removed by the log's own word, and 10 that the keys
beside the log are those that it was verified with. Nothing of the writer's code is used, and memory stays bounded: one
bundle, one tile a level, one journal file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gateway.audit import stamps
from gateway.audit.cosignature import COSIGNED, WitnessKey, cosignatures
from gateway.audit.reading import WIDTH, Files, missing, tile_path
from gateway.audit.removed import Removed
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, thumbprint
from gateway.audit.tampering import Kind, broken
from gateway.audit.trust import Head, Rotated, Trust
from gateway.audit.walk import Dangling, Progress, Walk
from gateway.errors import BrokenLog

__all__ = ["Dangling", "Progress", "Verified", "Witnesses", "verify"]

_SHOWN = 5
NOT_INDEPENDENT = (
    "the public keys were taken from beside the log: whoever could change the log could change them too; "
    "give the keys that you got another way"
)
NOTHING_REMEMBERED = (
    "no earlier checkpoint was given: that entries were cut off the end, checkpoint and all, would not be seen"
)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The witnesses that the caller trusts, and how many of them must have cosigned a head."""

    keys: tuple[WitnessKey, ...] = ()
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that is sound: how many entries, and how many of them are `published` under the signed `head`.

    `torn` are bytes of an unfinished write after the last entry, `dangling` the flows without an outcome (in a log that
    is in use, those under way too), `notes` what this verification can't tell. `removed` counts the entries whose
    bodies are gone by the log's own word: their hashes are proven, what they said is not. `rotations` are the changes
    of the log's keys, and `witnessed` is the size of the largest head with enough cosignatures; None where none were
    asked for.
    """

    entries: int
    published: int
    head: Checkpoint
    torn: int
    dangling: tuple[Dangling, ...]
    notes: tuple[str, ...]
    removed: int = 0
    rotations: tuple[Rotated, ...] = ()
    witnessed: int | None = None


def verify(
    files: Files,
    *,
    vkey: str | None = None,
    jwks: bytes | None = None,
    remembered: bytes | Sequence[bytes] | None = None,
    witnesses: Witnesses | None = None,
    accepted: Collection[str] = (),
    progress: Progress | None = None,
) -> Verified:
    """Verify a log; raises `BrokenLog` for the first wrong thing, with its kind and place.

    `vkey` (the checkpoints' verifier key, or several, one a line) and `jwks` (the entries' public keys) should come
    from elsewhere than the log; where they are None those beside it are taken and `notes` says so. `remembered` are
    earlier checkpoints, `accepted` thumbprints of keys that are believed to follow ones that were lost.
    """
    keys = NoteKey.read_all(vkey) if vkey is not None else _keys_beside(files)
    entry_keys = EntryKeys(jwks) if jwks is not None else _located("keys.jwks", files)
    trust = Trust.of(entry_keys, keys, _keys_beside(files) if files.read("log.vkey") else (), accepted)
    notes = (remembered,) if isinstance(remembered, bytes) else tuple(remembered or ())
    heads = [trust.head(note, "the remembered checkpoint") for note in notes] + list(_heads_beside(files, trust))
    known: dict[int, list[Head]] = {}
    for head in heads:
        known.setdefault(head.checkpoint.size, []).append(head)
    head, tail, torn = _walk(files, Walk(files, trust, known, progress, Removed(files.read)))
    for one in (head, *heads):
        tail.trust.confirm(one)
    _long_enough(tail, heads)
    tail.removed.settle()
    witnessed = _witnessed((*heads, head), witnesses) if witnesses is not None else None
    _keys_beside_fit(files, tail.trust)
    return Verified(
        tail.size,
        head.checkpoint.size,
        head.checkpoint,
        torn,
        tuple(tail.open.values()),
        tuple(_notes(tail, vkey is not None and jwks is not None, bool(notes), witnessed)),
        tail.removed.entries,
        tuple(tail.trust.rotations),
        witnessed,
    )


def _notes(walk: Walk, independent: bool, remembered: bool, witnessed: int | None) -> Iterable[str]:
    """Say what this verification can't tell, and what a person should know of the log's keys."""
    if not independent:
        yield NOT_INDEPENDENT
    if not remembered and witnessed is None:
        yield NOTHING_REMEMBERED
    if witnessed is not None and witnessed < walk.size:
        yield f"what comes after the first {witnessed} entries was not cosigned by enough witnesses yet"
    if walk.removed.unread:
        yield (
            f"{walk.removed.entries} entries could not be read: the log says that their bodies were removed; "
            "that they were there, and in this order, is proven, what they said is not"
        )
    if walk.cut_off:
        yield f"whether {walk.cut_off} flows were finished can't be told: it stood in entries that were removed"
    for entry, nanoseconds in walk.turned_back[:_SHOWN]:
        yield (
            f"entry {entry}: its time is {nanoseconds // 10**9} seconds earlier than one before it: a clock was set "
            "back; the order of entries is proven, their times are what the gateway's clock said"
        )
    if len(walk.turned_back) > _SHOWN:
        yield f"clocks were set back {len(walk.turned_back)} times in all"
    for one in walk.trust.rotations:
        how = (
            "was lost, and nothing but the new key speaks for it"
            if one.lost
            else "was replaced, and signed for the new one"
        )
        yield f"entry {one.entry}: the key of {one.key} {one.old} {how}: {one.new}"


def _found(files: Files, path: str) -> bytes:
    data = files.read(path)
    if data is None:
        raise missing(path)
    return data


def _located(path: str, files: Files) -> EntryKeys:
    """Read the entries' keys that lie beside the log."""
    try:
        return EntryKeys(_found(files, path))
    except BrokenLog as error:
        raise _at(path, error) from None


def _keys_beside(files: Files) -> tuple[NoteKey, ...]:
    """Read the checkpoints' keys that lie beside the log."""
    try:
        return NoteKey.read_all(_found(files, "log.vkey").decode(errors="replace"))
    except BrokenLog as error:
        raise _at("log.vkey", error) from None


def _at(path: str, error: BrokenLog) -> BrokenLog:
    return error if error.place else BrokenLog(f"{path}: {error}", kind=error.kind, place=path)


def _heads_beside(files: Files, trust: Trust) -> Iterable[Head]:
    """Give the heads that witnesses or timestamping authorities hold, as far as they lie beside the log."""
    note = files.read(COSIGNED)
    if note is not None:
        yield trust.head(note, COSIGNED)
    for path in (f"{stamps.FOLDER}/{name}" for name in files.list(stamps.FOLDER) if name.endswith(stamps.HEAD)):
        note = files.read(path)
        if note is not None:
            head = trust.head(note, path)
            stamps.named_by_size(path, head.checkpoint)
            yield head


def _walk(files: Files, walk: Walk) -> tuple[Head, Walk, int]:
    """Walk through the published entries and the journal, again and again while the log grows meanwhile."""

    def newest() -> Head:
        return walk.trust.head(_found(files, "checkpoint"), "checkpoint")

    before = -1
    while True:
        head = newest()
        walk.published(head.checkpoint)
        tail = walk.fork()
        torn = tail.journal(lambda: newest().checkpoint.size)
        left = _beyond(files, tail.size) if torn is not None else ""
        if torn is not None and not left:
            return head, tail, torn
        if left and tail.size == before:  # whatever is in a tile was in the journal before: nothing is under way
            what = f"it names {walk.through} entries, the journal ends at {tail.size}, and yet there is {left}"
            raise broken(Kind.ROLLED_BACK, "checkpoint", what)
        before = tail.size if left else before


def _beyond(files: Files, size: int) -> str:
    """Name a bundle that holds more than `size` entries; empty where there is none."""
    bundle, width = divmod(size, WIDTH)
    full = tile_path("entries", bundle, WIDTH)
    if files.read(full) is not None:
        return full
    widths = (int(name) for name in files.list(f"{full}.p") if name.isascii() and name.isdigit())
    return next((tile_path("entries", bundle, found) for found in widths if width < found < WIDTH), "")


def _long_enough(walk: Walk, heads: Sequence[Head]) -> None:
    """Make sure that nothing is known of entries that aren't here."""
    largest = max(heads, key=lambda head: head.checkpoint.size, default=None)
    if largest is not None and largest.checkpoint.size > walk.size:
        what = f"truncated: {largest.checkpoint.size} entries are remembered and {walk.size} are left"
        raise BrokenLog(what, kind=Kind.TRUNCATED, place=largest.where, entry=walk.size)


def _witnessed(heads: Iterable[Head], witnesses: Witnesses) -> int:
    """Give the size of the largest head that enough witnesses cosigned."""
    best, most = None, 0
    for head in heads:
        cosigned = len(cosignatures(head.note, witnesses.keys))
        most = max(most, cosigned)
        if cosigned >= witnesses.quorum and (best is None or head.checkpoint.size > best):
            best = head.checkpoint.size
    if best is None:
        what = f"{most} of the witnesses that you trust cosigned it, and {witnesses.quorum} must have"
        raise broken(Kind.UNWITNESSED, "checkpoint", what)
    return best


def _keys_beside_fit(files: Files, trust: Trust) -> None:
    """Make sure that whoever takes the public keys from beside the log isn't deceived."""
    if files.read("log.vkey") is not None:
        strange = {thumbprint(key.key) for key in _keys_beside(files)} - trust.notes.keys()
        if strange or _keys_beside(files)[0].name != trust.origin:
            raise broken(Kind.EXCHANGED_KEYS, "log.vkey", "it holds a key that is not the log's")
    if files.read("keys.jwks") is not None:
        strange = set(_located("keys.jwks", files).names - trust.entries.ever)
        if strange:
            raise broken(
                Kind.EXCHANGED_KEYS, "keys.jwks", f"it holds a key that is not the log's: {', '.join(strange)}"
            )
