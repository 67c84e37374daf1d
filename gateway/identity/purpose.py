"""What a flow is for, as the request says it: in the signed token, else in a header."""

from __future__ import annotations

import re

from gateway.errors import Unreadable
from gateway.flow import Headers, Purpose

_NAME = re.compile("[a-z][a-z0-9-]{0,63}")


def is_purpose(name: str) -> bool:
    """Tell whether a text is the name of a purpose: a lower-case letter, then up to 63 of a-z, 0-9 and `-`."""
    return _NAME.fullmatch(name) is not None


def purpose_of(claimed: Purpose | None, headers: Headers, header_name: str | None) -> Purpose | None:
    """Give a request's purpose: the token's claim, else the header named `header_name`, else None.

    Raises `Unreadable` (`ambiguous-request`) where the header stands twice or holds no purpose's name, even beside a
    claim: another reader of the same request might go by the header.
    """
    if header_name is None:
        return claimed
    wanted = _compared(header_name)
    written = [value for name, value in headers if _compared(name) == wanted]
    if not written:
        return claimed
    if len(written) > 1:
        raise Unreadable("ambiguous-request", "the header of the purpose is given more than once")
    if not is_purpose(written[0]):
        raise Unreadable("ambiguous-request", "the header of the purpose does not hold the name of a purpose")
    return claimed or Purpose(written[0], "header")


def _compared(name: str) -> str:
    """Spell a header's name as CGI-like systems read it: `X_Purpose` is `X-Purpose` to them."""
    return name.lower().replace("_", "-")
