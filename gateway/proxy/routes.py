"""Which system a request goes to: by the host it names, then by the longest path prefix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.proxy.settings import Route

_Claims = tuple[tuple[str, str, Route], ...]
"""Prefix, prefix with its slash, route."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes, longest prefix first, by host; "" is any host."""

    by_host: dict[str, _Claims]

    @classmethod
    def of(cls, routes: Iterable[Route]) -> Routes:
        """Arrange routes. Raises ValueError where two claim the same host and prefix, or a prefix is no path."""
        grouped: dict[str, list[tuple[str, str, Route]]] = {}
        seen: set[tuple[str, str]] = set()
        for route in routes:
            prefix = route.prefix.rstrip("/")
            if prefix and not prefix.startswith("/"):
                raise ValueError(f"the prefix of {route.system} does not begin with /")
            claim = (route.host.lower(), prefix)
            if claim in seen:
                raise ValueError(f"two routes for the same host and prefix: {route.host}{prefix or '/'}")
            seen.add(claim)
            grouped.setdefault(claim[0], []).append((prefix, prefix + "/", route))
        return cls({host: tuple(sorted(group, key=lambda claim: -len(claim[0]))) for host, group in grouped.items()})

    def find(self, host: str, target: str) -> Route | None:
        """Give the route of a target (path and query); hosts are compared without case and port."""
        path = target.partition("?")[0]
        name = hostname(host)
        for claims in (self.by_host.get(name, ()) if name else (), self.by_host.get("", ())):
            for prefix, below, route in claims:
                if path.startswith(below) or path == prefix or not prefix:
                    return route
        return None


def hostname(authority: str) -> str:
    """Give the host of `host[:port]` in lower case, brackets of IPv6 kept."""
    if authority.startswith("["):
        return authority[: authority.find("]") + 1].lower()
    return authority.split(":", 1)[0].lower()


def relative(route: Route, target: str) -> str:
    """Give the target as the system knows it: without the route's prefix, with at least a `/`."""
    if not route.strip_prefix:
        return target
    rest = target[len(route.prefix.rstrip("/")) :]
    return rest if rest.startswith("/") else "/" + rest
