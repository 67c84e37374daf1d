"""Customers' keys on disk, in the gate: what a list costs, warm and cold, and what customers cost in memory."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.audit.pseudonym import Pseudonyms
from gateway.custody.file_provider import FileProvider, Secret
from gateway.custody.keeper import Keeper
from gateway.custody.opening import open_keeper
from gateway.custody.settings import CustodySettings
from gateway.flow import CustomerFacts, Flow, Operator, Purpose, Request, Response
from gateway.formats.limits import BodyLimits
from gateway.gate import Gate
from gateway.policy.load import load
from gateway.ports import Ports
from gateway.regime import establish
from gateway.steps.edit import Editor
from gateway.storage.memory import MemoryLog

NOW = 1_790_000_000_000_000_000
RECORDS, FIELDS, CUSTOMERS = 200, 5, 37
ROUNDS = 15
NEW = 1000
STORED = (3_000, 300_000)
HELD = 5_000
PURPOSE = Purpose("order-fulfilment", "claim")
CALLER = Operator(system="crm", subject="ann", role="sales", kind="human", authenticated="jwt")
CLASSES = ("user.contact.email", "user.name", "user.contact.phone_number", "user.financial", "business.price")
FIELDS_LISTED = ", ".join(f"$.f{number}: {name}" for number, name in enumerate(CLASSES))
CATALOGUE = f"""
version: 1
catalog: erp
operations:
  read: {{request: GET /orders, response: orders}}
  write: {{request: PUT /orders, body: orders}}
messages:
  orders: {{format: json, records: "$[*]", each: order}}
  order:
    format: json
    customer: $.who
    unlisted: keep
    fields: {{{FIELDS_LISTED}}}
"""
POLICY = "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"
RULES = {
    "untreated": "",
    "encrypt": f"protect: [{{classes: [{', '.join(CLASSES)}], leg: response, treatment: encrypt}}]\n",
    "tokenise": f"protect: [{{classes: [{', '.join(CLASSES)}], leg: response, treatment: tokenise}}]\n",
    "reveal": f"reveal: [{{classes: [{', '.join(CLASSES)}], leg: request}}]\n",
}


@dataclass
class World:
    """A gate over keys on disk, and what the system behind it answers."""

    keeper: Keeper
    answer: bytes = b""
    sent: bytes = b""
    gates: dict[str, Gate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ports = Ports(
            facts=_facts,
            append=MemoryLog().append,
            offload=_offload,
            clock=lambda: NOW,
            random=os.urandom,
            names=Pseudonyms(b"p" * 32),
            custody=self.keeper,
            alarm=_alarm,
            marks=bytes(32),
        )
        for name, rules in RULES.items():
            files = {
                "catalog/erp.yaml": CATALOGUE,
                "catalog/crm.yaml": "version: 1\ncatalog: crm\n",
                "p.yaml": POLICY + rules,
            }
            regime = establish(load({path: text.encode() for path, text in files.items()}))
            self.gates[name] = Gate(regime, replace(ports, append=MemoryLog().append), Editor(), BodyLimits())

    async def flow(self, gate: str, method: str, body: bytes = b"") -> Response:
        headers = (("Content-Type", "application/json"),) if body else ()
        request = Request(method, "/orders", headers, body)
        response = await self.gates[gate].handle(
            Flow("f", NOW, "erp", request, CALLER, PURPOSE, "192.0.2.7", "t"), self._send
        )
        assert response.status in {200, 204}, response.body
        return response

    async def _send(self, request: Request, *, streamed: bool = False) -> Response:  # noqa: ARG002 - the port's form
        self.sent = request.body
        if request.method == "PUT":
            return Response(204)
        return Response(200, (("Content-Type", "application/json"),), self.answer)


async def _facts(customers: Iterable[str], _now: int) -> Mapping[str | None, CustomerFacts]:
    return {customer: CustomerFacts(customer) for customer in customers}


async def _offload(function: Callable[..., Any], *arguments: object) -> Any:
    return function(*arguments)


def _alarm(_flow: object, error: Exception) -> None:
    raise error


@asynccontextmanager
async def opened(folder: Path, capacity: int = 20_000) -> Any:
    provider = FileProvider(folder / "kek.json", Secret("key", b"k" * 32), os.urandom)
    settings = CustodySettings(capacity=capacity, rotate_days=0)
    keeper = open_keeper(folder, {"file": provider}, settings, lambda: NOW)
    try:
        yield keeper
    finally:
        await keeper.close()


def orders(prefix: str = "") -> bytes:
    """Give a list of orders of some customers."""
    made = [
        {
            "id": number,
            "who": f"{prefix}C-{number % CUSTOMERS}",
            **{f"f{n}": f"anna.{number}.{n}@example.com" for n in range(FIELDS)},
        }
        for number in range(RECORDS)
    ]
    return json.dumps(made, separators=(",", ":")).encode()


async def _compared(works: Mapping[str, Callable[[], Awaitable[object]]]) -> dict[str, float]:
    """Give the milliseconds of each work, done by turns: the median, in processor time."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            began = time.process_time()
            await work()
            spent[name].append(time.process_time() - began)
    return {name: statistics.median(times) * 1e3 for name, times in spent.items()}


async def lists(folder: Path) -> dict[str, dict[str, object]]:
    """Measure a list of orders through the gate."""
    async with opened(folder) as keeper:
        world = World(keeper, orders())
        tokens = (await world.flow("encrypt", "GET")).body
        vault = (await world.flow("tokenise", "GET")).body
        works: dict[str, Callable[[], Awaitable[object]]] = {
            "untreated": lambda: world.flow("untreated", "GET"),
            "encrypt": lambda: world.flow("encrypt", "GET"),
            "tokenise": lambda: world.flow("tokenise", "GET"),
            "write": lambda: world.flow("untreated", "PUT", world.answer),
            "reveal": lambda: world.flow("reveal", "PUT", tokens),
            "reveal vault": lambda: world.flow("reveal", "PUT", vault),
        }
        took = await _compared(works)
        await world.flow("reveal", "PUT", tokens)
        assert world.sent == world.answer
        customers = [f"C-{number}" for number in range(CUSTOMERS)]

        async def lend() -> None:
            for _ in range(200):
                await keeper.lend(customers, PURPOSE.name, NOW, make=True)

        async def lend_and_use() -> None:
            for _ in range(200):
                loan = await keeper.lend(customers, PURPOSE.name, NOW, make=True)
                for customer in customers:
                    loan.of(customer)

        warm = await _compared({"lend": lend, "lend_and_use": lend_and_use})
    values = RECORDS * FIELDS

    def row(name: str, base: str, **more: object) -> dict[str, object]:
        added = took[name] - took[base]
        return {"adds ms": round(added, 2), "a second": round(values / added * 1e3), **more}

    each = 200 * CUSTOMERS / 1e3  # of milliseconds, in microseconds
    return {
        "gate: encrypt 1,000 fields of a list of 200": row("encrypt", "untreated", **{"target below": 15}),
        "gate: reveal the same": row("reveal", "write"),
        "gate: tokenise the same, all known": row("tokenise", "untreated"),
        "gate: reveal the vault's": row("reveal vault", "write"),
        "a warm lookup of a customer's keys": {"us": round(warm["lend"] / each, 3), "target below": 1},
        "the same, ready to use": {"us": round(warm["lend_and_use"] / each, 3)},
    }


async def cold(folder: Path) -> dict[str, dict[str, object]]:
    """Measure a thousand customers whom nobody has asked for yet."""
    customers = [f"new-{number}" for number in range(NEW)]
    told = {}
    for name in (f"{NEW:,} customers who are new", f"{NEW:,} customers who are cold"):
        async with opened(folder) as keeper:
            began, worked = time.perf_counter(), time.process_time()
            await keeper.lend(customers, PURPOSE.name, NOW, make=True)
            told[name] = {
                "ms": round((time.perf_counter() - began) * 1e3),
                "of the processor": round((time.process_time() - worked) * 1e3),
            }
    return told


def _rss() -> float:
    """Give the MiB that this process holds."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def fill(folder: Path, count: int) -> None:
    """Put customers into a store as many times as it takes, each a copy of one that is there, under another handle."""
    with closing(sqlite3.connect(folder / "keys.sqlite", isolation_level=None)) as store:
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        columns = "customer, state, provider, kek, wrapped, thumbprint, numbers, created, changed"
        store.execute(
            f"INSERT INTO customers (handle, {columns}) {numbers} SELECT printf('%016d', i), {columns} "
            "FROM n, (SELECT * FROM customers LIMIT 1)",
            (count,),
        )
        store.execute(
            f"INSERT INTO versions {numbers} SELECT printf('%016d', i), version, kind, purpose, state, wrapped, "
            "thumbprint, created FROM n, (SELECT * FROM versions WHERE handle = (SELECT handle FROM customers "
            "WHERE numbers > 0 ORDER BY handle DESC LIMIT 1))",
            (count,),
        )
        store.execute("COMMIT")


async def memory(folder: Path) -> dict[str, dict[str, object]]:
    """Measure what customers in the store cost in memory, and those whose keys are warm."""
    told: dict[str, dict[str, object]] = {}
    for count in STORED:
        place = folder / str(count)
        async with opened(place) as keeper:
            await keeper.lend(["one"], PURPOSE.name, NOW, make=True)
        fill(place, count)
        before = _rss()
        async with opened(place) as keeper:
            for start in range(200):
                await keeper.lend([f"C-{start}"], PURPOSE.name, NOW, make=False)
            told[f"{count:,} customers in the store"] = {
                "adds MiB": round(_rss() - before, 1),
                "file MiB": round((place / "keys.sqlite").stat().st_size / 2**20),
            }
    async with opened(folder / "held") as keeper:
        before = _rss()
        for start in range(0, HELD, 500):
            loan = await keeper.lend([f"H-{start + n}" for n in range(500)], PURPOSE.name, NOW, make=True)
            loan.of(f"H-{start}")
        told[f"{HELD:,} customers whose keys are warm"] = {"adds MiB": round(_rss() - before, 1)}
    return told


def measure() -> dict[str, dict[str, object]]:
    """Measure everything, on the disk that holds the project."""
    cache = Path(__file__).resolve().parent.parent / ".cache" / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as made:
        folder = Path(made)
        return {
            **asyncio.run(lists(folder / "lists")),
            **asyncio.run(cold(folder / "cold")),
            **asyncio.run(memory(folder)),
        }
