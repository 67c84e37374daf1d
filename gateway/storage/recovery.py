"""Take up a log where it was left: after a clean end, a kill or a power cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import orjson

from gateway.audit.log import Position, Record, moved
from gateway.audit.merkle import leaf_hash
from gateway.audit.reading import JournalFile, journal_file, journal_names
from gateway.audit.signatures import Checkpoint, EntryKeys, NoteKey, open_checkpoint, payload_of, said_in
from gateway.audit.tiles import Tree
from gateway.audit.upkeep import Which
from gateway.errors import BrokenLog
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder
from gateway.storage.held_keys import HeldKeys
from gateway.storage.log_keys import LogKeys
from gateway.storage.public_keys import PublicKeys
from gateway.storage.segment import Segment, segment_name


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found: entries so far, bytes of an unfinished write that were cut off, flows without an outcome."""

    entries: int
    torn: int
    dangling: tuple[str, ...]


class _State(msgspec.Struct, gc=False):
    """What a journal file begins with, as JSON."""

    open: dict[str, int]


@dataclass(slots=True)
class OpenFlows:
    """The flows whose intents were recorded and whose outcomes were not, each with its intent's counter."""

    flows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, held: JournalFile) -> OpenFlows:
        """Read what a journal file begins with. Raises `BrokenLog`."""
        try:
            return cls(msgspec.json.decode(held.state, type=_State).open)
        except ValueError as error:
            raise BrokenLog(f"{held.path}: the flows that were open before it can't be read") from error

    def note(self, kind: str, flow: str, counter: int) -> None:
        """Take in an entry. A `start` lists what was open before it, so that each is reported once."""
        if kind == "intent":
            self.flows[flow] = counter
        elif kind in ("outcome", "refusal"):
            self.flows.pop(flow, None)
        elif kind == "start":
            self.flows.clear()

    def state(self) -> bytes:
        """Give what a new journal file begins with."""
        return orjson.dumps({"open": self.flows})


@dataclass(frozen=True, slots=True)
class Resumed:
    """A log that can be gone on with: `tail` is what the journal has beyond the checkpoint, oldest first."""

    tree: Tree
    tail: list[Record]
    segment: Segment
    position: Position
    open: OpenFlows
    recovered: Recovered
    keys: HeldKeys


def resume(folder: Path, keys: LogKeys, origin: str, lost: frozenset[Which], disk: Disk) -> Resumed:
    """Open the log in `folder`, or begin it; raises `BrokenLog` where it contradicts itself, and changes nothing.

    Keys that are `lost` needn't be there. Otherwise those in use must be, whose successors the log may have named.
    """
    files, own = Folder(folder), HeldKeys.found(keys, origin, PublicKeys.read(folder))
    names = journal_names(files)
    note = files.read("checkpoint")
    if note is None:
        return _begun(files, names, own, disk)
    head = _head(note, own.note_keys(), str(folder / "checkpoint"))
    tree = Tree.restored(head.size, files.read)
    if tree.root() != head.root:
        raise BrokenLog(f"{folder / 'tile'}: the tiles have another root than the checkpoint")
    if not names:
        raise BrokenLog(
            f"{folder / 'journal'}: the journal is gone, with what came after the first {head.size} entries; "
            f"to go on without, create the empty file journal/{segment_name(head.size)}"
        )
    return _resumed(files, names, tree, own, lost, disk)


def _head(note: bytes, keys: list[NoteKey], where: str) -> Checkpoint:
    """Open the checkpoint with the newest key of the log that signed it."""
    wrong = BrokenLog(f"{where}: not signed by the key of this log: edited, or another log's")
    for key in reversed(keys):
        try:
            return open_checkpoint(note, key, where)
        except BrokenLog as error:
            wrong = error
    raise wrong


def _begun(files: Folder, names: list[str], own: HeldKeys, disk: Disk) -> Resumed:
    """Begin a log, or begin again where that was cut short before the first checkpoint."""
    held = [journal_file(name, files.read(f"journal/{name}") or b"") for name in names]
    if (files.path / "tile").exists() or any(found.entries or found.first for found in held):
        raise BrokenLog(f"{files.path / 'checkpoint'}: missing, and yet there are entries: it was deleted")
    own.demand(frozenset())
    journal = files.path / "journal"
    journal.mkdir(parents=True, exist_ok=True)
    own.settle(disk)
    open_flows = OpenFlows()
    segment = Segment.create(journal, 0, open_flows.state(), disk)
    tree = Tree()
    disk.put(files.path / "checkpoint", own.signer().checkpoint(0, tree.root()))
    disk.sync_folder(files.path)
    return Resumed(tree, [], segment, Position(), open_flows, Recovered(0, 0, ()), own)


def _resumed(files: Folder, names: list[str], tree: Tree, own: HeldKeys, lost: frozenset[Which], disk: Disk) -> Resumed:
    """Read the journal from the oldest file on, and check what is not published yet."""
    keys = EntryKeys(own.jwks())
    tail: list[Record] = []
    position, open_flows, expected = Position.after(tree.size, tree.newest), OpenFlows(), None
    for name in names:
        held = _held(files, name, disk)
        if held.first > position.next or (expected is not None and held.first != expected):
            raise BrokenLog(f"{held.path}: entries are missing before it")
        if held.torn and name != names[-1]:
            raise BrokenLog(f"{held.path}: cut short at byte {held.end}, and yet a later file goes on")
        expected = held.first + len(held.entries)
        if expected < tree.size and name == names[-1]:
            raise BrokenLog(f"{held.path}: it ends before entry {tree.size}, which is published: truncated")
        open_flows = OpenFlows.read(held)
        for counter, jws in enumerate(held.entries, held.first):
            where = f"{held.path}: entry {counter}"
            if counter == position.next:
                payload = keys.open(jws, where)
                said = said_in(payload, where)
                if said.get("counter") != counter or said.get("prev", "") != position.last.hex():
                    raise BrokenLog(f"{where}: it belongs to another place")
                tail.append(Record(jws, leaf_hash(jws)))
                position = moved(position, [payload])
                own.note(said, where)
            else:
                said = said_in(_stored(jws), where)
            _note(open_flows, said, counter)
    own.demand(lost)
    segment = Segment(files.path / held.path, held.end, disk)
    recovered = Recovered(position.next, held.torn, tuple(open_flows.flows))
    return Resumed(tree, tail, segment, position, open_flows, recovered, own)


def _held(files: Folder, name: str, disk: Disk) -> JournalFile:
    """Read a journal file; an empty one, made by hand, is begun properly."""
    data = files.read(f"journal/{name}") or b""
    if not data:
        Segment.create(files.path / "journal", int(name), OpenFlows().state(), disk).close()
        data = files.read(f"journal/{name}") or b""
    return journal_file(name, data)


def _stored(jws: bytes) -> bytes:
    """Give the payload of an entry that was checked when it was published; nothing where it can't be read."""
    try:
        return payload_of(jws)
    except ValueError:
        return b""


def _note(open_flows: OpenFlows, said: dict[str, Any], counter: int) -> None:
    if said.get("part") == said.get("parts"):
        open_flows.note(str(said.get("kind")), str(said.get("flow", "")), counter)
