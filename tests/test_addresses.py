"""Addresses in bodies: a system's own become the gateway's, and back; what can't be said is left out or noticed."""

from __future__ import annotations

import json

import aiohttp
import pytest
from aiohttp import web
from gate_kit import JSON, NOW, ORDERING, SALES, Bench, answering, written
from hypothesis import given
from hypothesis import strategies as st
from live import make_house, running, system, token

from gateway.flow import Flow, Leg, Request, Response
from gateway.proxy.addresses import RouteAddresses
from gateway.proxy.locations import Locations
from gateway.proxy.metrics import Metrics
from gateway.proxy.settings import Route

ERP = Route("erp", "http://erp.internal:8080/base", prefix="/erp", also=("https://erp.example.com",))
MES = Route("mes", "https://mes.internal", prefix="/mes")
TMS = Route("tms", "http://tms.internal", prefix="/tms", strip_prefix=False)
ROUTES = (ERP, MES, TMS)
ROOT = "https://gw.test:8443/erp"

CATALOGUE = """
version: 1
catalog: erp
operations:
  read: {request: "GET /orders/{order}", response: order}
  write: {request: "PUT /orders/{order}", body: order, response: order}
  feed: {request: GET /feed, response: feed}
  form: {request: POST /form, body: form, response: order}
messages:
  order:
    format: json
    unlisted: keep
    fields:
      $.__metadata.uri: {address: true}
      $['@odata.nextLink']: {address: true}
      $.home: {address: true, class: user.contact.url}
      $.links[*].href: {address: true}
  feed: {format: json, fields: {$.self: {address: true}}}
  form: {format: form, fields: {back: {address: true}}}
"""
POLICY = "version: 1\npolicy: p\nscope: {from: crm, to: erp}\nallow: true\n"
CRM = "version: 1\ncatalog: crm\n"


def flow(target="/", root=ROOT, method="GET", body=b"", headers=JSON):
    return Flow("f1", NOW, "erp", Request(method, target, headers, body), SALES, ORDERING, "192.0.2.7", root=root)


def addresses(metrics=None):
    return RouteAddresses(ROUTES, metrics or Metrics("0"))


def bench(answer=None, policy=POLICY, metrics=None):
    made = Bench(written(catalog_erp=CATALOGUE, catalog_crm=CRM, p=policy), answer or Response(204))
    object.__setattr__(made.gate.ports, "addresses", addresses(metrics))
    return made


async def ask(made, **what):
    return await made.gate.handle(flow(**what), made._send)


@pytest.mark.parametrize(
    ("own", "ours"),
    [
        (
            "http://erp.internal:8080/base/orders(5)?$expand=a%20b#x",
            "https://gw.test:8443/erp/orders(5)?$expand=a%20b#x",
        ),
        ("https://erp.example.com/orders", "https://gw.test:8443/erp/orders"),
        ("http:\\\\erp.internal:8080\\base\\a", "https://gw.test:8443/erp/a"),
        ("/base/orders", "/erp/orders"),
        ("https://mes.internal/x", "https://gw.test:8443/mes/x"),
        ("http://tms.internal/tms/x", "https://gw.test:8443/tms/x"),
        ("orders(5)", "orders(5)"),
        ("https://elsewhere.example/base", "https://elsewhere.example/base"),
        ("no address at all", "no address at all"),
        ("", ""),
        ("http://erp.internal:8080/admin", None),
        ("/admin", None),
        ("http://[::1", None),
    ],
)
def test_an_address_in_an_answer_follows_the_rules_of_location(own, ours):
    assert addresses().turned(flow(), Leg.RESPONSE, own) == ours


@pytest.mark.parametrize(
    ("ours", "own"),
    [
        ("https://gw.test:8443/erp/orders(5)?a=%20#x", "http://erp.internal:8080/base/orders(5)?a=%20#x"),
        ("HTTPS://GW.test:8443/erp", "http://erp.internal:8080/base"),
        ("https://gw.test:8443/mes/x", "https://mes.internal/x"),
        ("https://gw.test:8443/tms/x", "http://tms.internal/tms/x"),
        ("/erp/orders", "/base/orders"),
        ("http://gw.test:8443/erp/x", "http://gw.test:8443/erp/x"),
        ("https://gw.test:8443/elsewhere", "https://gw.test:8443/elsewhere"),
        ("https://other.test/erp/x", "https://other.test/erp/x"),
        ("orders(5)", "orders(5)"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_an_address_in_a_request_is_turned_back(ours, own):
    assert addresses().turned(flow(), Leg.REQUEST, ours) == own


@given(st.text(alphabet="ab/?#=%20.-'()$", max_size=30))
def test_what_was_turned_turns_back(rest):
    own = f"http://erp.internal:8080/base/{rest}"
    ours = addresses().turned(flow(), Leg.RESPONSE, own)
    if ours is not None:
        assert ours.startswith("https://gw.test:8443/erp")
        assert addresses().turned(flow(), Leg.REQUEST, ours) == own


def test_without_a_host_the_path_alone_is_said():
    assert addresses().turned(flow(root=""), Leg.RESPONSE, "http://erp.internal:8080/base/x") == "/erp/x"
    assert addresses().turned(flow(root=""), Leg.REQUEST, "https://gw.test/erp/x") == "https://gw.test/erp/x"


async def test_fields_that_are_addresses_are_turned_and_the_rest_stays():
    body = (
        b'{"__metadata":{"uri":"http://erp.internal:8080/base/O(1)","type":"X"}, "n": 1.50,'
        b' "links":[{"href":"/base/a"},{"href":"https://elsewhere.example/"},{"href":7},{"href":null}],'
        b' "@odata.nextLink":"http://erp.internal:8080/admin?skip=1","home":"http://erp.internal:8080/base/h"}'
    )
    made = bench(Response(200, JSON, body))
    answer = await ask(made, target="/orders/1")
    assert answer.body == (
        b'{"__metadata":{"uri":"https://gw.test:8443/erp/O(1)","type":"X"},"n":1.50,'
        b'"links":[{"href":"/erp/a"},{"href":"https://elsewhere.example/"},{"href":7},{"href":null}],'
        b'"home":"https://gw.test:8443/erp/h"}'
    )
    told = {(one.pointer, one.treatment, one.rules) for each in made.entries[-1].decided for one in each.fields}
    assert ("/__metadata/uri", "address", ("catalogue/address",)) in told


async def test_a_body_without_the_systems_own_addresses_comes_as_it_was():
    body = b'{ "__metadata" : {"uri": "orders(5)"}, "home": "https://elsewhere.example/" }'
    answer = await ask(bench(Response(200, JSON, body)), target="/orders/1")
    assert answer.body == body


async def test_a_treatment_comes_before_the_address():
    policy = POLICY + "protect:\n  - {classes: user.contact, treatment: redact}\n"
    body = {"home": "http://erp.internal:8080/base/h", "__metadata": {"uri": "/base/x"}}
    answer = await ask(bench(answering(body), policy), target="/orders/1")
    assert json.loads(answer.body) == {"home": "[redacted]", "__metadata": {"uri": "/erp/x"}}


async def test_what_is_written_back_reaches_the_system_in_its_own_words():
    made = bench()
    body = json.dumps({"__metadata": {"uri": ROOT + "/O(1)"}, "links": [{"href": "/erp/a"}, {"href": "x"}]}).encode()
    await ask(made, method="PUT", target="/orders/1", body=body)
    assert json.loads(made.asked[0].body) == {
        "__metadata": {"uri": "http://erp.internal:8080/base/O(1)"},
        "links": [{"href": "/base/a"}, {"href": "x"}],
    }


async def test_other_formats_turn_addresses_as_well():
    made = bench()
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    await ask(made, method="POST", target="/form", body=b"back=https%3A%2F%2Fgw.test%3A8443%2Ferp%2Fx", headers=form)
    assert made.asked[0].body == b"back=http%3A%2F%2Ferp.internal%3A8080%2Fbase%2Fx"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b'{"see":"http://erp.internal:8080/base/x"}', 1),
        (b'{"see":"http:\\/\\/ERP.internal:8080\\/base"}', 0),  # hosts in capitals are not looked for
        (b'{"see":"http:\\/\\/erp.internal:8080\\/base"}', 1),
        (b'{"see":"//mes.internal/x"}', 1),
        (b'{"see":"https://mes.internal:443/x"}', 1),
        (b'{"see":"https://mes.internal.elsewhere.example/x"}', 0),
        (b'{"see":"https://mes.internal:444/x"}', 0),
        (b'{"see":"mail ann@mes.internal"}', 0),
        (b'{"__metadata":{"uri":"http://erp.internal:8080/base/x"}}', 0),
    ],
)
async def test_an_address_that_nobody_labelled_is_kept_and_counted(body, left):
    metrics = Metrics("0")
    answer = await ask(bench(Response(200, JSON, body), metrics=metrics), target="/orders/1")
    assert (answer.body == body) is (b"__metadata" not in body)
    assert (b'sovgate_addresses_left_total{route="erp"} 1.0' in metrics.exposition()) is bool(left)


def test_no_address_of_any_route_is_missed():
    locations = Locations(ROUTES)
    for host in (b"erp.internal:8080", b"erp.example.com", b"mes.internal", b"tms.internal:80"):
        assert locations.named(b'"http://' + host + b'/x"')


async def test_a_client_of_a_real_gateway_follows_links_through_it(tmp_path):
    policies = tmp_path / "policies"
    (policies / "catalog").mkdir(parents=True)
    (policies / "catalog" / "erp.yaml").write_text(CATALOGUE)
    (policies / "catalog" / "crm.yaml").write_text(CRM)
    (policies / "p.yaml").write_text(POLICY)
    asked = []

    async def linked(request: web.Request) -> web.Response:
        asked.append((request.path_qs, await request.text()))
        own = f"http://{request.host}"
        return web.json_response({"__metadata": {"uri": f"{own}/orders/2?x=1"}, "plain": f"{own}/orders/3"})

    async with system(linked) as upstream, aiohttp.ClientSession() as client:
        with running(make_house(tmp_path, policies, upstream)) as gateway:
            bearer = {"Authorization": f"Bearer {token()}"}
            async with client.get(f"{gateway.data}/erp/orders/1", headers=bearer) as answer:
                first = await answer.json()
            assert first["__metadata"]["uri"] == f"{gateway.data}/erp/orders/2?x=1"
            assert first["plain"].startswith(upstream)
            async with client.put(first["__metadata"]["uri"], headers=bearer, json=first) as answer:
                assert answer.status == 200
            async with client.get(gateway.admin + "/metrics") as answer:
                assert 'sovgate_addresses_left_total{route="erp"} 2.0' in await answer.text()
    assert [path for path, _ in asked] == ["/orders/1", "/orders/2?x=1"]
    assert json.loads(asked[1][1])["__metadata"]["uri"] == f"{upstream}/orders/2?x=1"
