"""Salesforce's `/composite` and `/composite/batch` (REST API): requests with method, url and body, answered in order.

`@{NAME.id}` in a body, the id of what an earlier request made, is let through; any other reference would carry values
past the gateway from one record to another, or into an address, so it is refused. Parts in binary are refused too.
`/composite/sobjects`, `/composite/tree` and `/composite/graph` are no such batches: the first two are plain messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.errors import Unreadable
from gateway.flow import Request, Response
from gateway.formats.batch import Call, Reply, checked, inherited, sound
from gateway.formats.batch_json import Cell, JsonAnswered, JsonAsked, Text, malformed
from gateway.formats.batch_target import Base, escaped
from gateway.formats.limits import BodyLimits

_VERSIONED = re.compile(r"(/(?:.*/)?)v[0-9]+\.[0-9]+/composite(?:/batch)?/?")
_OF_ID = re.compile(r"@\{[A-Za-z0-9_]{1,40}\.id\}")


@dataclass(frozen=True, slots=True)
class _Form:
    """What the members of one of the two are called."""

    requests: str
    flags: tuple[str, ...]
    body: str
    headers: str
    name: str
    answers: str
    told: tuple[str, ...]
    status: str
    answer: str
    answer_headers: str

    @property
    def request(self) -> tuple[str, ...]:
        """Give the members of a request."""
        return tuple(name for name in ("method", "url", self.body, self.headers, self.name) if name)

    @property
    def response(self) -> tuple[str, ...]:
        """Give the members of an answer."""
        return tuple(name for name in (self.status, self.answer, self.answer_headers, self.name) if name)


_FORMS = (
    _Form(
        requests="compositeRequest", flags=("allOrNone", "collateSubrequests"), body="body", headers="httpHeaders",
        name="referenceId", answers="compositeResponse", told=(), status="httpStatusCode", answer="body",
        answer_headers="httpHeaders",
    ),
    _Form(
        requests="batchRequests", flags=("haltOnError",), body="richInput", headers="", name="", answers="results",
        told=("hasErrors",), status="statusCode", answer="result", answer_headers="",
    ),
)  # fmt: skip


class Composite:
    """See above."""

    NAME: ClassVar[str] = "composite"
    HELP: ClassVar[str] = "Salesforce's /composite and /composite/batch: requests with method, url and body."

    def asked(self, request: Request, base: Base, limits: BodyLimits) -> CompositeAsked:
        """Take a batch apart."""
        text = Text.read(request, limits)
        around = text.members(text.whole, [name for form in _FORMS for name in (form.requests, *form.flags)])
        forms = [form for form in _FORMS if form.requests in around]
        if len(forms) != 1 or not around.keys() <= {forms[0].requests, *forms[0].flags}:
            raise malformed("the batch is neither a composite request nor a batch of requests")
        form = forms[0]
        text.flags(around, form.flags)
        calls, cells, names = list[Call](), list[Cell](), list[str]()
        root = _VERSIONED.fullmatch(base.path)
        for at in text.items(around[form.requests], limits):
            found = text.members(at, form.request, ("method", "url", *((form.name,) if form.name else ())))
            method, url = text.method(found["method"]), escaped(text.text(found["url"]))
            if "@" in url and "{" in url:
                raise Unreadable("batch-unsafe", "an address in the batch hangs on an answer")
            address = base.resolve(url, root[1] if root else None)
            cell = Cell.read(text, found, form.body, form.headers, "url").addressed(address)
            _check_references(cell.body)
            fields = checked(cell.headers, base)
            calls.append(Call(method, address.target, fields, cell.body, inherited(request.headers, fields)))
            cells.append(cell)
            names.append(text.name(found[form.name]) if form.name else "")
        if form.name and len(set(names)) != len(names):
            raise Unreadable("body-ambiguous", "two requests of the batch have the same name")
        return CompositeAsked(text, calls, cells, form, names)


@dataclass(frozen=True, slots=True, eq=False)
class CompositeAsked(JsonAsked):
    """The requests; `names` are theirs, in order ("": they have none)."""

    form: _Form
    names: Sequence[str]

    def answered(self, response: Response, limits: BodyLimits) -> JsonAnswered:
        """Match the answers by their order, and by their names where they have any."""
        form, text = self.form, Text.read(response, limits)
        around = text.members(text.whole, (form.answers, *form.told), (form.answers,))
        text.flags(around, form.told)
        found = [text.members(at, form.response, (form.status,)) for at in text.items(around[form.answers], limits)]
        names = [text.name(one[form.name]) if form.name in one else "" for one in found]
        if names != list(self.names):
            raise malformed("the answers in the batch are not those to its requests")
        cells = [Cell.read(text, one, form.answer, form.answer_headers) for one in found]
        replies = [
            Reply((index,), Response(text.status(one[form.status]), sound(cell.headers), cell.body))
            for index, (one, cell) in enumerate(zip(found, cells, strict=True))
        ]
        return JsonAnswered(text, replies, cells)


def _check_references(body: bytes) -> None:
    """Let a body refer to nothing but ids. Raises `Unreadable`: batch-unsafe."""
    if b"@{" not in body and b"\\" not in body:  # without escapes, what is not written isn't there
        return
    for text in _texts(json.loads(body or b"null", parse_int=str, parse_float=str)):
        if "@{" in _OF_ID.sub("", text):
            raise Unreadable("batch-unsafe", "a body in the batch hangs on an answer")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
