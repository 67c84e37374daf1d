"""The audit log on disk, for its one writer: batches that are durable or did not happen, and their publication."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Entry, Seen, Start, encode, seen
from gateway.audit.log import Position, Record, Scribe, moved
from gateway.audit.upkeep import Which
from gateway.crypto import JwsSigner
from gateway.errors import NotRecorded, SovgateError
from gateway.storage.disk import Disk, lock, unlock
from gateway.storage.log_keys import LogKeys
from gateway.storage.publisher import Publisher
from gateway.storage.recovery import Recovered, Resumed, resume
from gateway.storage.segment import Segment

_PROBE = 65_536  # bytes that there must be room for
_LISTED = 300  # dangling flows that a start entry names


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How a log is kept. `origin` names it in checkpoints (such as `example.com/sovgate/eu-1`), `instance` the gateway.

    `publish_every` is in seconds, and so is `patience`: how long the log may be silent before it counts as stalled.
    `batch` and `waiting` count entries; `unpublished` counts entries that are durable and held in memory until they are
    published; `segment` is in bytes.
    """

    origin: str
    instance: str
    version: str = ""
    publish_every: float = 1.0
    patience: float = 10.0
    batch: int = 256
    waiting: int = 10_000
    unpublished: int = 100_000
    segment: int = 16 << 20


class Ledger:
    """The log of one gateway. Make it with `open`; `recovered` says what was found then.

    `record` is for one thread, `publish` for any. While `failing` is not empty it says why the last batch failed.
    """

    def __init__(
        self,
        folder: Path,
        held: int,
        resumed: Resumed,
        settings: LogSettings,
        disk: Disk,
    ) -> None:
        """Take over a log that was resumed; `held` is its lock."""
        self.recovered: Recovered = resumed.recovered
        self.failing = ""
        self._folder, self._lock, self._disk, self._settings = folder, held, disk, settings
        self._keys = resumed.keys
        self._instance = json.dumps(settings.instance).encode()
        self._scribe = self._scribe_of(resumed.keys.entries())
        self._publisher = Publisher(folder, resumed.tree, disk)
        self._publisher.take(resumed.tail)
        self._publishing = Lock()
        self._segment: Segment = resumed.segment
        self._at: Position = resumed.position
        self._open = resumed.open

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        keys: LogKeys,
        settings: LogSettings,
        now: int,
        disk: Disk | None = None,
        lost: frozenset[Which] = frozenset(),
        reason: str = "",
    ) -> Ledger:
        """Open or begin the log in `folder`, record that it starts, and publish what the last run could not.

        `now` is in nanoseconds since the epoch. Keys that are `lost` get successors first, and the log says so, and why
        (`reason`). Raises `BrokenLog` where the log contradicts itself, `LogInUse` where
        another one writes it, and `NotRecorded` where the start can't be made durable.
        """
        disk = Disk() if disk is None else disk
        with ExitStack() as undo:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                held = lock(folder / "lock")
                undo.callback(unlock, folder / "lock", held)
                resumed = resume(folder, keys, settings.origin, lost, disk)
                undo.callback(resumed.segment.close)
                ledger = cls(folder, held, resumed, settings, disk)
                for which in sorted(lost, reverse=True):  # the entries' key first: it speaks for the other
                    ledger.rotate(which, now, lost=True, reason=reason)
                ledger._begin(now)
            except OSError as error:
                raise NotRecorded(reason_of(error)) from error
            undo.pop_all()
        return ledger

    @property
    def entries(self) -> int:
        """Tell how many entries are durable."""
        return self._at.next

    @property
    def published(self) -> int:
        """Tell how many entries the newest checkpoint covers."""
        return self._publisher.published

    @property
    def waited(self) -> float:
        """Tell how many seconds the newest batch took to become durable, once it was signed."""
        return self._segment.waited

    def record(self, payloads: Sequence[bytes]) -> list[int | NotRecorded]:
        """Make a batch durable, and give each entry's counter, or why it is not in the log."""
        scribe = self._scribe
        if scribe is None:
            return [NotRecorded("the key of entries is lost") for _ in payloads]
        at, placed, results, noted = self._at, list[bytes](), list[int | NotRecorded](), list[tuple[Seen, int]]()
        for payload in payloads:
            try:
                entry = seen(payload)
                made = scribe.place(payload, at)
            except (NotRecorded, ValueError) as error:
                results.append(NotRecorded(f"an entry can't be recorded: {type(error).__name__}"))
                continue
            results.append(at.next)
            noted.append((entry, at.next))
            placed += made
            at = moved(at, made)
        try:
            records = scribe.sign(placed)
            if records:
                self._append(records)
        except (OSError, NotRecorded) as error:
            self.failing = reason_of(error)
            return [NotRecorded(self.failing) for _ in payloads]
        self.failing = ""
        for entry, counter in noted:
            self._open.note(entry.kind, entry.flow, counter)
        self._at = at
        self._publisher.take(records)
        return results

    def publish(self) -> None:
        """Publish what is durable, if anything is new; raises `OSError`, and the next call goes on from there."""
        with self._publishing:
            if self._publisher.published < self._at.next:
                self._keys.settle(self._disk)
                self._publisher.publish(self._keys.signer())

    def roll(self) -> int:
        """Begin a new journal file, and give how many entries are before it. Raises `NotRecorded`."""
        try:
            self._following()
        except OSError as error:
            raise NotRecorded(reason_of(error)) from error
        return self._at.next

    def probe(self) -> int:
        """See whether an entry could be recorded now, and give how many are. Raises `NotRecorded`."""
        scratch = self._folder / "journal" / "probe.tmp"
        try:
            self._segment.settle()
            self._disk.put(scratch, b"\0" * _PROBE)
            scratch.unlink()
        except OSError as error:
            raise NotRecorded(reason_of(error)) from error
        self.failing = ""
        return self._at.next

    def rotate(self, which: Which, now: int, *, lost: bool = False, reason: str = "") -> int:
        """Give a key of the log a successor, and give the counter of the entry that says so.

        It is done once that entry is durable, and not at all before; raises `NotRecorded`. Called where `record` is.
        """
        with self._publishing:  # nothing is published until the new public key is beside the log
            before, keys = self._scribe, self._keys
            try:
                said = keys.exchange(which, lost=lost, reason=reason)
                if which == "entries" and lost:
                    self._scribe = self._scribe_of(keys.successor(which))
                (result,) = self.record([encode(Entry(kind="rotation", time=now, rotation=said))])
                if isinstance(result, NotRecorded):
                    raise result
            except (OSError, SovgateError) as error:
                self._scribe = before
                with suppress(OSError):
                    keys.forget(which)
                raise NotRecorded(reason_of(error)) from error
            keys.recorded(which)
            self._scribe = self._scribe_of(keys.entries())  # before anything else that could fail
            with suppress(OSError, SovgateError):  # then the next publication does it first
                keys.settle(self._disk)
        return result

    def _scribe_of(self, key: Ed25519PrivateKey | None) -> Scribe | None:
        return None if key is None else Scribe(JwsSigner.of(key), self._instance)

    def close(self) -> None:
        """Publish everything, and release the folder whatever happens."""
        try:
            self.publish()
        finally:
            self._segment.close()
            unlock(self._folder / "lock", self._lock)

    def _begin(self, now: int) -> None:
        """Write the start entry and publish."""
        found = self.recovered
        start = Start(self._settings.version, found.torn, found.dangling[:_LISTED], len(found.dangling))
        (result,) = self.record([encode(Entry(kind="start", time=now, start=start))])
        if isinstance(result, NotRecorded):
            raise result
        self.publish()

    def _append(self, records: list[Record]) -> None:
        if self._at.next - self._publisher.published > self._settings.unpublished:
            raise NotRecorded("the audit log can't be published, and too much waits for it")
        if self._segment.length > self._settings.segment:
            self._following()
        self._segment.append([record.jws for record in records])

    def _following(self) -> None:
        """Go on in a new journal file. Raises `OSError`."""
        if self._segment.first == self._at.next:
            return
        self._segment.settle()
        following = Segment.create(self._folder / "journal", self._at.next, self._open.state(), self._disk)
        self._segment.close()
        self._segment = following


def reason_of(error: OSError | SovgateError) -> str:
    """Say what failed, without a value of anyone's."""
    return f"the audit log can't be written: {error.strerror}" if isinstance(error, OSError) else str(error)
