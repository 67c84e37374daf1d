"""A refusal is told in the form in which the system's own clients look for errors, where the catalogue says so."""

from __future__ import annotations

import json

import pytest
from gate_kit import JSON, Bench, answering, written

from gateway.errors import FaultyFiles
from gateway.flow import Leg, header
from gateway.refusals import REFUSAL_FORMS, REFUSALS, problem

TITLE = REFUSALS["unknown-operation"].title
CODE = "urn:sovgate:refusal:unknown-operation"
INNER = {"status": 403, "flow_id": "f1"}
TOLD = {
    "problem": {"type": CODE, "title": TITLE, "status": 403, "flow_id": "f1"},
    "odata-v2": {"error": {"code": CODE, "message": {"lang": "en", "value": TITLE}, "innererror": INNER}},
    "odata-v4": {"error": {"code": CODE, "message": TITLE, "innererror": INNER}},
    "salesforce": [{"errorCode": CODE, "message": TITLE, "flow_id": "f1"}],
}


def bench(form):
    catalogue = (
        f"version: 1\ncatalog: erp\nrefusals: {form}\noperations: {{read: {{request: GET /a, response: m}}, "
        'all: {request: "POST /$batch", batch: odata}}\nmessages: {m: {format: json, fields: {$.a: business}}}\n'
    )
    policies = written(
        catalog_erp=catalogue, catalog_crm="version: 1\ncatalog: crm\n",
        p="version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n",
    )  # fmt: skip
    return Bench(policies)


@pytest.mark.parametrize("form", list(REFUSAL_FORMS))
async def test_a_refusal_is_told_in_the_form_of_the_catalogue(form):
    answer = await bench(form).ask("GET", "/nowhere")
    assert (answer.status, json.loads(answer.body)) == (403, TOLD[form])
    kind = "application/problem+json" if form == "problem" else "application/json"
    assert header(answer.headers, "content-type") == kind
    assert header(answer.headers, "cache-control") == "no-store"


async def test_so_is_one_of_a_batch_and_one_of_an_answer():
    made = bench("odata-v4")
    requests = [{"id": "1", "method": "GET", "url": "/nowhere"}]
    answer = await made.ask("POST", "/$batch", {"requests": requests})
    assert json.loads(answer.body)["error"]["code"] == CODE
    made.answer = answering(b"<html>", headers=(("Content-Type", "text/html"),))
    answer = await made.ask("GET", "/a", headers=JSON)
    assert answer.status == 502
    assert json.loads(answer.body)["error"]["code"] == "urn:sovgate:refusal:body-wrong-type"


def test_the_log_and_the_status_are_the_same_in_every_form():
    for name in REFUSALS:
        found = {problem(name, leg, "f", form).status for form in REFUSAL_FORMS for leg in [Leg.REQUEST]}
        assert len(found) == 1


def test_a_form_that_is_none_is_told():
    with pytest.raises(FaultyFiles, match="odata-v4"):
        bench("odata-4")
