"""Scenes: parties, addresses and contacts are read, written, and agreed to."""

from __future__ import annotations

import json

from examples.bodies import rows
from examples.tryton.client import CONTEXT
from examples.tryton.house import PASSWORD
from examples.tryton.stage import LEFT, REACHED, Stage, hidden

_EVERYTHING, _BY_ID = [["id", ">", 0]], [["id", "ASC"]]
_PARTY = ("name", "code", "email", "phone", "addresses", "contact_mechanisms")
_ADDRESS = ("party", "party.name", "street", "postal_code", "city", "full_address")
_CONTACT = ("party", "type", "value", "url")
_LIN_WEI = 2
_LIST = ("model.party.party.search_read", _EVERYTHING, 0, 10, _BY_ID, _PARTY, CONTEXT)
_OF_LIN_WEI = (
    "model.party.contact_mechanism.search_read",
    [["party", "=", _LIN_WEI]],
    0,
    None,
    _BY_ID,
    _CONTACT,
    CONTEXT,
)


async def login(stage: Stage) -> None:
    stage.tell.heading("A client logs in to Tryton, through the gateway")
    result = await stage.client.call("common.db.login", "admin", {"password": PASSWORD}, "en")
    stage.client.enter("admin", result)
    stage.tell.check("Tryton's session came through, beside the gateway's own token", holds=len(result[1]) > 30)
    straight, gated = await stage.both("model.res.user.get_preferences", True, CONTEXT)
    stage.same(
        f"preferences, where no rule names anything: all {len(straight.body)} bytes are the same", straight, gated
    )


async def reading(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("Parties, addresses and contacts are read")
    straight, gated = await stage.both(*_LIST)
    tell.sides(
        LEFT, REACHED, [row for row in rows(straight.body, gated.body) if row[0].startswith(("/result/1", "/result/2"))]
    )
    tell.equal(
        "four parties, each hidden by its own consents; every byte as worked out", hidden(straight.body), gated.body
    )
    for what, call in (
        ("addresses", ("model.party.address.read", [1, 2, 3, 4], _ADDRESS, CONTEXT)),
        ("contacts", ("model.party.contact_mechanism.read", [1, 2, 3, 4, 5, 6], _CONTACT, CONTEXT)),
        ("the contacts of one party", _OF_LIN_WEI),
    ):
        straight, gated = await stage.both(*call)
        changed = sum(before != after for _, before, after in rows(straight.body, gated.body))
        tell.equal(f"{what}: {changed} values hidden, every byte as worked out", hidden(straight.body), gated.body)
        tell.check(f"{what}: something was hidden", holds=changed > 0)


async def writing(stage: Stage) -> None:
    tell, client = stage.tell, stage.client
    tell.heading("They are written through the gateway, and Tryton has the truth")
    await client.call("model.party.party.write", [_LIN_WEI], {"name": "Lin Wei (Suzhou)"}, CONTEXT)
    await client.call("model.party.address.write", [2], {"street": "Ping Lake Avenue 137"}, CONTEXT)
    await client.call("model.party.contact_mechanism.write", [2], {"value": "+86 139 1234 9999"}, CONTEXT)
    mechanisms = [["create", [{"type": "email", "value": "lotte@example.org"}]]]
    new = {"name": "Lotte Fält", "addresses": [["create", [{"street": "Weg 11", "city": "Leipzig"}]]]}
    made = await client.call("model.party.party.create", [new | {"contact_mechanisms": mechanisms}], CONTEXT)
    straight, gated = await stage.both("model.party.party.read", [_LIN_WEI, *made], ("name", "email", "phone"), CONTEXT)
    stored = [(one["name"], one["email"], one["phone"]) for one in json.loads(straight.body)["result"]]
    told = [("Lin Wei (Suzhou)", "lin.wei@example.com", "+86 139 1234 9999"), ("Lotte Fält", "lotte@example.org", "")]
    tell.equal("name, telephone number and a new party arrived as they were sent", told, stored)
    tell.equal("and sales, which wrote them, reads them hidden", hidden(straight.body), gated.body)
    street = json.loads((await stage.both("model.party.address.read", [2], ("street",), CONTEXT))[0].body)["result"]
    tell.equal("so did the address", "Ping Lake Avenue 137", street[0]["street"])


async def consent(stage: Stage) -> None:
    tell = stage.tell
    tell.heading("Consent, per party")
    before, covered = await stage.both(*_LIST)
    await _passport(stage, "grant")
    straight, gated = await stage.both(*_OF_LIN_WEI)
    stage.same("Lin Wei's contacts arrive as they leave", straight, gated)
    straight, gated = await stage.both(*_LIST)
    open_, shut = (json.loads(one.body)["result"] for one in (straight, gated))
    still = json.loads(hidden(straight.body))["result"]
    tell.equal("in the list, Lin Wei's line alone is open", [still[0], open_[1], *still[2:]], shut)
    await _passport(stage, "revoke")
    again = (await stage.both(*_LIST))[1]
    tell.equal("revoked: hidden again", json.loads(covered.body)["result"], json.loads(again.body)["result"])
    tell.equal("and the gateway's answers were right before", hidden(before.body), covered.body)


async def _passport(stage: Stage, verb: str) -> None:
    stage.tell.command("sovgate", "passport", verb, str(_LIN_WEI), "contact")
    said = await stage.gateway.call("passport", verb, str(_LIN_WEI), "contact")
    if said.code:
        stage.tell.check(f"sovgate passport {verb}: {said.err.strip()}", holds=False)
