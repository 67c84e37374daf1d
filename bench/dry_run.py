"""The dry run: flows a minute on one core, alone and against another policy set, and memory that doesn't grow.

Run it with `python bench/dry_run.py` (a table) or `python bench/dry_run.py --json` (for machines). HAR files of flows
of about 2 kB are put through the policies that ship by `sovgate dry-run` in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "policies"
FEW, MANY = 1_000, 10_000
WANTED_A_MINUTE = 20_000
LIMIT_MIB = 300
HEADERS = [{"name": "Content-Type", "value": "application/json"}]


@dataclass(frozen=True, slots=True)
class Row:
    """What one run took. `a_minute` are flows a minute of CPU time, what starting up costs included."""

    what: str
    flows: int
    capture_mb: float
    cpu_seconds: float
    a_minute: int
    peak_mib: int


def order(number: int) -> dict[str, object]:
    """Make an order."""
    return {
        "id": f"A-{number}",
        "status": "open",
        "currency": "EUR",
        "total": 1234.5,
        "note": "call back",
        "customer": {
            "id": f"C-{number % 400:03}",
            "name": "Li Wei",
            "email": f"wei{number}@example.cn",
            "phone": "+86 139 1234 5678",
            "address": {"street": "Nanjing Road 1", "postcode": "200001", "city": "Shanghai", "country": "CN"},
        },
        "lines": [{"sku": f"S{line}", "description": "Bolt", "quantity": 2, "unit_price": 1.5} for line in range(6)],
    }


def entries(count: int) -> Iterator[str]:
    """Give the entries of a HAR file: most are lists of two orders, one in ten is a request that nobody knows."""
    for number in range(count):
        target = "/api/orders" if number % 10 else f"/api/shipments/{number}"
        body = json.dumps({"count": 2, "value": [order(number), order(number + 1)]})
        request = {"method": "GET", "url": "https://erp.example" + target, "httpVersion": "HTTP/1.1", "headers": []}
        content = {"size": len(body), "mimeType": "application/json", "text": body}
        answer = {"status": 200, "headers": HEADERS, "content": content}
        yield json.dumps({"startedDateTime": "2026-11-20T10:00:00Z", "request": request, "response": answer})


def write(path: Path, count: int) -> Path:
    """Write a HAR file."""
    with path.open("w") as file:
        file.write('{"log": {"version": "1.2", "creator": {"name": "bench", "version": "1"}, "entries": [\n')
        for number, entry in enumerate(entries(count)):
            file.write((",\n" if number else "") + entry)
        file.write("\n]}}")
    return path


def measure(what: str, capture: Path, flows: int, *more: str) -> Row:
    """Run once; raises ChildProcessError where it fails."""
    asked = (
        "--policies",
        POLICIES,
        "--system",
        "erp=https://erp.example",
        "--from",
        "crm",
        "--purpose",
        "order-fulfilment",
    )
    words = [Path(sys.executable).parent / "sovgate", "dry-run", capture, *asked, "-o", "json", *more]
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ChildProcessError(process.stderr.read().decode()[-2000:] if process.stderr else "")
    cpu = used.ru_utime + used.ru_stime
    return Row(
        what,
        flows,
        round(capture.stat().st_size / 1e6, 1),
        round(cpu, 1),
        round(flows / cpu * 60),
        used.ru_maxrss >> 10,
    )


def main() -> None:
    """Measure, and print a table or JSON."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON instead of a table")
    machine = arguments.parse_args().json
    folder = Path(tempfile.mkdtemp(prefix="dry-run-"))
    try:
        few, many = write(folder / "few.har", FEW), write(folder / "many.har", MANY)
        rows = [
            measure("few", few, FEW),
            measure("many", many, MANY),
            measure("many, against", many, MANY, "--against", str(POLICIES)),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    slowest, most = min(row.a_minute for row in rows[1:]), max(row.peak_mib for row in rows)
    reached = slowest >= WANTED_A_MINUTE and most <= LIMIT_MIB
    if machine:
        targets = {"flows_a_minute": WANTED_A_MINUTE, "slowest": slowest, "limit_mib": LIMIT_MIB, "reached": reached}
        json.dump({"rows": list(map(asdict, rows)), "targets": targets}, sys.stdout, indent=2)
        print()
        return
    print("run              flows  capture, MB  CPU, s  flows a minute  peak, MiB")
    for row in rows:
        took = f"{row.cpu_seconds:6}  {row.a_minute:14,}  {row.peak_mib:9}"
        print(f"{row.what:15}  {row.flows:5}  {row.capture_mb:11}  {took}")
    told = "reached" if reached else "NOT reached"
    print(f"targets: {WANTED_A_MINUTE:,} flows a minute, {LIMIT_MIB} MiB whatever the capture's size: {told}")


if __name__ == "__main__":
    main()
