"""What the audit log costs a small flow, and how much more two workers carry than one; all of it by a running gateway.

    python bench/workers.py [--rounds 3] [--seconds 3] [--json]

One order (1.1 kB) is asked for again and again over 16 kept-alive connections, of `sovgate serve --workers 1` and
`--workers 2` in turns. Nothing is pinned: on two cores the load and the upstream have their share as well. So there are
two answers: requests a second as they came, and how many flows two cores would carry if the load came from elsewhere,
by the processor time that each process used for a flow. The log's share is the sequencer's time and what the gateway's
own process spends to encode entries, hand them over and take the answers (measured alone, 16 at a time: an upper
bound, since making the entry is in it).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import report
from bench.audit_log import log_with
from bench.bodies import workloads
from bench.contestants import Running, serving, upstream
from bench.load import CONNECTIONS, Target, apply, generator
from bench.processes import Cores, Process
from bench.proxy import fetch

COUNTS = (1, 2)
WANTED_RATIO, WANTED_SHARE = 1.7, 0.30
ROLES = ((b"gateway.storage.sequencer", "sequencer"), (b"gateway.cli.serve_worker", "worker"))


def role(pid: int) -> str:
    """Tell what a process of the gateway is for."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return next((name for word, name in ROLES if word in words), "serve")


def used(process: Process) -> dict[str, float]:
    """Give the processor seconds of each kind of process so far."""
    found: dict[str, float] = defaultdict(float)
    for pid in process.family():
        found[role(pid)] += Process(pid).alone()
    return found


@contextmanager
def gateways(folder: Path, port: int, cores: Cores) -> Iterator[dict[int, Running]]:
    """Run a gateway for each number of workers."""
    with ExitStack() as stack:
        found = {}
        for count in COUNTS:
            (place := folder / f"workers-{count}").mkdir(parents=True)
            words = ("--workers", str(count)) if count > 1 else ()
            found[count] = stack.enter_context(serving(place, port, cores.both, words))
        yield found


def measure(rounds: int, seconds: int, folder: Path) -> dict[str, object]:
    """Load one after the other, in turns; give rates, and microseconds of a flow by process."""
    cores, sender = Cores.found(), generator()
    rates: dict[int, list[float]] = defaultdict(list)
    cost: dict[int, dict[str, list[float]]] = {count: defaultdict(list) for count in COUNTS}
    with ExitStack() as stack:
        system, _ = stack.enter_context(upstream(folder, cores, workloads()))
        order = next(one for one in workloads() if one.name == "one")
        runners = stack.enter_context(gateways(folder, system.port, cores))
        lengths = {count: len(fetch(one, order)[0]) for count, one in runners.items() if fetch(one, order)}
        for number in range(rounds + 1):
            for count, one in list(runners.items())[:: 1 if number % 2 else -1]:
                target = Target(one.port, one.prefix + order.path, lengths[count], one.headers)
                before = used(one.process)
                load = apply(target, seconds if number else 1, by=sender)
                after = used(one.process)
                one.process.settle()
                if number:  # the first round warms up
                    rates[count].append(load.rate)
                    for name, value in after.items():
                        cost[count][name].append((value - before[name]) / (load.requests + CONNECTIONS / 2) * 1e6)
    journal = uvloop.run(log_with(folder / "log", CONNECTIONS, 4_000))["gateway cpu us"]
    return {
        "load": sender,
        "load average": round(os.getloadavg()[0], 1),
        **told(rates, {count: {n: statistics.median(v) for n, v in by.items()} for count, by in cost.items()}, journal),
    }


def told(rates: dict[int, list[float]], cost: dict[int, dict[str, float]], journal: float) -> dict[str, object]:
    """Compare."""
    one, two = cost[1], cost[2]
    # One worker is bound to one core; the sequencer beside it has the other, and is the bound where it needs more.
    carries_one = 1e6 / max(one["serve"], one["sequencer"])
    carries_two = 2e6 / sum(two.values())
    share = (one["sequencer"] + 2 * journal) / sum(one.values())
    ratio = statistics.median(b / a for a, b in zip(rates[1], rates[2], strict=True))
    return {
        "requests a second": {f"workers {count}": round(statistics.median(all_)) for count, all_ in rates.items()},
        "two against one, requests as they came": round(ratio, 2),
        "cpu us a flow": {f"workers {c}": {n: round(us) for n, us in by.items()} for c, by in cost.items()},
        "two cores would carry": {"workers 1": round(carries_one), "workers 2": round(carries_two)},
        "two against one, by processor time": round(carries_two / carries_one, 2),
        "two against one, wanted": WANTED_RATIO,
        "journal in the gateway, cpu us an entry": journal,
        "the log's share of a small flow": round(share, 3),
        "the log's share, wanted at most": WANTED_SHARE,
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cache = report.ROOT / ".cache/bench"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="workers-", dir=cache) as folder:
        found = measure(asked.rounds, asked.seconds, Path(folder))
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:42} {value}")


if __name__ == "__main__":
    main()
