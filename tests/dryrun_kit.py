"""Dry runs over exchanges made in a test, without files; and HAR files of them, for real processes."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate_kit import JSON, NOW, ORDERING, SALES, answering, shipped

from gateway.capture.exchange import Exchange, Unusable
from gateway.dryrun.flows import Assumed
from gateway.dryrun.judged import Judged, Passed
from gateway.dryrun.report import Capture, Report
from gateway.dryrun.run import DryRun
from gateway.dryrun.sites import Site, Sites
from gateway.dryrun.tally import Tally
from gateway.flow import Headers, Request, Response, header
from gateway.policy.model import PolicySet
from gateway.workbench import Known, Workbench

ERP = "https://erp.example"
ASSUMED = Assumed(Sites.of([Site.of("erp", ERP)]), SALES, ORDERING, started=NOW)
PLANTED = ("Zephyrine", "zephyrine@planted.example", "+49 151 55512345", "PLANTED-GOV-1", "C-PLANTED-17", "Geheimweg")


def order(customer: str = "C-PLANTED-17", **more: Any) -> dict[str, Any]:
    """Make an order whose every value is planted."""
    return {
        "id": "O-PLANTED",
        "status": "open",
        "total": 1234.50,
        "customer": {
            "id": customer,
            "name": "Zephyrine",
            "email": "zephyrine@planted.example",
            "phone": "+49 151 55512345",
            "address": {"street": "Geheimweg 5", "city": "Berlin"},
            "government_id": "PLANTED-GOV-1",
        },
        "lines": [{"sku": "S1", "unit_price": 1.5}],
        **more,
    }


def listed(*orders: dict[str, Any]) -> Response:
    """Answer with a list of orders."""
    return answering({"count": len(orders), "value": list(orders)})


@dataclass
class Traffic:
    """Exchanges, numbered as they come."""

    items: list[Exchange | Unusable] = field(default_factory=list)

    def ask(
        self,
        target: str = "/api/orders",
        answer: Response | None = None,
        method: str = "GET",
        body: bytes = b"",
        headers: Headers = (),
        site: str = ERP,
        **more: Any,
    ) -> Traffic:
        """Add an exchange."""
        request = Request(method, target, (*headers, *(JSON if body else ())), body)
        self.items.append(Exchange(len(self.items) + 1, site, request, answer, NOW, **more))
        return self

    def unusable(self, reason: str) -> Traffic:
        """Add what can't be used."""
        self.items.append(Unusable(len(self.items) + 1, reason))
        return self


async def inline(function: Any, *arguments: object) -> Any:
    """Open documents right here: they are ours."""
    return function(*arguments)


async def judge(
    items: Iterable[Exchange | Unusable],
    policies: PolicySet | None = None,
    *,
    known: Known | None = None,
    values: bool = False,
    assumed: Assumed = ASSUMED,
) -> tuple[Report, list[Judged | Passed]]:
    """Put exchanges through, and give the report and what became of each."""
    policies = policies or shipped()
    run = DryRun(Workbench(policies, inline), assumed, Tally(policies, values=values), known)
    taken = [await run.take("week.har", item) for item in items]
    return report(run.tally), taken


def report(tally: Tally) -> Report:
    """Give a report that is the same in every run."""
    capture = Capture("week.har", 1234, "ab" * 32, tally.entries)
    return tally.report(version="1", made=NOW, folder="policies", facts="as the test says", captures=(capture,))


def har(items: Iterable[Exchange]) -> bytes:
    """Write exchanges as a HAR file."""
    entries = [
        {
            "startedDateTime": "2026-11-20T10:00:00.000Z",
            "time": 1,
            "request": {
                "method": one.request.method,
                "url": one.site + one.request.target,
                "httpVersion": "HTTP/1.1",
                "headers": _headers(one.request.headers),
                **(
                    {"postData": {"mimeType": JSON[0][1], "text": one.request.body.decode()}}
                    if one.request.body
                    else {}
                ),
            },
            "response": _response(one.response or Response(0)),
        }
        for one in items
    ]
    log = {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}
    return json.dumps({"log": log}).encode()


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _response(response: Response) -> dict[str, Any]:
    kind = header(response.headers, "content-type") or ""
    if kind.endswith("json"):
        content = {"mimeType": kind, "text": response.body.decode()}
    else:
        content = {"mimeType": kind, "encoding": "base64", "text": b64encode(response.body).decode()}
    return {"status": response.status, "headers": _headers(response.headers), "content": content}


def written(path: Path, items: Iterable[Exchange]) -> Path:
    """Write a HAR file."""
    path.write_bytes(har(items))
    return path


def texts(data: Any) -> Iterator[str]:
    """Give every text in JSON data, keys too."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif isinstance(data, str):
        yield data
