"""The stage of the demo: who is on it, and where things are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from examples.orders.crm import Crm
from examples.sidecar import Sidecar
from examples.telling import Teller

ORDER, LIST = "/api/orders/SO-1001", "/api/orders?limit=200"
LEFT, REACHED = "left the order system", "reached the CRM"


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
