"""The port by which the gate turns addresses in bodies: by the same rules as those in headers."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.flow import Flow, Leg
from gateway.proxy.locations import Here, Locations, Unsayable
from gateway.proxy.metrics import Metrics
from gateway.proxy.settings import Route


class RouteAddresses:
    """Knows the addresses of all routes."""

    def __init__(self, routes: Iterable[Route], metrics: Metrics) -> None:
        """Take the routes; what is left as it was is counted."""
        self._locations = Locations(routes)
        self._metrics = metrics

    def turned(self, flow: Flow, leg: Leg, address: str, /) -> str | None:
        """Give an address as the other side knows it; None where it can't be said."""
        if leg is Leg.REQUEST:
            return self._back(flow, address)
        route = self._locations.route(flow.to, flow.root)
        if route is None:
            return address
        url = urlsplit(flow.root)
        try:
            return self._locations.address(address, route, Here(url.scheme or "http", url.netloc))
        except (Unsayable, ValueError):
            return None

    def left(self, flow: Flow, body: bytes, /) -> None:
        """Count a body that still names a system's own address."""
        if self._locations.named(body):
            self._metrics.address_left(flow.to)

    def _back(self, flow: Flow, address: str) -> str:
        try:
            return self._locations.back(address, flow.root) if flow.root else address
        except ValueError:
            return address  # no address at all
