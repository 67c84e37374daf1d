"""Scene: what JSON-RPC would let a caller do, and the gateway doesn't."""

from __future__ import annotations

from examples.tryton.client import CONTEXT
from examples.tryton.stage import Stage

_BY_ID = [["id", "ASC"]]


async def refusals(stage: Stage) -> None:
    tell, client = stage.tell, stage.client
    tell.heading("Refusals: one address, many meanings")
    contacts = "model.party.contact_mechanism.search_read"
    for what, name, method, params in (
        ("deleting a party", "unknown-operation", "model.party.party.delete", ([4], CONTEXT)),
        ("a report, a document in base64", "unknown-operation", "report.sale.sale.execute", ([1], {}, CONTEXT)),
        (
            "looking for whoever's e-mail begins with l",
            "unknown-operation",
            contacts,
            ([["value", "ilike", "l%"]], 0, None, _BY_ID, ["party"], CONTEXT),
        ),
        (
            "the same behind an innocent condition",
            "unlisted-field",
            contacts,
            ([["party", "=", 2], ["value", "ilike", "l%"]], 0, None, _BY_ID, ["party"], CONTEXT),
        ),
        (
            "writing to two parties as if to one",
            "unlisted-field",
            "model.party.party.write",
            ([2, 3], {"name": "X"}, CONTEXT),
        ),
        (
            "a second write behind the first",
            "unlisted-field",
            "model.party.party.write",
            ([2], {"name": "X"}, [3], {"name": "Y"}, CONTEXT),
        ),
        (
            "a masked number, written back",
            "masked-write-back",
            "model.party.contact_mechanism.write",
            ([2], {"value": "*************9999"}, CONTEXT),
        ),
        (
            "a word in the context that nobody named",
            "unlisted-field",
            "model.party.party.read",
            ([2], ["name"], CONTEXT | {"_check_access": False}),
        ),
    ):
        answer = await client.gated(client.request(method, params))
        tell.equal(f"{what}: {answer.status} {name}", name, answer.refusal)
    twice = client.request("model.party.party.read", ([4], ["name"], CONTEXT))
    twice = twice.replace(b'"params"', b'"method": "model.party.party.delete", "params"')
    answer = await client.gated(twice)
    tell.equal(f"two methods in one body: {answer.status} body-duplicate-key", "body-duplicate-key", answer.refusal)
    straight, gated = await stage.both("model.party.party.read", [4, 99], ["name"], CONTEXT)
    tell.check(
        "an error of Tryton's keeps its kind", holds=b'"UserError"' in straight.body and b'"UserError"' in gated.body
    )
    tell.check("but not its text, which can quote anything", holds=b"99" in straight.body and b"99" not in gated.body)
    straight, _ = await stage.both("model.party.party.read", [4], ["name"], CONTEXT)
    tell.check("the party is still there", holds=b"Harper Quinlan" in straight.body)
