"""Which header fields cross the gateway, in each direction. Pure; order and repeated fields are kept."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flow import Headers, header

VIA = "1.1 sovgate"

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-authentication-info",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    }
)
"""RFC 9110 section 7.6.1, and RFC 7540's upgrade header."""

_REQUEST_ENDS_HERE = _HOP_BY_HOP | {
    "host",
    "content-length",
    "expect",
    "accept-encoding",  # filtered and put back
    "traceparent",
    "tracestate",
    # where the request came from is said by us alone
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    # a part of a document can't be decided or treated: answers are always whole (RFC 9110 section 14.2 allows it)
    "range",
    "if-range",
    "a-im",
}
_VALIDATORS_OF_READS = frozenset({"if-none-match", "if-modified-since"})
"""A cached copy may have been treated otherwise than today, so reads are unconditional. `If-Match` and its kin stay on
writes: without them a careful write would become a careless one."""

_RESPONSE_ENDS_HERE = _HOP_BY_HOP | {
    "content-length",
    "content-range",
    "accept-ranges",
    "server",
    "alt-svc",  # it would lead the client around the gateway
}
_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "identity"})
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class From:
    """Who asked and how, as the system behind is told: the peer's address, `http` or `https`, and the Host named."""

    peer: str
    scheme: str
    host: str


def to_system(
    headers: Headers,
    names: tuple[str, ...],
    method: str,
    came: From,
    *,
    strip: frozenset[str],
    added: Headers,
    keep_trace_state: bool = False,
) -> Headers:
    """Give what a system behind gets: end-to-end fields without the caller's identity (`strip`, lower case), then ours.

    `names` are the headers' as they are compared (`names.field_name`). `added` are the trace's and the route's own.
    """
    dropped = strip | _named_by_connection(headers) if "connection" in names else strip
    reads = method in _READS
    kept: list[tuple[str, str]] = []
    for name, item in zip(names, headers, strict=True):
        if name in dropped or (reads and name in _VALIDATORS_OF_READS):
            continue
        if name not in _REQUEST_ENDS_HERE:
            kept.append(item)
        elif name == "accept-encoding":
            kept.append((item[0], accepted_codings(item[1])))
        elif name == "tracestate" and keep_trace_state:
            kept.append(item)
    kept.append(("Via", VIA))
    kept.append(("X-Forwarded-For", came.peer))
    kept.append(("X-Forwarded-Proto", came.scheme))
    if came.host:
        kept.append(("X-Forwarded-Host", came.host))
    kept.extend(added)
    return tuple(kept)


def to_client(headers: Headers) -> Headers:
    """Give what may be released of an answer: end-to-end fields, without the system's name and promises not ours."""
    dropped = _RESPONSE_ENDS_HERE | _named_by_connection(headers)
    return (*[item for item in headers if item[0].lower() not in dropped], ("Via", VIA))


def accepted_codings(value: str) -> str:
    """Keep the content codings that the gateway can read, with their weights; `identity` where none is left."""
    kept = [part.strip() for part in value.split(",") if part.split(";", 1)[0].strip().lower() in _CODINGS]
    return ", ".join(kept) or "identity"


def _named_by_connection(headers: Headers) -> frozenset[str]:
    named = header(headers, "connection")
    if named is None:
        return frozenset()
    return frozenset(part.strip().lower().replace("_", "-") for part in named.split(","))
