"""Refuse new flows while nobody outside attests the log's head, where that is required."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gateway.audit.cosignature import COSIGNED
from gateway.audit.entry import Entry
from gateway.errors import NotRecorded, SovgateError
from gateway.ports import Append
from gateway.storage.disk import Disk
from gateway.witness.kept import Kept
from gateway.witness.settings import TimestampSettings, WitnessSettings
from gateway.witness.times import cosigned_at, stamped_at

_LOOK = 0.5  # seconds for which an answer holds


class Attended:
    """The append port, with intents refused while the newest attested head is too old. Other entries always go on.

    It looks at what lies beside the log, so that any process of a gateway can ask, whoever does the rounds.
    """

    def __init__(
        self,
        append: Append,
        folder: Path,
        witnesses: WitnessSettings,
        timestamps: TimestampSettings | None,
        wall: Callable[[], float],
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the port, the log's folder, what is required, and two clocks in seconds: the wall's, a steady one."""
        self._append, self._kept = append, Kept(folder, Disk())
        self._witnesses = witnesses if witnesses.required else None
        self._timestamps = timestamps if timestamps is not None and timestamps.required else None
        self._wall, self._tick = wall, tick
        self._looked, self._why = float("-inf"), ""
        self._file: tuple[int, ...] = ()
        self._cosigned = 0.0
        self._stamp: tuple[int, float] = (-1, 0.0)
        self._unstamped: float | None = None  # since when heads are seen that no stamp is over
        self._begun = False

    async def __call__(self, entry: Entry, /) -> int:
        """Record an entry; raises `NotRecorded`."""
        if entry.kind == "intent" and (why := self.stale()):
            raise NotRecorded(why)
        return await self._append(entry)

    def stale(self) -> str:
        """Say why flows are refused; empty while all is well."""
        if self._tick() - self._looked >= _LOOK:
            self._looked = self._tick()
            try:
                self._why = self._uncosigned() or self._without_stamp()
            except (OSError, SovgateError) as error:
                self._why = f"what was attested of the log can't be read: {type(error).__name__}"
        return self._why

    def _uncosigned(self) -> str:
        """Look at the newest head that a quorum cosigned; the file is read when it is another."""
        if self._witnesses is None:
            return ""
        try:
            found = (self._kept.folder / COSIGNED).stat()
        except FileNotFoundError:
            return "no head of the log is cosigned by a quorum of witnesses yet"
        if (mark := (found.st_mtime_ns, found.st_ino, found.st_size)) != self._file:
            self._cosigned = cosigned_at(self._kept, self._witnesses)
            self._file = mark
        if self._wall() - self._cosigned > self._witnesses.oldest:
            return "the newest head of the log that a quorum of witnesses cosigned is too old"
        return ""

    def _without_stamp(self) -> str:
        """Look how long there are entries that no timestamp covers."""
        if self._timestamps is None:
            return ""
        head, sizes = self._kept.published(), self._kept.stamped()
        newest = sizes[-1] if sizes else -1
        if newest != self._stamp[0]:
            self._stamp = (newest, stamped_at(self._kept, newest, self._timestamps))
        if head is not None and head.checkpoint.size == newest and self._stamp[1]:
            self._unstamped = None
        elif self._unstamped is None:
            self._unstamped = self._wall() if self._begun else self._stamp[1]
        self._begun = True
        if self._unstamped is None:
            return ""
        since = max(self._unstamped, self._stamp[1])
        return "the newest timestamp of the log is too old" if self._wall() - since > self._timestamps.oldest else ""
