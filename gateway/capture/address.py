"""URLs as captures hold them, taken apart without changing how they are spelled: the raw path is what is decided on."""

from __future__ import annotations

import re
import unicodedata

from gateway.capture.faults import UnfitError

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<authority>[^/?#\\]*)(?P<target>[^#]*))?", re.DOTALL)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@\s]+)(?::(?P<port>[0-9]*))?")
_PORTS = {"http": 80, "https": 443}
_UNSENT = re.compile(r"[^\x21-\x7e]")  # no request line holds these (RFC 9112 section 3): clients percent-encode them
_LAST_PORT = 65_535


def split(url: str) -> tuple[str, str]:
    """Give the site (see `Exchange`) and the raw path and query of a URL.

    User names, passwords and fragments are left out. Raises `UnfitError`: no-url, or not-http for another scheme.
    """
    found = _URL.match(url.strip())
    if found is None:
        raise UnfitError("no-url")
    scheme = found["scheme"].lower()
    if scheme not in _PORTS:
        raise UnfitError("not-http")
    if not found["authority"]:
        raise UnfitError("no-url")
    return site(scheme, found["authority"].rpartition("@")[2]), target(found["target"])


def site(scheme: str, authority: str) -> str:
    """Give scheme, host and port as `Exchange.site` has them. Raises `UnfitError`."""
    found = _HOST.fullmatch(authority)
    if found is None or scheme not in _PORTS:
        raise UnfitError("no-url")
    port = int(found["port"][:9] or _PORTS[scheme]) if found["port"] else _PORTS[scheme]
    if not 0 < port <= _LAST_PORT:
        raise UnfitError("no-url")
    return f"{scheme}://{_ascii(found['host'])}" + ("" if port == _PORTS[scheme] else f":{port}")


def target(raw: str) -> str:
    """Give a path and query as it stood on the wire; what can't stand there is percent-encoded as UTF-8."""
    path = raw if raw.startswith("/") else "/" + raw
    try:
        return _UNSENT.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), path)
    except UnicodeEncodeError:
        raise UnfitError("no-url") from None


def _ascii(host: str) -> str:
    """Give a host as DNS knows it: lower case, labels beyond ASCII in Punycode (RFC 3492)."""
    if host.isascii():
        return host.lower()
    labels = re.split("[.\u3002]", unicodedata.normalize("NFKC", host).lower())
    try:
        return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels)
    except UnicodeError:
        raise UnfitError("no-url") from None
