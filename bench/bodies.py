"""What crosses in the measurements: orders, whose five fields are masked in each, and what must come out.

A list of 200 orders of 37 customers is about 224 kB of compact JSON, one order about 1.1 kB.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

CUSTOMERS, ORDERS = 37, 200
TREATED = (("contact",), ("email",), ("phone",), ("government_id",), ("address", "street"))
"""The places below an order's `customer` that are masked: five texts."""

AGREED = frozenset(f"C-{number:03}" for number in range(0, CUSTOMERS, 3))
"""The customers who granted the consent `contact`: the gateway shows more of theirs."""

_FIRST = ("Annika", "Bao", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jun")
_LAST = ("Petersen", "Nguyen", "Moreau", "Sokolov", "Ricci", "Haddad", "Lindholm", "Tanaka", "Costa", "Wei")
_TRADES = ("Feinmechanik GmbH", "Precision Castings Ltd", "Hydraulik AG", "Elettronica S.p.A.", "Marine Works Oy")
_STREETS = ("Am Sandtorkai", "Rue de la Fonderie", "Via dell'Officina", "Kanalstrasse", "Harbour Road")
_CITIES = (("20457", "Hamburg", "DE"), ("69003", "Lyon", "FR"), ("20121", "Milano", "IT"), ("00180", "Helsinki", "FI"))
_PARTS = ("Flange DN80 PN16, stainless", "Bearing housing, machined", "Guide rail 1200 mm, hardened", "Pump shaft")


@dataclass(frozen=True, slots=True)
class Workload:
    """One upstream answer: where it is, its bytes, its content coding; `counts`: a target of the design names it."""

    name: str
    title: str
    path: str
    body: bytes
    coding: str = ""
    counts: bool = True

    @property
    def plain(self) -> bytes:
        """The body without its coding."""
        return gzip.decompress(self.body) if self.coding else self.body

    def treated(self, keep: Callable[[str], int]) -> Any:
        """Give what must arrive where `keep` characters of each customer's masked texts stay."""
        found = json.loads(self.plain)
        for order in found.get("value", [found]):
            customer = order["customer"]
            for *above, last in TREATED:
                place = customer
                for name in above:
                    place = place[name]
                place[last] = mask(place[last], keep(customer["id"]))
        return found


def mask(text: str, keep: int) -> str:
    """Hide all but the last `keep` characters."""
    return "*" * (len(text) - keep) + text[-keep:]


def workloads() -> tuple[Workload, ...]:
    """Give all workloads, the same every time."""
    random = Random(11)
    customers = [_customer(random, number) for number in range(CUSTOMERS)]
    orders = [_order(random, number, customers[number % CUSTOMERS]) for number in range(ORDERS)]
    listed = {"count": ORDERS, "value": orders}
    compact, spaced = _compact(listed), json.dumps(listed).encode()
    return (
        Workload("list", f"list of {ORDERS} orders", "/api/orders", compact),
        Workload("one", "one order", "/api/orders/SO-2026-00000", _compact(orders[0])),
        Workload("spaced", 'the list, written with ", " and ": "', "/api/spaced", spaced, counts=False),
        Workload("gzip", "the list, gzip'd", "/api/gzipped", gzip.compress(compact, 6, mtime=0), "gzip", counts=False),
    )


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _customer(random: Random, number: int) -> dict[str, Any]:
    first, last = _FIRST[number % len(_FIRST)], _LAST[(number * 7) % len(_LAST)]
    postcode, city, country = _CITIES[number % len(_CITIES)]
    return {
        "id": f"C-{number:03}",
        "name": f"{last} {_TRADES[number % len(_TRADES)]}",
        "contact": f"{first} {last}",
        "email": f"{first}.{last}@{last}-works.example".lower(),
        "phone": f"+49 40 5550 {random.randrange(10_000):04}",
        "government_id": f"{country}{random.randrange(10**9):09}",
        "address": {
            "street": f"{_STREETS[number % len(_STREETS)]} {random.randrange(1, 200)}",
            "postcode": postcode,
            "city": city,
            "country": country,
        },
    }


def _order(random: Random, number: int, customer: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"SO-2026-{number:05}",
        "status": ("confirmed", "in production", "shipped")[number % 3],
        "ordered_at": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T09:26:53Z",
        "currency": "EUR",
        "total": random.randrange(100_000, 9_999_999) / 100,
        "customer": customer,
        "reference": f"framework agreement {number % 9 + 1}, call-off {number:04}",
        "terms": "30 days net, retention of title, inspection at the supplier's works",
        "packing": "for sea freight, on pallets",
        "delivery": {"incoterms": "DAP", "carrier": "sea and road", "requested": f"2027-{number % 12 + 1:02}-01"},
        "lines": [
            {
                "sku": f"P-{random.randrange(10**6):06}",
                "description": _PARTS[(number + line) % len(_PARTS)],
                "quantity": random.randrange(1, 400),
                "unit_price": random.randrange(100, 99_999) / 100,
                "drawing": f"DWG-{random.randrange(10**5):05}-B",
            }
            for line in range(4)
        ],
    }
