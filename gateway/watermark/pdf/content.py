"""Reads a page's content stream just far enough to know which marked content it leaves open (ISO 32000-2, 14.6)."""

from __future__ import annotations

import re

_DEEPEST = 512  # levels of marked content left open; viewers take time and memory that grow with the square of it
_NEXT = re.compile(rb"[%(]|(?<![^\s\]>)])(?:ID(?=\s)|(?:BDC|BMC|EMC)(?=[\s/\[(<%]|$))")
_LINE_END = re.compile(rb"[\r\n]")
_IMAGE_END = re.compile(rb"\sEI(?=[\s/]|$)")
_PARENTHESIS = re.compile(rb"[()]|\\.", re.DOTALL)
_INLINE = re.compile(rb"(?<![^\s])BI(?=[\s/])(.{0,400}?)\sID\s", re.DOTALL)
_ACROSS, _DOWN = re.compile(rb"/W(?:idth)?\s+(\d{1,6})\b"), re.compile(rb"/H(?:eight)?\s+(\d{1,6})\b")


def holds_picture(content: bytes, least: int) -> bool:
    """Tell whether a picture of `least` pixels or more stands in the content itself (ISO 32000-2, 8.9.7)."""
    if b"BI" not in content:
        return False
    for found in _INLINE.finditer(content):
        across, down = _ACROSS.search(found[1]), _DOWN.search(found[1])
        if across and down and int(across[1]) * int(down[1]) >= least:
            return True
    return False


def absurd(content: bytes) -> bool:
    """Tell, at the speed of a search, whether far more is opened than closed."""
    return roughly_open(content) > _DEEPEST


def roughly_open(content: bytes) -> int:
    """Count what is left open at the speed of a search: wrong where strings or pictures hold the same letters."""
    opened = content.count(b"BDC") + content.count(b"BMC")
    return max(0, opened - content.count(b"EMC")) if opened else 0


def left_open(content: bytes) -> int:
    """Count the `BMC` and `BDC` that no `EMC` closes, skipping strings, comments and the data of inline images."""
    depth = at = 0
    while found := _NEXT.search(content, at):
        at = found.end()
        match found[0]:
            case b"BMC" | b"BDC":
                depth += 1
            case b"EMC":
                depth = max(0, depth - 1)
            case b"(":
                at = _past_string(content, at)
            case b"%":
                at = _past(_LINE_END, content, at)
            case _:
                at = _past(_IMAGE_END, content, at)
    return depth


def _past(end: re.Pattern[bytes], content: bytes, at: int) -> int:
    found = end.search(content, at)
    return found.end() if found else len(content)


def _past_string(content: bytes, at: int) -> int:
    """Skip a literal string, whose inner parentheses are balanced (ISO 32000-2, 7.3.4.2)."""
    depth = 1
    for found in _PARENTHESIS.finditer(content, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(content)
