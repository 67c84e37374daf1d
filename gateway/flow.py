"""What crosses the gateway: the frozen data that every layer speaks of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order received; names in the case received, values as Latin-1 text (RFC 9110 section 5.5)."""


class Leg(StrEnum):
    """The two halves of a flow."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Request:
    """What a system asks: `target` is the raw path and query as sent on the wire, relative to the system's root.

    `stream` is a body that comes in pieces and is not read yet; `body` is empty then.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a system answers; `body` carries any content coding that `headers` name. `stream` is as in `Request`.

    `live` tells of a stream whose end nobody waits for: events, as they happen.
    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    live: bool = False


ATTESTED, CLAIMED, NONE = "attested", "claimed", "none"
"""What evidence there is: checked here against keys that the configuration names; said by somebody; or nothing."""


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of the device that is used: `evidence` is `attested` or `claimed`.

    `how` is `eat`, `tpm`, or `claim` (of the token's issuer); `name` identifies the device, and only its pseudonym is
    recorded. `boot` is `secure` and `debug` is `enabled` or `disabled` where the attestation says so, else None.
    `measured` is the digest (hex) of what it measured when it started.
    """

    evidence: str
    how: str
    name: str = ""
    profile: str = ""
    boot: str | None = None
    debug: str | None = None
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, as proven by a token or certificate.

    `system` is the calling system; `subject` the person or agent (an identifier: only its pseudonym is recorded);
    `authenticated` names the method (`jwt`, `mtls`, `none` in development); `evidence` are (kind, SHA-256 hex) pairs.
    `acr` and `amr` are what the issuer claims of how they proved who they are (RFC 8176). `holder`, that the token is
    theirs, and `presence`, that they themselves are there now, are `attested`, `claimed` or `none`.
    """

    system: str
    subject: str = ""
    role: str | None = None
    kind: str | None = None
    assurance: str | None = None
    authenticated: str = "none"
    evidence: tuple[tuple[str, str], ...] = ()
    acr: str | None = None
    amr: tuple[str, ...] = ()
    holder: str = NONE
    presence: str = NONE
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as it is recorded: the addresses may be shortened, or pseudonyms.

    `peer` is the other end of the TCP connection. `client` is the address that counts, "" where that is the peer,
    `unknown` where nobody can tell. `proxy` is the version of the PROXY protocol that told it, and `tls` the version of
    TLS that this says the client spoke. `forwarded` are addresses from a header, the last `trusted` of them added by
    proxies of ours. `asn` and `country` are the client's, by databases of the day `dated`.
    """

    peer: str
    client: str = ""
    proxy: str = ""
    tls: str = ""
    forwarded: tuple[str, ...] = ()
    trusted: int = 0
    asn: int | None = None
    country: str = ""
    dated: str = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a flow is for, and where that was said: in a signed `claim`, or in a `header` that anyone could write."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Flow:
    """One request from a system to another, before its answer. `started` is in nanoseconds since the epoch, UTC.

    `root` is the URL under which the caller reaches the system through the gateway, "" where nobody said it. `batch` is
    the id of the flow whose body this one came in, "" for all others. `peer` is the address that the caller is proven
    to have, "" where nobody can tell; `origin` is how that is recorded. `repeats` tells of a header field, by name and
    value, whether it is the one that proved who calls: that one goes no further, and is told to nobody.
    """

    id: str
    started: int
    to: str
    request: Request
    operator: Operator
    purpose: Purpose | None = None
    peer: str = ""
    trace: str = ""
    root: str = ""
    batch: str = ""
    origin: Origin | None = None
    repeats: Callable[[str, str], bool] = field(default=lambda _name, _value: False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known of one customer at the moment of deciding.

    `customer` is None for a stranger, whose record names no customer: no consent counts, no attribute is known.
    `consents` are the names granted, unrevoked and unexpired now; `attributes` such as `region` and `tier`;
    `passport` is the head of their passport (SHA-256 hex), "" where there is none.
    """

    customer: str | None
    consents: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    passport: str = ""


STRANGER = CustomerFacts(customer=None)
"""Whose record names no customer that can be found."""

ANYONE = CustomerFacts(customer=None, passport="-")
"""No record is there to decide on: the frame of a list, or a request whose answer holds the records. Fields are treated
as a stranger's; whether the flow is allowed hangs on no customer, since each record is decided for itself."""


def header(headers: Headers, name: str) -> str | None:
    """Give the only value of a header, whatever its case; several lines are joined by ", " (RFC 9110 section 5.3)."""
    wanted = name.lower()
    found = [value for key, value in headers if key.lower() == wanted]
    return ", ".join(found) if found else None
