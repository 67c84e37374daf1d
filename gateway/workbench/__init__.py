"""The gate over ports in memory: what cases, dry runs and explanations put flows through. Nothing is sent or stored."""

from __future__ import annotations

from gateway.workbench.trial import Trial
from gateway.workbench.workbench import NOTHING_KNOWN, Known, Workbench

__all__ = ["NOTHING_KNOWN", "Known", "Trial", "Workbench"]
