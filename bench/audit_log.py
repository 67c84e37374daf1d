"""How many durable signed entries a second the audit log takes, beside what the disk and one core can do by themselves.

    python bench/audit_log.py [--entries 20000] [--folder DIR] [--json]
    python bench/audit_log.py --verify 1000000      only make a log of so many entries, and time its verification

The entries are what a list of orders leaves behind: five fields of one decision, 1.6 kB of payload. All is measured
in one run: the disk's fdatasync (one record at a time), one core's Ed25519, and the log with 1, 16 and 100 in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.processes import Process
from gateway.audit.entry import Actor, Body, Decided, Entry, FieldTreated, Network, encode
from gateway.audit.frame import header
from gateway.audit.log import Position, Scribe, moved
from gateway.audit.note import NoteSigner
from gateway.audit.tiles import Tree
from gateway.audit.verify import verify
from gateway.crypto import JwsSigner, public_jwk
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

    await log.append(entry(0))  # the sequencer is up
    cpu, theirs, began = time.process_time(), Process(os.getpid()).cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(appender(worker) for worker in range(in_flight)))
    rate, ours = a_second(len(waits), began), time.process_time() - cpu
    theirs = Process(os.getpid()).cpu_seconds() - theirs - ours
    await log.close()
    waits.sort()
    return {
        "entries a second": rate,
        "p50 ms": round(waits[len(waits) // 2] * 1e3, 2),
        "p99 ms": round(waits[len(waits) * 99 // 100] * 1e3, 2),
        "gateway cpu us": round(ours / len(waits) * 1e6, 1),
        "sequencer cpu us": round(theirs / len(waits) * 1e6, 1),
    }


def targets(found: dict[str, Any]) -> list[dict[str, object]]:
    """Hold what was measured against what the design promises."""
    one, many = (found[f"log, {in_flight} in flight"] for in_flight in (IN_FLIGHT[0], IN_FLIGHT[-1]))
    above = one["p50 ms"] - 1e3 / found["fdatasync a second"]
    rows = (
        ("entries a second, 100 in flight, at least", many["entries a second"], 10_000, 1),
        ("p99 ms, 100 in flight, below", many["p99 ms"], 20, -1),
        ("p50 ms above fdatasync, 1 in flight, below", round(above, 2), 1, -1),
    )
    return [
        {"what": what, "wanted": wanted, "measured": measured, "reached": (measured - wanted) * sign >= 0}
        for what, measured, wanted, sign in rows
    ]


def lay_out(folder: Path, count: int) -> None:
    """Make a published log as fast as one core signs: no journal but its end, and no syncs."""
    keys = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    note = NoteSigner("example.com/bench", keys[1])
    tree, scribe, at = Tree(), Scribe(JwsSigner.of(keys[0]), b'"bench"'), Position()
    put(folder, [("log.vkey", note.verifier_key().encode())])
    put(folder, [("keys.jwks", json.dumps({"keys": [public_jwk(keys[0].public_key())]}).encode())])
    for n in range(count):
        placed = scribe.place(encode(entry(n)), at)
        at = moved(at, placed)
        for record in scribe.sign(placed):
            put(folder, tree.add(record.jws, record.leaf))
    put(folder, tree.partial())
    put(folder, [("checkpoint", note.checkpoint(count, tree.root()))])
    put(folder, [(f"journal/{count:020}", header(count, b'{"open":{}}'))])


def put(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    for path, data in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


VERIFY = """
import resource, sys, time
from pathlib import Path
from gateway.audit.verify import verify
from gateway.storage.folder import Folder
before, began = time.process_time(), time.perf_counter()
found = verify(Folder(Path(sys.argv[1])))
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found.entries, time.process_time() - before, time.perf_counter() - began, used)
"""


def verifying(folder: Path, count: int) -> dict[str, float]:
    """Verify in a process of its own: seconds of one core and by the clock, and the most memory that it had."""
    lay_out(folder, count)
    command = [sys.executable, "-c", VERIFY, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
    entries, cpu, clock, memory = map(float, run.stdout.split())
    return {
        "entries": int(entries),
        "bytes an entry": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) // count,
        "cpu s": round(cpu, 1),
        "clock s": round(clock, 1),
        "entries a cpu second": round(entries / cpu),
        "MiB at most": round(memory / 1024, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk that is to be measured")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verify", type=int, default=0, help="only time the verification of a log of so many entries")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(dir=asked.folder))
    if asked.verify:
        try:
            print(json.dumps(verifying(place / "log", asked.verify), indent=1))
        finally:
            shutil.rmtree(place)
        return
    try:
        found: dict[str, Any] = {
            "fdatasync a second": disk_alone(place),
            "Ed25519 signatures a second": signing_alone(),
            "entries made and encoded a second": encoding_alone(),
        }
        for in_flight in IN_FLIGHT:
            count = max(in_flight, asked.entries if in_flight > 1 else asked.entries // 10)
            found[f"log, {in_flight} in flight"] = uvloop.run(log_with(place / str(in_flight), in_flight, count))
        found["targets"] = targets(found)
        began = time.perf_counter()
        found["verified a second"] = a_second(verify(Folder(place / str(IN_FLIGHT[-1]))).entries, began)
    finally:
        shutil.rmtree(place)
    if asked.json:
        print(json.dumps(found, indent=1))
    else:
        for row in found.pop("targets"):
            print(*(f"{name}: {value}" for name, value in row.items()), sep="  ")
        for name, value in found.items():
            told = "  ".join(f"{k} {v:,}" for k, v in value.items()) if isinstance(value, dict) else f"{value:,}"
            print(f"{name:36} {told}")


if __name__ == "__main__":
    main()
