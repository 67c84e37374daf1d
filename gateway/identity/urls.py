"""The addresses under which callers know the gateway: what they sign must name one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,8192}")


class OwnUrls:
    """The gateway's own addresses, as configured: what a `Host` says is the caller's word, and proves nothing."""

    def __init__(self, urls: Iterable[str]) -> None:
        """Take addresses like `https://gateway.example.com`, with a path where a prefix is added in front of us.

        Raises `ValueError` for what is none.
        """
        self._urls = tuple(_base(url) for url in urls)

    def names(self, url: str, target: str) -> bool:
        """Tell whether `url` is the address of what is asked by `target` (path and query): both without the query.

        Compared after the normalisation of RFC 3986 section 6.2.2 and 6.2.3, as RFC 9449 section 4.3 wants.
        """
        try:
            asked = _normal(url)
        except ValueError:
            return False
        path = _path(target.partition("?")[0])
        return any(asked == base + path for base in self._urls)

    def whole(self, target: str) -> tuple[str, ...]:
        """Give the addresses that a caller may have used for a target, the query included, as it was sent."""
        return tuple(base + target for base in self._urls)


def _base(url: str) -> str:
    """Give an address of ours, normalised, without a slash at its end."""
    if "?" in url or "#" in url:
        raise ValueError("it has a query or a fragment")
    return _normal(url).rstrip("/")


def _normal(url: str) -> str:
    """Normalise an address, its query and fragment left out; ValueError where it is none of http or https."""
    if _VISIBLE.fullmatch(url) is None:
        raise ValueError("it holds what no address can hold")
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        raise ValueError("it is no http or https address")
    port = parts.port
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}{'' if port in (None, _PORTS[scheme]) else f':{port}'}{_path(parts.path)}"


def _path(path: str) -> str:
    """Normalise what is escaped in a path; ValueError for a broken escape."""
    if "%" not in path:
        return path or "/"
    if _BAD_ESCAPE.search(path):
        return path
    return _ESCAPE.sub(lambda found: _unescaped(found[1]), path)


def _unescaped(digits: str) -> str:
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"
