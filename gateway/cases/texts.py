"""Bodies that are texts of other formats than JSON: written out as they are sent, and compared line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest

from gateway.formats import media
from gateway.formats.charset import CHARSETS
from gateway.formats.media import MediaType

_END = re.compile(r"\r\n|\r|\n")
_MOST_LINES = 2_000
"""Texts of more lines are compared line by line as they stand, without looking for lines that moved."""


def is_text_of(content_type: str | None) -> bool:
    """Tell whether a body of this content type is written out as text, and not as YAML that becomes JSON."""
    kind = media.parse(content_type).kind
    return bool(kind) and not (kind in {"application/json", "text/json"} or kind.endswith("+json"))


def sent(text: str, content_type: str) -> bytes:
    """Write a text as it is sent: in its charset; the lines of parts end with CR LF, a form has no line ends.

    Raises ValueError for a charset that doesn't have a character of it, or that nobody knows.
    """
    said: MediaType = media.parse(content_type)
    if said.kind.startswith("multipart/"):
        text = _END.sub("\r\n", text)  # RFC 2046 section 4.1.1
    elif said.kind == "application/x-www-form-urlencoded":
        text = text.rstrip("\r\n")
    try:
        return text.encode(CHARSETS[said.charset] if said.charset else "utf-8")
    except KeyError:
        raise ValueError(f'"{said.charset}" is no charset that is read') from None
    except UnicodeEncodeError as error:
        raise ValueError(f"{said.charset} has no {error.object[error.start]!r}") from None


def text_of(data: bytes) -> str | None:
    """Give the text of a body; None where it is none."""
    try:
        found = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in found else found


def line_differences(expected: str, found: str, *, ends: bool) -> Iterator[str]:
    """Give the lines that differ, in words; `ends`: lines differ as well that end otherwise."""
    old, new = _lines(expected), _lines(found)
    for at, one, other in _pairs([line for line, _ in old], [line for line, _ in new]):
        if one is None:
            yield f"line {at}: not expected, but there is {_shown(other)}"
        elif other is None:
            yield f"line {at}: expected {_shown(one)}, but it is not there"
        else:
            yield f"line {at}: expected {_beside(one, other)}, but it is {_beside(other, one)}"
    if ends and [line for line, _ in old] == [line for line, _ in new]:
        for number, ((_, was), (_, is_)) in enumerate(zip(old, new, strict=True), 1):
            if was != is_:
                yield f"line {number}: expected to end with {_NAMES[was]}, but it ends with {_NAMES[is_]}"
                return


_NAMES = {"": "no line end", "\n": "LF", "\r": "CR", "\r\n": "CR LF"}
_WIDTH = 60


def _pairs(old: list[str], new: list[str]) -> Iterator[tuple[int, str | None, str | None]]:
    """Give the lines that differ side by side, with the number that they have in what was found."""
    if max(len(old), len(new)) > _MOST_LINES:
        pairs = enumerate(zip_longest(old, new), 1)
        yield from ((number, one, other) for number, (one, other) in pairs if one != other)
        return
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for number, (one, other) in enumerate(zip_longest(old[i:j], new[k:m]), k + 1):
                yield number, one, other


def _beside(one: str, other: str) -> str:
    """Write a line; of a long one what is around its first difference."""
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, start - _WIDTH // 3)
    if len(one) <= _WIDTH:
        return _shown(one)
    shown = one[start : start + _WIDTH]
    return _shown(("..." if start else "") + shown + ("..." if start + _WIDTH < len(one) else ""))


def _shown(line: str | None) -> str:
    text = line or ""
    return json.dumps(text if len(text) <= _WIDTH + 6 else f"{text[:_WIDTH]}...", ensure_ascii=False)


def _lines(text: str) -> list[tuple[str, str]]:
    """Take a text apart into lines, each with its end."""
    found, at = list[tuple[str, str]](), 0
    for end in _END.finditer(text):
        found.append((text[at : end.start()], end[0]))
        at = end.end()
    return found if at == len(text) else [*found, (text[at:], "")]
