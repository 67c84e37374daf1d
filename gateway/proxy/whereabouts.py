"""Where a request really came from: the connection, what a proxy of ours says before it, and what headers prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.flow import Headers, Origin
from gateway.provenance.addresses import UNKNOWN, read
from gateway.provenance.forwarded import Trust, follow
from gateway.provenance.places import NOWHERE, Place, Places
from gateway.proxy.incoming import Client

_RECORDED = 8  # addresses of a header that stand in an entry, from the end
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Located:
    """The address that counts, "" where nobody can tell, and all of it as it is recorded."""

    peer: str
    origin: Origin


def plain(client: Client, headers: Headers) -> Located:
    """Take the connection's other end for where a request came from."""
    del headers
    return Located(client.peer, Origin(client.peer))


@dataclass(slots=True)
class Whereabouts:
    """Finds it out. `write` gives an address as it is recorded; `places` may be put in place anew at any time."""

    write: Callable[[str], str]
    trust: Trust | None = None
    places: Places | None = None
    _written: dict[str, str] = field(default_factory=dict)

    def locate(self, client: Client, headers: Headers) -> Located:
        """Say where a request came from."""
        proxied = client.proxied
        near = proxied.source if proxied is not None and proxied.source else client.peer
        if self.trust is None:
            return self._located(client, near, (), 0)
        address = read(near)
        if address is None:
            return self._located(client, near, (), 0)
        trail = follow(address, headers, self.trust)
        entries = trail.entries[-_RECORDED:]
        forwarded = tuple(UNKNOWN if one is None else self._write(str(one)) for one in entries)
        found = "" if trail.client is None else near if trail.client == address else str(trail.client)
        return self._located(client, found, forwarded, min(trail.trusted, len(forwarded)))

    def _located(self, client: Client, found: str, forwarded: tuple[str, ...], trusted: int) -> Located:
        proxied = client.proxied
        place: Place = self.places.find(found) if self.places is not None and found else NOWHERE
        origin = Origin(
            peer=self._write(client.peer),
            client="" if found == client.peer else self._write(found) if found else UNKNOWN,
            proxy=proxied.version if proxied is not None else "",
            tls=proxied.tls if proxied is not None else "",
            forwarded=forwarded,
            trusted=trusted,
            asn=place.asn,
            country=place.country,
            dated=place.dated,
        )
        return Located(found, origin)

    def _write(self, address: str) -> str:
        known = self._written.get(address)
        if known is None:
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            known = self._written[address] = self.write(address)
        return known
