"""What any form may hold: text without characters that act on a terminal or break a parser, and files as URIs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote

# XML 1.0 section 2.2 has none of these; the marks of direction turn a line around; the last are halves of characters.
_NEVER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # the others stand for bytes of a name that is no UTF-8


def clean(text: str) -> str:
    """Give text for any form: tabs and newlines stay, what can't be shown becomes U+FFFD."""
    return _NEVER.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Give a name, such as a file's, as it can stand within a line of any form."""
    return clean(text).replace("\n", "\ufffd").replace("\t", "\ufffd")


def relative(file: str, root: Path) -> str:
    """Name a file from a folder, with slashes; one outside of it keeps its absolute path."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - `resolve` follows links, to names that nobody wrote
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def uri(file: str, root: Path) -> str:
    """Give a file's URI (RFC 3986): relative where the file lies below the root, else absolute."""
    name = _HALVES.sub("\ufffd", relative(file, root)).encode("utf-8", "surrogateescape")
    return f"{'file://' if name.startswith(b'/') else ''}{quote(name)}"
