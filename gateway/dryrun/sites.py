"""Where systems are reached: what tells, of a captured exchange, which system it was meant for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Site:
    """One address of a system.

    `origin` is `https://erp.example.com:8443` (lower case, no default port), `//erp.example.com` for that host whatever
    the scheme and port, or "" for every host; `prefix` ("" or `/base`) stands before what the system knows as its path.
    """

    system: str
    origin: str = ""
    prefix: str = ""

    @classmethod
    def of(cls, system: str, address: str) -> Site:
        """Read an address: a URL, `//host/base`, a path (on every host), or "" (whatever no other address claims).

        Raises ValueError, with a message for people, for what is none of these.
        """
        if not address or (address.startswith("/") and not address.startswith("//")):
            return cls(system, "", _prefix(address))
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https", ""} or not parts.hostname:
            raise ValueError("an address is https://host, https://host/base, //host or /path")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("an address has no query, fragment or user")
        return cls(system, _origin(parts.scheme, parts.hostname, parts.port), _prefix(parts.path))

    def under(self, prefix: str) -> Site:
        """Give the address of what lies below a path here."""
        return Site(self.system, self.origin, self.prefix + _prefix(prefix))


@dataclass(frozen=True, slots=True)
class Sites:
    """All known addresses. The nearest one claims: its very origin, its host, any host; of these the longest path."""

    claims: Mapping[str, tuple[Site, ...]] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, sites: Iterable[Site]) -> Sites:
        """Arrange addresses; of two for the same place the first counts."""
        found: dict[str, list[Site]] = {}
        for site in sites:
            found.setdefault(site.origin, []).append(site)
        return cls({origin: tuple(sorted(some, key=lambda site: -len(site.prefix))) for origin, some in found.items()})

    def find(self, site: str, target: str) -> tuple[str, str] | None:
        """Give the system that an exchange was meant for, and its target as the system knows it; None: nobody's."""
        path = target.partition("?")[0]
        for origin in (site, _any_port(site), ""):
            for claim in self.claims.get(origin, ()):
                if not claim.prefix or path == claim.prefix or path.startswith(claim.prefix + "/"):
                    rest = target[len(claim.prefix) :]
                    return claim.system, rest if rest.startswith("/") else "/" + rest
        return None


def _origin(scheme: str, host: str, port: int | None) -> str:
    """Write an origin as captures do."""
    name = f"[{host}]" if ":" in host else host.lower()
    if not scheme:
        return f"//{name}"
    return f"{scheme}://{name}" if port in {None, _DEFAULT_PORTS[scheme]} else f"{scheme}://{name}:{port}"


def _any_port(site: str) -> str:
    """Give a site without scheme and port."""
    authority = site.partition("//")[2]
    host, colon, port = authority.rpartition(":")
    return "//" + (host if colon and port.isdigit() else authority)


def _prefix(path: str) -> str:
    """Give a path as the prefix that it is; raises ValueError for one that can't be."""
    if "//" in path or any(part in {".", ".."} for part in path.split("/")):
        raise ValueError("a path has no empty or dotted parts")
    return path.rstrip("/")
