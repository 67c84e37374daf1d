"""Requests that hold requests: taken apart as the gate does it, each with its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.capture.exchange import Exchange
from gateway.discover.bodies import LIMITS
from gateway.errors import Unreadable
from gateway.flow import Request, Response, header
from gateway.formats import codings
from gateway.formats.batch import Answered, Asked
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES

_ENDINGS = {"$batch": "odata", "composite": "composite", "batch": "composite"}


def kind_of(request: Request, segments: tuple[str, ...], value: object) -> str:
    """Name the kind of batch that a request may be, "" for none; `value` is its body, where that is JSON."""
    if request.method != "POST" or not segments:
        return ""
    if isinstance(value, list):
        calls = [one for one in value if isinstance(one, dict)]
        rpc = bool(calls) and len(calls) == len(value) and all("jsonrpc" in one and "method" in one for one in calls)
        return "json-rpc" if rpc else ""
    kind = _ENDINGS.get(segments[-1], "")
    if kind == "composite":
        named = isinstance(value, dict) and bool({"compositeRequest", "batchRequests"} & value.keys())
        return kind if named and "composite" in segments else ""
    return kind


def parts(exchange: Exchange, target: str, kind: str) -> Iterator[Exchange]:
    """Give each request of a batch as an exchange of its own; none where it can't be taken apart."""
    request = replace(exchange.request, target=target)
    asked = _asked(request, exchange.site, kind)
    if asked is None:
        return
    answers = _answers(asked, exchange.response)
    for index, call in enumerate(asked.calls):
        yield replace(exchange, request=call.request, response=answers.get(index))


def _asked(request: Request, site: str, kind: str) -> Asked | None:
    base = Base(request.target.partition("?")[0], site)
    try:
        return BATCHES[kind].asked(replace(request, body=_plain(request)), base, LIMITS)
    except Unreadable:
        return None


def _answers(asked: Asked, answer: Response | None) -> dict[int, Response]:
    if answer is None:
        return {}
    try:
        found: Answered = asked.answered(replace(answer, body=_plain(answer)), LIMITS)
    except Unreadable:
        return {}
    return {index: reply.response for reply in found.replies for index in reply.calls}


def _plain(message: Request | Response) -> bytes:
    return codings.decode(message.body, header(message.headers, "content-encoding"), LIMITS.size, LIMITS.ratio)
