"""Where the requests of a batch go: always to the system, and below the place, that the batch itself goes to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from gateway.errors import Unreadable
from gateway.flow import Flow, header

_ABSOLUTE = re.compile(r"(https?)://([^/?#\\]+)(/.*)?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Address:
    """An address in a batch: the target that it stands for, which begins with `below` where `stem` is written."""

    target: str
    stem: str = ""
    below: str = ""

    def written(self, target: str) -> str:
        """Write another target in the same way. Raises `Unreadable`: batch-unsafe."""
        if not target.startswith(self.below):
            raise Unreadable("batch-unsafe", "a request of the batch would go elsewhere once it is treated")
        return self.stem + target[len(self.below) :]


def escaped(written: str) -> str:
    """Give an address from JSON as requests by themselves have it: clients leave blanks and letters in the query.

    What the gateway decides on goes on so, too. Nothing else is escaped: what may stand nowhere is refused later on.
    Raises `Unreadable`: body-encoding, for halves of characters.
    """
    path, mark, query = written.partition("?")
    if query.isascii() and " " not in query:
        return written
    try:
        return path + mark + "".join(quote(one) if one == " " or one > "\x7f" else one for one in query)
    except UnicodeEncodeError:
        raise Unreadable("body-encoding", "an address in the batch holds half a character") from None


@dataclass(frozen=True, slots=True)
class Base:
    """The address of a batch: its own path as the system sees it, and the URL by which the caller reaches the system.

    `caller` is "" where nobody knows it: then no address may name a host. `folder` is the path that the system itself
    puts before what the gateway sees of it. `repeats` tells of a header field whether it says who calls as the batch's
    own does.
    """

    path: str
    caller: str = ""
    folder: str = ""
    repeats: Callable[[str, str], bool] = field(default=lambda _name, _value: False, compare=False, repr=False)

    @classmethod
    def of(cls, flow: Flow, folder: str = "") -> Base:
        """Take the address of a flow that is a batch; in a capture the proxy's own header fields tell the caller's."""
        headers = flow.request.headers
        host = header(headers, "x-forwarded-host")
        said = f"{header(headers, 'x-forwarded-proto')}://{host}{header(headers, 'x-forwarded-prefix') or ''}"
        own = header(headers, "authorization")

        def repeats(name: str, value: str) -> bool:
            return flow.repeats(name, value) or (name.lower() == "authorization" and value == own)

        return cls(flow.request.target.partition("?")[0], flow.root or (said if host else ""), folder, repeats)

    @property
    def host(self) -> str:
        """Give the host, with its port, by which the caller names the gateway."""
        return urlsplit(self.caller).netloc

    @property
    def prefix(self) -> str:
        """Give the path under which the caller sees the system."""
        return urlsplit(self.caller).path.rstrip("/")

    @property
    def root(self) -> str:
        """Give the folder of the batch: what relative addresses are relative to (RFC 3986 section 5.2.3)."""
        return self.path.rpartition("/")[0] + "/"

    def resolve(self, written: str, root: str | None = None) -> Address:
        """Read an address; a relative one is below `root` (the batch's folder). Dots are left for the path's reader.

        Raises `Unreadable`: batch-unsafe, for another host than the batch's own or a place outside of its route.
        """
        absolute = _ABSOLUTE.fullmatch(written)
        if absolute is not None:
            self.check_host(absolute[2], absolute[1].lower())
            return Address(self._inside(absolute[3] or "/"), self.folder)
        if _SCHEME.match(written) or written.startswith(("//", "?", "#")) or "\\" in written or not written:
            raise Unreadable("batch-unsafe", "a request of the batch goes to an address of another kind")
        if written.startswith("/"):
            return Address(self._inside(written), self.folder)
        below = root or self.root
        return Address(below + written, "", below)

    def check_host(self, host: str, scheme: str = "") -> None:
        """Check that a host is the one by which the client named the gateway. Raises `Unreadable`: batch-unsafe."""
        wanted, named = self.host.lower(), host.strip(" \t").lower()
        for port in (_PORTS[scheme],) if scheme else _PORTS.values():
            wanted, named = wanted.removesuffix(port), named.removesuffix(port)
        if not wanted or wanted != named:
            raise Unreadable("batch-unsafe", "a request of the batch names another host")

    def _inside(self, path: str) -> str:
        """Take off the prefix under which the client sees the system; nothing beside it can be reached."""
        if not self.prefix:
            return path
        if not path.startswith(self.prefix + "/"):
            raise Unreadable("batch-unsafe", "a request of the batch goes to another route")
        return path[len(self.prefix) :]
