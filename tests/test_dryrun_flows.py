"""Whose exchange it was, who asked and what for: what a capture doesn't say is assumed, what it says counts."""

import pytest
from gate_kit import NOW, ORDERING, SALES

from gateway.capture.exchange import Exchange, Said
from gateway.dryrun.flows import NOBODY, SKIPPED, Assumed, flow_of
from gateway.dryrun.sites import Site, Sites
from gateway.flow import Flow, Operator, Purpose, Request

SITES = Sites.of([
    Site.of("erp", "https://erp.example:8443/base/"),
    Site.of("mes", "https://erp.example:8443/base/mes"),
    Site.of("tms", "//carrier.example/api"),
    Site.of("crm", "/crm"),
])  # fmt: skip


@pytest.mark.parametrize(
    ("site", "target", "found"),
    [
        ("https://erp.example:8443", "/base/api/orders?x=1", ("erp", "/api/orders?x=1")),
        ("https://erp.example:8443", "/base", ("erp", "/")),
        ("https://erp.example:8443", "/base?x=1", ("erp", "/?x=1")),
        ("https://erp.example:8443", "/basement", None),
        ("https://erp.example:8443", "/base/mes/jobs", ("mes", "/jobs")),
        ("https://erp.example", "/base/api", None),
        ("http://erp.example:8443", "/base/api", None),
        ("https://carrier.example", "/api/x", ("tms", "/x")),
        ("http://carrier.example:81", "/api/x", ("tms", "/x")),
        ("https://carrier.example", "/crm/x", ("crm", "/x")),
        ("", "/crm/x", ("crm", "/x")),
        ("", "/other", None),
    ],
)
def test_the_nearest_address_claims_an_exchange(site, target, found):
    assert SITES.find(site, target) == found


def test_an_address_of_nothing_claims_all_the_rest():
    sites = Sites.of([Site.of("erp", ""), Site.of("mes", "https://mes.example")])
    assert sites.find("https://mes.example", "/x") == ("mes", "/x")
    assert sites.find("https://any.example", "/x") == ("erp", "/x")


@pytest.mark.parametrize(
    ("address", "origin", "prefix"),
    [
        ("HTTPS://ERP.Example:443/Base/", "https://erp.example", "/Base"),
        ("http://[::1]:8080", "http://[::1]:8080", ""),
        ("http://127.0.0.1:80/", "http://127.0.0.1", ""),
    ],
)
def test_addresses_are_written_as_captures_write_them(address, origin, prefix):
    assert Site.of("erp", address) == Site("erp", origin, prefix)


@pytest.mark.parametrize(
    "address",
    [
        "erp.example",
        "ftp://erp.example",
        "https://",
        "https://a.example/x?y=1",
        "https://u:p@a.example",
        "/a//b",
        "/a/../b",
        "https://a.example:x/",
    ],
)
def test_what_is_no_address_is_told(address):
    with pytest.raises(ValueError, match=r"\w"):
        Site.of("erp", address)


def exchange(site="https://erp.example:8443", target="/base/api/orders", headers=(), started=NOW, said=None):
    return Exchange(7, site, Request("GET", target, headers), None, started, said=said)


def test_an_exchange_of_others_becomes_what_is_assumed():
    flow = flow_of(exchange(), Assumed(SITES, SALES, ORDERING, peer="192.0.2.7"))
    request, root = Request("GET", "/api/orders"), "https://erp.example:8443/base"
    assert flow == Flow("7", NOW, "erp", request, SALES, ORDERING, "192.0.2.7", root=root)


def test_one_without_a_time_gets_the_assumed_one():
    assert flow_of(exchange(started=None), Assumed(SITES, SALES, started=5)).started == 5


@pytest.mark.parametrize(
    ("one", "assumed", "reason"),
    [
        (exchange(site="https://other.example"), Assumed(SITES, SALES), "no-system"),
        (exchange(), Assumed(SITES, NOBODY), "no-caller"),
        (exchange(headers=(("X-Purpose", "a"), ("x-purpose", "b"))), Assumed(SITES, SALES, purpose_header="X-Purpose"),
         "ambiguous-purpose"),
        (exchange(headers=(("X-Purpose", "No Purpose"),)), Assumed(SITES, SALES, purpose_header="X-Purpose"),
         "ambiguous-purpose"),
    ],
)  # fmt: skip
def test_what_is_no_flow_says_why(one, assumed, reason):
    assert flow_of(one, assumed) == reason
    assert reason in SKIPPED


def test_the_purpose_may_stand_in_the_header_that_the_gateway_reads():
    one = exchange(headers=(("X-Purpose", "shipping"),))
    assert flow_of(one, Assumed(SITES, SALES, purpose_header="x-purpose")).purpose == Purpose("shipping", "header")
    assert flow_of(one, Assumed(SITES, SALES, ORDERING, "x-purpose")).purpose == ORDERING


def test_what_our_own_captures_say_counts():
    said = Said("mes", Operator("tms", "bob"), Purpose("shipping", "claim"), "192.0.2.1")
    flow = flow_of(exchange(site="https://other.example", said=said), Assumed(SITES, SALES, ORDERING))
    assert (flow.to, flow.operator.system, flow.purpose.name, flow.peer) == ("mes", "tms", "shipping", "192.0.2.1")
    assert flow.request.target == "/base/api/orders"
