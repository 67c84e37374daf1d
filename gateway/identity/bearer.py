"""Where a request carries its token: one header, one token, and by which scheme it is presented."""

from __future__ import annotations

import re

from gateway.errors import NotAuthenticated
from gateway.flow import Headers

BEARER, DPOP = "bearer", "dpop"
_PRESENTED = re.compile(r"(bearer|dpop) +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)  # RFC 6750 section 2.1, RFC 9449
_CLAIMED = re.compile(r"bearer|dpop(?:[ \t]|$)", re.IGNORECASE)


def presented(headers: Headers, header_name: str = "authorization") -> tuple[str, str] | None:
    """Give the scheme (`bearer` or `dpop`) and the token of `Authorization`, or of another header; None without one.

    In a header other than `Authorization` the token may stand alone, and is then a bearer's. Raises `NotAuthenticated`
    where the header is given more than once, or claims to hold a token and can't.
    """
    wanted = header_name.lower()
    written = [value for name, value in headers if name.lower() == wanted]
    if not written:
        return None
    if len(written) > 1:
        raise NotAuthenticated("ambiguous-request", "the header of the token is given more than once")
    value = written[0].strip(" \t")
    found = _PRESENTED.fullmatch(value)
    if found:
        return found[1].lower(), found[2]
    if wanted == "authorization":
        if _CLAIMED.match(value):
            raise NotAuthenticated("identity-invalid", "the header of the token holds no token")
        return None  # another scheme: credentials for the system behind the gateway, not for us
    return BEARER, value
