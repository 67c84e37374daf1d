"""How the audit log's members about the caller are shown to people: who, with what, from where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def callers(said: dict[str, Any]) -> Iterator[str]:
    """Give a line for each of operator, device and network, as far as an entry has them."""
    if operator := said.get("operator"):
        yield _operator(operator)
    if device := said.get("device"):
        yield _device(device)
    if network := said.get("network"):
        yield _network(network)


def _operator(operator: dict[str, Any]) -> str:
    """Say who acted, and how surely that is known."""
    about = [operator[name] for name in ("kind", "role") if operator.get(name)]
    if operator.get("authenticated"):
        about.append(f"by {operator['authenticated']}")
    about += [f"{name} {operator[name]}" for name in ("assurance", "holder", "presence", "acr") if operator.get(name)]
    if operator.get("amr"):
        about.append("amr " + " ".join(operator["amr"]))
    if evidence := operator.get("evidence"):
        about.append("evidence " + " ".join(kind for kind, _ in evidence))
    return _line("operator", operator.get("pseudonym", "-"), about)


def _device(device: dict[str, Any]) -> str:
    """Say with what they acted."""
    about = [f"{device['evidence']} by {device['how']}"]
    about += [f"{name} {device[name]}" for name in ("boot", "debug", "profile", "measured") if device.get(name)]
    return _line("device", device.get("pseudonym", "without a name"), about)


def _network(network: dict[str, Any]) -> str:
    """Say where a request came from: the client's address, the connection's other end, what stands between."""
    peer = network.get("peer", "")
    about = [f"peer {peer}"] if network.get("client") and peer else []
    if network.get("asn") or network.get("country"):
        number = f"AS{network['asn']}" if network.get("asn") else ""
        where = " ".join(part for part in (number, network.get("country", "")) if part)
        about.append(f"{where} by a database of {network.get('mmdb', '?')}")
    if network.get("proxy"):
        about.append(f"PROXY {network['proxy']}")
    if network.get("tls"):
        about.append(f"tls {network['tls']} as the proxy says")
    if forwarded := network.get("forwarded"):
        about.append(f"forwarded {' '.join(forwarded)} ({network.get('trusted', 0)} trusted)")
    return _line("network", network.get("client") or peer or "unknown", about)


def _line(what: str, who: str, about: list[str]) -> str:
    """Put a line together."""
    return f"{what} {who}" + (f": {', '.join(about)}" if about else "")
