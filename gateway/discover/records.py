"""Whether a JSON body is one record or carries some: a list in `{"value": [...]}`, an object in `{"data": {...}}`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.discover.outline import Outline
from gateway.discover.shown import Show, show
from gateway.discover.spots import Spotted
from gateway.discover.words import plural, singular, words
from gateway.formats.selector import ANY, Step

WRAPPERS = frozenset({
    "value", "values", "items", "results", "result", "data", "records", "rows", "content", "list", "entries",
    "elements", "members", "hits", "d", "response", "docs", "payload", "body", "object", "objects", "record",
    "entry", "entities", "collection", "resultset", "page", "datas", "数据", "列表", "结果", "shuju", "liebiao",
})  # fmt: skip
_PAGING = frozenset({
    "total", "count", "page", "pages", "size", "limit", "offset", "next", "previous", "prev", "last", "first",
    "cursor", "more", "has", "per", "is", "links", "link", "self", "href", "meta", "metadata", "context", "odata",
    "etag", "jsonrpc", "error", "errors", "done", "nextlink", "rows", "records", "results", "items", "elements",
    "facets", "sort", "took", "current", "token", "trace", "warnings", "url", "empty", "pageable", "request",
    "deltalink", "总数", "页码", "of", "success", "truncated", "exceeded", "full", "num", "no",
})  # fmt: skip
_SAID = frozenset({
    "id", "status", "code", "type", "state", "message", "msg", "version", "time", "timestamp", "number", "ok",
    "info", "消息", "状态", "result", "server", "kind", "method", "api",
})  # fmt: skip
"""Words beside an answer's data that an order could have as well: they count only beside wrappers that no order has."""

_ENVELOPES = frozenset(
    {"data", "result", "d", "payload", "response", "content", "body", "数据", "结果", "shuju", "value"}
)
_MOST_DEEP = 2


@dataclass(frozen=True, slots=True)
class Carried:
    """Where a body's records are (None: the body is the one record), what one looks like, and whether it is a list."""

    steps: tuple[Step, ...] | None
    record: Outline
    listed: bool


def carried(body: Outline, subject: str) -> Carried:
    """Find the records of a tidied body; `subject` is the last literal word of the path ("orders")."""
    at = body
    steps: tuple[Step, ...] = ()
    for _ in range(_MOST_DEEP + 1):
        if at.kinds == {"array"}:
            inner = at.elements
            if inner is not None and inner.kinds == {"object"}:
                return Carried((*steps, ANY), inner, listed=True)
            return Carried(None, body, listed=True)
        name = _wrapped(at, subject)
        if name is None:
            break
        at, steps = at.members[name], (*steps, name)
    if steps and at.kinds == {"object"} and at.members:
        return Carried(steps, at, listed=False)
    return Carried(None, body, listed=False)


def around(body: Outline, steps: tuple[Step, ...]) -> Outline:
    """Give what stands around the records, without them: a copy of the way to them."""
    copy = Outline()
    for name in Outline.__slots__:
        setattr(copy, name, getattr(body, name))
    if not steps:
        return copy
    if steps[0] is ANY:
        copy.elements = None
        copy.objects = max(copy.objects, 1)
        return copy
    inner = around(body.members[str(steps[0])], steps[1:])
    copy.members = {**body.members, str(steps[0]): inner}
    if len(steps) == 1:
        del copy.members[str(steps[0])]
        copy.objects = max(copy.objects, 1)
    return copy


def beside(found: Iterable[Spotted], steps: tuple[Step, ...]) -> Iterator[Spotted]:
    """Give the places that aren't on the way to the records: a label there would reach into them."""
    return (spot for spot in found if spot.steps != steps[: len(spot.steps)])


def _wrapped(at: Outline, subject: str) -> str | None:
    """Give the one member that holds the records, where everything beside it is about paging and the like."""
    if at.kinds != {"object"} or at.rest is not None or at.cut:
        return None
    holders = [
        name for name, inner in at.members.items()
        if inner.kinds in ({"array"}, {"object"}) and _is_wrapper(name, subject) and show(name) is not Show.ODD
    ]  # fmt: skip
    lists = [name for name in holders if _is_list(at.members[name])]
    chosen = lists or holders
    if len(chosen) != 1:
        return None
    said = "".join(words(chosen[0])) in _ENVELOPES
    others = (name for name in at.members if name != chosen[0])
    return chosen[0] if all(is_paging(name, said=said) for name in others) else None


def _is_list(place: Outline) -> bool:
    return place.kinds == {"array"} and (place.elements is None or place.elements.kinds in ({"object"}, frozenset()))


def _is_wrapper(name: str, subject: str) -> bool:
    joined = "".join(words(name))
    about = "".join(words(subject))
    return joined in WRAPPERS or (about != "" and joined in {about, singular(about), plural(about)})


def is_paging(name: str, *, said: bool = False) -> bool:
    """Tell whether a member is about the answer and not about what it carries."""
    pieces = words(name)
    allowed = _PAGING | _SAID if said else _PAGING
    return bool(pieces) and (all(piece in allowed for piece in pieces) or "".join(pieces) in allowed)
