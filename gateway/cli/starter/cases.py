"""The first cases: a made-up flow for each operation that may pass. What is expected is what the gate makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from gateway.catalog.classes import covers
from gateway.catalog.model import Catalogue, Operation
from gateway.cli.starter.answers import Answers
from gateway.cli.starter.quoting import as_json, quoted
from gateway.cli.starter.sample import CUSTOMER, answer_of, request_target, source_of, value_of
from gateway.cli.starter.sketch import Sketch
from gateway.flow import CustomerFacts, Flow, Headers, Leg, Operator, Purpose, Request, Response
from gateway.formats.document import Signal
from gateway.policy.model import PolicySet
from gateway.treatments.contract import Subject
from gateway.workbench import Trial, Workbench
from gateway.workbench.survey import Fate, Survey, fate

_MOST = 30
_OTHER_PURPOSE = "another-purpose"
_SHOWN = ("mask", "generalise")
"""Treatments whose result a case shows."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Try:
    """One made-up flow in the words of a case file."""

    request: str
    headers: Headers = ()
    answer: Any = None
    answer_headers: Headers = ()


async def _here(function: Callable[..., T], /, *arguments: object) -> T:
    return function(*arguments)


def first_cases(policies: PolicySet, catalogue: Catalogue, first: Sketch, answers: Answers, name: str) -> str:
    """Write the first case file."""
    return "\n".join(_written(Workbench(policies, _here), catalogue, first, answers, name)) + "\n"


def _written(bench: Workbench, catalogue: Catalogue, first: Sketch, answers: Answers, name: str) -> Iterator[str]:
    said = {"from": answers.caller, "to": catalogue.name, "purpose": answers.purpose}
    yield "# Made-up requests and answers, and what must become of them. Run `sovgate test` after every change."
    yield "# Made by `sovgate init` from what the policies do now: look whether that is what you want."
    yield "version: 1"
    yield f"cases: {name}"
    yield f"defaults: {{flow: {_braced(said)}}}"
    yield "list:"
    readable = [one for one in first.allowed if catalogue.messages[one.response or ""].format == "json"][:_MOST]
    for operation in readable:
        yield from _reads(bench, catalogue, operation, first, said)
    tried = _try(catalogue, first.allowed[0])
    other = _other_purpose(answers.purpose)
    if _put(bench, {**said, "purpose": other}, tried, agreed=()).refusal == "not-allowed":
        yield "  - case: For another purpose nothing passes"
        yield f"    flow: {{request: {quoted(tried.request)}, purpose: {other}{_headers(tried.headers)}}}"
        yield "    expect: {verdict: refuse, refusal: not-allowed}"
    unknown = _Try(f"DELETE {tried.request.partition(' ')[2]}", tried.headers)
    if _put(bench, said, unknown, agreed=()).refusal == "unknown-operation":
        yield "  - case: What no catalogue names is refused"
        yield f"    flow: {{request: {quoted(unknown.request)}{_headers(unknown.headers)}}}"
        yield "    expect: {verdict: refuse, refusal: unknown-operation}"


def _reads(
    bench: Workbench, catalogue: Catalogue, operation: Operation, first: Sketch, said: Mapping[str, str]
) -> Iterator[str]:
    """Write the cases of one operation: as a customer who agreed to nothing, and as one who did."""
    tried, short = _try(catalogue, operation), operation.name.rpartition(".")[2]
    without, agreed = (_put(bench, said, tried, agreed=consents) for consents in ((), ("contact",)))
    named = source_of(catalogue, operation) is not None
    yield from _case(f"{short}, of a customer who agreed to nothing", tried, without, "")
    if first.consents and named and _met(without) != _met(agreed):
        customers = f"{{{CUSTOMER}: {{consents: contact}}}}"
        yield from _case(f"{short}, of a customer who granted contact", tried, agreed, customers)


def _case(title: str, tried: _Try, trial: Trial, customers: str) -> Iterator[str]:
    yield f"  - case: {title}"
    yield f"    flow: {{request: {quoted(tried.request)}{_headers(tried.headers)}}}"
    if customers:
        yield f"    customers: {customers}"
    yield "    response:"
    if tried.answer_headers:
        yield f"      headers: {_braced(dict(tried.answer_headers))}"
    yield "      body:"
    yield from (f"        {line}" for line in as_json(tried.answer).splitlines())
    if trial.refusal:
        yield f"    expect: {{verdict: refuse, refusal: {trial.refusal}}}"
        return
    met = _met(trial)
    yield "    expect:"
    yield "      verdict: allow"
    if met:
        yield "      fields:"
        yield from (f"        {class_}: {told}" for class_, told in met.items())


def _met(trial: Trial) -> dict[str, str]:
    """Tell what each class meets, where all of its values meet the same."""
    sight = trial.sight(Leg.RESPONSE)
    if sight is None:
        return {}
    places = [(seen.classes, fate(seen, sight)) for seen in Survey().places(sight) if seen.spot]
    found = {}
    for class_ in sorted({class_ for classes, _ in places for class_ in classes}):
        fates = [(classes, fated) for classes, fated in places if any(covers(class_, other) for other in classes)]
        if len({fated.treatment for _, fated in fates}) == 1:
            found[class_] = _told(class_, fates[0][1], alone=all(classes == {class_} for classes, _ in fates))
    return found


def _told(class_: str, fated: Fate, *, alone: bool) -> str:
    """Write a treatment, with what becomes of the made-up value where that is sure."""
    if not alone or fated.treatment is None or fated.name not in _SHOWN:
        return fated.name
    made = fated.treatment.apply(value_of(class_), Subject(CUSTOMER))
    if isinstance(made, Signal) or not isinstance(made, str):
        return fated.name
    return f"{{treatment: {fated.name}, becomes: {quoted(made)}}}"


def _try(catalogue: Catalogue, operation: Operation) -> _Try:
    """Make up a request for an operation, and its answer."""
    message, source = catalogue.messages[operation.response or ""], source_of(catalogue, operation)
    whose = ((source.name, CUSTOMER),) if source is not None else ()
    return _Try(
        request=f"{operation.request.method} {request_target(catalogue, operation)}",
        headers=(*operation.request.headers.items(), *(whose if source and source.kind == "request-header" else ())),
        answer=answer_of(catalogue, message) if message.format == "json" else None,
        answer_headers=whose if source and source.kind == "response-header" else (),
    )


def _put(bench: Workbench, said: Mapping[str, str], tried: _Try, agreed: tuple[str, ...]) -> Trial:
    """Put a made-up flow through the gate."""
    method, _, target = tried.request.partition(" ")
    flow = Flow(
        id="first",
        started=0,
        to=said["to"],
        request=Request(method, target, tried.headers),
        operator=Operator(said["from"]),
        purpose=Purpose(said["purpose"], "claim"),
    )
    headers = (("Content-Type", "application/json"), *tried.answer_headers)
    answer = Response(200, headers, orjson.dumps(tried.answer))
    return asyncio.run(bench.put(flow, answer, lambda customer: CustomerFacts(customer, frozenset(agreed))))


def _other_purpose(purpose: str) -> str:
    return _OTHER_PURPOSE if purpose != _OTHER_PURPOSE else f"not-{_OTHER_PURPOSE}"


def _headers(headers: Headers) -> str:
    return f", headers: {_braced(dict(headers))}" if headers else ""


def _braced(members: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in members.items()) + "}"
