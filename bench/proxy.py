"""The first two rows of the design's table: what the gateway adds to a flow, beside its peers, in one run."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.bodies import Workload, workloads
from bench.contestants import Contestant, Running, contestants, upstream
from bench.load import CONNECTIONS, LoadFailed, Target, apply, generator
from bench.processes import Cores

DIRECT = "direct"
TARGETS = (
    ("list", "gateway", "nginx+Lua", 2.0),
    ("list", "gateway", "aiohttp+orjson", 0.8),
    ("one", "gateway", "mitmproxy", 8.0),
    ("one", "gateway", "aiohttp", 0.75),
    ("one", "gateway", "nginx+Lua", None),
)
"""Workload, who, against whom, the ratio that must be reached; None: to be reached step by step."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: `rounds` of `seconds` for each contestant and workload; half as many where none counts."""

    rounds: int = 5
    seconds: int = 2
    load: str = "auto"


@dataclass(slots=True)
class Series:
    """What was measured of one contestant under one workload, a number for each round."""

    rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)

    def medians(self) -> dict[str, float]:
        """Give the medians, and the least and the greatest rate."""
        return {
            "rate": round(statistics.median(self.rates), 1),
            "rate_min": round(min(self.rates), 1),
            "rate_max": round(max(self.rates), 1),
            "p50_ms": round(statistics.median(self.p50_ms), 3),
            "p99_ms": round(statistics.median(self.p99_ms), 3),
            "cpu_us": round(statistics.median(self.cpu_us), 1),
        }


@dataclass(frozen=True, slots=True)
class Field:
    """All that run."""

    cores: Cores
    loads: str
    upstream: str
    workloads: tuple[Workload, ...]
    runners: Mapping[str, tuple[Contestant | None, Running]]


def measure(plan: Plan, folder: Path, tell: Callable[[str], None]) -> dict[str, object]:
    """Start everybody, check that each does its work, measure in turns, check again; give what was found."""
    cores, missing = Cores.found(), dict[str, str]()
    served = workloads()
    with ExitStack() as stack:
        system, kind = stack.enter_context(upstream(folder, cores, served))
        runners: dict[str, tuple[Contestant | None, Running]] = {DIRECT: (None, system)}
        for one in contestants(cores):
            if one.start is None:
                missing[one.name] = one.missing
                continue
            own = folder / f"{len(runners)}-{one.name.split()[0]}"
            own.mkdir(parents=True)
            runners[one.name] = (one, stack.enter_context(one.start(own, system.port)))
        os.sched_setaffinity(0, {cores.rest})
        stack.callback(os.sched_setaffinity, 0, os.sched_getaffinity(0) | cores.both)
        all_ = Field(cores, generator(plan.load), kind, served, runners)
        lengths = check(all_)
        before = recorded(all_)
        found, flows = _rounds(all_, lengths, plan, tell)
        entries = {name: count - before[name] for name, count in recorded(all_).items()}
        check(all_)
        for name, count in entries.items():
            if count < 2 * flows[name]:
                raise LoadFailed(f"{name} recorded {count} entries for {flows[name]} flows")
    return {
        "load": all_.loads,
        "upstream": kind,
        "pinned": {"proxy": cores.proxy, "rest": cores.rest},
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "missing": missing,
        "contestants": {name: one.does if one else "the upstream itself" for name, (one, _) in runners.items()},
        "workloads": {one.name: {"title": one.title, "bytes": len(one.body), "counts": one.counts} for one in served},
        "rows": [
            {"workload": workload, "contestant": name, **series.medians()} for (workload, name), series in found.items()
        ],
        "targets": targets(found),
        "recorded": {name: {"flows": flows[name], "entries": entries[name]} for name in entries},
    }


def targets(found: Mapping[tuple[str, str], Series]) -> list[dict[str, object]]:
    """Compare: the median over the rounds of the ratio within each round, so that a machine's moods cancel out."""
    compared: list[dict[str, object]] = []
    for workload, who, whom, wanted in TARGETS:
        mine, theirs = found.get((workload, who)), found.get((workload, whom))
        if mine is None or theirs is None:
            compared.append({"workload": workload, "who": who, "against": whom, "wanted": wanted, "ratio": None})
            continue
        ratio = statistics.median(a / b for a, b in zip(mine.rates, theirs.rates, strict=True))
        cpu = statistics.median(b / a for a, b in zip(mine.cpu_us, theirs.cpu_us, strict=True) if a)
        compared.append({
            "workload": workload, "who": who, "against": whom, "wanted": wanted,
            "ratio": round(ratio, 3), "cpu_ratio": round(cpu, 3), "reached": wanted is None or ratio >= wanted,
        })  # fmt: skip
    return compared


def check(all_: Field) -> dict[tuple[str, str], int]:
    """See that every contestant gives what it must, and how long that is. Raises LoadFailed."""
    lengths = {}
    for name, (one, runs) in all_.runners.items():
        for workload in _doable(one, all_.workloads):
            fetch(runs, workload)  # the gateway writes a body of a shape that it never saw with other whitespace
            body, coding = fetch(runs, workload)
            plain = gzip.decompress(body) if coding == "gzip" else body
            keep = one.keep if one else None
            expected = workload.treated(keep) if keep else json.loads(workload.plain)
            if json.loads(plain) != expected:
                raise LoadFailed(f"{name} gives something else for {workload.title}")
            if name.startswith("gateway") and _compact(plain) != _compact(json.dumps(expected).encode()):
                raise LoadFailed(f"{name} changed bytes of {workload.title} that no treatment names")
            lengths[workload.name, name] = len(body)
    return lengths


def _compact(written: bytes) -> str:
    """Take the whitespace out, and leave the text of numbers and the order of members as they are."""
    return json.dumps(json.loads(written, parse_float=_Number, parse_int=_Number), separators=(",", ":"))


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def recorded(all_: Field) -> dict[str, int]:
    """Give how many entries each gateway's audit log has: one before and one after each flow, whatever the load."""
    found = {}
    for name, (_, runs) in all_.runners.items():
        if runs.admin:
            body, _ = _get(runs.admin, "/readyz", {})
            found[name] = json.loads(body)["audit"]["entries"]
    return found


def fetch(runs: Running, workload: Workload) -> tuple[bytes, str]:
    """Ask once; give the body as it came and its content coding. Raises LoadFailed."""
    return _get(runs.port, runs.prefix + workload.path, runs.headers)


def _get(port: int, path: str, headers: Mapping[str, str]) -> tuple[bytes, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise LoadFailed(f"{answer.status} for {path}: {body[:300]!r}")
    return body, answer.getheader("Content-Encoding", "")


def _doable(one: Contestant | None, served: Iterable[Workload]) -> list[Workload]:
    return [workload for workload in served if one is None or workload.name not in one.without]


def _rounds(
    all_: Field, lengths: Mapping[tuple[str, str], int], plan: Plan, tell: Callable[[str], None]
) -> tuple[dict[tuple[str, str], Series], Counter[str]]:
    """Load everybody in turns, each round beginning with another; give what was found, and everybody's requests."""
    found: dict[tuple[str, str], Series] = {}
    flows: Counter[str] = Counter()
    names = list(all_.runners)
    for number in range(plan.rounds):
        tell(f"round {number + 1} of {plan.rounds}")
        turn = number % len(names)
        for workload in all_.workloads:
            if not workload.counts and number >= (plan.rounds + 1) // 2:
                continue
            for name in names[turn:] + names[:turn]:
                if (workload.name, name) not in lengths:
                    continue
                runs = all_.runners[name][1]
                target = Target(runs.port, runs.prefix + workload.path, lengths[workload.name, name], runs.headers)
                before = runs.process.cpu_seconds()
                load = apply(target, plan.seconds, by=all_.loads)
                # Those that the end cut off were half done, taken together.
                cpu = (runs.process.cpu_seconds() - before) / (load.requests + CONNECTIONS / 2) * 1e6
                runs.process.settle()
                flows[name] += load.requests
                series = found.setdefault((workload.name, name), Series())
                for measured, value in zip(
                    (series.rates, series.p50_ms, series.p99_ms, series.cpu_us),
                    (load.rate, load.p50_ms, load.p99_ms, cpu),
                    strict=True,
                ):
                    measured.append(value)
    return found, flows
