"""A folder of sealed captures, written by a thread of its own: flows never wait for it, and it stops by itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.capture.exchange import Exchange
from gateway.capture.keep import Keeper, packed
from gateway.capture.seal import END, KEY, MISSING, OVERHEAD
from gateway.errors import FaultyKeyring
from gateway.storage.capture_file import SUFFIX, CaptureFile, room

_MIB = 1024 * 1024
_OTHERS = 0o077
_MOST_WAITING = 1000
_MOST_HELD = 64 * _MIB
_PATIENCE = 5.0
_ROUND = 3600.0
_END = len(END) + OVERHEAD


@dataclass(frozen=True, slots=True)
class Bounds:
    """When to stop: bytes in the folder, seconds since the start, bytes that must stay free on the disk.

    `file_size` is when the next file is begun. What an earlier run left in the folder counts.
    """

    size: int = 1024 * _MIB
    seconds: float = 3600.0
    file_size: int = 64 * _MIB
    free: int = 256 * _MIB


class Told(Protocol):
    """Who is told what becomes of a capture; called from the event loop and from the writer's thread."""

    def kept(self, size: int) -> None:
        """One exchange was written, with so many bytes."""
        ...

    def dropped(self) -> None:
        """One exchange was not: too many wait to be written."""
        ...

    def stopped(self, reason: str) -> None:
        """No more is written: `time`, `size`, `room` (on the disk), `disk` (an error there), `error`, `closed`."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An exchange that waits; None stands for those that were dropped at this place."""

    exchange: Exchange | None
    size: int = 0


class CaptureFolder:
    """Keeps exchanges. `offer` belongs to one thread; the files to another."""

    def __init__(
        self, folder: Path, recipient: X25519PublicKey, bounds: Bounds, told: Told, random: Callable[[int], bytes]
    ) -> None:
        """Make the folder ready. Raises `FaultyKeyring` where others may look into it, `OSError` where it can't be."""
        _private(folder)
        self._folder = folder
        self._recipient = recipient
        self._bounds = bounds
        self._told = told
        self._random = random
        self._until = time.monotonic() + bounds.seconds
        self._size = sum(path.stat().st_size for path in folder.glob("*" + SUFFIX))
        self._file: CaptureFile | None = None
        self._files = 0
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._offered = self._taken = 0  # bytes; each is moved by one thread alone
        self._dropping = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def offer(self, exchange: Exchange) -> None:
        """Take an exchange to be written, or drop it. Never waits, never raises."""
        if self._stopped:
            return
        answer = exchange.response
        size = len(exchange.request.body) + (len(answer.body) if answer is not None else 0)
        if self._queue.qsize() >= _MOST_WAITING or self._offered - self._taken + size > _MOST_HELD:
            if not self._dropping:
                self._queue.put(_Waiting(None))
            self._dropping = True
            self._told.dropped()
            return
        self._dropping = False
        self._offered += size
        self._queue.put(_Waiting(exchange, size))

    def close(self) -> None:
        """Write what waits, end the file. A disk that hangs is not waited for longer than a few seconds."""
        self._queue.put(None)
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            reason = self._write_until_told()
        except OSError:
            reason = "disk"
        except Exception:  # noqa: BLE001 - nobody would see this thread die; what it held is personal data
            reason = "error"
        self._stopped = True
        if self._file is not None:
            self._file.end(broken=reason in {"disk", "error"})
        while not self._queue.empty():
            self._queue.get()
        self._told.stopped(reason)

    def _write_until_told(self) -> str:
        """Write exchanges as they come; give the reason to stop. Raises `OSError`."""
        while (left := self._until - time.monotonic()) > 0:
            try:
                waiting = self._queue.get(timeout=min(left, _ROUND))
            except Empty:
                continue
            if waiting is None:
                return "closed"
            self._taken += waiting.size
            reason = self._write(waiting.exchange)
            if reason:
                return reason
        return "time"

    def _write(self, exchange: Exchange | None) -> str:
        """Write one exchange, or that some are missing; give the reason to stop instead, "" for none."""
        try:
            record = MISSING if exchange is None else packed(exchange)
        except ValueError:  # text that is none, such as half a surrogate pair in a token's subject
            self._told.dropped()
            exchange, record = None, MISSING
        size, keeper = len(record) + OVERHEAD, None
        if self._file is None or self._file.size >= self._bounds.file_size:
            keeper = Keeper(self._recipient, self._random(KEY))
            size += len(keeper.start) + _END
        if self._size + size > self._bounds.size:
            return "size"
        if room(self._folder) - size < self._bounds.free:
            return "room"
        if keeper is not None:
            ending, self._file = self._file, None
            if ending is not None:
                ending.end()
            self._files += 1
            self._file = CaptureFile(self._folder, keeper, f"{self._files:04}-{self._random(4).hex()}")
        assert self._file is not None
        self._file.put(record)
        self._size += size
        if exchange is not None:
            self._told.kept(size)
        return ""


def _private(folder: Path) -> None:
    """Make the folder, or check that nobody else may look into the one that is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = folder.stat().st_mode
    if mode & _OTHERS:
        raise FaultyKeyring(
            f"{folder}: others may look into it (mode {mode & 0o777:o}): chmod go= it, or name a new one"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FaultyKeyring(f"{folder}: the gateway can't write into it")
