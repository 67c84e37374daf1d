"""Streams for tests: bodies in pieces, a gate over event streams, and what came out of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

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


@dataclass
class Source:
    """A body in pieces; what is no bytes is called: to raise, to look, or to wait for what it gives."""

    pieces: Iterable[object]
    taken: int = 0
    closed: bool = False
    _cut: asyncio.Future | None = field(default=None)

    async def _give(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if callable(piece):
                found = piece()
                if found is not None:
                    await found
            elif isinstance(piece, Exception):
                raise piece
            else:
                self.taken += 1
                yield piece

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._giving = self._give()
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._giving)

    async def aclose(self) -> None:
        self.closed = True
