"""Addresses in response headers that name a system are turned into its own; else clients would walk around it.

Pure. `Location`, `Content-Location`, `Refresh`, `Link` and the `Domain` and `Path` of cookies. An address that names a
system but lies outside of what any route reaches can't be said in the gateway's terms: its header is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.flow import Headers
from gateway.proxy.routes import hostname
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


class _Unsayable(Exception):
    """The address names a system at a place that no route reaches."""


class Locations:
    """Knows the addresses of all systems, so that one system's link to another is turned as well."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take every route's upstream and what else it calls itself."""
        self._places: dict[tuple[str, int], list[_Place]] = {}
        for route in routes:
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
            except (_Unsayable, ValueError):
                changed = True
                continue
            changed = changed or new != value
            kept.append((name, new))
        return tuple(kept) if changed else headers

    def address(self, value: str, route: Route, here: Here) -> str:
        """Turn one URI reference. Raises ValueError where it can't be read."""
        text = _as_browsers_read(value)
        url = urlsplit(text)
        if url.netloc:
            scheme = url.scheme.lower() or here.scheme
            if scheme not in _DEFAULT_PORTS:
                return value
            authority = url.netloc.rpartition("@")[2]
            places = self._places.get((hostname(authority), url.port or _DEFAULT_PORTS[scheme]))
            if places is None:
                return value
            path = url.path or "/"
            place = _covering(places, path, route)
            return _origin(place.route, here) + _here(place, path) + _rest(text, url.netloc + url.path)
        if url.scheme or not url.path.startswith("/"):
            return value  # another scheme, or relative to where the client is: right as it stands
        place = _Place(urlsplit(route.upstream).path.rstrip("/"), route)
        return _here(place, url.path) + _rest(text, url.path)

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
                except _Unsayable:
                    kept.append(f" Path={_prefix(route) or '/'}")
            else:
                kept.append(part)
        return ";".join(kept)


_RULES: dict[str, Callable[[Locations, str, Route, Here], str]] = {
    "location": Locations.address,
    "content-location": Locations.address,
    "refresh": Locations._refresh,  # noqa: SLF001 - the table belongs to the class
    "link": Locations._links,  # noqa: SLF001 - the same
    "set-cookie": Locations._cookie,  # noqa: SLF001 - the same
}


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
        raise _Unsayable
    return next((place for place in covering if place.route is route), covering[0])


def _here(place: _Place, path: str) -> str:
    """Give the gateway's path for a system's path. A path that begins with // would name a host: refused."""
    if not _under(path, place.base):
        raise _Unsayable
    turned = _prefix(place.route) + (path[len(place.base) :] or ("" if _prefix(place.route) else "/"))
    if turned.startswith("//"):
        raise _Unsayable
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
