"""The log's side: its newest head goes to witnesses and to the time-stamping authority, again and again.

Nothing here stands in the way of a flow. What comes of it lies beside the log, and `gateway.witness.attended` decides
whether flows may go on without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import aiohttp

from gateway.audit.cosignature import Cosigned
from gateway.audit.proof import consistency
from gateway.errors import NoTimestamps, SovgateError
from gateway.proxy.logs import Log
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder
from gateway.witness.kept import Head, Kept, cosigned_by
from gateway.witness.settings import AskedWitness, TimestampSettings, WitnessSettings
from gateway.witness.stamping import stamp
from gateway.witness.submitting import Unwitnessed, submit

STAMPED = "timestamps"
_AGAIN = (5.0, 300.0)  # seconds until an authority that failed is asked again: at least, and at most


class Watch(Protocol):
    """Is told how it goes; `gateway.witness.counts.Counts` is one."""

    def attested(self, by: str, outcome: str) -> None:
        """Note that a witness (by its name) or the authority (`timestamps`) was asked, and how that went."""
        ...

    def head_attested(self, kind: str, size: int, time: float) -> None:
        """Note how far the newest head goes that is cosigned or stamped (`kind`), and since when."""
        ...


class Rounds:
    """Has heads cosigned and stamped until it is cancelled (`keep`), or once (`once`)."""

    def __init__(
        self,
        folder: Path,
        session: aiohttp.ClientSession,
        witnesses: WitnessSettings,
        timestamps: TimestampSettings | None,
        watch: Watch,
        log: Log,
        wall: Callable[[], float],
        disk: Disk | None = None,
    ) -> None:
        """Take the log's folder, whom to ask, whom to tell, and the wall clock (seconds since the epoch)."""
        self._kept = Kept(folder, Disk() if disk is None else disk)
        self._read = Folder(folder).read
        self._session, self._witnesses, self._timestamps = session, witnesses, timestamps
        self._watch, self._log, self._wall = watch, log, wall
        self._remembered: dict[str, int] = {}  # the size that each witness is known to remember
        self._told: dict[str, str] = {}  # what was last told of each, so that a state is told once

    async def keep(self) -> None:
        """Go on by the schedule, witnesses and authority each for itself."""
        async with asyncio.TaskGroup() as group:
            if self._witnesses.asked:
                group.create_task(self._cosigning())
            if self._timestamps is not None:
                group.create_task(self._stamping(self._timestamps))

    async def once(self) -> None:
        """Do one round of both; what others do wrong is told, not raised."""
        await asyncio.gather(self.cosign(), self.stamp())

    async def cosign(self) -> bool:
        """Have the newest head cosigned by all whose cosignature of it is missing or gets old. Tells whether it is."""
        head = await self._newest()
        if head is None or not self._witnesses.asked:
            return False
        before = await asyncio.to_thread(self._kept.cosigned)
        asked = [self._cosigned(witness, head, before) for witness in self._witnesses.asked]
        lines = [line for line in await asyncio.gather(*asked) if line is not None]
        if len(lines) < self._witnesses.quorum:
            return False
        held = {cosigned_by(before, witness.key) for witness in self._witnesses.asked}
        if before is None or before.text != head.text or not held.issuperset(lines):
            try:
                await asyncio.to_thread(self._kept.keep_cosigned, head, lines)
            except OSError as error:
                self._tell("witnesses", "unwritten", f"what they cosigned can't be kept: {error.strerror}")
                return False
        newest = sorted((line.time for line in lines), reverse=True)[self._witnesses.quorum - 1]
        self._watch.head_attested("cosigned", head.checkpoint.size, newest)
        return True

    async def stamp(self) -> bool:
        """Have the newest head stamped, unless it is. Tells whether it is now."""
        head = await self._newest()
        if head is None or self._timestamps is None:
            return False
        try:
            if head.checkpoint.size in await asyncio.to_thread(self._kept.stamped):
                return True
            answer, stamped = await stamp(self._session, self._timestamps, head.note)
            await asyncio.to_thread(self._kept.keep_stamp, head, answer)
        except NoTimestamps as error:
            self._tell(STAMPED, "failed", str(error))
            return False
        except OSError as error:
            self._tell(STAMPED, "unwritten", f"a timestamp can't be kept: {error.strerror}")
            return False
        self._tell(STAMPED, "done", "")
        self._watch.head_attested("stamped", head.checkpoint.size, stamped.time.timestamp())
        return True

    async def _survive(self, work: Callable[[], Awaitable[bool]]) -> bool:
        """Do a piece of work; a fault of ours in it must not end the schedule."""
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - whatever it is: it is told, and tried again
            self._tell("schedule", type(error).__name__, "a fault in the gateway itself")
            return False

    async def _cosigning(self) -> None:
        """Have heads cosigned, round after round."""
        while True:
            await self._survive(self.cosign)
            await asyncio.sleep(self._witnesses.every)

    async def _stamping(self, settings: TimestampSettings) -> None:
        """Stamp whenever it is time; after a failure sooner, with longer and longer pauses."""
        pause = _AGAIN[0]
        while True:
            if await self._survive(self.stamp):
                pause = _AGAIN[0]
                await asyncio.sleep(settings.every)
            else:
                await asyncio.sleep(min(pause, settings.every))
                pause = min(2 * pause, _AGAIN[1])

    async def _newest(self) -> Head | None:
        """Read the newest head."""
        try:
            return await asyncio.to_thread(self._kept.published)
        except (SovgateError, OSError) as error:
            self._tell("checkpoint", "unreadable", str(error))
            return None

    async def _cosigned(self, witness: AskedWitness, head: Head, before: Head | None) -> Cosigned | None:
        """Give a witness's cosignature of the head: the one there is while it is fresh, or a new one."""
        name = witness.key.name
        held = cosigned_by(before, witness.key)
        if held is not None and before is not None:
            self._remembered.setdefault(name, before.checkpoint.size)
            if before.text != head.text:
                held = None
            elif held.time > self._wall() - self._witnesses.oldest / 2:
                return held
        old = self._remembered.get(name, 0)
        prove = partial(consistency, self._read, new=head.checkpoint.size)
        try:
            line = await submit(
                self._session, witness, head.note, head.checkpoint, min(old, head.checkpoint.size), prove, self._wall
            )
        except Unwitnessed as error:
            self._tell(name, error.kind, str(error))
            return held
        except (SovgateError, OSError, ValueError) as error:
            self._tell(name, "unproven", str(error))
            return held
        self._remembered[name] = head.checkpoint.size
        self._tell(name, "done", "")
        return line

    def _tell(self, by: str, outcome: str, why: str) -> None:
        """Count, and write a line where the state of one is another than before."""
        self._watch.attested(by, outcome)
        if self._told.get(by, "done") != outcome:
            tell = {"done": self._log.info, "fork": self._log.error}.get(outcome, self._log.warning)
            tell("attested" if outcome == "done" else "not-attested", by=by, outcome=outcome, why=why)
        self._told[by] = outcome
