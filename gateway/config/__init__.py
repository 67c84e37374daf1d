"""gateway.yaml: one file that says how the gateway runs, to frozen settings or to every fault in it at once."""

from __future__ import annotations

from gateway.config.load import load
from gateway.config.settings import AuditSettings, JwtSettings, MarkSettings, Settings

__all__ = ["AuditSettings", "JwtSettings", "MarkSettings", "Settings", "load"]
