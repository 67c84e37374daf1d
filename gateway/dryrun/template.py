"""What a request that no catalogue names was probably meant to be: its path with whatever could be a value left out.

A guess that errs on the safe side: a segment is shown if some catalogue writes it, or if it is a word and doesn't stand
where the members of a collection stand (after a plural: `/customers/smith` is `/customers/{id}`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from gateway.catalog.model import Catalogue
from gateway.catalog.template import parse

HIDDEN = "{id}"
_MOST_SEGMENTS = 12
_MOST_VARIANTS = 8
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_WORD = re.compile(
    r"[A-Za-z]{1,24}(?:[_-][A-Za-z]{1,24}){0,3}(?:\.(?:php|aspx?|jsp|do|json|xml|svc|csv|pdf))?|v\d{1,2}"
)
_ENTITY = re.compile(r"([A-Za-z]{1,40})\(.*\)")  # OData: Orders(4711), Orders(Id=1)
_PLURAL = re.compile(r"[A-Za-z_-]*[b-hj-rt-zB-HJ-RT-Z][sS]|[A-Za-z_-]+[eiEI][sS]|people|data")
_AFTER_PLURAL = frozenset(
    {"search", "count", "export", "import", "bulk", "batch", "new", "me", "self", "all", "list", "query", "latest"}
)
_NO_PLURAL = frozenset({"rest", "services", "this", "access", "status", "address", "process"})


def literals(catalogues: Mapping[str, Catalogue]) -> frozenset[str]:
    """Give the segments that catalogues write in their paths: these are no values."""
    return frozenset(
        segment.prefix
        for catalogue in catalogues.values()
        for operation in catalogue.operations.values()
        for segment in parse(operation.request.path)
        if segment.variable is None
    )


def template(target: str, known: Collection[str] = ()) -> str:
    """Guess the path template of a raw target. What may be a value, and everything after `?`, is left out."""
    segments = target.partition("?")[0].removeprefix("/").split("/")
    shown: list[str] = []
    collection = False
    for segment in segments[:_MOST_SEGMENTS]:
        entity = _ENTITY.fullmatch(segment)
        if segment in known or segment == "":
            shown.append(segment)
        elif entity is not None and not collection:
            shown.append(f"{entity[1]}({HIDDEN})")
        elif _WORD.fullmatch(segment) and (not collection or segment in _AFTER_PLURAL):
            shown.append(segment)
        else:
            shown.append(HIDDEN)
        collection = shown[-1] not in _NO_PLURAL and _PLURAL.fullmatch(shown[-1]) is not None
    return "/" + "/".join(shown) + ("/..." if len(segments) > _MOST_SEGMENTS else "")


def gathered(templates: Collection[str], known: Collection[str] = ()) -> dict[str, str]:
    """Give, for each of some templates, the one to show: a segment in which alone many of them differ is a value."""
    shown = {template: template.split("/") for template in templates}
    for at in range(1, _MOST_SEGMENTS + 1):
        variants: dict[tuple[str, ...], set[str]] = {}
        for segments in shown.values():
            if at < len(segments):
                variants.setdefault((*segments[:at], "", *segments[at + 1 :]), set()).add(segments[at])
        for segments in shown.values():
            if at < len(segments) and segments[at] not in known:
                others = variants[(*segments[:at], "", *segments[at + 1 :])]
                segments[at] = HIDDEN if len(others) > _MOST_VARIANTS else segments[at]
    return {template: "/".join(segments) for template, segments in shown.items()}


def method(written: str) -> str:
    """Give a method that HTTP knows; `?` for any other: it could be anything."""
    return written if written in _METHODS else "?"
