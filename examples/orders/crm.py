"""The CRM of the demo: asks through the gateway with signed tokens, or straight at the order system to compare."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from examples.asking import Answer, ask
from examples.sidecar import Issuer

ANNA = {"sub": "anna@crm.example", "role": "sales", "kind": "human", "purpose": "order-fulfilment"}
"""Who signs in, unless told otherwise: Anna of sales, who works on orders."""


@dataclass(frozen=True, slots=True)
class Crm:
    """`direct` and `through` are base URLs: of the order system itself, and of the gateway's way to it."""

    session: aiohttp.ClientSession
    direct: str
    through: str
    issuer: Issuer

    async def left(self, path: str) -> Answer:
        """Ask the order system itself."""
        return await ask(self.session, "GET", self.direct + path, {})

    async def ask(self, method: str, path: str, body: bytes | None = None, token: str | None = None) -> Answer:
        """Ask through the gateway."""
        headers = {"Authorization": f"Bearer {token or self.issuer.token(ANNA)}"}
        return await ask(self.session, method, self.through + path, headers, body)
