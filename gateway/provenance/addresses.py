"""Network addresses: one spelling for each, and how they are recorded."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
RECORDED = ("shortened", "whole", "pseudonym")
"""How addresses are recorded: to their networks (/24, /48), as they are, or under a key of the gateway."""


def read(text: str) -> Address | None:
    """Read an address, None where it is none. One of version 4 that is written in version 6 is one of version 4."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id:
            return None
        return found.ipv4_mapped or found
    return found


def recorder(how: str, pseudonym: Callable[[str], str]) -> Callable[[str], str]:
    """Give what writes an address for the log: by a word of `RECORDED`. This machine's own are written as they are."""
    if how == "whole":
        return lambda text: text
    return lambda text: _written(text, pseudonym if how == "pseudonym" else _shortened)


def _written(text: str, write: Callable[[str], str]) -> str:
    found = read(text)
    return text if found is None or found.is_loopback else write(str(found))


def _shortened(text: str) -> str:
    """Leave the network: an address of a household or a small office stands for more than one."""
    found = ip_network(f"{text}/{48 if ':' in text else 24}", strict=False)
    return f"{found.network_address}/{found.prefixlen}"


def within(address: Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Tell whether an address lies in one of some networks; those of version 6 may hold mapped ones."""
    mapped = IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed) if isinstance(address, IPv4Address) else None
    return any(
        address in network or (mapped is not None and isinstance(network, IPv6Network) and mapped in network)
        for network in networks
    )
