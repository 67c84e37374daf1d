"""Messages in parts of a batch, `application/http` (RFC 9112 section 2): a start line, header fields, a body.

What is written again keeps each line that did not change; its length is counted anew where it told one. Of an answer
the reason is kept where it is the standard's own: any other text is the system's, and nobody decides on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from gateway.errors import Unreadable
from gateway.flow import Headers
from gateway.formats import batch_mime
from gateway.formats.batch_mime import UTF8, Line, malformed

_REQUEST = re.compile(rb"([A-Za-z]{1,20}) ([\x21-\x7e]{1,65536}) (HTTP/1\.[01])")
_STATUS = re.compile(rb"(HTTP/1\.[01]) ([2-5][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message: `start` is its first line, `tail` blank lines that stand behind its body and are none of it.

    `wrong` tells that it can't stay as it is: its length or its reason isn't right.
    """

    content: bytes
    eol: bytes
    start: bytes
    head: tuple[Line, ...]
    body: bytes
    tail: bytes
    wrong: bool = False

    @property
    def headers(self) -> Headers:
        """Give the header fields."""
        return tuple((line.name, line.value) for line in self.head)

    def written(self, start: bytes, headers: Headers, body: bytes) -> bytes:
        """Give the message with another start, header fields or body; the very same object where nothing changed."""
        if start == self.start and headers == self.headers and body == self.body and not self.wrong:
            return self.content
        told = batch_mime.length(self.head) is not None
        raws = {(line.name, line.value): line.raw for line in self.head}
        lines = [raws.get(item) or _written(*item) for item in headers if item[0].lower() != "content-length"]
        lines += [b"Content-Length: %d" % len(body)] if told else []
        return b"".join(line + self.eol for line in (start, *lines)) + self.eol + body + self.tail


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What a request asks: the method in upper case, the address as it is written, and what stands around that."""

    method: str
    address: str
    before: bytes
    after: bytes

    def written(self, address: str) -> bytes:
        """Give the line with another address."""
        return self.before + address.encode("ascii") + self.after


def request(part: batch_mime.Part, eol: bytes) -> tuple[RequestLine, Message]:
    """Read a request. Raises `Unreadable`."""
    message = _message(part, eol, "request", mend=False)
    match = _REQUEST.fullmatch(message.start)
    if match is None:
        raise malformed("a request of the batch has no method, address and version")
    start, end = match.span(2)
    line = RequestLine(match[1].decode().upper(), match[2].decode(), message.start[:start], message.start[end:])
    return line, message


def answer(part: batch_mime.Part, eol: bytes) -> tuple[int, bytes, Message]:
    """Read an answer: its status, its first line as it may be released, and all of it. Raises `Unreadable`."""
    message = _message(part, eol, "response", mend=True)
    match = _STATUS.fullmatch(message.start)
    if match is None:
        raise malformed("an answer in the batch has no version and status")
    status, reason = int(match[2]), match[3] or b""
    standard = _reason(status)
    if reason and reason.strip().lower() != standard.lower():
        start = b"%s %d %s" % (match[1], status, standard)
        return status, start, message
    return status, message.start, message


def _message(part: batch_mime.Part, eol: bytes, way: str, *, mend: bool) -> Message:
    """Read what a request and an answer have in common."""
    kind = part.kind
    if (kind.kind, kind.parameters.get("msgtype", way).lower()) != (
        "application/http",
        way,
    ) or kind.charset not in UTF8:
        raise malformed("a part of the batch is no HTTP message")
    block, rest = batch_mime.split(part.content, eol)
    start, _, fields = block.partition(eol)
    head = batch_mime.lines(fields, eol)
    told = batch_mime.length(head)
    size = len(rest) if told is None else told
    if not rest.strip(b"\r\n"):
        size = 0 if size <= len(rest) else size
    wrong = size > len(rest) or bool(rest[size:].strip(b"\r\n"))
    if wrong and not mend:
        raise Unreadable("body-ambiguous", "a message in the batch has another length than it says")
    if wrong:
        size = len(rest) if rest.strip(b"\r\n") else 0
    return Message(part.content, eol, start, head, rest[:size], rest[size:], wrong)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def _written(name: str, value: str) -> bytes:
    raw = f"{name}: {value}".encode("latin-1")
    if b"\r" in raw or b"\n" in raw or b"\x00" in raw:
        raise Unreadable("body-ambiguous", "a treated header field would be two")
    return raw
