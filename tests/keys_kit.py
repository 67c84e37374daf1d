"""Customers' keys in memory, lent at once: for tests of what uses them."""

from __future__ import annotations

import asyncio

from gateway.custody.memory import MemoryCustody
from gateway.treatments.contract import Subject

CLASS = "user.contact.email"


def subject(customer: str = "anna", purpose: str | None = "billing", field: str = CLASS, custody=None) -> Subject:
    """Give what keyed treatments need for a customer's values."""
    loan = asyncio.run((custody or MemoryCustody(b"a test")).lend([customer], purpose, 0, make=True))
    return Subject(customer, field, loan.of(customer))
