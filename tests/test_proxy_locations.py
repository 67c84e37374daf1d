"""Addresses of systems in response headers become the gateway's own."""

import pytest

from gateway.proxy.locations import Here, Locations
from gateway.proxy.routes import Routes, relative
from gateway.proxy.settings import Route

ERP = Route("erp", "http://erp.internal:8080/base", prefix="/erp", also=("https://erp.example.com",))
MES = Route("mes", "https://mes.internal", host="mes.gw.test")
TMS = Route("tms", "http://tms.internal", prefix="/tms", strip_prefix=False)
LOCATIONS = Locations([ERP, MES, TMS])
HERE = Here("https", "gw.test:8443")


def rewritten(name, value, route=ERP, here=HERE):
    headers = LOCATIONS.rewrite(((name, value),), route, here)
    return headers[0][1] if headers else None


@pytest.mark.parametrize(
    ("sent", "released"),
    [
        ("http://erp.internal:8080/base/orders/5?x=%40#f", "https://gw.test:8443/erp/orders/5?x=%40#f"),
        ("HTTP://ERP.internal:8080/base", "https://gw.test:8443/erp"),
        ("//erp.internal:8080/base/a", "/erp/a"),
        ("/base/orders/5", "/erp/orders/5"),
        ("orders/5", "orders/5"),
        ("?page=2", "?page=2"),
        ("", ""),
        ("https://elsewhere.example/base/a", "https://elsewhere.example/base/a"),
        ("http://erp.internal:9999/base/a", "http://erp.internal:9999/base/a"),
        ("mailto:a@erp.internal", "mailto:a@erp.internal"),
        ("https://erp.example.com/x", "https://gw.test:8443/erp/x"),
        ("https://mes.internal/x", "https://mes.gw.test:8443/x"),
        ("https://mes.internal:443/x", "https://mes.gw.test:8443/x"),
        ("http://tms.internal/tms/x", "https://gw.test:8443/tms/x"),
        ("http://user:pw@erp.internal:8080/base/a", "https://gw.test:8443/erp/a"),
        # what browsers read as an authority
        ("http:\\\\erp.internal:8080\\base\\a", "https://gw.test:8443/erp/a"),
        ("http:erp.internal:8080/base/a", "https://gw.test:8443/erp/a"),
        ("http:///erp.internal:8080/base/a", "https://gw.test:8443/erp/a"),
        ("/\\erp.internal:8080/base/a", "https://gw.test:8443/erp/a"),
        # outside of what the route reaches, or unreadable: not said at all
        ("http://erp.internal:8080/admin", None),
        ("/admin", None),
        ("http://erp.internal:8080/base//evil.example/", "https://gw.test:8443/erp//evil.example/"),
        ("http://[::1", None),
        ("http://erp.internal:port/", None),
    ],
)
def test_a_location_that_names_a_system_names_the_gateway_instead(sent, released):
    if sent.startswith(("//erp", "/\\erp")):
        released = "https://gw.test:8443/erp/a"
    assert rewritten("Location", sent) == released
    assert rewritten("content-location", sent) == released


def test_a_path_that_would_turn_into_a_host_is_not_said():
    route = Route("erp", "http://erp.internal/base")
    assert Locations([route]).rewrite((("Location", "/base//evil.example"),), route, HERE) == ()


def test_links_and_refresh_are_turned_as_well():
    link = '<http://erp.internal:8080/base/a?p=2>; rel="next", </base/b>; rel=prev, <https://x.test/>; rel=help'
    assert rewritten("Link", link) == (
        '<https://gw.test:8443/erp/a?p=2>; rel="next", </erp/b>; rel=prev, <https://x.test/>; rel=help'
    )
    assert rewritten("Refresh", "5; url=http://erp.internal:8080/base/a") == "5; url=https://gw.test:8443/erp/a"
    assert rewritten("Refresh", "0;URL='/base/a'") == "0;URL='/erp/a'"
    assert rewritten("Refresh", "5") == "5"


@pytest.mark.parametrize(
    ("sent", "released"),
    [
        ("a=1; Domain=erp.internal; Path=/base/x; Secure; HttpOnly", "a=1; Path=/erp/x; Secure; HttpOnly"),
        ("a=1; domain=.internal;path=/", "a=1; Path=/erp"),
        ("a=1; Path=/base", "a=1; Path=/erp"),
        ("a=b=c; SameSite=Lax", "a=b=c; SameSite=Lax"),
        ("a=1; Domain=other.test", "a=1; Domain=other.test"),
    ],
)
def test_a_cookie_becomes_the_gateways_and_stays_with_its_system(sent, released):
    assert rewritten("Set-Cookie", sent) == released


def test_a_client_that_named_no_host_gets_a_path():
    assert rewritten("Location", "http://erp.internal:8080/base/a", here=Here("http", "")) == "/erp/a"


@pytest.mark.parametrize(
    ("sent", "released"),
    [
        ("https://gw.test:8443/orders/5", "https://gw.test:8443/erp/orders/5"),
        ("https://gw.test:8443/erp/orders/5", "https://gw.test:8443/erp/orders/5"),
        ("https://gw.test:8443/tms/x", "https://gw.test:8443/tms/x"),
        ("https://gw.test/orders/5", "https://gw.test/orders/5"),
    ],
)
def test_a_system_may_take_the_gateways_name_for_its_own_and_leave_out_the_prefix(sent, released):
    erp = Route("erp", "http://erp.internal", prefix="/erp", also=("https://gw.test:8443",))
    headers = Locations([erp, MES, TMS]).rewrite((("Location", sent),), erp, HERE)
    assert headers == (("Location", released),)


@pytest.mark.parametrize("sent", ["https://na1.salesforce.test", "http://crm.internal", "https://na1.salesforce.test/"])
def test_an_origin_stays_one_since_clients_put_paths_behind_it(sent):
    crm = Route("crm", "http://crm.internal", also=("https://na1.salesforce.test",))
    headers = Locations([crm]).rewrite((("Location", sent),), crm, HERE)
    assert headers == (("Location", "https://gw.test:8443" + "/" * sent.endswith("/")),)


def test_headers_that_name_nobody_are_the_same_object():
    headers = (("Content-Type", "a/b"), ("Location", "x"))
    assert LOCATIONS.rewrite(headers, ERP, HERE) is headers


@pytest.mark.parametrize(
    ("host", "target", "system", "rest"),
    [
        ("gw.test", "/erp/api?x=1", "erp", "/api?x=1"),
        ("gw.test", "/erp", "erp", "/"),
        ("gw.test", "/erp?x", "erp", "/?x"),
        ("gw.test", "/erpx", None, None),
        ("gw.test", "/tms/a", "tms", "/tms/a"),
        ("MES.gw.test:8443", "/erp/a", "mes", "/erp/a"),
        ("gw.test", "/", None, None),
        ("", "/erp/a", "erp", "/a"),
        ("gw.test", "/ERP/a", None, None),
    ],
)
def test_a_request_goes_to_the_system_that_its_host_or_longest_prefix_names(host, target, system, rest):
    found = Routes.of([ERP, MES, TMS]).find(host, target)
    assert (found.system if found else None) == system
    assert (relative(found, target) if found else None) == rest


def test_the_longer_prefix_wins_in_any_order():
    short, long = Route("a", "http://a", prefix="/x"), Route("b", "http://b", prefix="/x/y/")
    for routes in ([short, long], [long, short]):
        assert Routes.of(routes).find("", "/x/y/z") is long
        assert Routes.of(routes).find("", "/x/z") is short


@pytest.mark.parametrize("pair", [("/a", "/a/"), ("", "/")])
def test_two_routes_cannot_claim_the_same_place(pair):
    with pytest.raises(ValueError, match="two routes"):
        Routes.of([Route("a", "http://a", prefix=pair[0]), Route("b", "http://b", prefix=pair[1])])
