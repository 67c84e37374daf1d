"""The shapes of the order system's API. Amounts are `Decimal` both ways, so that no digit is ever lost."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object whose members are all known."""


class Address(Shape, frozen=True, kw_only=True):
    street: str
    postcode: str
    city: str
    country: str


class Buyer(Shape, frozen=True, kw_only=True):
    """The customer as an order shows them: copied when the order is made, as order systems do."""

    id: str
    name: str
    email: str
    phone: str
    address: Address
    government_id: str


class Line(Shape, frozen=True, kw_only=True):
    sku: str
    description: str
    quantity: int
    unit_price: Decimal
    drawing: str


class Order(Shape, frozen=True, kw_only=True):
    id: str
    customer: Buyer
    status: str
    ordered_at: str
    currency: str
    lines: list[Line]
    total: Decimal
    internal_note: str


class Customer(Shape, frozen=True, kw_only=True):
    id: str
    name: str
    email: str
    phone: str
    address: Address
    government_id: str
    birth_date: str
    credit_limit: int
    tier: str


_encoder = msgspec.json.Encoder(decimal_format="number")


def to_json(value: object) -> bytes:
    """Encode compactly; decimals become JSON numbers with exactly their digits (12.50 stays 12.50)."""
    return _encoder.encode(value)
