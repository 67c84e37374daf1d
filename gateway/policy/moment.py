"""Where an address lies and which time windows are open: the two facts that have to be worked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from zoneinfo import ZoneInfo

from gateway.policy.conditions import Network
from gateway.policy.model import Window


def within(peer: str, networks: Iterable[Network]) -> frozenset[Network] | None:
    """Give the networks that an address lies in; None where it is no address.

    An IPv4 address that arrives mapped into IPv6 (RFC 4291 section 2.5.5.2), as dual-stack sockets report it, lies in
    the networks of both forms, and so does a network that is written mapped.
    """
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else _mapped(address)
    return frozenset(n for n in networks if address in n or (mapped is not None and mapped in n))


def _mapped(address: IPv4Address) -> IPv6Address:
    """Give the IPv4-mapped IPv6 form of an address."""
    return IPv6Address(f"::ffff:{address}")


def open_windows(second: int, windows: Mapping[Window, ZoneInfo]) -> frozenset[Window] | None:
    """Give the windows that are open at a second since the epoch, UTC; None where it is no time."""
    try:
        return frozenset(window for window, zone in windows.items() if _is_open(window, second, zone))
    except (OverflowError, ValueError, OSError):
        return None


def _is_open(window: Window, second: int, zone: ZoneInfo) -> bool:
    """Tell whether a window is open: from `since`, up to and without `until`, on its weekdays.

    One that spans midnight belongs to the day on which it begins; `until` equal to `since` is a whole day.
    """
    local = datetime.fromtimestamp(second, tz=zone)
    clock = local.time()
    if window.since < window.until:
        return local.weekday() in window.days and window.since <= clock < window.until
    yesterday = (local.date() - timedelta(days=1)).weekday()
    return (clock >= window.since and local.weekday() in window.days) or (
        clock < window.until and yesterday in window.days
    )
