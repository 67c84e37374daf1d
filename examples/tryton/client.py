"""A client of Tryton's JSON-RPC that asks twice: straight at Tryton, and through the gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from examples.asking import Answer, ask
from examples.sidecar import Issuer
from examples.tryton.house import DATABASE

TOKEN = "X-Sovgate-Token"
"""Where the gateway's token stands: `Authorization` is Tryton's own."""

BORIS = {"sub": "boris@crm.example", "role": "sales", "kind": "human", "purpose": "order-fulfilment"}
CONTEXT = {"company": 1, "language": "en"}


@dataclass(slots=True)
class Client:
    """`session_header` is Tryton's, once somebody has logged in."""

    session: aiohttp.ClientSession
    direct: str
    through: str
    issuer: Issuer
    session_header: str = ""
    number: int = 0

    def request(self, method: str, params: Sequence[object]) -> bytes:
        """Write a request as Tryton's clients do."""
        self.number += 1
        return json.dumps({"id": self.number, "method": method, "params": params}).encode()

    async def straight(self, body: bytes) -> Answer:
        """Send a request to Tryton itself."""
        return await ask(self.session, "POST", f"{self.direct}/{DATABASE}/rpc/", self._headers(), body)

    async def gated(self, body: bytes) -> Answer:
        """Send a request through the gateway."""
        headers = self._headers() | {TOKEN: self.issuer.token(BORIS)}
        return await ask(self.session, "POST", f"{self.through}/{DATABASE}/rpc/", headers, body)

    async def call(self, method: str, *params: object) -> Any:
        """Call a method through the gateway, as a CRM's connector does, and give its result."""
        answer = await self.gated(self.request(method, params))
        if answer.status != 200:
            raise RuntimeError(f"{method}: {answer.status} {answer.refusal}")
        said = json.loads(answer.body)
        if "error" in said:
            raise RuntimeError(f"{method}: Tryton says {said['error']}")
        return said["result"]

    def enter(self, user: str, result: Sequence[object]) -> None:
        """Keep Tryton's session for what follows."""
        proof = f"{user}:{result[0]}:{result[1]}".encode()
        self.session_header = f"Session {base64.b64encode(proof).decode()}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.session_header} if self.session_header else {}
