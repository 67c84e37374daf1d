"""Every refusal that the gateway can give: a stable name, the HTTP status on each leg, and words for people.

A refusal's problem type is `urn:sovgate:refusal:<name>` (RFC 9457). Its text never holds a value, a policy or a rule.
Where a catalogue says so, it is told in the form in which the system's own clients look for errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from gateway.flow import Leg, Response


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of refusal: `on_request` and `on_response` are the statuses when the cause is in that leg."""

    name: str
    title: str
    on_request: int
    on_response: int = 502


_ALL = (
    # who asks
    Refusal("no-identity", "The request does not prove who sends it", 401),
    Refusal("identity-expired", "The token or certificate has expired or is not valid yet", 401),
    Refusal("identity-invalid", "The token or certificate can't be trusted", 401),
    Refusal("identity-unknown-system", "The identity belongs to no system known here", 403),
    Refusal("proof-invalid", "A proof that the request brings can't be trusted", 401),
    Refusal("proof-replayed", "The proof was used before", 401),
    Refusal("device-invalid", "What the device says of itself can't be trusted", 401),
    Refusal("nonce-needed", "The proof must hold a number that the gateway gave", 401),
    Refusal("proofs-unavailable", "Whether the proof was used before can't be looked up", 503),
    # what is asked
    Refusal("no-route", "No system is reached at this address", 404),
    Refusal("ambiguous-path", "The path can be read in more than one way", 400),
    Refusal("ambiguous-request", "The request can be read in more than one way", 400),
    Refusal("unknown-operation", "No catalogue names this operation", 403),
    Refusal("proxy-header-missing", "The connection does not begin with the PROXY header that it must have", 400),
    Refusal("headers-too-large", "The request line or its headers are larger than the limit", 431),
    Refusal("expectation-refused", "The request expects what the gateway does not offer", 417),
    Refusal("upgrade-refused", "Upgrades are not passed on this route", 403),
    Refusal("method-refused", "This method is not passed", 405),
    Refusal("batch-unsafe", "The batch holds what can't be decided request by request", 403),
    Refusal("batch-refused", "Another request of the same batch is refused", 403, 403),
    # the verdict
    Refusal("not-allowed", "No policy allows this flow", 403, 403),
    Refusal("denied", "A policy denies this flow", 403, 403),
    Refusal("customer-unknown", "A record's customer can't be found and the policies need it", 403, 403),
    Refusal("treatment-misfit", "A value can't be treated so that it fits its place", 422, 502),
    Refusal("keys-missing", "A customer has no key that this needs, or their keys were destroyed", 403, 403),
    Refusal("token-refused", "The request holds a token that does not open for this customer, field and purpose", 403),
    Refusal("unlisted-field", "The message has fields that the catalogue does not list", 422),
    Refusal("masked-write-back", "The request holds values that the gateway hid; they would overwrite the truth", 422),
    Refusal("hidden-field-queried", "The query asks by a field that this caller may not see as it is", 403),
    Refusal("query-unreadable", "The query can't be read in the language that the catalogue names", 400),
    # bodies
    Refusal("body-too-large", "The body is larger than the limit", 413),
    Refusal("body-expands-too-much", "The body expands beyond the limit when decoded", 413),
    Refusal("body-unexpected", "The catalogue names no body here, and there is one", 415),
    Refusal("body-missing", "The catalogue names a body here, and there is none", 400),
    Refusal("body-not-json", "The body is not the JSON that the catalogue names", 400),
    Refusal("body-malformed", "The body is not well-formed in the format that the catalogue names", 400),
    Refusal("body-miscounted", "What the body counts is not what it holds", 400),
    Refusal("body-ambiguous", "The body can be read in two ways", 400),
    Refusal("body-duplicate-key", "An object in the body has the same key twice", 400),
    Refusal("body-encoding", "The body's character encoding is broken or not supported", 400),
    Refusal("body-too-deep", "The body is nested too deeply", 400),
    Refusal("body-coding", "The body's content coding is broken or not supported", 415),
    Refusal("body-wrong-type", "The body's content type is not what the catalogue names", 415),
    Refusal("body-unmarkable", "The document can't be marked safely", 422),
    Refusal("client-left", "The client left before it had everything", 499),
    Refusal("body-incomplete", "The body ended before it was complete", 400),
    # time and the other side
    Refusal("request-too-slow", "The request did not arrive in time", 408),
    Refusal("upstream-unreachable", "The system behind the gateway can't be reached", 502),
    Refusal("upstream-timeout", "The system behind the gateway did not answer in time", 504, 504),
    Refusal("upstream-broken", "The system behind the gateway broke off or answered wrongly", 502),
    # the house
    Refusal("facts-unavailable", "What customers agreed to can't be looked up", 503, 503),
    Refusal("keys-unavailable", "Customers' keys can't be had at present", 503, 503),
    Refusal("not-recorded", "The audit log can't record this flow", 503, 503),
    Refusal("overloaded", "Too much work at once", 503, 503),
    Refusal("draining", "The gateway is shutting down", 503, 503),
    Refusal("internal", "The gateway failed; nothing was released", 500, 500),
)

REFUSALS: dict[str, Refusal] = {refusal.name: refusal for refusal in _ALL}

_ALSO = {
    401: (("WWW-Authenticate", "Bearer"),),
    405: (("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),),
    503: (("Retry-After", "1"),),
}
"""Header fields that RFC 9110 wants beside a status (sections 11.6.1, 15.5.6, 10.2.3)."""


_Detail = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of refusals: the content type, a sentence for officers, and what becomes of the problem details."""

    content_type: str
    help: str
    tell: Callable[[_Detail], object]


def _odata(detail: _Detail, message: object) -> object:
    """Tell an error as OData does: 4.01 JSON format section 21, and as services of 2.0 do."""
    inner = {name: value for name, value in detail.items() if name in {"status", "flow_id"}}
    return {"error": {"code": detail["type"], "message": message, "innererror": inner}}


REFUSAL_FORMS: dict[str, Form] = {
    "problem": Form("application/problem+json", "Problem details (RFC 9457).", lambda detail: detail),
    "odata-v2": Form(
        "application/json",
        "The errors of OData 2.0: {error: {code, message: {lang, value}}}.",
        lambda detail: _odata(detail, {"lang": "en", "value": detail["title"]}),
    ),
    "odata-v4": Form(
        "application/json",
        "The errors of OData 4: {error: {code, message}}.",
        lambda detail: _odata(detail, detail["title"]),
    ),
    "salesforce": Form(
        "application/json",
        "The errors of Salesforce: [{errorCode, message}].",
        lambda detail: [
            {"errorCode": detail["type"], "message": detail["title"]}
            | {name: detail[name] for name in detail if name == "flow_id"}
        ],
    ),
}
"""The forms by the name that catalogues use."""


def problem(name: str, leg: Leg, flow_id: str, form: str = "problem") -> Response:
    """Answer with problem details, in one of `REFUSAL_FORMS`; `flow_id` is "" where no flow began.

    Raises KeyError on unknown names.
    """
    refusal, told = REFUSALS[name], REFUSAL_FORMS[form]
    status = refusal.on_request if leg is Leg.REQUEST else refusal.on_response
    detail: dict[str, str | int] = {"type": f"urn:sovgate:refusal:{name}", "title": refusal.title, "status": status}
    if flow_id:
        detail["flow_id"] = flow_id
    headers = (("Content-Type", told.content_type), ("Cache-Control", "no-store"), *_ALSO.get(status, ()))
    return Response(status, headers, orjson.dumps(told.tell(detail)))
