"""Pieces that the schemas of gateway.yaml's sections share."""

from __future__ import annotations

from gateway.config.source import FIELD_NAME
from gateway.policy.schemas.parts import Schema, integer, text

PEM = "A PEM file, relative to this one."
URL = r"^[hH][tT][tT][pP][sS]?://."


def header(description: str, example: str) -> Schema:
    """Describe the name of a header."""
    return text(description, f"^{FIELD_NAME}$", [example])


def seconds(description: str, default: float, minimum: int = 1) -> Schema:
    """Describe a time in whole seconds."""
    return integer(f"{description} In seconds.", minimum, None, int(default))
