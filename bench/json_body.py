"""What reading, checking, treating and writing one JSON body costs, beside orjson parsing, editing and writing it.

The gateway's side does all of its work: UTF-8, grammar, duplicate keys, nesting, each record's customer, five edits in
each order by that customer's decision, unlisted members. orjson's side parses, edits in place and writes, and checks
nothing. Both take turns; the medians of many turns are compared, in processor time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from bodies import AGREED, TREATED, mask, workloads

from gateway.formats.document import Edit, Edits, Whole
from gateway.formats.json import Layout, layout, read
from gateway.formats.selector import parse

CATALOGUE = Path(__file__).parent / "house" / "catalog" / "erp.yaml"


def kept(customer: str | None) -> int:
    return 2 if customer in AGREED else 4


def by_orjson(body: bytes) -> bytes:
    parsed = orjson.loads(body)
    for order in parsed.get("value", [parsed]):
        customer = order["customer"]
        keep = kept(customer["id"])
        for *above, last in TREATED:
            place = customer
            for name in above:
                place = place[name]
            place[last] = mask(place[last], keep)
    return orjson.dumps(parsed)


def by_the_gateway(*, listed: bool) -> Callable[[bytes], bytes]:
    fields = list(yaml.safe_load(CATALOGUE.read_text())["messages"]["order"]["fields"])
    selectors, customer = [parse(field) for field in fields], parse("$.customer.id")
    message: Layout = layout(selectors, customer)
    if listed:
        message = layout(selectors, customer, parse("$.value[*]"), [parse("$.count")])
    treated = {fields.index(".".join(("$.customer", *place))) for place in TREATED}
    redact = Edit(lambda value, _customer: None if value is None else "[redacted]", Whole.EMPTY)
    frame = Edits(lambda _spot: None, redact)

    def decision(keep: int) -> Edits:
        masked = Edit(lambda value, _customer: mask(value, keep))
        return Edits(lambda spot: masked if spot[0] in treated else None, redact)

    decisions = {keep: decision(keep) for keep in (2, 4)}

    def treat(body: bytes) -> bytes:
        document = read(body, message)
        return document.write([decisions[kept(customer)] for customer in document.customers], frame).body

    return treat


def spent(work: Callable[[bytes], bytes], body: bytes, times: int) -> float:
    begin = time.process_time()
    for _ in range(times):
        work(body)
    return (time.process_time() - begin) / times * 1e6


def compare(title: str, body: bytes, turns: int) -> dict[str, float | str]:
    """Give the medians in microseconds of processor time, and how the gateway's relates to orjson's."""
    treat = by_the_gateway(listed=b'"value"' in body)
    for _ in range(4):  # the first bodies are read the slow way, and teach the shape
        assert orjson.loads(treat(body)) == orjson.loads(by_orjson(body))
    times = max(1, 400_000 // len(body))
    ours, theirs = [], []
    for _ in range(turns):
        theirs.append(spent(by_orjson, body, times))
        ours.append(spent(treat, body, times))
    gateway, orjson_alone = statistics.median(ours), statistics.median(theirs)
    return {
        "body": title,
        "bytes": len(body),
        "gateway_us": round(gateway, 1),
        "orjson_us": round(orjson_alone, 1),
        "ratio": round(gateway / orjson_alone, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="One JSON body through the gateway's reader and writer, beside orjson")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--turns", type=int, default=25, help="how often the two take turns")
    arguments = parser.parse_args()
    rows = [compare(each.title, each.plain, arguments.turns) for each in workloads() if not each.coding]
    if arguments.json:
        json.dump(rows, sys.stdout, indent=2)
        print()
        return
    print(f"{'body':42}{'bytes':>9}{'gateway us':>12}{'orjson us':>12}{'ratio':>8}")
    for row in rows:
        print(f"{row['body']:42}{row['bytes']:>9}{row['gateway_us']:>12}{row['orjson_us']:>12}{row['ratio']:>8}")


if __name__ == "__main__":
    main()
