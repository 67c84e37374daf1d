"""A gate with in-memory ports over the shipped policies, or over any others: no sockets, no files, no mocks."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Entry
from gateway.audit.pseudonym import Pseudonyms
from gateway.crypto import JwsSigner
from gateway.custody.memory import MemoryCustody
from gateway.errors import UpstreamFailed
from gateway.flow import CustomerFacts, Flow, Headers, Operator, Purpose, Request, Response
from gateway.formats.limits import BodyLimits
from gateway.gate import Gate
from gateway.policy.load import load
from gateway.policy.model import PolicySet
from gateway.ports import Ports
from gateway.regime import establish
from gateway.steps.edit import Editor
from gateway.storage.facts_memory import PassportsInMemory
from gateway.storage.memory import MemoryLog

SHIPPED = Path(__file__).parent.parent / "policies"
NOW = 1_763_900_000_000_000_000
JSON: Headers = (("Content-Type", "application/json"),)
ORDERING = Purpose("order-fulfilment", "claim")
SALES = Operator(system="crm", subject="ann@crm.example", role="sales", kind="human", authenticated="jwt")


def shipped() -> PolicySet:
    """Load the policies that ship."""
    files = {path.relative_to(SHIPPED).as_posix(): path.read_bytes() for path in sorted(SHIPPED.rglob("*.yaml"))}
    return load(files)


def written(**files: str) -> PolicySet:
    """Load policies written in a test: `catalog_erp` is the file catalog/erp.yaml."""
    names = {name: name.replace("catalog_", "catalog/") + ".yaml" for name in files}
    return load({names[name]: text.encode() for name, text in files.items()})


@dataclass
class Bench:
    """A gate, what it recorded, what the system behind it was asked, and what that system answers."""

    policies: PolicySet
    answer: Response | Exception | Callable[[Request], Response] = field(default_factory=lambda: Response(204))
    log: MemoryLog = field(default_factory=MemoryLog)
    asked: list[Request] = field(default_factory=list)
    limits: BodyLimits = field(default_factory=BodyLimits)
    alarms: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        signer = JwsSigner.of(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        self.passports = PassportsInMemory(signer, self.policies.consents)
        self.names = Pseudonyms(b"p" * 32)
        self.custody = MemoryCustody(b"secrets of a test")
        ports = Ports(
            facts=self._facts,
            append=self.log.append,
            offload=self._offload,
            clock=lambda: NOW,
            random=lambda size: b"r" * size,
            names=self.names,
            custody=self.custody,
            alarm=lambda _, error: self.alarms.append(error),
            marks=b"m" * 32,
        )
        self.gate = Gate(establish(self.policies), ports, Editor(), self.limits)

    async def ask(
        self,
        method: str,
        target: str,
        body: Any = b"",
        headers: Headers = (),
        operator: Operator = SALES,
        purpose: Purpose | None = ORDERING,
        to: str = "erp",
    ) -> Response:
        """Send a request through the gate; a body that isn't bytes goes as JSON."""
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), (*JSON, *headers)
        flow = Flow("f1", NOW, to, Request(method, target, headers, body), operator, purpose, "192.0.2.7", "t1")
        return await self.gate.handle(flow, self._send)

    def grant(self, customer: str, consent: str) -> None:
        """Let a customer grant a consent."""
        self.passports.grant(customer, self.policies.consents[consent], at=NOW, by="test")

    @property
    def entries(self) -> list[Entry]:
        """What the log holds."""
        return self.log.entries

    async def _send(self, request: Request, *, streamed: bool = False) -> Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(request) if callable(self.answer) else self.answer

    async def _facts(self, customers: Iterable[str], now: int) -> Mapping[str | None, CustomerFacts]:
        return self.passports.facts(customers, now)

    async def _offload(self, function: Callable[..., Any], *arguments: object) -> Any:
        return function(*arguments)


def answering(body: Any, status: int = 200, headers: Headers = ()) -> Response:
    """Give an answer; a body that isn't bytes goes as JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(body, separators=(",", ":")).encode()
        headers = (*JSON, *headers)
    return Response(status, headers, body)


Send = Callable[[Request], Awaitable[Response]]
UNREACHABLE = UpstreamFailed("upstream-unreachable", "refused")
