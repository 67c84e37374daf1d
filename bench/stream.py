"""Events through a running gateway, one by one: what is added to each, and how many go in a second.

Run it with `python bench/stream.py` or `python bench/stream.py --json` (for machines).

The system and the client are in this process and share a clock: an event carries the time at which it was sent. The
gateway does all of its work on each: it reads the JSON in it, asks what its customer agreed to, masks, makes a signed
entry and has it on disk before the event goes on. What is added is the time through the gateway less the time without.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import aiohttp  # noqa: E402 - found by the line above, as the two below
from aiohttp import web  # noqa: E402
from live import make_house, running, token  # noqa: E402

from bench.processes import Process  # noqa: E402

WANTED_MS = 5.0
_PACE, _EVENTS, _WARM = 0.01, 400, 50
_POURED = 60_000
_CATALOGUE = """\
version: 1
catalog: erp
operations:
  watch: {request: GET /watch, response: changes}
messages:
  changes: {format: sse, fields: {order.data: {contains: order}, id: business.order}}
  order:
    format: json
    customer: $.customer
    fields:
      $.id: business.order
      $.customer: business.order
      $.sent: business.order
      $.email: user.contact.email
      $.phone: user.contact.phone_number
"""
_POLICY = """\
version: 1
policy: open
scope: {from: crm, to: erp}
allow: true
protect: [{classes: [user.contact], treatment: mask, keep_last: 4}]
"""


def event(number: int) -> bytes:
    said = {
        "id": number, "customer": f"C-{number % 37}", "email": f"someone{number}@example.com",
        "phone": "+49 40 5550 1234", "sent": time.perf_counter_ns(),
    }  # fmt: skip
    return f"event: order\nid: {number}\ndata: {json.dumps(said)}\n\n".encode()


async def erp(request: web.Request) -> web.StreamResponse:
    """Send events: in their pace, or as fast as they are taken."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    if request.query.get("pour"):
        for start in range(0, _POURED, 50):
            await answer.write(b"".join(event(number) for number in range(start, start + 50)))
        return answer
    for number in range(_EVENTS):
        await answer.write(event(number))
        await asyncio.sleep(_PACE)
    return answer


@asynccontextmanager
async def system() -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(erp, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


async def delays(client: aiohttp.ClientSession, url: str) -> list[float]:
    """Give how long each event took, in milliseconds."""
    found = []
    async with client.get(url) as answer:
        answer.raise_for_status()
        while True:
            try:
                text = await answer.content.readuntil(b"\n\n")
            except asyncio.IncompleteReadError:
                break
            if not text:
                break
            now = time.perf_counter_ns()
            found.append((now - json.loads(text.partition(b"data: ")[2])["sent"]) / 1e6)
    return found[_WARM:]


async def poured(client: aiohttp.ClientSession, url: str) -> tuple[float, int]:
    """Give the seconds that a stream took, and its bytes."""
    began, size = time.perf_counter(), 0
    async with client.get(url) as answer:
        answer.raise_for_status()
        async for piece in answer.content.iter_any():
            size += len(piece)
    return time.perf_counter() - began, size


async def measure(folder: Path) -> dict[str, object]:
    policies = folder / "policies"
    (policies / "catalog").mkdir(parents=True)
    (policies / "catalog/erp.yaml").write_text(_CATALOGUE)
    (policies / "catalog/crm.yaml").write_text("version: 1\ncatalog: crm\n")
    (policies / "open.yaml").write_text(_POLICY)
    headers = {"Authorization": f"Bearer {token()}"}
    async with system() as upstream, aiohttp.ClientSession(headers=headers, read_bufsize=1 << 20) as client:
        with running(make_house(folder, policies, upstream)) as gate:
            process = Process(gate.process.pid)
            bare = await delays(client, f"{upstream}/watch")
            ours = await delays(client, f"{gate.data}/erp/watch")
            before = process.memory()
            seconds, size = await poured(client, f"{gate.data}/erp/watch?pour=1")
            after = process.memory()
    added = statistics.median(ours) - statistics.median(bare)
    worst = statistics.quantiles(ours, n=100)[98] - statistics.median(bare)
    return {
        "latency": {
            "added ms, p50": round(added, 2), "added ms, p99": round(worst, 2), "wanted ms": WANTED_MS,
            "reached": "reached" if added < WANTED_MS else "NOT reached",
        },
        "throughput": {
            "events/s": round(_POURED / seconds), "MB/s": round(size / seconds / 1e6, 1), "events": _POURED,
        },
        "memory": {"MiB before": round(before), "MiB after": round(after)},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="as JSON")
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    cache = ROOT / ".cache/bench"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stream-", dir=cache) as folder:
        found = asyncio.run(measure(Path(folder)))
    if asked.json:
        print(json.dumps(found))
        return
    for name, values in found.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
