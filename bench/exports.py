"""A gibibyte of CSV, and one of lines of JSON, through a running gateway: how fast, and in how much memory.

Run it with `python bench/exports.py` or `python bench/exports.py --json` (for machines).

The rows are those of `bench/tables.py`: ten columns, two of them masked, more or less of each by what the row's own
customer agreed to; 5,000 customers in no order, a third of whom granted a consent. The gateway does all of its work: it
checks the token, and has a signed entry on disk before each portion of about 256 KiB goes on. Memory is that of its
two processes, looked at all the while, pages that they share counted once; `resident` counts those in each. It is flat
where the second half took no more than the first. The rate that counts is that of the processor time of both processes;
the one by the clock shares two cores with the system and the client, which are in this process. A run that takes too
long ends early, and says how much went through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import aiohttp  # noqa: E402 - found by the line above, as those below
from aiohttp import web  # noqa: E402
from live import House, make_house, running, token  # noqa: E402
from tables import CALLER, CONSENTS, KINDS, LIMIT_MIB, POLICY, WANTED_MB, catalogue, rows  # noqa: E402

from bench.processes import Process  # noqa: E402
from gateway.cli.house import load_policies, now, open_keys, open_passports  # noqa: E402
from gateway.config import load  # noqa: E402

_MIB = 1024 * 1024
_PIECE = 256 * 1024
_CUSTOMERS = 5_000
_LOOKS = 0.25  # seconds between two looks at the memory


class System:
    """A system that answers with rows, again and again, until there are `size` bytes or `seconds` are over."""

    def __init__(self, size: int, seconds: float) -> None:
        self.size, self.seconds, self.given = size, seconds, 0
        self._lines = {kind: rows(kind, _CUSTOMERS) for kind in ("csv", "ndjson")}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        kind = request.path.strip("/")
        head, *lines = self._lines[kind] if kind == "csv" else [b"", *self._lines[kind]]
        text, self.given, until = b"".join(lines), 0, time.monotonic() + self.seconds
        answer = web.StreamResponse(headers={"Content-Type": KINDS[kind]})
        await answer.prepare(request)
        await answer.write(head)
        while self.given < self.size and time.monotonic() < until:
            for start in range(0, len(text), _PIECE):  # a whole round, so that it ends with a row
                await answer.write(text[start : start + _PIECE])
            self.given += len(text)
        await answer.write_eof()
        return answer


@asynccontextmanager
async def listening(system: System) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(system.answer, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


async def watched(gate: Process, seen: list[tuple[float, float]]) -> None:
    while True:
        seen.append((gate.own_memory(), gate.memory()))
        await asyncio.sleep(_LOOKS)


async def through(
    client: aiohttp.ClientSession, url: str, kind: str, system: System, gate: Process
) -> dict[str, object]:
    """Fetch one export; give what it took."""
    seen, came, hidden = [(gate.own_memory(), gate.memory())], 0, 0
    watch = asyncio.create_task(watched(gate, seen))
    began, before = time.perf_counter(), gate.cpu_seconds()
    async with client.get(f"{url}/{kind}") as answer:
        answer.raise_for_status()
        async for piece in answer.content.iter_any():
            came += len(piece)
            hidden += b"*****" in piece
    seconds, busy = time.perf_counter() - began, gate.cpu_seconds() - before
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    if came < system.given or not hidden:
        raise SystemExit(f"{kind}: {came} of {system.given} bytes came, {hidden} pieces of them treated")
    half, rate = len(seen) // 2, system.given / 1e6 / busy
    first, second = max(one for one, _ in seen[: half or 1]), max(one for one, _ in seen[half:])
    most = max(first, second)
    return {
        "body": kind,
        "MiB": round(system.given / _MIB),
        "seconds": round(seconds, 1),
        "MB/s by clock": round(system.given / 1e6 / seconds, 1),
        "MB/s of a core": round(rate, 1),
        "wanted": WANTED_MB,
        "rate": "reached" if rate >= WANTED_MB else "NOT reached",
        "MiB, first half": round(first),
        "second half": round(second),
        "resident": round(max(one for _, one in seen)),
        "limit": LIMIT_MIB,
        "memory": "reached" if most < LIMIT_MIB else "NOT reached",
    }


def grant(house: House) -> None:
    """Let a third of the customers agree."""
    settings = load(house.config, os.environ)
    policies = load_policies(settings.policies)
    passports = open_passports(settings, policies, open_keys(settings))
    for number in range(0, _CUSTOMERS, 3):
        passports.grant(f"C-{number:05}", policies.consents["contact"], at=now(), by="bench")
    passports.close()


async def measure(folder: Path, size: int, seconds: float) -> list[dict[str, object]]:
    policies = folder / "policies"
    (policies / "catalog").mkdir(parents=True)
    for name, text in (
        ("catalog/erp", catalogue()), ("catalog/crm", CALLER), ("exports", POLICY), ("consents", CONSENTS),
    ):  # fmt: skip
        (policies / f"{name}.yaml").write_text(text)
    system = System(size, seconds)
    patience = aiohttp.ClientTimeout(total=None)
    headers = {"Authorization": f"Bearer {token()}"}
    async with listening(system) as upstream, aiohttp.ClientSession(headers=headers, timeout=patience) as client:
        house = make_house(folder, policies, upstream)
        grant(house)
        with running(house) as gate:
            process = Process(gate.process.pid)
            return [await through(client, f"{gate.data}/erp", kind, system, process) for kind in ("csv", "ndjson")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--mib", type=int, default=1024, help="how much of each goes through")
    parser.add_argument("--seconds", type=float, default=90, help="how long each may take")
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    cache = ROOT / ".cache/bench"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="exports-", dir=cache) as folder:
        found = asyncio.run(measure(Path(folder), asked.mib * _MIB, asked.seconds))
    if asked.json:
        print(json.dumps({"exports": found}))
        return
    for row in found:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
