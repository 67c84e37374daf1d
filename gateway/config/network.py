"""`network`: whose word counts on where requests come from, and how that is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from gateway.config.settings import NetworkSettings
from gateway.config.source import Source
from gateway.faults import Fault
from gateway.provenance.addresses import RECORDED
from gateway.provenance.forwarded import FORWARDED, X_FORWARDED_FOR, Trust
from gateway.yamlsource import Section

NETWORK = ("proxy_protocol", "forwarded", "databases", "addresses")
TRUSTED = ("header", "from", "hops")
HEADERS = (X_FORWARDED_FOR, FORWARDED)
MOST_HOPS = 16

Networks = tuple[IPv4Network | IPv6Network, ...]


def read_network(source: Source) -> tuple[Networks, NetworkSettings]:
    """Read who must speak the PROXY protocol, and all else."""
    section = source.top.section("network", NETWORK)
    return tuple(_networks(source, section, "proxy_protocol")), NetworkSettings(
        trust=_trust(source, section) if "forwarded" in section else None,
        databases=tuple(source.folder / name for name in section.texts("databases")),
        addresses=section.choice("addresses", RECORDED, RECORDED[0]),
    )


def _trust(source: Source, network: Section) -> Trust:
    """Read which entries of a header are good."""
    section = network.section("forwarded", TRUSTED)
    if ("from" in section) == ("hops" in section):
        message = "which proxies are trusted is said in one way"
        hint = "write `from` with their networks, or `hops` with how many of them add an entry"
        source.reader.fault(source.at(section.node), message, hint, code=Fault.BAD_PROXIES)
    return Trust(
        section.choice("header", HEADERS, X_FORWARDED_FOR),
        tuple(_networks(source, section, "from")),
        section.integer("hops", 0, minimum=1, maximum=MOST_HOPS),
    )


def _networks(source: Source, section: Section, key: str) -> Iterator[IPv4Network | IPv6Network]:
    for node in section.listing(key):
        text = source.reader.text(node)
        try:
            found = ip_network(text or "")
        except ValueError:
            hint = "write it like 10.20.0.0/16 or 2001:db8::/32"
            source.reader.fault(node, "this is no network", hint, code=Fault.BAD_PROXIES)
            continue
        if not found.prefixlen:
            message, hint = "everybody would be a proxy of yours", "name the networks that yours are in"
            source.reader.fault(node, message, hint, code=Fault.BAD_PROXIES)
        yield found
