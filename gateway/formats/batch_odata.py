"""OData batches: multipart/mixed (OData 2.0 and 4.01 part 1 section 11.7) or JSON, as the content type says.

In multipart each part is a request, or a changeset whose parts are requests. Answers stand in the order of the
requests; within a changeset they may be told by Content-ID instead, and a changeset that failed is answered by one
error. Where answers are missing at the end, the last one must be an error: there the system stopped.

Promise: parts that no edit changes stay byte-identical; in a changed one, so do all lines but those that changed and
the lengths that it tells. An address with the gateway's own host, or under a route's prefix, becomes the system's path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.errors import Unreadable
from gateway.flow import Request, Response, header
from gateway.formats import batch_http, batch_mime, batch_odata_json, media
from gateway.formats.batch import Asked, Call, Reply, checked, inherited, own, sound
from gateway.formats.batch_http import Message, RequestLine
from gateway.formats.batch_mime import Part, Parts, malformed
from gateway.formats.batch_reference import References
from gateway.formats.batch_target import Address, Base
from gateway.formats.limits import BodyLimits

_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """One request: its place, its message, what it asks and where, its Content-ID."""

    message: Message
    line: RequestLine
    address: Address
    id: str

    def written(self, forwarded: Request, call: Call) -> bytes:
        """Give its content with what may be forwarded."""
        start = self.line.written(self.address.written(forwarded.target))
        return self.message.written(start, own(forwarded, call), forwarded.body)


class Odata:
    """See above."""

    NAME: ClassVar[str] = "odata"
    HELP: ClassVar[str] = "OData's $batch, in multipart/mixed or in JSON, of any version."

    def asked(self, request: Request, base: Base, limits: BodyLimits) -> Asked:
        """Take a batch apart."""
        kind = media.parse(header(request.headers, "content-type"))
        if not kind.kind.startswith("multipart/"):
            return batch_odata_json.asked(request, base, limits)
        parts = batch_mime.read(request.body, kind, None, limits.calls, mend=False)
        inner = [_changeset(part, parts.eol, limits, mend=False) for part in parts.all]
        if sum(1 if one is None else len(one.all) for one in inner) > limits.calls:
            raise Unreadable("body-too-large", f"the batch holds more than {limits.calls} requests")
        references, questions, calls = References(base), list[_Question](), list[Call]()
        for part, changeset in zip(parts.all, inner, strict=True):
            names: set[str] = set()
            for one in (part,) if changeset is None else changeset.all:
                line, message = batch_http.request(one, parts.eol)
                name = _identifier(one, message)
                if name and name in names:
                    raise Unreadable("body-ambiguous", "two requests of a changeset have the same Content-ID")
                names.add(name)
                address, refers = references.resolve(line.address)
                if name:
                    references.add(name, line.method, address, refers)
                fields = checked(message.headers, base)
                shared = inherited(request.headers, fields)
                calls.append(Call(line.method, address.target, fields, message.body, shared, refers))
                questions.append(_Question(message, line, address, name))
        return OdataAsked(parts, inner, calls, questions)


@dataclass(frozen=True, slots=True, eq=False)
class OdataAsked:
    """The requests, and the parts that they stand in: `inner` has the changeset of each part that is one."""

    parts: Parts
    inner: Sequence[Parts | None]
    calls: Sequence[Call]
    questions: Sequence[_Question]

    def written(self, forwarded: Sequence[Request]) -> bytes:
        """See `formats.batch`."""
        contents = (
            question.written(request, call)
            for question, call, request in zip(self.questions, self.calls, forwarded, strict=True)
        )
        return _joined(self.parts, self.inner, contents)

    def answered(self, response: Response, limits: BodyLimits) -> OdataAnswered:
        """Match the answers with the requests."""
        kind = media.parse(header(response.headers, "content-type"))
        parts = batch_mime.read(response.body, kind, None, limits.calls, mend=True)
        inner = [_changeset(part, parts.eol, limits, mend=True) for part in parts.all]
        found, first, status = list[_Found](), 0, _FIRST_ERROR
        if len(parts.all) > len(self.inner):
            raise malformed("the batch has more answers than requests")
        for part, answers, asked in zip(parts.all, inner, self.inner, strict=False):
            calls = range(first, first + (1 if asked is None else len(asked.all)))
            if answers is None:
                one = _found(part, parts.eol, tuple(calls))
                status = one.reply.response.status
                if len(calls) > 1 and status < _FIRST_ERROR:
                    raise malformed("a changeset is answered as if it were one request")
                found.append(one)
            else:
                if asked is None:
                    raise malformed("a request is answered as if it were a changeset")
                found += self._of_changeset(answers, calls)
                status = max(one.reply.response.status for one in found[-len(calls) :])
            first = calls.stop
        if first < len(self.calls) and status < _FIRST_ERROR:
            raise malformed("requests of the batch are not answered")
        return OdataAnswered(parts, inner, found)

    def _of_changeset(self, answers: Parts, calls: range) -> Iterator[_Found]:
        """Match the answers within a changeset: by their ids where all have one, else by their order."""
        if len(answers.all) != len(calls):
            raise malformed("a changeset has more or fewer answers than requests")
        asked = [self.questions[call].id for call in calls]
        told = [_identifier(part, batch_http.answer(part, answers.eol)[2]) for part in answers.all]
        if all(asked) and sorted(asked) == sorted(told):
            order = [calls[asked.index(name)] for name in told]
        elif all(name in {"", wanted} for name, wanted in zip(told, asked, strict=True)):
            order = list(calls)
        else:
            raise malformed("the answers in a changeset are not those to its requests")
        return (_found(part, answers.eol, (call,)) for part, call in zip(answers.all, order, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """One answer: the line that it may begin with, all of it, the reply that it is."""

    start: bytes
    message: Message
    reply: Reply


@dataclass(frozen=True, slots=True, eq=False)
class OdataAnswered:
    """The answers, and the parts that they stand in."""

    parts: Parts
    inner: Sequence[Parts | None]
    found: Sequence[_Found]

    @property
    def replies(self) -> Sequence[Reply]:
        """See `formats.batch`."""
        return [one.reply for one in self.found]

    def written(self, released: Sequence[Response]) -> bytes:
        """See `formats.batch`."""
        contents = (
            one.message.written(one.start, response.headers, response.body)
            for one, response in zip(self.found, released, strict=True)
        )
        return _joined(self.parts, self.inner, contents)


def _joined(parts: Parts, inner: Sequence[Parts | None], contents: Iterator[bytes]) -> bytes:
    """Put contents into the parts, in their order."""
    outer = [
        next(contents) if changeset is None else changeset.written([next(contents) for _ in changeset.all])
        for changeset in inner
    ]
    return parts.written(outer)


def _changeset(part: Part, eol: bytes, limits: BodyLimits, *, mend: bool) -> Parts | None:
    """Give the parts of a changeset; None where the part is none. One within another is no HTTP message: refused."""
    if part.kind.kind != "multipart/mixed":
        return None
    return batch_mime.read(part.content, part.kind, eol, limits.calls, mend=mend)


def _identifier(part: Part, message: Message) -> str:
    """Give a message's Content-ID, told by its part or by itself. Raises `Unreadable`: body-ambiguous."""
    outer, inner = part.id, batch_mime.identifier(message.head)
    if outer and inner and outer != inner:
        raise Unreadable("body-ambiguous", "a message of the batch has two Content-IDs")
    return outer or inner


def _found(part: Part, eol: bytes, calls: tuple[int, ...]) -> _Found:
    status, start, message = batch_http.answer(part, eol)
    return _Found(start, message, Reply(calls, Response(status, sound(message.headers), message.body)))
