"""JSON-RPC 2.0 batches (its section 6): an array of calls to one address, each told by its `method`.

Answers are matched by id, in any order; calls without an id are notifications and get none. A call is read as a request
by itself, with the address and the header fields of the batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.errors import Unreadable
from gateway.flow import Headers, Request, Response
from gateway.formats import json_spans
from gateway.formats.batch import Call, Reply, inherited, own
from gateway.formats.batch_json import Text, malformed
from gateway.formats.batch_target import Base
from gateway.formats.charset import PLAIN
from gateway.formats.json_spans import Span
from gateway.formats.limits import BodyLimits

_WHOLE = re.compile(rb"-?[0-9]{1,40}")
_LONGEST = 256
_JSON: Headers = (("Content-Type", "application/json"),)


class JsonRpc:
    """See above."""

    NAME: ClassVar[str] = "json-rpc"
    HELP: ClassVar[str] = "An array of JSON-RPC 2.0 calls; a single call is an operation, told by its method."

    def asked(self, request: Request, base: Base, limits: BodyLimits) -> JsonRpcAsked:  # noqa: ARG002 - the contract's form
        """Take a batch apart."""
        text = Text.read(request, limits)
        spans = text.items(text.whole, limits)
        shared = (*inherited(request.headers), *_JSON)
        calls, ids = list[Call](), list[str | None]()
        for at in spans:
            found = _object(text, at)
            if "method" not in found:
                raise malformed("a call in the batch has no method")
            ids.append(_id(text, found["id"]) if "id" in found else None)
            calls.append(Call(request.method, request.target, (), text.raw(at), shared, silent="id" not in found))
        named = [name for name in ids if name is not None]
        if len(set(named)) != len(named):
            raise Unreadable("body-ambiguous", "two calls in the batch have the same id")
        return JsonRpcAsked(text, spans, calls, ids)


@dataclass(frozen=True, slots=True, eq=False)
class JsonRpcAsked:
    """The calls; `ids` are theirs, in order (None: a notification)."""

    text: Text
    spans: Sequence[Span]
    calls: Sequence[Call]
    ids: Sequence[str | None]

    def written(self, forwarded: Sequence[Request]) -> bytes:
        """See `formats.batch`."""
        changes: dict[Span, bytes] = {}
        for at, call, name, request in zip(self.spans, self.calls, self.ids, forwarded, strict=True):
            if own(request, call) or request.target != call.target:
                raise Unreadable("batch-unsafe", "what all calls of the batch share would be changed")
            if request.body != call.body:
                if _id_of(request.body) != name:
                    raise Unreadable("batch-unsafe", "the id of a call would be changed")
                changes[at] = request.body
        return self.text.written(changes)

    def answered(self, response: Response, limits: BodyLimits) -> JsonRpcAnswered:
        """Match the answers by id."""
        left = {name: index for index, name in enumerate(self.ids) if name is not None}
        if not response.body and not left:
            return JsonRpcAnswered(None, (), ())
        text = Text.read(response, limits)
        spans, replies = text.items(text.whole, limits), list[Reply]()
        shared = (*inherited(response.headers), *_JSON)
        for at in spans:
            found = _object(text, at)
            index = left.pop(_id(text, found["id"]), None) if "id" in found else None
            if index is None:
                raise malformed("an answer in the batch is to no call of it, or to one that was answered")
            replies.append(Reply((index,), Response(response.status, shared, text.raw(at))))
        if left:
            raise malformed("calls of the batch are not answered")
        return JsonRpcAnswered(text, spans, replies)


@dataclass(frozen=True, slots=True, eq=False)
class JsonRpcAnswered:
    """The answers; `text` is None where there was nothing to answer."""

    text: Text | None
    spans: Sequence[Span]
    replies: Sequence[Reply]

    def written(self, released: Sequence[Response]) -> bytes:
        """See `formats.batch`."""
        if self.text is None:
            return b""
        changes = {
            at: new.body or b"null"
            for at, reply, new in zip(self.spans, self.replies, released, strict=True)
            if new.body != reply.response.body
        }
        return self.text.written(changes)


def _object(text: Text, at: Span) -> Mapping[str, Span]:
    found = json_spans.members(text.body, at)
    if found is None:
        raise malformed("an item of the batch is no object")
    return found


def _id(text: Text, at: Span) -> str:
    """Give an id: text, or a whole number. 7 and "7" are one: systems don't agree. Raises `Unreadable`."""
    raw = text.raw(at)
    value = raw.decode() if _WHOLE.fullmatch(raw) else text.value(at)
    if not isinstance(value, str) or not value or len(value) > _LONGEST or not value.isprintable():
        raise malformed("an id in the batch is neither text nor a whole number")
    return value


def _id_of(call: bytes) -> str | None:
    """Give the id of a call that was treated; it is sound JSON."""
    text = Text(call, call, PLAIN)
    found = _object(text, text.whole)
    return _id(text, found["id"]) if "id" in found else None
