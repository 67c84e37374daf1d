"""Processes that are measured: started on chosen cores, asked what they used, ended by their id. Linux only."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_CALM, _SETTLING = 0.1, 3.0  # seconds that count as calm, and how long to wait for them
_PATIENCE = 90.0  # seconds for a process to come up, or to end


class DidNotStart(Exception):
    """A process ended, or never listened."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Where things run: what is measured on one core, everything else on another, if there is another."""

    proxy: int
    rest: int

    @classmethod
    def found(cls) -> Cores:
        """Take the first two cores that this process may use."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[0], allowed[min(1, len(allowed) - 1)])

    @property
    def both(self) -> frozenset[int]:
        """All that is used."""
        return frozenset({self.proxy, self.rest})


@dataclass(frozen=True, slots=True)
class Process:
    """A running process with whatever it started."""

    pid: int

    def family(self) -> list[int]:
        """Give its id and those of all that descend from it."""
        found = [self.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    found += map(int, children.read_text().split())
                except OSError:
                    continue  # it ended meanwhile
        return found

    def cpu_seconds(self) -> float:
        """Give the processor time used so far by it and its children."""
        return sum(map(_cpu_seconds, self.family()))

    def alone(self) -> float:
        """Give the processor time used so far by it without its children."""
        return _cpu_seconds(self.pid)

    def settle(self) -> None:
        """Wait until it has nothing left to do, so that what it began doesn't slow down whoever comes next."""
        until = time.monotonic() + _SETTLING
        while time.monotonic() < until:
            before = self.cpu_seconds()
            time.sleep(_CALM)
            if self.cpu_seconds() - before < _CALM / 10:
                return

    def memory(self) -> float:
        """Give the resident memory of it and its children, in MiB; pages that they share count in each."""
        return sum(map(_resident, self.family()))

    def own_memory(self) -> float:
        """Give the same with each shared page counted once among those who share it."""
        return sum(map(_proportional, self.family()))


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0) / 1024


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) / 1024


def free_ports(count: int) -> list[int]:
    """Give ports that nobody listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in taken]


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Start what is started in here on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(
    words: Sequence[str | Path], port: int, cores: frozenset[int], log: Path, cwd: Path | None = None
) -> Iterator[Process]:
    """Run a program until the end of the block; it is up when `port` listens. What it says goes to `log`.

    Raises DidNotStart.
    """
    with pinned(cores), log.open("wb") as said:
        process = subprocess.Popen(list(map(str, words)), stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd=cwd)
    try:
        _wait(process, str(words[0]), port, log)
        yield Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], name: str, port: int, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    said = log.read_text(errors="replace").strip().splitlines()[-12:]
    raise DidNotStart("\n".join([f"{name} did not start", *said]))
