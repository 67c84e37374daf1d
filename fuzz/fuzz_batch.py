"""Any bytes as a batch, or as the answer of one: read or refused by one kind of error, and written back as they were.

What is changed in one request is there when the batch is read again, and nothing else is.
"""

from __future__ import annotations

from dataclasses import replace

from harness import CORPUS, fuzz

from gateway.errors import Unreadable
from gateway.flow import Flow, Headers, Operator, Request, Response
from gateway.formats.batch import Asked
from gateway.formats.batch_target import Base
from gateway.formats.batches import BATCHES
from gateway.formats.limits import BodyLimits

LIMITS = BodyLimits()
TYPES: tuple[Headers, ...] = (
    (("Content-Type", "multipart/mixed; boundary=b"),),
    (("Content-Type", "application/json"),),
)
OTHER = b'{"other": 1}'


def taken(kind: str, headers: Headers, data: bytes) -> Asked:
    """Take a batch apart."""
    request = Request("POST", "/services/data/v60.0/composite", headers, data)
    return BATCHES[kind].asked(request, Base.of(Flow("f", 0, "erp", request, Operator("crm"))), LIMITS)


ASKED = [
    taken("odata", headers, (CORPUS / "batch" / name).read_bytes())
    for headers, name in zip(TYPES, ("odata.mime", "odata.json"), strict=True)
]


def target(data: bytes) -> None:
    """Try bytes as every kind of batch, and as the answer of two."""
    for kind in BATCHES:
        for headers in TYPES:
            asks(kind, headers, data)
    for headers, asked in zip(TYPES, ASKED, strict=True):
        try:
            answered = asked.answered(Response(200, headers, data), LIMITS)
            answered.written([reply.response for reply in answered.replies])
        except Unreadable:
            continue


def asks(kind: str, headers: Headers, data: bytes) -> None:
    """Try bytes as a batch."""
    try:
        asked = taken(kind, headers, data)
    except Unreadable:
        return
    requests = [call.request for call in asked.calls]
    assert asked.written(requests) is data
    if kind == "json-rpc" or not requests[-1].body:
        return
    changed = [*requests[:-1], replace(requests[-1], body=OTHER)]
    try:
        again = taken(kind, headers, asked.written(changed))
    except Unreadable:
        return
    assert [call.request for call in again.calls][:-1] == requests[:-1]


if __name__ == "__main__":
    fuzz(target, "batch")
