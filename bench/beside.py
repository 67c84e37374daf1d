"""Small flows beside exports: how long a small JSON flow takes while PDFs of 500 pages are marked, and while none is.

Run it with `python bench/beside.py` or `python bench/beside.py --json` (for machines).

System, exporting client and the client of the small flows are processes of their own. Small flows start at a steady
pace whatever the ones before do, so that a stall of the gateway is seen by all that it holds up. Rounds with exports
and rounds without take turns; what counts is the median of the ratios of each pair.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import aiohttp  # noqa: E402 - found by the line above, as the three below
from aiohttp import web  # noqa: E402
from live import make_house, running, token  # noqa: E402

from bench.marks import invoices  # noqa: E402

WANTED = 2.0
_PACE, _SECONDS, _ROUNDS, _EXPORTERS, _PAGES = 0.01, 5.0, 6, 4, 500
_ORDER = json.dumps({"id": 1, "customer": "C-1", "email": "someone@example.com", "phone": "+49 40 5550 1234"}).encode()
_CATALOGUE = """\
version: 1
catalog: erp
operations:
  order: {request: GET /order, response: order}
  report: {request: GET /report, response: report}
messages:
  order:
    format: json
    customer: $.customer
    fields:
      $.id: business.order
      $.customer: business.order
      $.email: user.contact.email
      $.phone: user.contact.phone_number
  report: {format: pdf, class: business.document, customer: {response-header: X-Customer-Id}}
"""
_POLICY = """\
version: 1
policy: open
scope: {from: crm, to: erp}
allow: true
protect: [{classes: [user.contact], treatment: mask, keep_last: 4}]
watermark: {visible: "{customer} / {recipient} / {date} / {mark}", hidden: true}
"""


def serve_system() -> None:
    """Be the ERP: print the port, answer until killed."""
    report = invoices(_PAGES, 40)

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/report":
            return web.Response(body=report, content_type="application/pdf", headers={"X-Customer-Id": "C-1"})
        return web.Response(body=_ORDER, content_type="application/json")

    async def run() -> None:
        runner = web.ServerRunner(web.Server(answer, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


async def _export(url: str, until: float) -> None:
    """Export again and again; print how many came."""
    done = 0

    async def one(client: aiohttp.ClientSession) -> None:
        nonlocal done
        while time.time() < until:
            async with client.get(url) as answer:
                answer.raise_for_status()
                await answer.read()
            done += 1

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token()}"}) as client:
        await asyncio.gather(*(one(client) for _ in range(_EXPORTERS)))
    print(done, flush=True)


async def _small(url: str, seconds: float) -> list[float]:
    """Give how long each small flow took from when it was due, in milliseconds."""
    took: list[float] = []

    async def one(client: aiohttp.ClientSession, due: float) -> None:
        async with client.get(url) as answer:
            answer.raise_for_status()
            await answer.read()
        took.append((time.perf_counter() - due) * 1e3)

    headers = {"Authorization": f"Bearer {token()}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=64)) as client:
        began, flows = time.perf_counter(), []
        for number in range(int(seconds / _PACE)):
            due = began + number * _PACE
            await asyncio.sleep(max(0, due - time.perf_counter()))
            flows.append(asyncio.create_task(one(client, due)))
        await asyncio.gather(*flows)
    return took


@contextmanager
def _system() -> Iterator[str]:
    with subprocess.Popen([sys.executable, __file__, "--system"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def measure(folder: Path) -> dict[str, object]:
    policies = folder / "policies"
    (policies / "catalog").mkdir(parents=True)
    (policies / "catalog/erp.yaml").write_text(_CATALOGUE)
    (policies / "catalog/crm.yaml").write_text("version: 1\ncatalog: crm\n")
    (policies / "open.yaml").write_text(_POLICY)
    alone, beside, exported = [], [], 0
    with _system() as upstream, running(make_house(folder, policies, upstream)) as gate:
        small, report = f"{gate.data}/erp/order", f"{gate.data}/erp/report"
        asyncio.run(_export(report, time.time() + 1))  # workers are started, everything is loaded
        asyncio.run(_small(small, 1))
        for number in range(2 * _ROUNDS):
            if number % 2 == 0:
                alone.append(_quantiles(asyncio.run(_small(small, _SECONDS))))
                continue
            words = [sys.executable, __file__, "--export", report, str(time.time() + _SECONDS + 0.5)]
            with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as exporter:
                time.sleep(0.5)
                beside.append(_quantiles(asyncio.run(_small(small, _SECONDS))))
                exported += int(exporter.communicate()[0])
    ratio = statistics.median(with_[1] / without[1] for with_, without in zip(beside, alone, strict=True))
    return {
        "small flows": {
            "p50 ms alone": _middle(alone, 0), "p50 ms beside": _middle(beside, 0), "p99 ms alone": _middle(alone, 1),
            "p99 ms beside": _middle(beside, 1), "p99 ratio": round(ratio, 2), "wanted": WANTED,
            "reached": "reached" if ratio <= WANTED else "NOT reached",
        },
        "exports": {"pages": exported * _PAGES, "pages/s": round(exported * _PAGES / (_ROUNDS * (_SECONDS + 0.5)))},
    }  # fmt: skip


def _quantiles(took: list[float]) -> tuple[float, float]:
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


def _middle(rounds: list[tuple[float, float]], which: int) -> float:
    return round(statistics.median(one[which] for one in rounds), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--system", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.system:
        serve_system()
        return
    if asked.export:
        asyncio.run(_export(asked.export[0], float(asked.export[1])))
        return
    os.environ["PYTHONPATH"] = str(ROOT)
    cache = ROOT / ".cache/bench"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="beside-", dir=cache) as folder:
        found = measure(Path(folder))
    if asked.json:
        print(json.dumps(found))
        return
    for name, values in found.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
