"""Scene: a sale, step by step as Tryton's clients make it: once through the gateway, once straight, and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from examples.asking import Answer
from examples.tryton.client import CONTEXT
from examples.tryton.stage import Stage, hidden

_PARTY = 2
_SALE = (
    "number", "state", "party", "party.name", "sale_date", "currency", "untaxed_amount", "total_amount", "lines",
    "invoices", "invoice_state", "shipment_state",
)  # fmt: skip
_LINE = ("sale", "sale.party", "product", "description", "quantity", "unit_price", "amount")
_INVOICE = ("party", "state", "total_amount", "invoice_address", "invoice_address.full_address")
_OWN = {"id", "number", "lines", "invoices"}  # what two sales can't have in common


async def sale(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("A sale is made, from the first click to the invoice")
    everything = ([["id", ">", 0]], 0, None, [["id", "ASC"]], ("rec_name", "code", "default_uom"), CONTEXT)
    stage.same("products: the same bytes", *await stage.both("model.product.product.search_read", *everything))
    begun = {"party": _PARTY, "company": 1, "currency": 1}
    straight, gated = await stage.both("model.sale.sale.on_change", begun, ["party"], CONTEXT)
    tell.equal("choosing the party fills the sale in; its address stays hidden", hidden(straight.body), gated.body)
    values = _values(json.loads(gated.body)["result"])
    theirs, ours = [(_result(answer))[0] for answer in await stage.both("model.sale.sale.create", [values], CONTEXT)]
    for step in ("quote", "confirm", "process"):
        method = f"model.sale.sale.{step}"
        number = stage.client.number
        straight = await stage.client.straight(stage.client.request(method, ([theirs], CONTEXT)))
        stage.client.number = number
        gated = await stage.client.gated(stage.client.request(method, ([ours], CONTEXT)))
        stage.same(f"{step}: the same answer for both sales", straight, gated)
    made = await _read(stage, "sale", "model.sale.sale.read", [ours], _SALE)
    other = _result(
        await stage.client.straight(stage.client.request("model.sale.sale.read", ([theirs], _SALE, CONTEXT)))
    )
    tell.equal(
        "it is processing, and alike the one that was made straight",
        ("processing", {name: value for name, value in other[0].items() if name not in _OWN}),
        (made["state"], {name: value for name, value in made.items() if name not in _OWN}),
    )
    tell.equal("its amount is Tryton's own text", {"__class__": "Decimal", "decimal": "37.50"}, made["total_amount"])
    await _read(stage, "its line", "model.sale.line.read", made["lines"], _LINE)
    straight, gated = await stage.both("model.account.invoice.read", made["invoices"], _INVOICE, CONTEXT)
    tell.equal("its invoice: only the postal address is hidden", hidden(straight.body), gated.body)
    tell.check("and it was", holds=straight.body != gated.body)


def _values(filled: dict[str, Any]) -> dict[str, object]:
    """Put together what a client sends when the form is saved."""
    price = {"__class__": "Decimal", "decimal": "12.5000"}
    line = {"type": "line", "product": 1, "description": "Flange", "quantity": 3.0, "unit": 1, "unit_price": price}
    kept = ("party", "company", "currency", "invoice_address", "shipment_address")
    return {name: filled[name] for name in kept} | {"payment_term": 1, "lines": [["create", [line]]]}


async def _read(stage: Stage, what: str, method: str, ids: Sequence[int], fields: Sequence[str]) -> dict[str, Any]:
    """Read on both ways, insist on the same bytes, give the record."""
    straight, gated = await stage.both(method, ids, fields, CONTEXT)
    stage.same(f"{what} arrives as it left, all {len(straight.body)} bytes", straight, gated)
    record: dict[str, Any] = _result(gated)[0]
    return record


def _result(answer: Answer) -> Any:
    return json.loads(answer.body)["result"]
