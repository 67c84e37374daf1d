"""Remote calls by position, where one address serves many methods: several told as one, and places that stay null."""

from __future__ import annotations

import json
import xmlrpc.client

import pytest
from gate_kit import Bench, answering, written

CATALOGUE = """
version: 1
catalog: erp
title: Calls
operations:
  describe:
    request: {method: POST, path: /json, body: {$.method: [party.fields, sale.fields]}}
    body: described
    response: made
  search: {request: {method: POST, path: /json, body: {$.method: party.search}}, body: searched, response: made}
  search-xml:
    request: {method: POST, path: /xml, body: {/methodCall/methodName: [party.search, sale.search]}}
    body: searched-xml
    response: made-xml
messages:
  described: {format: json, fields: {$.method: system.operations, "$.params[0]": system.operations}}
  searched: # what is looked for, how many, and no order: it would tell of hidden values
    format: json
    fields:
      $.method: system.operations
      "$.params[0]": system.operations
      "$.params[1]": system.operations
      "$.params[?@ == null]": system.operations
  made: {format: json, fields: {$.result: system.operations}}
  searched-xml:
    format: xmlrpc
    fields:
      params/param[1]/value: system.operations
      params/param[2]/value: system.operations
      params/param[3]/value/nil: system.operations
  made-xml: {format: xmlrpc, unlisted: keep}
"""
CRM = "version: 1\ncatalog: crm\ntitle: C\n"
POLICY = "version: 1\npolicy: p\ntitle: P\nscope: {from: crm, to: erp}\nallow: true\n"
XML = (("Content-Type", "text/xml"),)


def bench(body, headers=()):
    policies = written(catalog_erp=CATALOGUE, catalog_crm=CRM, p=POLICY)
    return Bench(policies, answer=answering(body, 200, headers))


@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("party.fields", [1], ""),
        ("sale.fields", [1], ""),
        ("sale.delete", [1], "unknown-operation"),
        ("sale.fields", [1, 2], "unlisted-field"),
        ("party.search", [["name", "=", "x"], 5, None], ""),
        ("party.search", [["name", "=", "x"], None, None], ""),
        ("party.search", [["name", "=", "x"], 5, "name"], "unlisted-field"),
        ("party.search", [["name", "=", "x"], 5, [["name", "ASC"]]], "unlisted-field"),
        ("party.search", [["name", "=", "x"], 5, False], "unlisted-field"),
    ],
)
async def test_calls_in_json(method, params, refusal):
    gate = bench({"result": 1})
    answer = await gate.ask("POST", "/json", {"method": method, "params": params})
    assert refusal in json.loads(answer.body).get("type", "")
    assert (answer.status == 200) is (refusal == "")
    assert bool(gate.asked) is (refusal == "")


@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("party.search", (["name"], 5, None), ""),
        ("sale.search", (["name"], 5, None), ""),
        ("sale.search", (["name"], 5, "name"), "unlisted-field"),
        ("sale.search", (["name"], 5, [["name", "ASC"]]), "unlisted-field"),
        ("sale.search", (["name"], 5, None, None), "unlisted-field"),
        ("sale.delete", (["name"], 5, None), "unknown-operation"),
    ],
)
async def test_calls_in_xml(method, params, refusal):
    gate = bench(xmlrpc.client.dumps((1,), methodresponse=True).encode(), XML)
    asked = xmlrpc.client.dumps(params, method, allow_none=True).encode()
    answer = await gate.ask("POST", "/xml", asked, XML)
    assert (answer.status == 200) is (refusal == "")
    assert refusal.encode() in answer.body
    assert bool(gate.asked) is (refusal == "")
