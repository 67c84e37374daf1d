"""The PROXY protocol, versions 1 and 2: what a proxy writes at the start of a connection for another.

Only the versions of TCP are read; what is malformed, or of another family, gives no address.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FIXED = 16  # bytes of a header of version 2 before its addresses
LONGEST_LINE = 107  # bytes of a header of version 1
_LARGEST = 4096  # bytes after the first 16
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [\x20-\x7e]*)?|(TCP[46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) ([0-9]{1,5}) ([0-9]{1,5}))\r\n"
)
_TCP = {0x11: 12, 0x21: 36}  # family and transport: the length of the addresses
_SSL, _SSL_VERSION = 0x20, 0x21  # types of what follows the addresses
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Proxied:
    """What a proxy says of a connection: `source` is the client's address, "" where the proxy speaks for itself.

    `tls` is the version of TLS that the client spoke with the proxy, "" for none or unknown.
    """

    version: str
    source: str = ""
    tls: str = ""


def read_line(line: bytes) -> Proxied:
    """Read a header of version 1, its end included. Raises `ValueError`."""
    found = _LINE.fullmatch(line) if len(line) <= LONGEST_LINE else None
    if found is None:
        raise ValueError("no PROXY header")
    family, source, target, *ports = found.groups()
    if family is None:
        return Proxied("v1")
    kind = IPv4Address if family == b"TCP4" else IPv6Address
    addresses = [kind(text.decode()) for text in (source, target)]
    if any(int(port) > _LARGEST_PORT or (len(port) > 1 and port[:1] == b"0") for port in ports):
        raise ValueError("no PROXY header")
    return Proxied("v1", str(addresses[0]))


def length(fixed: bytes) -> int:
    """Tell how long the rest of a header of version 2 is, by its first 16 bytes. Raises `ValueError`."""
    size = int.from_bytes(fixed[14:FIXED])
    if fixed[:12] != SIGNATURE or fixed[12] not in (0x20, 0x21) or size > _LARGEST:
        raise ValueError("no PROXY header")
    return size


def read_binary(fixed: bytes, rest: bytes) -> Proxied:
    """Read a header of version 2. Raises `ValueError`."""
    if length(fixed) != len(rest):
        raise ValueError("no PROXY header")
    if fixed[12] == 0x20:  # noqa: PLR2004 - LOCAL: the proxy itself asks, whatever follows
        return Proxied("v2")
    size = _TCP.get(fixed[13])
    if size is None or len(rest) < size:
        raise ValueError("a PROXY header of another family")
    source = IPv4Address(rest[:4]) if fixed[13] == 0x11 else IPv6Address(rest[:16])  # noqa: PLR2004 - TCP over IPv4
    more = _values(rest[size:])
    return Proxied("v2", str(source), _tls(more[_SSL]) if _SSL in more else "")


def _values(data: bytes) -> dict[int, bytes]:
    """Read what follows the addresses: a type, a length and a value each; the first of a type counts."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if len(data) - at < 3:  # noqa: PLR2004 - a type and a length
            raise ValueError("a PROXY header that is cut short")
        kind, size = struct.unpack_from(">BH", data, at)
        at += 3
        if size > len(data) - at:
            raise ValueError("a PROXY header that is cut short")
        found.setdefault(kind, data[at : at + size])
        at += size
    return found


def _tls(data: bytes) -> str:
    """Read the version of TLS; "" where the client spoke none."""
    if len(data) < 5:  # noqa: PLR2004 - flags, and the result of verifying
        raise ValueError("a PROXY header that is cut short")
    version = _values(data[5:]).get(_SSL_VERSION, b"") if data[0] & 1 else b""
    return version.decode("ascii") if re.fullmatch(rb"[A-Za-z0-9.]{1,16}", version) else ""
