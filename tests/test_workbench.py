"""The workbench: the proxy's gate over ports in memory, and every place of what it saw."""

import json

import pytest
from gate_kit import JSON, NOW, ORDERING, SALES, Bench, answering, shipped

from gateway.flow import CustomerFacts, Flow, Leg, Request, Response
from gateway.workbench import Workbench
from gateway.workbench.survey import UNLISTED, Survey, fate

LIST = {
    "count": 2,
    "value": [
        {"id": 1, "note": "x", "customer": {"id": "K1", "email": "a@b.example", "phone": None}, "lines": []},
        {"id": 2, "customer": {"id": "K2", "email": "c@d.example"}, "lines": [{"sku": "A"}, {"sku": "B"}]},
    ],
}
KNOWN = {"K1": CustomerFacts("K1", frozenset({"contact"}))}


async def inline(function, *arguments):
    return function(*arguments)


def known(customer):
    return KNOWN.get(customer, CustomerFacts(customer))


def workbench(**more):
    return Workbench(shipped(), inline, **more)


def flow(target="/api/orders", method="GET", body=b"", headers=()):
    return Flow("f1", NOW, "erp", Request(method, target, headers, body), SALES, ORDERING, "192.0.2.7")


async def test_it_gives_what_the_gate_of_the_proxy_gives():
    bench = Bench(shipped(), answering(LIST))
    bench.grant("K1", "contact")
    expected = await bench.ask("GET", "/api/orders")
    trial = await workbench(known=known).put(flow(), answering(LIST))
    assert (trial.released.status, trial.released.body) == (expected.status, expected.body)
    assert [entry.kind for entry in trial.entries] == [entry.kind for entry in bench.entries] == ["intent", "outcome"]
    assert (trial.operation, trial.refusal, trial.forwarded.target) == ("erp.list-orders", "", "/api/orders")


async def test_an_answer_that_nobody_captured_is_not_made_up():
    trial = await workbench().put(flow(), None)
    assert [entry.kind for entry in trial.entries] == ["intent"]
    assert (trial.released, trial.refusal, trial.refused_leg) == (None, "", None)


@pytest.mark.parametrize(
    ("asked", "answer", "refusal", "leg"),
    [
        (flow("/nowhere"), Response(204), "unknown-operation", Leg.REQUEST),
        (flow(), answering(b"not json", headers=JSON), "body-not-json", Leg.RESPONSE),
        (flow("/api/orders", "POST", b'{"note": 1}', JSON), Response(204), "unlisted-field", Leg.REQUEST),
    ],
)
async def test_a_refusal_is_told_with_its_leg(asked, answer, refusal, leg):
    trial = await workbench().put(asked, answer)
    assert (trial.refusal, trial.refused_leg) == (refusal, leg)


async def test_two_runs_are_alike():
    first, second = [await workbench().put(flow(), answering(LIST)) for _ in range(2)]
    assert first.entries == second.entries
    assert first.released == second.released


async def test_facts_can_be_given_for_one_flow_alone():
    bench = workbench()
    told = await bench.put(flow(), answering(LIST), known)
    later = await bench.put(flow(), answering(LIST))
    emails = [
        [order["customer"]["email"] for order in json.loads(trial.released.body)["value"]] for trial in (told, later)
    ]
    assert emails[0][0] == "a@b.example"
    assert "a@b.example" not in emails[1]


async def test_the_survey_finds_every_place_with_what_it_meets():
    trial = await workbench(known=known).put(flow(), answering(LIST))
    (sight,) = [sight for sight in trial.sights if sight.leg is Leg.RESPONSE]
    found = {}
    for seen in Survey().places(sight):
        found.setdefault(seen.pointer, []).append((fate(seen, sight).name, seen.count))
    assert {pointer: sorted(fates) for pointer, fates in found.items()} == {
        "/count": [("keep", 1)],
        "/value/*/id": [("keep", 1), ("keep", 1)],
        "/value/*/?": [("redact", 1)],
        "/value/*/customer/id": [("keep", 1), ("keep", 1)],
        "/value/*/customer/email": [("keep", 1), ("mask", 1)],
        "/value/*/customer/phone": [("keep", 1)],
        "/value/*/lines/*/sku": [("keep", 2)],
    }


async def test_a_survey_changes_nothing():
    trial = await workbench().put(flow(), answering(LIST))
    survey, sight = Survey(), trial.sights[-1]
    assert survey.places(sight) == survey.places(sight)
    (unlisted,) = [seen for seen in survey.places(sight) if not seen.spot]
    assert fate(unlisted, sight).rules == (UNLISTED,)


async def test_a_fate_names_its_rules_and_their_lines():
    trial = await workbench().put(flow(), answering(LIST))
    sight = trial.sights[-1]
    (email,) = [seen for seen in Survey().places(sight) if seen.pointer.endswith("/email")]
    (reason,) = fate(email, sight).reasons
    assert (reason.rule, reason.place.file) == ("sales-reads-orders/protect[0]", "sales-reads-orders.yaml")


async def test_what_nobody_foresaw_is_seen_and_not_hidden():
    def broken(customer):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await workbench().put(flow(), answering(LIST), broken)
