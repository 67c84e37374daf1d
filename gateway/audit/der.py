"""Put a timestamp's certificates in the order that DER asks for: many authorities don't, and strict readers refuse.

The certificates stand outside of what is signed, so that their order says nothing (RFC 5652 section 5.1).
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _CONTENT = 0x30, 0xA0  # [0], constructed: the content of a ContentInfo, and the certificates in it


def sorted_certificates(answer: bytes) -> bytes:
    """Give an RFC 3161 response with its certificates in DER's order (X.690 section 11.6); as it is, if it has none.

    Raises `ValueError` where it is no DER. Nothing else of it is looked at.
    """
    _, start, end = _element(answer, 0, len(answer), _SEQUENCE)  # TimeStampResp
    parts = list(_elements(answer, start, end))
    if len(parts) < 2:  # noqa: PLR2004 - a status alone: the authority refused
        return answer
    token = parts[1]
    info = list(_elements(answer, token[1], token[2]))  # ContentInfo: a type, and [0]
    signed = _element(answer, info[1][1], info[1][2], _SEQUENCE) if len(info) > 1 else token
    for tag, first, last in _elements(answer, signed[1], signed[2]):
        if tag == _CONTENT:
            return answer[:first] + b"".join(sorted(_wholes(answer, first, last))) + answer[last:]
    return answer


def _wholes(data: bytes, start: int, end: int) -> Iterator[bytes]:
    """Give the elements with their heads."""
    for _, _, last in _elements(data, start, end):
        yield data[start:last]
        start = last


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give tag, and beginning and end of the content, of each element."""
    while start < end:
        found = _element(data, start, end)
        yield found
        start = found[2]


def _element(data: bytes, at: int, end: int, wanted: int | None = None) -> tuple[int, int, int]:
    """Read one head (definite length, X.690 section 8.1.3)."""
    if at + 2 > end:
        raise ValueError("cut short")
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > end:  # noqa: PLR2004 - lengths of four bytes are far too long already
            raise ValueError("no length")
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + length > end or wanted not in (None, tag):
        raise ValueError("not what belongs here")
    return tag, start, start + length
