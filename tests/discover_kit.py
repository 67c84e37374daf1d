"""Captured traffic of systems as they are met: made here, with values that no draft may show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from gateway.capture.exchange import Exchange, Unusable
from gateway.discover.declared import Declared
from gateway.discover.discover import draft
from gateway.discover.draft import Discovery, Draft, DraftMessage
from gateway.discover.existing import Existing
from gateway.discover.traffic import Traffic
from gateway.dryrun.sites import Site, Sites
from gateway.flow import Headers, Request, Response

SITE = "https://erp.example"
JSON: Headers = (("Content-Type", "application/json"),)


def exchange(
    method: str,
    target: str,
    answer: Any = None,
    sent: Any = None,
    *,
    status: int = 200,
    site: str = SITE,
    kind: str = "application/json",
    headers: Headers = (),
    answer_headers: Headers = (),
) -> Exchange:
    """Build one exchange; bodies that are no bytes go as JSON."""
    body = b"" if sent is None else sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    given = b"" if answer is None else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    typed = (("Content-Type", kind),) if given else ()
    request = Request(method, target, (*(JSON if body else ()), *headers), body)
    return Exchange(1, site, request, Response(status, (*typed, *answer_headers), given))


def drafted(
    exchanges: Iterable[Exchange | Unusable],
    documents: Iterable[Declared] = (),
    existing: Existing | None = None,
    name: str = "erp",
    sites: Iterable[Site] = (),
) -> Discovery:
    """Draft from exchanges in memory."""
    declared = list(documents)
    traffic = Traffic(Sites.of(sites), frozenset(word for one in declared for word in one.literals), existing)
    for one in exchanges:
        traffic.add(one)
    return draft(traffic, declared, existing, name)


def paths(one: Draft) -> dict[str, str]:
    """Give the requests of a draft's operations by their names."""
    return {operation.name: f"{operation.method} {operation.path}" for operation in one.operations}


def message(one: Draft, name: str) -> DraftMessage:
    """Give one message."""
    return next(found for found in one.messages if found.name == name)


def classes(one: DraftMessage) -> dict[str, str]:
    """Give the classes of a message's fields by their selectors."""
    return {field.selector: field.proposal.class_ for field in one.fields}


PEOPLE = ("Lin Wei", "Ann Smith", "Thomas Müller", "María García", "王小明", "Jean Dupont", "Otto Weber", "李娜")
CITIES = ("Berlin", "Shanghai", "Lyon", "Madrid", "Boston", "Leipzig", "Bilbao", "苏州")


def customer(n: int) -> dict[str, Any]:
    """Build customer `n`."""
    return {
        "id": f"C-{1000 + n}",
        "name": PEOPLE[n % 8],
        "email": f"person{n}@mail{n}.example",
        "phone": f"+49 30 90182{n % 10}",
        "address": {"street": f"Hauptstraße {n}", "postcode": f"{10115 + n}", "city": CITIES[n % 8], "country": "DE"},
    }


def order(n: int, *, note: bool = False) -> dict[str, Any]:
    """Build order `n` of one of eight customers."""
    lines = [
        {"sku": f"SKU{n}-{i}", "description": "Steel pipe", "quantity": i + 1, "unit_price": 12.5 * (i + 1)}
        for i in range(2)
    ]
    made: dict[str, Any] = {
        "id": 70000 + n,
        "status": ("open", "paid", "shipped")[n % 3],
        "ordered_at": f"2025-03-{n % 28 + 1:02}T08:00:00Z",
        "currency": "EUR",
        "total": 37.5 + n,
        "customer": customer(n % 8),
        "lines": lines,
    }
    if note:
        made["internal_note"] = f"call 1381234{n % 10000:04} about it"
    return made


def shop() -> Iterator[Exchange]:
    """Give the traffic of a REST service for orders and customers, with a web page around it."""
    for n in range(4):
        rows = [order(10 * n + i, note=i == 9) for i in range(10)]
        yield exchange("GET", f"/api/orders?page={n}", {"count": 10, "value": rows})
    for n in range(5):
        yield exchange("GET", f"/api/orders/{70000 + n}", order(n))
        yield exchange("GET", f"/api/customers/C-{1000 + n}", customer(n))
        yield exchange("GET", f"/api/customers/C-{1000 + n}/orders", {"value": [order(n)]})
        pdf = (("X-Customer-Id", f"C-{1000 + n}"),)
        yield exchange(
            "GET", f"/api/orders/{70000 + n}/invoice.pdf", b"%PDF-1.7 x", kind="application/pdf", answer_headers=pdf
        )
    yield exchange("POST", "/api/orders", order(99), order(98), status=201)
    yield exchange("PUT", "/api/orders/70001", order(1), order(1))
    yield exchange("PATCH", "/api/orders/70001", order(1), {"status": "paid"})
    yield exchange("DELETE", "/api/orders/70002", status=204)
    yield exchange("GET", "/api/orders/1", {"error": {"code": "E1", "message": "no such order"}}, status=404)
    yield exchange("OPTIONS", "/api/orders")
    yield exchange("GET", "/static/app.js", b"x()", kind="text/javascript")
    yield exchange("GET", "/", b"<html>", kind="text/html")
    yield exchange("GET", "/logo.png", b"\x89PNG\r\n\x1a\nx", kind="image/png")
    yield exchange("GET", "/collect?u=1", {"ok": True}, site="https://tracker.other.com")


def har(exchanges: Iterable[Exchange]) -> bytes:
    """Write exchanges as a HAR file."""
    entries = []
    for one in exchanges:
        answer = one.response or Response(0)
        post = {}
        if one.request.body:
            post = {"postData": {"mimeType": "application/json", "text": one.request.body.decode()}}
        kind = next((value for name, value in answer.headers if name == "Content-Type"), "")
        entries.append(
            {
                "startedDateTime": "2025-03-01T00:00:00.000Z",
                "time": 1,
                "request": {
                    "method": one.request.method,
                    "url": one.site + one.request.target,
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": n, "value": v} for n, v in one.request.headers],
                    "queryString": [],
                    "cookies": [],
                    "headersSize": -1,
                    "bodySize": len(one.request.body),
                    **post,
                },
                "response": {
                    "status": answer.status,
                    "statusText": "",
                    "httpVersion": "HTTP/1.1",
                    "headers": [{"name": n, "value": v} for n, v in answer.headers],
                    "cookies": [],
                    "redirectURL": "",
                    "headersSize": -1,
                    "bodySize": len(answer.body),
                    "content": {"size": len(answer.body), "mimeType": kind, "text": answer.body.decode("latin-1")
                                if kind.startswith(("image", "application/pdf")) else answer.body.decode()},
                },
                "cache": {},
                "timings": {"send": 0, "wait": 1, "receive": 0},
            }
        )  # fmt: skip
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}
    ).encode()
