"""Scene: what is refused, and that nothing comes of it."""

from __future__ import annotations

import json

from examples.orders.crm import ANNA
from examples.orders.stage import ORDER, Stage
from examples.sidecar import Issuer

_OTHER = "/api/orders/SO-1075"
_JSON_STATUS = b'{"status":"shipped"}'


async def refusals(stage: Stage) -> None:
    tell, crm = stage.tell, stage.crm
    tell.heading("Refusals: clear, recorded, and nothing leaks")
    before, read = await crm.left(ORDER), await crm.ask("GET", ORDER)
    agent = crm.issuer.token({"sub": "agent-7", "kind": "agent", "role": "assistant"})
    forged = Issuer().token(ANNA)
    masked = json.dumps({"customer": {"phone": json.loads(read.body)["customer"]["phone"]}}).encode()
    for what, name, answer in (
        ("deleting an order, which no catalogue names", "unknown-operation", await crm.ask("DELETE", ORDER)),
        ("an agent that says no purpose", "not-allowed", await crm.ask("GET", ORDER, token=agent)),
        ("a token that somebody else signed", "identity-invalid", await crm.ask("GET", ORDER, token=forged)),
        ("the masked phone number, written back", "masked-write-back", await crm.ask("PATCH", ORDER, masked)),
        ("the order as it was read, written back", "masked-write-back", await crm.ask("PUT", ORDER, read.body)),
    ):
        tell.equal(f"{what}: {answer.status} {name}", name, answer.refusal)
        quiet = not any(value in answer.body for value in (b"lin.wei", b"5678", b"sales-reads"))
        if not quiet:
            tell.check(f"the refusal of {what} says neither a value nor a policy", holds=False)
    tell.check("the order system still has the true values", holds=(await crm.left(ORDER)).body == before.body)
    changed = await crm.ask("PATCH", _OTHER, _JSON_STATUS)
    written = json.loads((await crm.left(_OTHER)).body)["status"]
    tell.equal("what was never hidden can be written: a status", (200, "shipped"), (changed.status, written))
