"""Streams for tests: bodies in pieces, a gate over event streams, and what came out of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from gate_kit import NOW, ORDERING, SALES, Bench, written

from gateway.audit.entry import Entry
from gateway.errors import NotRecorded, StreamCut
from gateway.flow import Flow, Headers, Request, Response

EVENTS: Headers = (("Content-Type", "text/event-stream"),)
CATALOGUE = """
version: 1
catalog: erp
operations:
  watch: {request: GET /watch, response: changes}
  feed: {request: POST /feed, body: changes, response: done}
  echo: {request: POST /echo, body: changes, response: changes}
messages:
  changes:
    format: sse
    fields:
      order.data: {contains: order}
      note.data: user.content
      id: business.order
  order:
    format: json
    customer: $.customer
    fields: {$.id: business.order, $.customer: business.order, $.email: user.contact.email}
  done: {format: json, fields: {$.ok: business.order}}
"""
POLICY = """
version: 1
policy: open
scope: {from: crm, to: erp}
allow: true
protect:
  - {classes: [user.contact], treatment: redact, unless: {consent: contact}}
  - {classes: [user.content], treatment: mask}
"""
CONSENTS = """
version: 1
consents:
  contact: {wording: You may reach me, version: 1, classes: [user.contact]}
"""


def order(number: int, customer: str = "C-1") -> bytes:
    """Give an event with an order in it."""
    text = f'{{"id":{number},"customer":"{customer}","email":"{customer}@example.com"}}'
    return f"event: order\nid: {number}\ndata: {text}\n\n".encode()


def hidden(number: int, customer: str = "C-1") -> bytes:
    """Give the same event as who may not see contact data gets it."""
    return order(number, customer).replace(f"{customer}@example.com".encode(), b"[redacted]")


class Source:
    """A body in pieces, and what became of it. A piece that is an error is raised; `NEVER` is waited for."""

    def __init__(self, *pieces: object) -> None:
        self._pieces = iter(pieces)
        self._refusal = ""
        self._waiting: asyncio.Future[None] | None = None
        self.taken = 0
        self.closed = False

    def __aiter__(self) -> Source:
        return self

    async def __anext__(self) -> bytes:
        piece = next(self._pieces, None)
        if piece is NEVER:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._refusal:
            raise StreamCut(self._refusal)
        if piece is None:
            raise StopAsyncIteration
        if isinstance(piece, Exception):
            raise piece
        self.taken += 1
        return piece

    def cut(self, refusal: str) -> None:
        self._refusal = refusal
        if self._waiting is not None:
            self._waiting.set_result(None)

    async def aclose(self) -> None:
        self.closed = True


NEVER = object()
"""In the place of a piece: nothing comes any more, and nothing ends."""


class Desk(Bench):
    """A gate over streams, with a log that can fail and requests whose bodies come in pieces."""

    fail_at: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gate = replace(self.gate, ports=replace(self.gate.ports, append=self._append))

    async def watch(self, *pieces: object, headers: Headers = EVENTS, target: str = "/watch") -> Response:
        """Ask, and be answered in pieces."""
        self.source = Source(*pieces)
        self.answer = Response(200, headers, stream=self.source)
        return await self.ask("GET", target)

    async def post(self, *pieces: object, headers: Headers = EVENTS, target: str = "/feed") -> Response:
        """Send a body in pieces."""
        self.source = Source(*pieces)
        request = Request("POST", target, headers, stream=self.source)
        return await self.gate.handle(Flow("f1", NOW, "erp", request, SALES, ORDERING, "192.0.2.7", "t1"), self._send)

    async def _append(self, entry: Entry) -> int:
        if len(self.log.entries) == self.fail_at:
            raise NotRecorded("full")
        return await self.log.append(entry)

    @property
    def told(self) -> list[tuple[object, ...]]:
        """Give what the entries say of pieces: kind, leg, number, how many there were, refusal."""
        return [(one.kind, one.leg, one.piece, one.pieces, one.refusal) for one in self.entries]


def desk(catalogue: str = CATALOGUE, policy: str = POLICY) -> Desk:
    """Give a gate over policies written here."""
    crm = "version: 1\ncatalog: crm\n"
    return Desk(written(catalog_erp=catalogue, catalog_crm=crm, consents=CONSENTS, open=policy))


async def drained(stream: AsyncIterator[bytes] | None) -> tuple[bytes, str]:
    """Read a stream to its end; give what came, and the refusal that cut it, "" for none."""
    assert stream is not None
    got = b""
    try:
        async for piece in stream:
            got += piece
    except StreamCut as cut:
        return got, cut.refusal
    return got, ""
