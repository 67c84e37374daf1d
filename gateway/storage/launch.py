"""Start the sequencer of a log, or reach the one that runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

import gateway
from gateway.errors import BrokenLog, LogInUse, NotRecorded
from gateway.storage.wire import LENGTH, SOCKET, Opened, Order, message

_PATIENCE = 60.0  # seconds for opening a log: its unpublished tail is checked and published


@dataclass(frozen=True, slots=True)
class Launched:
    """A connection to a sequencer; `process` is the sequencer where it is our own."""

    socket: socket.socket
    opened: Opened
    process: subprocess.Popen[bytes] | None


def launch(order: Order) -> Launched:
    """Start a sequencer and wait until it has opened the log; raises what it found wrong (`gateway.errors`)."""
    ours, theirs = socket.socketpair()
    here = str(Path(gateway.__file__).parent.parent)
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own module, without a shell
            [sys.executable, "-P", "-m", "gateway.storage.sequencer", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is for the gateway, which then ends the sequencer
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))},
        )
    try:
        ours.settimeout(_PATIENCE)
        ours.sendall(message(msgspec.json.encode(order)))
        opened = msgspec.json.decode(_first(ours), type=Opened)
        _check(opened)
    except BaseException as error:
        ours.close()
        process.wait(_PATIENCE)
        if isinstance(error, (OSError, msgspec.DecodeError)):
            raise NotRecorded("the audit log's sequencer can't be started") from error
        raise
    return Launched(ours, opened, process)


def knock(folder: Path) -> Launched:
    """Connect to the sequencer that writes the log in `folder`; raises `NotRecorded` where none does."""
    door = socket.socket(socket.AF_UNIX)
    try:
        held = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            door.connect(f"/proc/self/fd/{held}/{SOCKET}")  # a socket's path can't be long, a folder's can
        finally:
            os.close(held)
    except OSError as error:
        door.close()
        raise NotRecorded("no running gateway writes this audit log") from error
    return Launched(door, Opened(), None)


def _first(ours: socket.socket) -> bytes:
    """Read one message."""
    data = b""
    while len(data) < LENGTH.size or len(data) < LENGTH.size + LENGTH.unpack_from(data)[0]:
        more = ours.recv(1 << 16)
        if not more:
            raise ConnectionResetError
        data += more
    return data[LENGTH.size :]


def _check(opened: Opened) -> None:
    """Raise again the error that the sequencer met."""
    kinds = {kind.__name__: kind for kind in (BrokenLog, LogInUse, NotRecorded)}
    if opened.error:
        raise kinds.get(opened.error, NotRecorded)(opened.text)
