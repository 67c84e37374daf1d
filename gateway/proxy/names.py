"""Names of header fields, read once: the same few dozen come with every message."""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2


@lru_cache(maxsize=1024)
def field_name(raw: bytes) -> tuple[str, str]:
    """Give a name as received, and as it is compared: lower case, `_` as `-`. Raises ValueError if it is no token.

    CGI-like systems read `X_Forwarded_For` as `X-Forwarded-For`, so both count as one.
    """
    if _TOKEN.fullmatch(raw) is None:
        raise ValueError("a header's name is no token")
    name = raw.decode("ascii")
    return name, name.lower().replace("_", "-")
