"""Step 7: the headers under which a body goes on, and the answer itself."""

from __future__ import annotations

from dataclasses import replace

from gateway.flow import Headers, Request, Response
from gateway.steps.note import Passage
from gateway.steps.source import close
from gateway.steps.stream import Stream

_OF_THE_BYTES = frozenset({
    "content-length", "etag", "last-modified", "digest", "content-digest", "repr-digest", "content-md5",
    "accept-ranges", "content-range", "x-content-md5", "x-amz-meta-md5", "want-digest", "want-repr-digest",
})  # fmt: skip
"""Header fields that speak of the upstream's bytes (RFC 9110 section 8.8, RFC 9530): no longer true once treated."""

_OF_CACHES = frozenset({"cache-control", "expires", "pragma", "surrogate-control", "cdn-cache-control", "age"})
_OF_CONTENT = frozenset({"content-type", "content-encoding", "content-language", "content-disposition"})


def forwarded(request: Request, asked: Passage, rest: Stream | None = None) -> Request:
    """Give the request with its treated head and body; digests and length of the old body don't go along."""
    if asked.head is not None:
        request = replace(request, target=asked.head.target, headers=asked.head.headers)
    if rest is not None:
        return replace(request, headers=_without(request.headers, _OF_THE_BYTES), body=b"", stream=rest)
    if request.stream is not None:
        request = replace(request, body=asked.before, stream=None)
    if asked.body is request.body:
        return request
    return replace(request, headers=_without(request.headers, _OF_THE_BYTES), body=asked.body)


def released(answer: Response, answered: Passage, rest: Stream | None = None) -> Response:
    """Give the answer with its treated body: private, not to be stored, and without the validators of the old one.

    An untouched answer about customers isn't to be stored either: a cache would outlive the consent that opened it.
    """
    if answered.head is not None:
        answer = replace(answer, headers=answered.head.headers)
    if rest is not None:
        kept = _without(answer.headers, _OF_THE_BYTES | _OF_CACHES)
        headers = (*kept, ("Cache-Control", "private, no-store"))
        return replace(answer, headers=headers, body=b"", stream=rest, live=rest.live)
    if answer.stream is not None:
        answer = replace(answer, body=answered.body, stream=None)
    if not answered.treated:
        if not answered.personal:
            return answer
        kept = _without(answer.headers, _OF_CACHES)
        return replace(answer, headers=(*kept, ("Cache-Control", "private, no-store")))
    kept = _without(answer.headers, _OF_THE_BYTES | _OF_CACHES)
    return replace(answer, headers=(*kept, ("Cache-Control", "private, no-store")), body=answered.body)


def part(answer: Response, answered: Passage) -> Response:
    """Give an answer in a batch with its treated body, without the validators of the old one."""
    headers = answer.headers if answered.head is None else answered.head.headers
    if answered.body is answer.body:
        return replace(answer, headers=headers)
    return replace(answer, headers=_without(headers, _OF_THE_BYTES), body=answered.body)


async def withheld(answer: Response) -> Response:
    """Give the answer's status with no body, where the catalogue names none for it (error pages, redirects)."""
    if answer.stream is not None:
        await close(answer.stream)
    headers = _without(answer.headers, _OF_THE_BYTES | _OF_CONTENT | _OF_CACHES)
    return replace(answer, headers=headers, body=b"", stream=None)


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    """Leave these fields out."""
    return tuple((name, value) for name, value in headers if name.lower() not in names)
