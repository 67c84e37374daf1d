"""A log that is written under strace: children of one process that did the imports, and what they told.

Each child writes the log in a folder, step by step, tries each step again until it is done, and tells in a file what
was recorded and what was not. strace is attached to it before it begins, so that every call it sees is the log's.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit_logs import NOW, SETTINGS, abandon, grow, intent, outcome, payload

from gateway.audit.entry import Entry, encode
from gateway.audit.reading import WIDTH, published_size, stored_entries
from gateway.audit.verify import Verified, verify
from gateway.errors import NotRecorded, SovgateError
from gateway.storage.disk import Disk
from gateway.storage.folder import Folder
from gateway.storage.keyring import Keyring
from gateway.storage.ledger import Ledger
from gateway.storage.log_keys import FolderKeys
from gateway.storage.pruning import Pruning, Retention

SMALL = replace(SETTINGS, segment=4_000)
LATER = NOW + 400 * 86_400 * 10**9
TRIES = 12  # how often a step is tried; faults last shorter than that
_TOLD = "told"  # what the child tells
HERE = Path(__file__).parent


def prepare(folder: Path) -> None:
    """Make a log as a power cut leaves it, with one bundle nearly full; keep its first public keys beside it."""
    Keyring.open(folder / "keys")
    log = Ledger.open(folder / "log", keys=FolderKeys(folder / "keys"), settings=SETTINGS, now=NOW)
    grow(log, WIDTH - 8)
    log.publish()
    grow(log, 3, WIDTH - 8)
    abandon(log)
    (journal,) = (folder / "log" / "journal").iterdir()
    journal.write_bytes(journal.read_bytes() + b"torn")
    for name in ("log.vkey", "keys.jwks"):
        (folder / name).write_bytes((folder / "log" / name).read_bytes())


def opened(folder: Path) -> Ledger:
    return Ledger.open(folder / "log", keys=FolderKeys(folder / "keys"), settings=SMALL, now=NOW)


def work(folder: Path, tell: Callable[[str, object], None], *, room: int | None = None) -> None:
    """Do once all that is ever done to a log. `room` limits the size of its files while each step is first tried."""
    log = _tried(lambda: opened(folder), None)
    number = iter(range(10**6))

    def flow(count: int = 1) -> None:
        for _ in range(count):
            name = f"flow-{next(number)}"
            (first,) = log.record([encode(intent(name))])
            if isinstance(first, NotRecorded):
                tell("refused", name)
                raise first
            tell("intent", [first, name])
            (last,) = log.record([encode(outcome(name, first))])
            if isinstance(last, NotRecorded):
                raise last
            tell("outcome", [last, name])

    def rotate(which: str) -> Callable[[], None]:
        return lambda: tell("rotation", [log.rotate(which, NOW), which])

    pruning = Pruning(folder / "log", Retention(30), lambda: 10**9, Disk())

    def plan() -> None:
        pruning.note(pruning.plan(LATER, "a test"))
        log.roll()

    def say() -> None:
        for one in pruning.plan(LATER, "a test"):
            (said,) = log.record([encode(Entry(kind="prune", time=LATER, prune=one))])
            if isinstance(said, NotRecorded):
                raise said
            tell("prune", [said, one.end])

    steps = (flow, log.publish, lambda: flow(3), log.publish, log.roll, flow, log.probe, rotate("entries"), flow,
             log.publish, rotate("checkpoints"), flow, log.publish, plan, say, log.publish, pruning.finish, flow,
             lambda: flow(8), log.publish)  # fmt: skip
    for step in steps:
        _tried(step, room)
    _tried(log.publish, None)
    with suppress(OSError):
        log.close()
    tell("done", True)


def _tried(step: Callable[[], object], room: int | None) -> object:
    """Try a step until it is done; a failure is an error that the log knows."""
    for attempt in range(TRIES):
        limit = room if room is not None and not attempt else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            return step()
        except (OSError, SovgateError):
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def children() -> None:
    """Be the process whose children do the work: a line in, `[folder, room]`; the child's id out; then its end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # a child goes on when it is told so by this
    while line := _line():
        folder, room = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_child(Path(folder), room))
        os.write(1, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(1, b"%d\n" % status)


def _child(folder: Path, room: int | None) -> int:
    """Wait until strace is there, and do the work; give the exit code."""
    told = os.open(folder / _TOLD, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(kind: str, what: object) -> None:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.write(told, json.dumps([kind, what]).encode() + b"\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    signal.sigwait({signal.SIGUSR1})
    try:
        work(folder, tell, room=room)
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        tell("error", traceback.format_exc())
        return 1
    return 0


def _line() -> str:
    data = b""
    while not data.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            return ""
        data += more
    return data.decode()


@dataclass
class Told:
    """What a child told before it ended, and how it did."""

    killed: bool
    calls: Counter[str] = field(default_factory=Counter)
    injected: int = 0
    error: str = ""
    recorded: dict[int, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Parent:
    """The process with the children."""

    process: subprocess.Popen[bytes]

    def run(self, folder: Path, calls: str, inject: str = "", room: int | None = None) -> Told:
        """Have a log written; `calls` are watched, into one of them `inject` is put."""
        trace = folder / "trace"
        self._say(json.dumps([str(folder), room]))
        pid = self._hear()
        with attached(pid, trace, calls, inject):
            os.kill(pid, signal.SIGUSR1)
            status = self._hear()
        return _told(folder, trace, killed=os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def _hear(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def parent() -> Iterator[Parent]:
    """Start the process with the children, and end it."""
    root = HERE.parent.parent
    path = os.pathsep.join(map(str, (root, HERE.parent, HERE)))
    with subprocess.Popen(
        [sys.executable, "-c", "import audit_faults; audit_faults.children()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
    ) as process:  # fmt: skip
        yield Parent(process)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def attached(pid: int, trace: Path, calls: str, inject: str) -> Iterator[subprocess.Popen[str]]:
    """Attach strace to a process and all its threads, and leave it when the block ends."""
    command = ["strace", "-f", "-o", str(trace), "-p", str(pid), "-e", f"trace={calls}", "-e", "signal=none"]
    if inject:
        command += ["-e", f"inject={inject}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        try:
            assert strace.stderr is not None
            line = strace.stderr.readline()
            assert "attached" in line, line
            yield strace
        finally:
            strace.terminate()


_CALL = re.compile(r"^\d+ +(\w+)\(")


def _told(folder: Path, trace: Path, *, killed: bool) -> Told:
    told = Told(killed)
    for line in trace.read_text().splitlines():
        found = _CALL.match(line)
        told.calls.update([found[1]] if found else [])
        told.injected += "(INJECTED)" in line
    for line in (folder / _TOLD).read_text().splitlines():
        kind, what = json.loads(line)
        told.kinds[kind] += 1
        if kind in ("intent", "outcome"):
            told.recorded[what[0]] = what[1]
        elif kind == "refused":
            told.refused.add(what)
        elif kind == "error":
            told.error = what
    return told


def check(folder: Path) -> Verified:
    """Verify with the keys that the log had at first, and nothing else."""
    return verify(
        Folder(folder / "log"), vkey=(folder / "log.vkey").read_text(), jwks=(folder / "keys.jwks").read_bytes()
    )


def said(folder: Path) -> dict[int, dict[str, object]]:
    """Give what is published, by counter, but for what is pruned."""
    files = Folder(folder / "log")
    gone: list[int] = []
    found = stored_entries(files, published_size(files), gap=gone.append)
    return {int(str(entry["counter"])): entry for entry in (payload(jws) for _, _, jws in found)}


def once_free(folder: Path) -> Ledger:
    """Open a log whose writer has just ended."""
    until = time.monotonic() + 10
    while True:
        try:
            return opened(folder)
        except Exception as error:
            if type(error).__name__ != "LogInUse" or time.monotonic() > until:
                raise
