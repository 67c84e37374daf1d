"""How many durable signed entries a second the audit log takes, beside what the disk and one core can do by themselves.

    python bench/audit_log.py [--entries 20000] [--folder DIR] [--json]

The entries are what a list of orders leaves behind: five fields of one decision, 1.6 kB of payload. All is measured
in one run: the disk's fdatasync (one record at a time), one core's Ed25519, and the log with 1, 16 and 100 in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).parent.parent))

from gateway.audit.entry import Actor, Body, Decided, Entry, FieldTreated, Network, encode
from gateway.audit.verify import verify
from gateway.flow import Purpose
from gateway.storage.folder import Folder
from gateway.storage.journal import Journal, LogSettings

IN_FLIGHT = (1, 16, 100)


def entry(number: int) -> Entry:
    fields = tuple(
        FieldTreated(f"/value/*/customer/field{n}", ("user.contact.email",), "mask", ("sales/protect[0]",), 3)
        for n in range(5)
    )
    return Entry(
        kind="outcome",
        time=time.time_ns(),
        flow=f"{number:032}",
        trace="0" * 32,
        from_="crm",
        to="erp",
        operation="erp.list-orders",
        purpose=Purpose("order-fulfilment", "claim"),
        operator=Actor("o_" + "a" * 22, "sales", "human", "high", "jwt", (("jwt", "a" * 64),)),
        network=Network("10.0.0.1"),
        decided=(Decided(("c_" + "b" * 22,), (), 3, fields),),
        policies="d" * 64,
        catalogue="e" * 64,
        body=Body("1" * 64, 1000, "2" * 64, 990),
        verdict="allow",
        status=200,
        duration=123_456,
        intent=number,
    )


def a_second(count: int, began: float) -> int:
    return round(count / (time.perf_counter() - began))


def disk_alone(folder: Path, count: int = 500) -> int:
    file = os.open(folder / "disk", os.O_RDWR | os.O_CREAT)
    record = b"x" * 2400
    began = time.perf_counter()
    for n in range(count):
        os.pwrite(file, record, n * len(record))
        os.fdatasync(file)
    os.close(file)
    return a_second(count, began)


def signing_alone(count: int = 3000) -> int:
    key, message = Ed25519PrivateKey.generate(), b"x" * 2200
    began = time.perf_counter()
    for _ in range(count):
        key.sign(message)
    return a_second(count, began)


def encoding_alone(count: int = 5000) -> int:
    began = time.perf_counter()
    for n in range(count):
        encode(entry(n))
    return a_second(count, began)


async def log_with(folder: Path, in_flight: int, count: int) -> dict[str, float]:
    keys = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    log = Journal.open(
        folder,
        keys=keys,
        settings=LogSettings("example.com/bench", "bench"),
        clock=time.time_ns,
    )
    waits: list[float] = []

    async def appender(worker: int) -> None:
        for n in range(count // in_flight):
            began = time.perf_counter()
            await log.append(entry(worker * count + n))
            waits.append(time.perf_counter() - began)

    cpu, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(appender(worker) for worker in range(in_flight)))
    rate, ours = a_second(len(waits), began), time.process_time() - cpu
    await log.close()
    waits.sort()
    return {
        "entries a second": rate,
        "p50 ms": round(waits[len(waits) // 2] * 1e3, 2),
        "p99 ms": round(waits[len(waits) * 99 // 100] * 1e3, 2),
        "gateway cpu us": round(ours / len(waits) * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk that is to be measured")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(dir=asked.folder))
    try:
        found: dict[str, object] = {
            "fdatasync a second": disk_alone(place),
            "Ed25519 signatures a second": signing_alone(),
            "entries made and encoded a second": encoding_alone(),
        }
        for in_flight in IN_FLIGHT:
            count = max(in_flight, asked.entries if in_flight > 1 else asked.entries // 10)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            row = uvloop.run(log_with(place / str(in_flight), in_flight, count))
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            row["sequencer cpu us"] = round(
                (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / count * 1e6, 1
            )
            found[f"log, {in_flight} in flight"] = row
        began = time.perf_counter()
        found["verified a second"] = a_second(verify(Folder(place / str(IN_FLIGHT[-1]))).entries, began)
    finally:
        shutil.rmtree(place)
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            told = "  ".join(f"{k} {v:,}" for k, v in value.items()) if isinstance(value, dict) else f"{value:,}"
            print(f"{name:36} {told}")


if __name__ == "__main__":
    main()
