"""Which header fields may carry data of a catalogue's: those that HTTP and its kin don't need themselves."""

from __future__ import annotations

import re

from gateway.discover.shown import Show, show
from gateway.formats.head import WIRING

_HTTP = re.compile(
    r"accept.*|authorization|cookie2?|user-agent|referer|origin|if-.*|sec-.*|priority|dnt|pragma|cache-control|date|"
    r"prefer|content-.*|access-control-.*|x-forwarded-.*|forwarded|x-request-id|x-correlation-id|traceparent|tracestate|"
    r"x-csrf-token|x-requested-with|soapaction|mime-version|server|set-cookie|vary|etag|last-modified|location|link|"
    r"expires|age|allow|odata-.*|dataserviceversion|maxdataserviceversion|strict-transport-security|x-frame-options|"
    r"keep-alive|upgrade-insecure-requests|retry-after|www-authenticate|alt-svc|p3p|cf-.*|x-powered-by|x-cache.*|"
    r"report-to|nel|via|timing-allow-origin|server-timing|x-content-type-options|x-xss-protection|sap-.*",
)
"""Fields of HTTP and its kin: what they say is no data of a catalogue's, or is treated otherwise."""


def wanted(name: str) -> bool:
    """Tell whether a header field could carry data."""
    lowered = name.lower().replace("_", "-")
    return lowered not in WIRING and not _HTTP.fullmatch(lowered) and show(name) is not Show.ODD
