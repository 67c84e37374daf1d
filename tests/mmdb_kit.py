"""A database of networks, written by hand in MaxMind's format (version 2.0)."""

from __future__ import annotations

import struct
from ipaddress import ip_network
from typing import Any


def mmdb(networks: dict[str, Any], built: int = 1_780_000_000) -> bytes:
    """Write a database; networks of version 4 stand where they belong among those of version 6."""
    nodes: list[list[int | tuple[str, int]]] = [[-1, -1]]
    data, offsets = b"", {}
    for text, record in networks.items():
        network = ip_network(text)
        shift = 96 if network.version == 4 else 0
        bits, length = int(network.network_address), network.prefixlen + shift
        offsets[text] = len(data)
        data += _value(record)
        at = 0
        for depth in range(length):
            bit = bits >> (127 - depth) & 1
            if depth == length - 1:
                nodes[at][bit] = ("data", offsets[text])
                break
            if nodes[at][bit] == -1:
                nodes.append([-1, -1])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
    count = len(nodes)

    def pointer(entry: int | tuple[str, int]) -> bytes:
        value = count if entry == -1 else count + 16 + entry[1] if isinstance(entry, tuple) else entry
        return struct.pack(">I", value)

    tree = b"".join(pointer(left) + pointer(right) for left, right in nodes)
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": built,
        "database_type": "Test",
        "description": {"en": "made by a test"},
        "ip_version": 6,
        "languages": [],
        "node_count": count,
        "record_size": 32,
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _value(metadata)


def _value(value: Any) -> bytes:
    if isinstance(value, str):
        return _head(2, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return _head(7, len(value)) + b"".join(_value(key) + _value(one) for key, one in value.items())
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(_value, value))
    size = (value.bit_length() + 7) // 8
    return _head(9 if size > 4 else 6, size) + value.to_bytes(size)


def _head(kind: int, size: int) -> bytes:
    assert size < 285
    short = min(29, size)
    more = b"" if size < 29 else bytes([size - 29])
    return bytes([kind << 5 | short]) + more if kind < 8 else bytes([short, kind - 7]) + more
