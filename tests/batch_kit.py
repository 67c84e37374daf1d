"""Batches for tests: written by hand from plain parts, so that what is read can be held against what was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gateway.errors import Unreadable
from gateway.flow import Flow, Headers, Operator, Request, Response
from gateway.formats.batch import Answered, Asked
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES
from gateway.formats.limits import BodyLimits

SAMPLES = Path(__file__).parent.parent.parent / "shared" / "samples"
LIMITS = BodyLimits()
JSON: Headers = (("Content-Type", "application/json"),)


def http(start: str, headers: str = "", body: bytes = b"", eol: str = "\r\n") -> bytes:
    """Write an HTTP message: `headers` are lines with | between them."""
    lines = [start, *(line.strip() for line in headers.split("|") if line)]
    return (eol.join(lines) + eol + eol).encode() + body


def part(content: bytes, headers: str = "", eol: str = "\r\n") -> bytes:
    """Write one part that holds an HTTP message."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    lines += [line.strip() for line in headers.split("|") if line]
    return (eol.join(lines) + eol + eol).encode() + content


def mixed(*parts: bytes, boundary: str = "b", eol: str = "\r\n") -> bytes:
    """Write a body of parts."""
    delimiter = f"--{boundary}"
    return b"".join(f"{delimiter}{eol}".encode() + one + eol.encode() for one in parts) + f"{delimiter}--{eol}".encode()


def changeset(*parts: bytes, boundary: str = "c", eol: str = "\r\n") -> bytes:
    """Write a part that holds a changeset."""
    head = f"Content-Type: multipart/mixed; boundary={boundary}{eol}{eol}"
    return head.encode() + mixed(*parts, boundary=boundary, eol=eol)


def multipart(boundary: str = "b") -> Headers:
    """Give the content type of such a body."""
    return (("Content-Type", f"multipart/mixed; boundary={boundary}"),)


def taken(
    kind: str,
    body: bytes,
    headers: Headers = JSON,
    target: str = "/odata/$batch",
    root: str = "",
    limits: BodyLimits = LIMITS,
) -> Asked:
    """Take a batch apart."""
    request = Request("POST", target, headers, body)
    flow = Flow("f", 0, "erp", request, Operator("crm"), root=root)
    return BATCHES[kind].asked(request, Base.of(flow), limits)


def untouched(asked: Asked) -> list[Request]:
    """Give the requests as they came."""
    return [call.request for call in asked.calls]


def refusal(kind: str, body: bytes, headers: Headers = JSON, **more: object) -> str:
    """Name the refusal of a batch; "" where it is taken."""
    try:
        taken(kind, body, headers, **more)
    except Unreadable as error:
        return error.refusal
    return ""


def answered(asked: Asked, body: bytes, headers: Headers = JSON, status: int = 200) -> Answered:
    """Take an answer apart."""
    return asked.answered(Response(status, headers, body), LIMITS)


def unanswered(asked: Asked, body: bytes, headers: Headers = JSON, status: int = 200) -> str:
    """Name the refusal of an answer; "" where it is taken."""
    try:
        answered(asked, body, headers, status)
    except Unreadable as error:
        return error.refusal
    return ""


def told(replies: Answered) -> list[tuple[tuple[int, ...], int, bytes]]:
    """Say what answers what: the indexes of the requests, the status, the body."""
    return [(reply.calls, reply.response.status, reply.response.body) for reply in replies.replies]


def rewritten(asked: Asked, at: int, **changes: object) -> bytes:
    """Write a batch with one request changed."""
    requests = untouched(asked)
    requests[at] = replace(requests[at], **changes)
    return asked.written(requests)
