"""Scenes: an order and a list are read; a customer agrees, and takes it back."""

from __future__ import annotations

import json

from examples.bodies import Row, rows
from examples.orders.expected import for_sales
from examples.orders.stage import LEFT, LIST, ORDER, REACHED, Stage

_TOTAL = b'"total":12345678901234567.89'


async def one_order(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("One order: what left the order system, and what reached the CRM")
    left, reached = await stage.crm.left(ORDER), await stage.crm.ask("GET", ORDER)
    pairs = rows(left.body, reached.body)
    tell.sides(LEFT, REACHED, pairs)
    treated = [place for place, before, after in pairs if before != after]
    tell.equal("every byte is as the policies say, worked out by hand", for_sales(left.body).decode(), reached.text)
    tell.equal(f"8 values are treated, the other {len(pairs) - 8} kept their text", 8, len(treated))
    tell.check(
        "the total has all its digits: 12345678901234567.89", holds=_TOTAL in left.body and _TOTAL in reached.body
    )
    tell.check(
        "no cache may keep the answer, and the ETag of the untreated body is gone",
        holds="no-store" in reached.headers.get("Cache-Control", "")
        and "ETag" in left.headers
        and "ETag" not in reached.headers,
    )


async def many_orders(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("A list of 200 orders: each under its own customer")
    left, reached = await stage.crm.left(LIST), await stage.crm.ask("GET", LIST)
    some = ("/value/0/customer/phone", "/value/1/customer/phone", "/value/2/customer/email", "/value/3/customer/email")
    tell.sides(LEFT, REACHED, _only(rows(left.body, reached.body), some))
    orders = json.loads(left.body)["value"]
    owners = {order["customer"]["id"] for order in orders}
    tell.equal("200 orders of 37 customers", (200, 37), (len(orders), len(owners)))
    expected = for_sales(left.body)
    tell.check(f"every one of the {len(expected):,} bytes is as worked out by hand", holds=expected == reached.body)


async def consent(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("Consent: in force on the next request")
    left, hidden = await stage.crm.left(LIST), await stage.crm.ask("GET", LIST)
    await _passport(stage, "grant")
    shown = await stage.crm.ask("GET", LIST)
    some = ("/value/0/customer/name", "/value/0/customer/email", "/value/0/customer/phone", "/value/1/customer/phone")
    tell.sides("before", "after", _only(rows(hidden.body, shown.body), some))
    tell.check("Lin Wei (C-017) can be reached, on all six orders", holds=for_sales(left.body, {"C-017"}) == shown.body)
    people = {order["customer"]["id"]: order["customer"] for order in json.loads(shown.body)["value"]}
    still_hidden = [one for one in people.values() if one["phone"].startswith("*") and one["email"].startswith("*")]
    tell.equal("the other 36 can't", 36, len(still_hidden))
    await _passport(stage, "revoke")
    again = await stage.crm.ask("GET", LIST)
    tell.check("revoked: the next answer is the old one, to the byte", holds=again.body == hidden.body)


async def _passport(stage: Stage, verb: str) -> None:
    stage.tell.command("sovgate", "passport", verb, "C-017", "contact")
    said = await stage.gateway.call("passport", verb, "C-017", "contact")
    if said.code:
        stage.tell.check(f"sovgate passport {verb}: {said.err.strip()}", holds=False)


def _only(pairs: list[Row], places: tuple[str, ...]) -> list[Row]:
    return [pair for pair in pairs if pair[0] in places]
