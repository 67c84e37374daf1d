"""What headers say of where a request came from (RFC 7239, and `X-Forwarded-For`), and how much of it is proven.

Each proxy adds the address that it saw at the end. So the entry of a proxy of ours is good, and what stands before the
first entry by somebody else is that somebody's own word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from gateway.flow import Headers
from gateway.provenance.addresses import Address, read, within

FORWARDED, X_FORWARDED_FOR = "Forwarded", "X-Forwarded-For"
_MOST = 32  # entries that are looked at, from the end
_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# The first run of space gives nothing back: with two of them, one would be split in every possible way.
_PAIR = re.compile(rf"[ \t]*+(?:({_WORD})=(?:({_WORD})|\"((?:[^\"\\]|\\.)*)\"))?[ \t]*(;|,|$)")


@dataclass(frozen=True, slots=True)
class Trust:
    """Which entries of `header` are good: those that proxies in `networks` added, or simply the last `hops`."""

    header: str
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Trail:
    """`client` is who asked, None where it can't be told. The last `trusted` of `entries` are good; None: none."""

    client: Address | None
    entries: tuple[Address | None, ...]
    trusted: int


def follow(peer: Address, headers: Headers, trust: Trust) -> Trail:
    """Follow a request back from the other end of its connection, as far as our own proxies vouch for it."""
    entries = _entries(headers, trust.header)
    if trust.hops:
        reached = trust.hops if len(entries) >= trust.hops else 0
        return Trail(entries[-trust.hops] if reached else None, entries, reached)
    at: Address | None = peer
    trusted = 0
    while at is not None and within(at, trust.networks) and trusted < len(entries):
        trusted += 1
        at = entries[-trusted]
    return Trail(at, entries, trusted)


def _entries(headers: Headers, name: str) -> tuple[Address | None, ...]:
    """Give the addresses of a header that may come in several lines; None for what is no address."""
    wanted = name.lower()
    text = ",".join(value for key, value in headers if key.lower() == wanted)
    if not text:
        return ()
    texts = _elements(text) if wanted == "forwarded" else text.split(",")
    return tuple(None if one is None else _address(one) for one in texts[-_MOST:])


def _elements(text: str) -> list[str | None]:
    """Give the `for` of each element of `Forwarded`; of a header that is malformed nothing is known."""
    found: list[str | None] = []
    here: dict[str, str] = {}
    at = 0
    while True:
        pair = _PAIR.match(text, at)
        if pair is None or (pair[1] and pair[1].lower() in here):
            return [*found, None]
        if pair[1]:
            here[pair[1].lower()] = pair[2] if pair[2] is not None else re.sub(r"\\(.)", r"\1", pair[3])
        at = pair.end()
        if pair[4] != ";":
            found.append(here.get("for"))
            here = {}
        if not pair[4]:
            return found


def _address(text: str) -> Address | None:
    """Read one entry, a port beside it left out."""
    text = text.strip(" \t")
    plain = _PORT.fullmatch(text)
    return read((plain[1] or plain[2]) if plain else text)
