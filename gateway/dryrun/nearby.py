"""Operations that a request nearly was: another method on its path, its path but for one part, all but a header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.catalog.match import unquoted, values
from gateway.catalog.model import Catalogue, Operation
from gateway.catalog.path import parse as parse_target
from gateway.catalog.template import Template, parse
from gateway.errors import Unreadable
from gateway.flow import Flow, Headers

_MOST = 5


@dataclass(frozen=True, slots=True)
class Nearby:
    """An operation, and the one thing that keeps the request from being it; no value of the request is in `why`."""

    operation: Operation
    why: str


def nearby(flow: Flow, catalogue: Catalogue | None, chosen: str) -> tuple[Nearby, ...]:
    """Give the operations that only one thing rules out, the likeliest first; `chosen` is the one that it is."""
    try:
        segments = parse_target(flow.request.target).segments
    except Unreadable:
        return ()
    found: list[tuple[int, Nearby]] = []
    for operation in catalogue.operations.values() if catalogue else ():
        if operation.name == chosen:
            continue
        reasons = list(_against(operation, flow, segments))
        if len(reasons) == 1:
            found.append((reasons[0][0], Nearby(operation, reasons[0][1])))
    found.sort(key=lambda one: (one[0], one[1].operation.name))
    return tuple(one for _, one in found[:_MOST])


def _against(operation: Operation, flow: Flow, segments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give what keeps a request from being an operation, each thing with how far off it is."""
    request = operation.request
    if request.method != flow.request.method and (request.method, flow.request.method) != ("GET", "HEAD"):
        yield 0, f"its method is {request.method}"
    yield from _path(parse(request.path), segments)
    for name, value in request.headers.items():
        if not _has(flow.request.headers, name, value):
            yield 1, f"it needs the header {name}: {value}"
    if request.body:
        wanted = ", ".join(f"{name} = {' or '.join(map(str, values(value)))}" for name, value in request.body.items())
        yield 1, f"it is told by its body: {wanted}"


def _path(template: Template, segments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give what keeps a path from being as a template says."""
    for number, (segment, text) in enumerate(zip(template, segments, strict=False), 1):
        if segment.variable is None and segment.prefix != text:
            yield 2, f'part {number} of its path is "{segment.prefix}"'
        elif segment.variable is not None and segment.take(text) is None:
            yield 2, f"part {number} of its path is written another way"
    yield from ((3, f"its path has {len(template)} parts") for _ in range(abs(len(template) - len(segments))))


def _has(headers: Headers, name: str, value: str) -> bool:
    lines = [text for key, text in headers if key.lower() == name.lower()]
    return len(lines) == 1 and unquoted(lines[0]) == unquoted(value)
