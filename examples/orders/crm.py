"""The CRM of the demo: asks over real HTTP, through the gateway with signed tokens, or straight at the order system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from examples.sidecar import Issuer

ANNA = {"sub": "anna@crm.example", "role": "sales", "kind": "human", "purpose": "order-fulfilment"}
"""Who signs in, unless told otherwise: Anna of sales, who works on orders."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its body decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True)
class Crm:
    """`direct` and `through` are base URLs: of the order system itself, and of the gateway's way to it."""

    session: aiohttp.ClientSession
    direct: str
    through: str
    issuer: Issuer

    async def left(self, path: str) -> Answer:
        """Ask the order system itself."""
        async with self.session.get(self.direct + path) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def ask(self, method: str, path: str, body: bytes | None = None, token: str | None = None) -> Answer:
        """Ask through the gateway."""
        headers = {"Authorization": f"Bearer {token or self.issuer.token(ANNA)}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with self.session.request(method, self.through + path, data=body, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())
