"""Captured traffic: files that browsers, proxies and the gateway itself wrote, read as a stream of exchanges."""

from __future__ import annotations

from gateway.capture.exchange import Exchange, Said, Unusable
from gateway.capture.open import LIMIT, open_capture

__all__ = ["LIMIT", "Exchange", "Said", "Unusable", "open_capture"]
