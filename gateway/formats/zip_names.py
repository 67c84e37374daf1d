"""Names of members of an archive: relative, in one form, and no two of them the same file on any system."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import normalize

from gateway.errors import Unreadable

_MOST_BYTES = 1024
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\:\u2028\u2029\ufffe\uffff]|^/|(?:^|/)\.{0,2}(?=/)|(?:^|/)\.{1,2}$|//")


def name(raw: bytes, *, utf8: bool) -> str:
    """Read a member's name. Raises `Unreadable`: body-encoding, body-ambiguous.

    Without the sign for UTF-8 a name is ASCII: which code page others stand in, each reader guesses for itself.
    """
    try:
        text = raw.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        raise Unreadable("body-encoding", "a name in the archive is in no charset that is told") from None
    if not text or len(raw) > _MOST_BYTES or _FORBIDDEN.search(text):
        raise Unreadable("body-ambiguous", "a name in the archive leaves its folder, or is none")
    return text


def check(names: Sequence[str]) -> None:
    """Check that names are different files, on systems too that fold case, forms of letters, and dots at the end.

    Raises `Unreadable`: body-ambiguous.
    """
    files: set[str] = set()
    folders: set[str] = set()
    for one in names:
        folded = _folded(one.rstrip("/"))
        if folded in files or (one.endswith("/") and folded in folders):
            raise Unreadable("body-ambiguous", "two members of the archive have the same name")
        (folders if one.endswith("/") else files).add(folded)
    for one in names:
        parts = _folded(one.rstrip("/")).split("/")
        folders.update("/".join(parts[:count]) for count in range(1, len(parts)))
    if files & folders:
        raise Unreadable("body-ambiguous", "a member of the archive is a file and a folder")


def _folded(text: str) -> str:
    return "/".join(part.rstrip(" .") for part in normalize("NFKC", normalize("NFKC", text).casefold()).split("/"))
