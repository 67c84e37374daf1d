"""The schemas that ship, by name."""

from __future__ import annotations

NAMES = ("catalogue", "policy", "consents", "cases", "config")
