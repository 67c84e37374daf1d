"""Tables and lines of JSON through the gate, piece by piece as they come: how fast, and in how much memory.

Run it with `python bench/tables.py` (a table) or `python bench/tables.py --json` (for machines).

Ten columns, of which two are masked, more or less of each by what the row's own customer agreed to; thousands of
customers, in no order. In answers they are masked; in requests every cell is held against what this caller may have
read masked, and nothing changes. The gate does all that it does behind a socket: it reads, asks what the customers
agreed to, decides, treats, and makes and encodes the entry of each piece. The other side is a generator in the same
process, and the log keeps nothing. Rates are of processor time of one core, the generator's own taken off;
`bench/exports.py` sends the same through a running gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from hashlib import sha256
from random import Random
from typing import Any

from gateway.audit.entry import Entry, encode
from gateway.audit.pseudonym import Pseudonyms
from gateway.audit.split import PAYLOAD_LIMIT, split
from gateway.custody.memory import MemoryCustody
from gateway.flow import CustomerFacts, Flow, Operator, Purpose, Request, Response
from gateway.gate import Gate
from gateway.policy.load import load
from gateway.ports import Ports
from gateway.regime import establish
from gateway.steps.edit import Editor

WANTED_MB, LIMIT_MIB = 25, 150
NAMES = ("order", "customer", "contact", "email", "phone", "ordered_at", "currency", "total", "status", "terms")
CLASSES = {"email": "user.contact.email", "phone": "user.contact.phone_number", "contact": "user.name"}
KINDS = {"csv": "text/csv", "quoted csv": "text/csv", "ndjson": "application/x-ndjson"}
CUSTOMERS = (50, 500, 5_000)
LEGS = ("response", "request")
_CHUNK = 64 * 1024
_ROWS = 20_000
_MIB = 1024 * 1024

CATALOGUE = """\
version: 1
catalog: erp
title: Exports
operations:
  csv: {request: GET /csv, response: csv}
  ndjson: {request: GET /ndjson, response: ndjson}
  take-csv: {request: POST /csv, body: csv}
  take-ndjson: {request: POST /ndjson, body: ndjson}
messages:
"""
CALLER = """\
version: 1
catalog: crm
title: Who asks
operations: {}
messages: {}
"""
POLICY = """\
version: 1
policy: exports
title: Sales reads exports
scope: {from: crm, to: erp, purposes: order-fulfilment}
allow: true
protect:
  - {classes: [user.contact], leg: response, treatment: mask, keep_last: 4}
  - {classes: [user.contact], leg: response, treatment: mask, keep_last: 2, unless: {consent: contact}}
"""
CONSENTS = """\
version: 1
consents:
  contact: {wording: Sales may see more., version: 1, purposes: [order-fulfilment], classes: [user], recipients: [crm]}
"""


def catalogue() -> str:
    lines = [CATALOGUE]
    for name, before in (("csv", ""), ("ndjson", "$.")):
        lines.append(f"  {name}:\n    format: {name}\n    customer: {before}customer\n    fields:\n")
        lines += [f"      {before}{column}: {CLASSES.get(column, 'business.order')}\n" for column in NAMES]
    return "".join(lines)


def rows(kind: str, customers: int) -> list[bytes]:
    """Write lines, the header first where there is one."""
    random, found = Random(7), []
    for number in range(_ROWS):
        who = random.randrange(customers)
        cells = (
            f"SO-2026-{number:06}", f"C-{who:05}", f"Annika Petersen {who}",
            f"annika.petersen{who}@works{who % 97}.example",
            f"+49 40 5550 {who:04}", "2026-11-23T09:26:53Z", "EUR", f"{random.randrange(10**7) / 100}",
            ("confirmed", "in production", "shipped")[number % 3], "30 days net, retention of title",
        )  # fmt: skip
        if kind == "ndjson":
            found.append(json.dumps(dict(zip(NAMES, cells, strict=True)), separators=(",", ":")))
        else:
            found.append(",".join(f'"{cell}"' if "," in cell or kind != "csv" else cell for cell in cells))
    return [
        *([] if kind == "ndjson" else [(",".join(NAMES) + "\n").encode()]),
        *(f"{line}\n".encode() for line in found),
    ]


def gate() -> Gate:
    known: dict[str | None, CustomerFacts] = {}
    agreed = frozenset({"contact"})

    async def facts(customers: Iterable[str], _now: int) -> Mapping[str | None, CustomerFacts]:
        for one in customers:
            if one not in known:
                consents = agreed if one[-1] in "0369" else frozenset()
                known[one] = CustomerFacts(one, consents, passport=sha256(one.encode()).hexdigest())
        return known

    async def append(entry: Entry) -> int:
        payload = encode(entry)
        if len(payload) > PAYLOAD_LIMIT:
            for part in split(entry):
                encode(part)
        return 0

    async def offload(function: Callable[..., Any], *arguments: object) -> Any:
        return function(*arguments)

    def alarm(_flow: str, error: Exception) -> None:
        raise error

    files = {
        "catalog/erp.yaml": catalogue(),
        "catalog/crm.yaml": CALLER,
        "exports.yaml": POLICY,
        "consents.yaml": CONSENTS,
    }
    policies = load({name: text.encode() for name, text in files.items()})
    names, custody = Pseudonyms(b"p" * 32), MemoryCustody(b"bench")
    ports = Ports(facts, append, offload, lambda: 1, lambda size: b"r" * size, names, custody, alarm, bytes(32))
    return Gate(establish(policies), ports, Editor())


async def chunks(lines: list[bytes], size: int, *, headed: bool) -> AsyncIterator[bytes]:
    """Give lines again and again, the header once, in pieces that end anywhere."""
    head, text = (lines[0], b"".join(lines[1:])) if headed else (b"", b"".join(lines))
    yield head
    given, at = 0, 0
    while given < size or at:  # up to the end of a row
        piece = text[at : at + _CHUNK]
        at = 0 if at + _CHUNK >= len(text) else at + _CHUNK
        given += len(piece)
        yield piece


async def drain(source: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in source])


def flow(method: str, kind: str, stream: AsyncIterator[bytes] | None = None) -> Flow:
    operator = Operator(system="crm", subject="ann", role="sales", kind="human", authenticated="jwt")
    headers = (("Content-Type", KINDS[kind]),) if stream is not None else ()
    request = Request(method, "/ndjson" if kind == "ndjson" else "/csv", headers, stream=stream)
    return Flow("f", 1, "erp", request, operator, Purpose("order-fulfilment", "claim"), "192.0.2.7", "t")


async def through(kind: str, lines: list[bytes], size: int, by: Gate) -> None:
    """Send a stream through a gate, as an answer."""

    async def send(_request: Request, *, streamed: bool = False) -> Response:
        assert streamed
        stream = chunks(lines, size, headed=kind != "ndjson")
        return Response(200, (("Content-Type", KINDS[kind]),), stream=stream)

    answer = await by.handle(flow("GET", kind), send)
    if answer.status != 200 or answer.stream is None:
        raise SystemExit(f"{kind}: {answer.status} {answer.body!r}")
    first = await anext(answer.stream)
    await drain(answer.stream)
    if b"*" not in first or b"@works" in first:
        raise SystemExit(f"{kind}: not treated")


async def taken(kind: str, lines: list[bytes], size: int, by: Gate) -> None:
    """Send a stream through a gate, as a request."""
    counted = 0

    async def send(request: Request, *, streamed: bool = False) -> Response:  # noqa: ARG001 - the port's own word
        nonlocal counted
        counted = await drain(request.stream or chunks([], 0, headed=False))
        return Response(204)

    answer = await by.handle(flow("POST", kind, chunks(lines, size, headed=kind != "ndjson")), send)
    if answer.status != 204 or counted < size:
        raise SystemExit(f"{kind}: {answer.status} {answer.body!r}")


def rate(kind: str, leg: str, customers: int, size: int, turns: int) -> dict[str, object]:
    lines, by, best = rows(kind, customers), gate(), 0.0
    do = through if leg == "response" else taken
    asyncio.run(do(kind, lines, _MIB, by))
    for _ in range(turns):
        start = time.process_time()
        given = asyncio.run(drain(chunks(lines, size, headed=kind != "ndjson")))
        alone = time.process_time() - start
        start = time.process_time()
        asyncio.run(do(kind, lines, size, by))
        best = max(best, given / 1e6 / (time.process_time() - start - alone))
    return {
        "body": kind,
        "leg": leg,
        "customers": customers,
        "bytes_a_row": round(sum(map(len, lines)) / len(lines)),
        "mb_s": round(best, 1),
        "wanted": WANTED_MB,
        "reached": best >= WANTED_MB,
    }


def flat(kind: str, size: int) -> dict[str, object]:
    """Give the most memory that a process of its own held."""
    command = [sys.executable, __file__, "--through", kind, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    most = float(done.stdout)
    return {"body": kind, "mib": size // _MIB, "most_mib": most, "limit": LIMIT_MIB, "reached": most < LIMIT_MIB}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--mib", type=int, default=12, help="how much goes through for a rate")
    parser.add_argument("--turns", type=int, default=3, help="how often; the best counts")
    parser.add_argument("--memory-mib", type=int, default=256, help="how much goes through for the memory; 0: none")
    parser.add_argument("--through", nargs=2, metavar=("KIND", "BYTES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.through:
        kind, size = asked.through
        asyncio.run(through(kind, rows(kind, 5_000), int(size), gate()))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)  # as `sovgate serve` does once it is ready
    rates = [
        rate(kind, leg, customers, asked.mib * _MIB, asked.turns)
        for leg in LEGS
        for kind in KINDS
        for customers in CUSTOMERS
    ]
    memory = [flat(kind, asked.memory_mib * _MIB) for kind in ("csv", "ndjson") if asked.memory_mib]
    if asked.json:
        json.dump({"rates": rates, "memory": memory}, sys.stdout, indent=2)
        print()
        return
    for row in (*rates, *memory):
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
