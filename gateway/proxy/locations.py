"""Addresses in response headers that name a system are turned into its own; else clients would walk around it.

Pure. `Location`, `Content-Location`, `OData-EntityId`, `Refresh`, `Link` and the `Domain` and `Path` of cookies; in
bodies the fields that the catalogue calls addresses. An address that names a system but lies outside of what any route
reaches can't be said in the gateway's terms: its header, or its field, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from gateway.flow import Headers
from gateway.proxy.routes import Routes, hostname
from gateway.proxy.settings import Route

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LINK = re.compile(r"<([^>]*)>")
_AUTHORITY = re.compile(r"(?:(https?):[\\/]*|[\\/]{2,})", re.IGNORECASE)
_REFRESH = re.compile(r"(\s*[\d.]+\s*[;,]?\s*(?:url\s*=\s*)?)([\"']?)(.*?)(\2)\s*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Place:
    """One address of a system: the base path there, and the route by which it is reached here."""

    base: str
    route: Route


@dataclass(frozen=True, slots=True)
class Here:
    """How the client reached the gateway: `http` or `https`, and the Host that it named ("": not named)."""

    scheme: str
    host: str


class Unsayable(Exception):
    """The address names a system at a place that no route reaches."""


class Locations:
    """Knows the addresses of all systems, so that one system's link to another is turned as well."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take every route's upstream and what else it calls itself."""
        self._places: dict[tuple[str, int], list[_Place]] = {}
        self._all = tuple(routes)
        self._routes = Routes.of(self._all)
        for route in self._all:
            for address in (route.upstream, *route.also):
                url = urlsplit(address)
                origin = (hostname(url.netloc), url.port or _DEFAULT_PORTS[url.scheme])
                self._places.setdefault(origin, []).append(_Place(url.path.rstrip("/"), route))
        for places in self._places.values():
            places.sort(key=lambda place: -len(place.base))

    def rewrite(self, headers: Headers, route: Route, here: Here) -> Headers:
        """Give an answer's headers, come by `route`, for a client that is `here`; the same object if none changed."""
        changed = False
        kept: list[tuple[str, str]] = []
        for name, value in headers:
            rule = _RULES.get(name.lower())
            if rule is None:
                kept.append((name, value))
                continue
            try:
                new = rule(self, value, route, here)
            except (Unsayable, ValueError):
                changed = True
                continue
            changed = changed or new != value
            kept.append((name, new))
        return tuple(kept) if changed else headers

    def route(self, system: str, root: str) -> Route | None:
        """Give the route by which a caller who knows a system as `root` reaches it."""
        url = urlsplit(root)
        mine = [route for route in self._all if route.system == system]
        fits = (r for r in mine if _prefix(r) == url.path and r.host.lower() in {"", hostname(url.netloc)})
        return next(fits, mine[0] if mine else None)

    def back(self, value: str, root: str) -> str:
        """Turn the gateway's own address, as a caller at `root` writes it, into the system's; others stay."""
        text, here = _as_browsers_read(value), urlsplit(root)
        url = urlsplit(text)
        named = url.scheme.lower() or here.scheme, url.netloc.lower() or here.netloc.lower()
        if named != (here.scheme, here.netloc.lower()) or not url.path.startswith("/"):
            return value
        route = self._routes.find(here.netloc, url.path)
        if route is None:
            return value
        upstream = route.upstream.rstrip("/")
        if not url.netloc:
            upstream = urlsplit(upstream).path
        rest = url.path[len(_prefix(route)) :]
        return upstream + rest + _rest(text, url.netloc + url.path)

    def named(self, body: bytes) -> bool:
        """Tell whether the address of some system stands in a body, as it is or with its slashes escaped."""
        return any(host in body and pattern.search(body) for host, pattern in self._spelt)

    @cached_property
    def _spelt(self) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
        """Give each system's host, and how an address begins that names it."""
        return tuple(
            (host.encode(), re.compile(rb"(?://|\\/\\/)" + re.escape(host.encode()) + _port(port), re.IGNORECASE))
            for host, port in self._places
        )

    def address(self, value: str, route: Route, here: Here) -> str:
        """Turn one URI reference. Raises ValueError where it can't be read."""
        text = _as_browsers_read(value)
        url = urlsplit(text)
        if url.netloc:
            scheme = url.scheme.lower() or here.scheme
            if scheme not in _DEFAULT_PORTS:
                return value
            authority = url.netloc.rpartition("@")[2]
            path = url.path or "/"
            places = self._places.get((hostname(authority), url.port or _DEFAULT_PORTS[scheme]))
            if places is None or self._reached(scheme, url.netloc, path, here):
                return value
            place = _covering(places, path, route)
            turned = _here(place, path)
            if not url.path and turned == "/":
                turned = ""  # an origin stays one: clients put paths behind it
            return _origin(place.route, here) + turned + _rest(text, url.netloc + url.path)
        if url.scheme or not url.path.startswith("/"):
            return value  # another scheme, or relative to where the client is: right as it stands
        place = _Place(urlsplit(route.upstream).path.rstrip("/"), route)
        return _here(place, url.path) + _rest(text, url.path)

    def _reached(self, scheme: str, authority: str, path: str, here: Here) -> bool:
        """Tell whether an address is the gateway's own already, where a route lists that among its system's names."""
        return (scheme, authority.lower()) == (here.scheme, here.host.lower()) and bool(
            self._routes.find(here.host, path)
        )

    def _links(self, value: str, route: Route, here: Here) -> str:
        return _LINK.sub(lambda match: f"<{self.address(match[1], route, here)}>", value)

    def _refresh(self, value: str, route: Route, here: Here) -> str:
        match = _REFRESH.fullmatch(value)
        if match is None or not match[3]:
            return value
        return f"{match[1]}{match[2]}{self.address(match[3], route, here)}{match[4]}"

    def _cookie(self, value: str, route: Route, here: Here) -> str:
        """Drop a Domain that covers the system (the cookie is then the gateway's own), and move the Path (RFC 6265)."""
        del here
        parts = value.split(";")
        upstream = urlsplit(route.upstream)
        kept = parts[:1]
        for part in parts[1:]:
            name, _, text = part.strip().partition("=")
            if name.strip().lower() == "domain":
                if not _covers(text.strip(), hostname(upstream.netloc)):
                    kept.append(part)
            elif name.strip().lower() == "path" and text.strip().startswith("/"):
                place = _Place(upstream.path.rstrip("/"), route)
                try:
                    kept.append(f" Path={_here(place, text.strip())}")
                except Unsayable:
                    kept.append(f" Path={_prefix(route) or '/'}")
            else:
                kept.append(part)
        return ";".join(kept)


_RULES: dict[str, Callable[[Locations, str, Route, Here], str]] = {
    "location": Locations.address,
    "content-location": Locations.address,
    "odata-entityid": Locations.address,
    "refresh": Locations._refresh,  # noqa: SLF001 - the table belongs to the class
    "link": Locations._links,  # noqa: SLF001 - the same
    "set-cookie": Locations._cookie,  # noqa: SLF001 - the same
}


def _port(port: int) -> bytes:
    """Give the pattern of a port and what may come after it; the port of http and https need not be written."""
    written = b":%d" % port
    return (b"(?:" + written + b")?" if port in _DEFAULT_PORTS.values() else written) + rb"(?![\w.:-])"


def _as_browsers_read(value: str) -> str:
    r"""Spell an address as the WHATWG URL standard reads it: `\` is `/`, and any run of slashes begins an authority."""
    text = value.strip()
    end = min((found for found in (text.find("?"), text.find("#")) if found >= 0), default=len(text))
    front = (
        _AUTHORITY.sub(lambda match: f"{match[1]}://" if match[1] else "//", text[:end], count=1)
        if _AUTHORITY.match(text)
        else text[:end]
    )
    return front.replace("\\", "/") + text[end:]


def _covering(places: list[_Place], path: str, route: Route) -> _Place:
    """Give the place whose base covers the path: of the route that answered, if it can be, else the longest."""
    covering = [place for place in places if _under(path, place.base)]
    if not covering:
        raise Unsayable
    return next((place for place in covering if place.route is route), covering[0])


def _here(place: _Place, path: str) -> str:
    """Give the gateway's path for a system's path. A path that begins with // would name a host: refused."""
    if not _under(path, place.base):
        raise Unsayable
    turned = _prefix(place.route) + (path[len(place.base) :] or ("" if _prefix(place.route) else "/"))
    if turned.startswith("//"):
        raise Unsayable
    return turned


def _prefix(route: Route) -> str:
    return route.prefix.rstrip("/") if route.strip_prefix else ""


def _under(path: str, base: str) -> bool:
    return not base or path == base or path.startswith(base + "/")


def _rest(text: str, upto: str) -> str:
    """Give the query and fragment, byte for byte."""
    return text[text.index(upto) + len(upto) :]


def _origin(route: Route, here: Here) -> str:
    if not here.host:
        return ""
    if route.host and hostname(here.host) != route.host.lower():
        port = here.host[len(hostname(here.host)) :]
        return f"{here.scheme}://{route.host}{port}"
    return f"{here.scheme}://{here.host}"


def _covers(domain: str, host: str) -> bool:
    domain = domain.lstrip(".").lower()
    return host == domain or host.endswith("." + domain)
