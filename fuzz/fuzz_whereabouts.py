"""Any bytes as a PROXY header (versions 1 and 2), or in headers that say where a request came from."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from harness import fuzz

from gateway.provenance.forwarded import FORWARDED, X_FORWARDED_FOR, Trust, follow
from gateway.provenance.proxied import FIXED, Proxied, length, read_binary, read_line

PEER = ip_address("10.0.0.1")
OURS = (ip_network("10.0.0.0/8"),)
RULES = [
    trust for name in (FORWARDED, X_FORWARDED_FOR) for trust in (Trust(name, OURS), Trust(name, hops=1), Trust(name))
]


def target(data: bytes) -> None:
    try:
        said = read_line(data)
    except ValueError:
        pass
    else:
        assert data.startswith(b"PROXY ")
        assert data.endswith(b"\r\n")
        sound(said, "v1")
    fixed, rest = data[:FIXED], data[FIXED:]
    if len(fixed) == FIXED:
        try:
            assert length(fixed) <= 4096
            sound(read_binary(fixed, rest), "v2")
        except ValueError:
            pass
    text = data.decode("latin-1")
    for trust in RULES:
        trail = follow(PEER, ((trust.header, text), ("Host", text), (trust.header.upper(), "192.0.2.1")), trust)
        assert trail.trusted <= len(trail.entries) <= 32
        if not trust.networks and not trust.hops:
            assert (trail.client, trail.trusted) == (PEER, 0)
        if trust.networks and trail.trusted > 1:  # only what a proxy of ours added is followed
            assert all(one in OURS[0] for one in trail.entries[1 - trail.trusted :] if one is not None)


def sound(said: Proxied, version: str) -> None:
    """Make sure that what was read is an address, or none."""
    assert said.version == version
    assert not said.source or str(ip_address(said.source)) == said.source
    assert len(said.tls) <= 16


if __name__ == "__main__":
    fuzz(target, "whereabouts")
