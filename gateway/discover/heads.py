"""What stands outside of bodies and carries data: variables of the path, parameters of the query, header fields.

Where one parameter needs a label, all get one: those without would be refused. A header field gets one only where it
says whose data it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.discover.classify import classify
from gateway.discover.draft import DraftHead
from gateway.discover.group import Group
from gateway.discover.headers import wanted
from gateway.discover.naming import Route
from gateway.discover.outline import Outline, Told
from gateway.discover.proposal import Confidence, Proposal, Reason
from gateway.discover.records import is_paging
from gateway.discover.segments import Hole, Step
from gateway.discover.words import words
from gateway.formats.languages import odata_option

_SOQL = re.compile(r"\s*select\s.+\sfrom\s", re.IGNORECASE | re.DOTALL)
_QUERY = Reason("", "a query, which names fields", 5)
_PAGE = Proposal("system.operations", Confidence.MEDIUM, (Reason("system.operations", "it is about the call", 5),))


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is labelled outside of an operation's bodies; `open`: parameters that can't be named have to pass."""

    labels: tuple[DraftHead, ...] = ()
    notes: tuple[str, ...] = ()
    open: bool = False


def head(group: Group, steps: Sequence[Step], way: Route, told: Told, answered: str) -> Labelled:
    """Propose labels; `answered` is the format of the message that answers, "" for none."""
    path = tuple(_path(group, steps, way))
    query, notes, open_ = _parameters(group, answered)
    telling = {"soapaction"} if any(at == "header" for at, _ in told) else set[str]()
    headers = tuple(_headers("headers", group.fields, telling))
    answers = tuple(_headers("response_headers", group.answer_fields, set()))
    return Labelled((*path, *query, *headers, *answers), notes, open_)


def _path(group: Group, steps: Sequence[Step], way: Route) -> Iterator[DraftHead]:
    holes = [(number, at) for number, at in enumerate(steps) if isinstance(at, Hole)]
    for (number, hole), (name, before) in zip(holes, way.variables, strict=True):
        seen = group.segments.get(number)
        place = Outline()
        for text in seen.sample if seen is not None else ():
            place.strings += 1
            place.values.add(text[len(hole.prefix) : len(text) - len(hole.suffix)])
        proposal = classify(before if _of_words(before) else name, (), place)
        of = classify("id", (before,), place)
        chosen = proposal if _personal(proposal) and any(one.detector for one in proposal.reasons) else of
        if _personal(chosen):
            yield DraftHead("path", name, chosen)


def _parameters(group: Group, answered: str) -> tuple[tuple[DraftHead, ...], tuple[str, ...], bool]:
    """Label parameters: all of them, or none."""
    found = dict[str, DraftHead]()
    notes = list[str]()
    odd = False
    for name, place in sorted(group.parameters.items()):
        language = _language(name, place)
        if language and answered != "json":
            notes.append(f"{name} is a query: name the message whose fields it asks by, as in {{language: {language}, "
                         "of: order}")  # fmt: skip
            continue
        if language:
            if not any(one.language == language for one in found.values()):
                found[name] = DraftHead("query", name, Proposal("", Confidence.HIGH, (_QUERY,)), language)
        elif odata_option(name) is None:
            found[name] = DraftHead("query", name, _PAGE if is_paging(name) else classify(name, (), place))
    odd = group.odd_parameters > 0
    if not any(one.language or _personal(one.proposal) for one in found.values()):
        return (), tuple(notes), False
    return tuple(found.values()), tuple(notes), odd


def _language(name: str, place: Outline) -> str:
    """Tell the query language of a parameter; options that ask by no field say nothing of it."""
    if odata_option(name) is not None and name.startswith("$"):
        asks = odata_option(name) in {"$filter", "$orderby", "$expand", "$search", "$compute", "$apply"}
        return "odata" if asks else ""
    texts = place.values.sample
    return "soql" if texts and all(map(_SOQL.match, texts)) else ""


def _headers(kind: str, fields: Mapping[str, Outline], telling: set[str]) -> Iterator[DraftHead]:
    for name, place in sorted(fields.items()):
        if name.lower() in telling or not wanted(name):
            continue
        proposal = classify(name.removeprefix("X-").removeprefix("x-"), (), place)
        if _personal(proposal):
            yield DraftHead(kind, name, proposal)


def _personal(proposal: Proposal) -> bool:
    """Tell whether something is surely of a person: by more than that nothing tells what it is."""
    return proposal.class_.startswith("user") and proposal.confidence is not Confidence.LOW


def _of_words(text: str) -> bool:
    return bool(words(text))
