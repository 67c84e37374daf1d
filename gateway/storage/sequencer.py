"""The process that writes the audit log, and does nothing else.

A process rather than a thread, because two signatures a flow take longer than moving a small body does, and a thread
has to win Python's lock back after each of them. `gateway.storage.journal` starts it, and ends it by closing its
connection; entries that had arrived by then are still recorded and published. Other processes on the machine (the
command line) reach it over the socket in the log's folder.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.errors import LogInUse, NotRecorded, SovgateError
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import FolderKeys, LentKeys, LogKeys
from gateway.storage.pace import Pace
from gateway.storage.wire import (
    ERRAND,
    LENGTH,
    SOCKET,
    Opened,
    Order,
    Probe,
    Roll,
    Rotate,
    answers,
    errand_in,
    message,
    messages,
)

_CHUNK = 1 << 18
_MOST_PENDING = 64 << 20  # bytes of unfinished message from one connection
_STUCK = struct.pack("ll", 5, 0)  # struct timeval: after that a connection that takes no answers is dropped
_TURN = 0.001  # seconds that the publishing thread may keep whoever records waiting for Python's lock
_HANDOVER = 15.0  # seconds to wait for the sequencer of a gateway that was killed to finish


@dataclass(slots=True, eq=False)
class _Connection:
    """One that hands over entries."""

    socket: socket.socket
    buffer: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        """Have the kernel keep the time of what is sent: a timeout of Python's costs two more system calls a batch."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STUCK)

    def arrived(self) -> list[bytes] | None:
        """Give the payloads that are there; None at the end of the connection, or where it is not of ours."""
        try:
            data = self.socket.recv(_CHUNK)
        except OSError:
            return None
        self.buffer += data
        if not data or len(self.buffer) > _MOST_PENDING:
            return None
        return messages(self.buffer)

    def answer(self, results: list[int | NotRecorded]) -> None:
        """Tell what came of entries; a connection that takes no answers is ended, since half an answer has no rest."""
        try:
            self.socket.sendall(answers(results))
        except OSError:  # what it handed over is recorded all the same
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


def main(descriptor: int) -> None:
    """Open the log that the gateway at the other end of the socket names, and write it until that end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gateway ends this process, when it has no more entries
    gateway = socket.socket(fileno=descriptor)
    order = msgspec.json.decode(_first(gateway), type=Order)
    folder = Path(order.folder)
    try:
        ledger = _opened(folder, order)
    except SovgateError as error:
        gateway.sendall(message(msgspec.json.encode(Opened(None, type(error).__name__, str(error)))))
        return
    ending = threading.Event()
    sys.setswitchinterval(_TURN)
    publisher = threading.Thread(target=_publish, args=(ledger, order.settings.publish_every, ending))
    try:
        with _listening(folder) as door:  # gone before the lock is: a successor listens as soon as it has that
            gateway.sendall(message(msgspec.json.encode(Opened(ledger.recovered))))
            publisher.start()
            _serve(gateway, door, ledger, order.settings.batch)
    finally:
        ending.set()
        if publisher.ident is not None:
            publisher.join()
        with contextlib.suppress(OSError, SovgateError):  # what can't be published now is in the journal
            ledger.close()


def _first(gateway: socket.socket) -> bytes:
    """Read the first message."""
    (length,) = LENGTH.unpack(gateway.recv(LENGTH.size, socket.MSG_WAITALL))
    return gateway.recv(length, socket.MSG_WAITALL)


def _opened(folder: Path, order: Order) -> Ledger:
    """Open the log; a sequencer whose gateway was killed may still be finishing it."""
    until = time.monotonic() + _HANDOVER
    while True:
        try:
            return Ledger.open(
                folder,
                keys=_keys(order),
                settings=order.settings,
                now=order.now,
                lost=frozenset(order.lost),
                reason=order.reason,
            )
        except LogInUse:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _keys(order: Order) -> LogKeys:
    """Find the keys."""
    if order.keys:
        return FolderKeys(Path(order.keys))
    lent = (Ed25519PrivateKey.from_private_bytes(key) for key in (order.entry_key, order.checkpoint_key))
    return LentKeys(*lent)


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    """Listen in the log's folder; the path is relative, because a socket's path can't be long."""
    path = folder / SOCKET
    path.unlink(missing_ok=True)
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as door:
        mask = os.umask(0o077)
        door.bind(SOCKET)
        os.umask(mask)
        door.listen()
        try:
            yield door
        finally:
            path.unlink(missing_ok=True)


def _publish(ledger: Ledger, every: float, ending: threading.Event) -> None:
    """Publish now and then; what can't be published stays in memory, and too much of it stops the recording."""
    while not ending.wait(every):
        with contextlib.suppress(OSError, SovgateError):  # of the disk, or of a file of keys that can't be read now
            ledger.publish()


def _serve(gateway: socket.socket, door: socket.socket, ledger: Ledger, most: int) -> None:
    """Record what arrives, batch after batch, until the gateway's end closes."""
    with selectors.DefaultSelector() as selector:
        first = _Connection(gateway)
        selector.register(gateway, selectors.EVENT_READ, first)
        selector.register(door, selectors.EVENT_READ)
        going, pace = True, Pace(most)
        while going:
            pending: list[tuple[_Connection, bytes]] = []
            for key, _ in selector.select():
                connection = key.data
                if connection is None:
                    accepted, _ = door.accept()
                    selector.register(accepted, selectors.EVENT_READ, _Connection(accepted))
                    continue
                arrived = connection.arrived()
                if arrived is None:
                    selector.unregister(connection.socket)
                    if connection is first:
                        going = False  # this end closes with the process, when everything is published
                    else:
                        connection.socket.close()
                else:
                    pending += [(connection, payload) for payload in arrived]
            at = 0
            while at < len(pending):
                batch = pending[at : at + pace.batch]
                at += len(batch)
                began = time.perf_counter()
                _record(ledger, batch)
                pace.took(len(batch), time.perf_counter() - began, ledger.waited)


def _record(ledger: Ledger, batch: list[tuple[_Connection, bytes]]) -> None:
    """Record a batch and answer."""
    outcomes = _outcomes(ledger, [payload for _, payload in batch])
    told: dict[_Connection, list[int | NotRecorded]] = {}
    for (connection, _), outcome in zip(batch, outcomes, strict=True):
        told.setdefault(connection, []).append(outcome)
    for connection, results in told.items():
        connection.answer(results)


def _outcomes(ledger: Ledger, payloads: list[bytes]) -> list[int | NotRecorded]:
    """Record entries and run errands, in their order."""
    outcomes: list[int | NotRecorded] = []
    waiting: list[bytes] = []
    for payload in payloads:
        if payload[:1] == ERRAND:
            outcomes += ledger.record(waiting)
            waiting = []
            outcomes.append(_run(ledger, payload))
        else:
            waiting.append(payload)
    return outcomes + ledger.record(waiting)


def _run(ledger: Ledger, payload: bytes) -> int | NotRecorded:
    try:
        match errand_in(payload):
            case Rotate(which, now, lost, reason):
                return ledger.rotate(which, now, lost=lost, reason=reason)
            case Probe():
                return ledger.probe()
            case Roll():
                return ledger.roll()
            case _:
                return NotRecorded("nobody knows what was asked for")
    except ValueError:
        return NotRecorded("nobody knows what was asked for")
    except (NotRecorded, SovgateError) as error:
        return NotRecorded(str(error))


if __name__ == "__main__":
    main(int(sys.argv[1]))
