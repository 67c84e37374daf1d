"""Where a request carries its token: one header, one token."""

from __future__ import annotations

import re

from gateway.errors import NotAuthenticated
from gateway.flow import Headers

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)  # RFC 6750 section 2.1


def bearer(headers: Headers, header_name: str = "authorization") -> str | None:
    """Give the token of `Authorization: Bearer TOKEN` (RFC 6750), or of the same in another header; None without one.

    In a header other than `Authorization` the token may stand alone. Raises `NotAuthenticated` where the header is
    given more than once, or claims to be a bearer token and can't be one.
    """
    wanted = header_name.lower()
    written = [value for name, value in headers if name.lower() == wanted]
    if not written:
        return None
    if len(written) > 1:
        raise NotAuthenticated("ambiguous-request", "the header of the token is given more than once")
    value = written[0].strip(" \t")
    found = _BEARER.fullmatch(value)
    if found:
        return found[1]
    if wanted == "authorization":
        if value.lower().startswith("bearer"):
            raise NotAuthenticated("identity-invalid", "the header of the token holds no token")
        return None  # another scheme: credentials for the system behind the gateway, not for us
    return value
