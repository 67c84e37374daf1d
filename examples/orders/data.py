"""Two hundred orders of the thirty-seven customers: the same ones every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from examples.orders.model import Customer, Line, Order
from examples.orders.people import CUSTOMERS, buyer

_PARTS = (
    ("FL-2080", "Flange DN80, stainless steel 1.4404", "12.50", "DRW-88"),
    ("SH-1145", "Drive shaft 45 mm, hardened and ground", "148.00", "DRW-12"),
    ("BR-0620", "Bearing block, cast aluminium", "63.75", "DRW-31"),
    ("GR-2436", "Spur gear, module 2, 36 teeth", "41.20", "DRW-47"),
    ("CP-3310", "Jaw coupling, backlash free", "87.90", "DRW-53"),
    ("VL-7001", "Valve body, three ports", "219.00", "DRW-60"),
    ("PN-0408", "Dowel pin 4 x 8, set of 50", "9.95", "DRW-04"),
    ("SP-5520", "Spindle nut, bronze", "34.10", "DRW-72"),
    ("HB-9014", "Hydraulic block, anodised", "405.60", "DRW-95"),
    ("CV-1277", "Cover plate, laser cut", "18.30", "DRW-19"),
    ("RL-3305", "Linear rail 600 mm with carriage", "176.45", "DRW-66"),
    ("FX-8120", "Welding fixture, built to drawing", "1290.00", "DRW-81"),
)
_STATUSES = ("confirmed", "in-production", "shipped", "invoiced", "on-hold")
_NOTES = (
    "Margin 31 %; no further discount",
    "Asked about exclusivity, do not promise",
    "Pays late, ship only after payment",
    "Strategic account, answer within a day",
    "Second source is being tested",
)
_FIRST = datetime(2026, 10, 3, 8, 15, tzinfo=UTC)


def _line(k: int) -> Line:
    sku, description, price, drawing = _PARTS[k % len(_PARTS)]
    return Line(sku=sku, description=description, quantity=1 + k * 5 % 9, unit_price=Decimal(price), drawing=drawing)


def total(lines: list[Line]) -> Decimal:
    """Sum the lines exactly."""
    return sum((line.quantity * line.unit_price for line in lines), Decimal("0.00"))


def _order(n: int) -> Order:
    customer = CUSTOMERS[(n * 17 + 16) % len(CUSTOMERS)]
    lines = [_line(n * 7 + k * 5) for k in range(34 if n % 10 == 7 else 1 + n % 4)]  # 34 lines fill two pages
    return Order(
        id=f"SO-{1001 + n}",
        customer=buyer(customer),
        status=_STATUSES[n % 5],
        ordered_at=(_FIRST + timedelta(minutes=97 * n)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        currency="USD" if customer.address.country == "US" else "EUR",
        lines=lines,
        total=total(lines),
        internal_note=_NOTES[n * 3 % 5],
    )


def _first_order() -> Order:
    """The order that the documentation quotes: its total has more digits than a double can hold."""
    sku, description, price, drawing = _PARTS[0]
    lines = [
        Line(sku=sku, description=description, quantity=3, unit_price=Decimal(price), drawing=drawing),
        Line(
            sku="XX-0000",
            description="Proof of exact amounts: not a price",
            quantity=1,
            unit_price=Decimal("12345678901234530.39"),
            drawing="DRW-00",
        ),
    ]
    return Order(
        id="SO-1001",
        customer=buyer(next(customer for customer in CUSTOMERS if customer.id == "C-017")),
        status="confirmed",
        ordered_at="2026-10-03T08:15:00Z",
        currency="EUR",
        lines=lines,
        total=total(lines),
        internal_note=_NOTES[0],
    )


def orders() -> dict[str, Order]:
    """Give all orders by id, in order."""
    return {order.id: order for order in (_first_order(), *map(_order, range(1, 200)))}


def customers() -> dict[str, Customer]:
    """Give all customers by id, in order."""
    return {customer.id: customer for customer in CUSTOMERS}
