"""What of a capture belongs in no catalogue: parts of web pages, preflights, other people's hosts."""

from __future__ import annotations

from gateway.capture.exchange import Exchange
from gateway.discover.segments import Hole, step
from gateway.flow import header

LEFT_OUT: dict[str, str] = {
    "preflight": "browsers' questions whether they may ask (OPTIONS)",
    "asset": "parts of web pages (scripts, styles, fonts, pictures)",
    "page": "web pages (HTML)",
    "upgrade": "connections that left HTTP (WebSockets): name one by hand, with upgrade: true, if it is wanted",
    "ambiguous-path": "requests whose path can be read in two ways: the gateway refuses them",
    "method": "requests whose method no catalogue can name",
    "elsewhere": "requests to hosts that aren't among the systems: name one with --system NAME=ADDRESS",
    "too-many-paths": "requests to paths beyond the first 20,000 of a system",
    "too-many-sites": "requests to hosts beyond the first 100",
}
"""Reasons for which an exchange is passed over; what each means. They are counted and told."""

_ASSETS = (".js", ".mjs", ".css", ".map", ".woff", ".woff2", ".ttf", ".eot", ".otf", ".ico", ".wasm")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".mp4", ".webm")
_ASSET_TYPES = ("javascript", "text/css", "font/", "application/font", "x-icon", "vnd.microsoft.icon", "wasm")
_FOLDERS = frozenset(
    {"static", "assets", "img", "images", "public", "dist", "media", "icons", "fonts", "_next", "build"}
)
_SWITCHING = 101


def left_out(exchange: Exchange, segments: tuple[str, ...]) -> str:
    """Give the reason (a key of `LEFT_OUT`) to pass over an exchange; "" where it may be an operation."""
    request, answer = exchange.request, exchange.response
    if request.method == "OPTIONS":
        return "preflight"
    if request.method in {"CONNECT", "TRACE"} or not request.method.replace("-", "").isalpha():
        return "method"
    if not request.method.isascii() or not request.method.isupper():
        return "method"
    if (answer and answer.status == _SWITCHING) or header(request.headers, "upgrade") == "websocket":
        return "upgrade"
    if request.method not in {"GET", "HEAD"}:
        return ""
    path = segments[-1].lower()
    kind = (answer and header(answer.headers, "content-type")) or ""
    kind = kind.lower()
    if path.endswith(_ASSETS) or any(part in kind for part in _ASSET_TYPES):
        return "asset"
    if (path.endswith(_PICTURES) or kind.startswith(("image/", "video/", "audio/"))) and not _of_a_record(segments):
        return "asset"
    return "page" if "html" in kind else ""


def _of_a_record(segments: tuple[str, ...]) -> bool:
    """Tell whether a path has an id on its way: /orders/7/photo.png is business, /img/logo.png is a page's."""
    if not _FOLDERS.isdisjoint(segments[:2]):
        return False
    before = ""
    for segment in segments:
        at = step(segment, before)
        if isinstance(at, Hole):
            return True
        before = at
    return False
