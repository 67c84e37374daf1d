"""The gateway's side of its audit log: hands entries to the sequencer, and knows them recorded when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Entry, encode
from gateway.audit.show import published_size
from gateway.audit.upkeep import Which
from gateway.errors import BrokenLog, FaultyFiles, NotRecorded, SovgateError
from gateway.storage.folder import Folder
from gateway.storage.launch import Launched, knock, launch
from gateway.storage.ledger import LogSettings
from gateway.storage.line import Line
from gateway.storage.wire import Errand, Order, Probe, asked

__all__ = ["Journal", "LogSettings"]

_PAUSES = (0.1, 5.0)  # seconds before the sequencer is started again: at first, and at most
_PROBES = 1.0  # seconds between two looks whether a log that failed can be written again
_PATIENCE = 30.0  # seconds for the sequencer to publish everything and end


class Journal:
    """The append port on a real log. Make it with `open` (the gateway) or `join` (beside a gateway that runs).

    A sequencer that ends is started again; until it is there, nothing is recorded. All but `open` and `join` belong to
    one event loop.
    """

    def __init__(self, start: Callable[[], Launched], folder: Path, waiting: int, patience: float) -> None:
        """Connect for the first time. `start` blocks; at most `waiting` entries wait, for `patience` seconds."""
        self.failing = ""  # why the last entry was not recorded; empty while all is well
        self._start, self._folder, self._most, self._patience = start, folder, waiting, patience
        self._launched = start()
        self.recovered = self._launched.opened.recovered  # what was found when the log was opened
        self.entries = self.recovered.entries + 1 if self.recovered else 0  # how many are known to be durable
        self._line: Line | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._prober: asyncio.Task[None] | None = None
        self._attaching: asyncio.Task[Line] | None = None
        self._closed = False
        self._closing = asyncio.Event()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        keys: Path | tuple[Ed25519PrivateKey, Ed25519PrivateKey],
        settings: LogSettings,
        clock: Callable[[], int],
        lost: tuple[Which, ...] = (),
        reason: str = "",
    ) -> Journal:
        """Open or begin the log in `folder`, in a process of its own, which records that the log starts. Blocks.

        `keys` are those of entries and of checkpoints, or the keyring's folder that has them. `clock` gives nanoseconds
        since the epoch. Keys that are `lost` get successors, and the log says so, and why. Raises `BrokenLog` where the
        log contradicts itself, `LogInUse` where another gateway writes it, and `NotRecorded` where the start can't be
        made durable.
        """
        gone = list(lost)

        def start() -> Launched:
            at = str(folder.absolute())
            if isinstance(keys, Path):
                order = Order(at, settings, clock(), str(keys.absolute()), lost=tuple(gone), reason=reason)
            else:
                entry, checkpoint = (key.private_bytes_raw() for key in keys)
                order = Order(at, settings, clock(), "", entry, checkpoint)
            launched = launch(order)
            gone.clear()  # once is enough, should the sequencer be started again
            return launched

        return cls(start, folder, settings.waiting, settings.patience)

    @classmethod
    def join(cls, folder: Path, *, waiting: int = 1_000, patience: float = 10.0) -> Journal:
        """Hand entries to the log that a running gateway writes; raises `NotRecorded` where none does."""
        return cls(lambda: knock(folder), folder, waiting, patience)

    @property
    def published(self) -> int:
        """Tell how many entries the newest checkpoint covers; 0 where it can't be read."""
        try:
            return published_size(Folder(self._folder))
        except (BrokenLog, FaultyFiles):
            return 0

    async def append(self, entry: Entry) -> int:
        """Record an entry and give its counter once it is durable.

        Raises `NotRecorded`, and then nothing may be released. If the caller is cancelled while it waits, or the
        sequencer ends or stalls, the entry may be in the log all the same.
        """
        return await self._handed(encode(entry))

    async def run(self, errand: Errand) -> int:
        """Have the sequencer run an errand, and give the counter of the entry that says so. Raises `NotRecorded`."""
        return await self._handed(asked(errand))

    async def _handed(self, payload: bytes) -> int:
        line = self._line or await self._attached()
        if len(line.waiting) >= self._most:
            raise NotRecorded("too many entries wait for the audit log")
        try:
            counter = await line.send(payload)
        except NotRecorded as error:
            self._fails(str(error))
            raise
        self.failing = ""
        if counter >= self.entries:
            self.entries = counter + 1
        return counter

    async def tend(self) -> None:
        """Connect now, so that a sequencer that ends is started again whether or not anything is appended here."""
        await self._attached()

    async def close(self) -> None:
        """Record what was handed over, publish everything and end the sequencer."""
        if self._closed:
            return
        self._closed = True
        self._closing.set()
        if self._prober is not None:
            await self._prober
        if self._keeper is not None:
            await self._keeper
        else:
            await (self._attaching or self._attach())
        line = self._line
        if line is not None:
            line.finish()
            await asyncio.wait([line.lost], timeout=_PATIENCE)
            line.hang_up()
        await asyncio.to_thread(self._reap)

    async def _attached(self) -> Line:
        """Give the connection; the first entry makes it this event loop's."""
        if self._closed:
            raise NotRecorded("the audit log is closed")
        if self._keeper is not None:
            raise NotRecorded("the audit log's sequencer ended and is started again")
        if self._attaching is None:
            self._attaching = asyncio.get_running_loop().create_task(self._attach())
        return await asyncio.shield(self._attaching)  # an appender that is cancelled must not cancel it for the others

    async def _attach(self) -> Line:
        loop = asyncio.get_running_loop()
        _, self._line = await loop.create_unix_connection(lambda: Line(self._patience), sock=self._launched.socket)
        self._line.lost.add_done_callback(self._ended)
        return self._line

    def _ended(self, _: asyncio.Future[None]) -> None:
        """See to it that there is a sequencer again."""
        self._line = None
        if not self._closed:
            self._fails("the audit log's sequencer ended")
            self._keeper = asyncio.get_running_loop().create_task(self._revive())

    def _fails(self, why: str) -> None:
        """Remember why nothing is recorded, and find out by itself when it is again: there may be no flows to tell."""
        self.failing = why
        if self._prober is None and not self._closed:
            self._prober = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        try:
            while self.failing and not self._closed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _PROBES)
                if self._line is not None and not self._closed:
                    with suppress(NotRecorded):
                        await self._line.send(asked(Probe()))
                        self.failing = ""
        finally:
            self._prober = None

    async def _revive(self) -> None:
        """Start the sequencer again, with longer and longer pauses."""
        pause, most = _PAUSES
        await asyncio.to_thread(self._reap)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)
            if self._closed:
                return
            try:
                self._launched = await asyncio.to_thread(self._start)
            except SovgateError as error:
                self.failing = str(error)
                pause = min(2 * pause, most)
            else:
                break
        await self._attach()
        self._keeper = None

    def _reap(self) -> None:
        """Wait for the sequencer's end. One that can't end, for a disk that hangs, is left alone: it has the lock."""
        if self._launched.process is not None:
            with suppress(TimeoutExpired):
                self._launched.process.wait(_PATIENCE)
