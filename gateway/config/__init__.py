"""gateway.yaml: one file that says how the gateway runs, to frozen settings or to every fault in it at once."""

from __future__ import annotations

from gateway.config.load import load
from gateway.config.settings import AuditSettings, CaptureSettings, JwtSettings, MarkSettings, Settings

__all__ = ["AuditSettings", "CaptureSettings", "JwtSettings", "MarkSettings", "Settings", "load"]
