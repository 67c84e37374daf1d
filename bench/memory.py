"""The memory of a gateway at rest, and after work. That it stays flat while 1 GiB of CSV streams is a later issue's."""

from __future__ import annotations

import time
from pathlib import Path

from bench.bodies import workloads
from bench.contestants import serving, upstream
from bench.load import Target, apply, generator
from bench.processes import Cores
from bench.proxy import fetch

LIMIT_MIB = 120
_SETTLE = 2.0  # seconds


def measure(seconds: int, folder: Path, load: str = "auto") -> dict[str, object]:
    """Give the MiB that a gateway and its processes hold: started, after one flow of each kind, after load."""
    cores, served = Cores.found(), workloads()
    with upstream(folder, cores, served) as (system, _), serving(folder / "gateway", system.port, cores.both) as runs:
        time.sleep(_SETTLE)
        rest, processes = runs.process.memory(), len(runs.process.family())
        bodies = {one.name: fetch(runs, one)[0] for one in served}
        once = runs.process.memory()
        listed = next(one for one in served if one.name == "list")
        target = Target(runs.port, runs.prefix + listed.path, len(bodies["list"]), runs.headers)
        apply(target, seconds, by=generator(load))
        worked = runs.process.memory()
        time.sleep(_SETTLE)
        settled = runs.process.memory()
    return {
        "limit_mib": LIMIT_MIB,
        "processes": processes,
        "rest_mib": round(rest, 1),
        "once_mib": round(once, 1),
        "worked_mib": round(worked, 1),
        "settled_mib": round(settled, 1),
        "reached": rest < LIMIT_MIB,
    }
