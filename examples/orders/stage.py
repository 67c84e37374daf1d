"""The stage of the demo: who is on it, and small things that several scenes need."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from examples.bodies import leaves
from examples.orders.crm import Answer, Crm
from examples.sidecar import Sidecar
from examples.telling import Teller

ORDER, LIST = "/api/orders/SO-1001", "/api/orders?limit=200"
LEFT, REACHED = "left the order system", "reached the CRM"

Row = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Who tells, the CRM, the gateway, and the folder for what is kept."""

    tell: Teller
    crm: Crm
    gateway: Sidecar
    folder: Path

    @property
    def log(self) -> Path:
        """The audit log's folder."""
        return self.gateway.setting.folder / "state" / "audit"

    def keep(self, name: str, body: bytes) -> None:
        """Keep a document for people to look at."""
        (self.folder / name).write_bytes(body)


def rows(before: bytes, after: bytes) -> list[Row]:
    """Pair the values of two bodies by place, in the order of the first."""
    there = {leaf.pointer: leaf.text.decode() for leaf in leaves(after)}
    return [(leaf.pointer, leaf.text.decode(), there.get(leaf.pointer)) for leaf in leaves(before)]


def refusal(answer: Answer) -> str:
    """Give the name of the refusal that an answer is, "" if it is none (RFC 9457)."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return ""
    return str(json.loads(answer.body)["type"]).removeprefix("urn:sovgate:refusal:")
