"""What the policies that ship mean for sales (policies/sales-reads-orders.yaml), worked out a second time by hand.

The demo compares every byte with this. It shares no code with the gateway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from examples.bodies import leaves, masked, replaced

_CONTACT = re.compile(r"/customer/(email|phone|address/(street|postcode|city|country))")
_RECORD = re.compile(r"(/value/\d+)?(/.*)")


def for_sales(body: bytes, agreed: Collection[str] = ()) -> bytes:
    """Give what sales sees of an order or a list of orders; `agreed` gave the consent "contact"."""
    found = {leaf.pointer: leaf.text for leaf in leaves(body)}
    values: dict[str, bytes | None] = {}
    for pointer, text in found.items():
        match = _RECORD.fullmatch(pointer)
        assert match is not None
        record, place = match[1] or "", match[2]
        customer = json.loads(found.get(f"{record}/customer/id", b"null"))
        if place == "/customer/government_id":
            values[pointer] = None
        elif place == "/internal_note":
            values[pointer] = b'"[redacted]"'
        elif _CONTACT.fullmatch(place) and customer not in agreed:
            values[pointer] = masked(text)
    return replaced(body, values)
