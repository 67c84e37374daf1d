"""A batch: requests in one body, answered in one body. What each kind of it gives to the gate and takes back.

A kind takes the body apart into calls, each a request by itself, and puts it together again with what became of them;
of the answer it does the same with the replies. What nothing changed stays byte-identical: the very same object where
that is all of it. Whatever can't be taken apart in one way alone is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from gateway.errors import Unreadable
from gateway.flow import Headers, Request, Response
from gateway.formats.batch_target import Base
from gateway.formats.limits import BodyLimits

_NEVER = frozenset({
    # between two neighbours (RFC 9110 section 7.6.1): a request inside of another has none
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "http2-settings", "expect",
    # who asks, and from where, is said once, outside
    "authorization", "cookie", "cookie2", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    "x-forwarded-port", "x-forwarded-prefix", "x-forwarded-server", "x-real-ip", "x-client-ip", "true-client-ip", "via",
    # by these a system may read another method or path than the one that is decided
    "x-http-method-override", "x-http-method", "x-method-override", "x-original-method", "x-original-url",
    "x-original-uri", "x-rewrite-url",
    # a part of a document can't be decided or treated; and what is compressed a thousand times can't be held
    "range", "if-range", "a-im", "content-encoding",
})  # fmt: skip
"""Header fields that no request in a batch may have."""

_ONCE = frozenset({"host", "content-length", "content-type"})
"""Header fields that two readers would take from different lines."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a batch.

    `target` is that of a request by itself; the texts `refers` in it stand for what the system will put there: ids that
    nobody knows yet. `headers` are its own; `inherits` are those of the batch that hold for it too. `silent` calls get
    no reply.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    inherits: Headers = ()
    refers: tuple[str, ...] = ()
    silent: bool = False

    @property
    def request(self) -> Request:
        """Give it as a request by itself."""
        return Request(self.method, self.target, (*self.headers, *self.inherits), self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One part of a batch's answer. `calls` are the indexes of those that it answers: several that failed as one."""

    calls: tuple[int, ...]
    response: Response


class Answered(Protocol):
    """The answer of a batch, taken apart."""

    @property
    def replies(self) -> Sequence[Reply]:
        """Give the replies, in the order of the body."""
        ...

    def written(self, released: Sequence[Response]) -> bytes:
        """Put together what may be released, one for each reply. Raises `Unreadable`."""
        ...


class Asked(Protocol):
    """A batch, taken apart."""

    @property
    def calls(self) -> Sequence[Call]:
        """Give the calls, in the order of the body."""
        ...

    def written(self, forwarded: Sequence[Request]) -> bytes:
        """Put together what may be forwarded, one for each call. Raises `Unreadable`."""
        ...

    def answered(self, response: Response, limits: BodyLimits) -> Answered:
        """Take the answer apart, whose body is without content coding.

        Raises `Unreadable`, also where the replies aren't those to the calls.
        """
        ...


class Batch(Protocol):
    """One kind of batch, by the name that catalogues use."""

    NAME: ClassVar[str]
    HELP: ClassVar[str]

    def asked(self, request: Request, base: Base, limits: BodyLimits) -> Asked:
        """Take a batch apart, whose body is without content coding. Raises `Unreadable`."""
        ...


def checked(headers: Headers, base: Base) -> Headers:
    """Check the header fields of a request in a batch; leave out a Host, and a proof of who calls, that only repeat.

    Raises `Unreadable`: batch-unsafe, ambiguous-request.
    """
    headers = tuple(item for item in headers if not base.repeats(*item))
    names = [name.lower().replace("_", "-") for name, _ in headers]
    if any(name in _NEVER for name in names):
        raise Unreadable("batch-unsafe", "a request of the batch has a header that only the batch may have")
    _twice(names, "ambiguous-request")
    for name, (_, value) in zip(names, headers, strict=True):
        if name == "host":
            base.check_host(value)
        if name == "prefer" and "respond-async" in value.lower():
            raise Unreadable("batch-unsafe", "a request of the batch wants to be answered later")
    return tuple(item for name, item in zip(names, headers, strict=True) if name != "host")


def sound(headers: Headers) -> Headers:
    """Check the header fields of an answer in a batch. Raises `Unreadable`: body-ambiguous, body-coding."""
    names = [name.lower().replace("_", "-") for name, _ in headers]
    _twice(names, "body-ambiguous")
    if not {"transfer-encoding", "content-encoding"}.isdisjoint(names):
        raise Unreadable("body-coding", "an answer in the batch has a coding of its own")
    return headers


def inherited(headers: Headers, but: Headers = ()) -> Headers:
    """Give the header fields of a batch that hold for its requests too, where these don't say otherwise.

    Those about the batch's own body and answer don't (OData 4.01 part 1 section 11.7.2).
    """
    own = {name.lower().replace("_", "-") for name, _ in but}
    return tuple(item for item in headers if _inherits(item[0].lower().replace("_", "-"), own))


def own(forwarded: Request, call: Call) -> Headers:
    """Give a treated request's own header fields. Raises `Unreadable`: batch-unsafe, where a shared one changed."""
    if forwarded.headers == call.request.headers:
        return call.headers
    rest = list(forwarded.headers)
    for item in reversed(call.inherits):
        for at in range(len(rest) - 1, -1, -1):
            if rest[at] == item:
                del rest[at]
                break
        else:
            raise Unreadable("batch-unsafe", "a header that all requests of the batch share would be changed")
    return tuple(rest)


def _twice(names: Sequence[str], refusal: str) -> None:
    """Check that no field that says how to read a message stands twice. Raises `Unreadable`."""
    if any(names.count(name) > 1 for name in _ONCE & set(names)):
        raise Unreadable(refusal, "a message of the batch has a header twice")


def _inherits(name: str, own: set[str]) -> bool:
    if name.startswith(("content-", "if-", "accept", "x-content-", "sec-")) or name in _NEVER:
        return False
    return name not in {"host", "prefer", "etag", "digest", "repr-digest", "want-digest", "want-repr-digest", *own}
