"""What the proxy is told: frozen settings, built from the config file. Times in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """How a listener proves itself (PEM files), and whose client certificates it takes (none without `client_ca`)."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_required: bool = False


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen; port 0 takes any free one. Connections from `proxies` must begin with a PROXY header."""

    host: str = "127.0.0.1"
    port: int = 8080
    tls: Tls | None = None
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a system may take: to `connect`, to begin its `answer`, between two pieces of it, for all of it.

    `keepalive` is how long a connection to it waits for the next request. An answer that is passed on in pieces may
    take for ever, and `stream` between two pieces.
    """

    connect: float = 5.0
    answer: float = 60.0
    idle: float = 30.0
    total: float = 300.0
    keepalive: float = 15.0
    stream: float = 300.0


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """What an https system is checked against (`ca`; None: the machine's own store) and what is shown to it."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """A header that the gateway adds for a system, such as its API key; the value is never shown."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One way to a system: by the Host that the client names, by the longest path prefix, or by both.

    `upstream` is `http[s]://host[:port][/base]`; a flow's target is what follows `prefix`; `base` is put before it.
    `also` are other URLs by which the system names itself in its redirects and links.
    """

    system: str
    upstream: str
    prefix: str = ""
    host: str = ""
    strip_prefix: bool = True
    keep_host: bool = False
    upgrade: bool = False
    also: tuple[str, ...] = ()
    credential: Credential | None = None
    timeouts: Timeouts = Timeouts()
    tls: UpstreamTls = UpstreamTls()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take. A body has `body_seconds`, and a second more for each `body_rate` bytes that came."""

    body: int = 16 * MIB
    head: int = 64 * 1024
    fields: int = 200
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    body_rate: int = 16 * 1024
    keepalive_seconds: float = 75.0
    linger_seconds: float = 2.0
    in_flight: int = 1000
    connections: int = 10_000


@dataclass(frozen=True, slots=True)
class Shutdown:
    """On SIGTERM: `delay` with readiness failing while still serving, then at most `limit` for flows in flight."""

    delay: float = 0.0
    limit: float = 30.0


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """All of it. `strip` are the headers that carry the caller's identity to the gateway and go no further."""

    listener: Listener
    routes: tuple[Route, ...]
    admin: Listener | None = None
    limits: Limits = Limits()
    shutdown: Shutdown = Shutdown()
    strip: frozenset[str] = frozenset({"authorization"})
